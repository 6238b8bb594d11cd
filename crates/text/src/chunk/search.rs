//! A place with a wanted number of tokens, among places in ascending order, by few counts.
//!
//! In: how far each place is in bytes, a function from a place to its tokens. Out: a place whose tokens are wanted, or the
//! two neighbors between which they would be. Tokens grow about as bytes do: the next guess lies on the line between the
//! nearest places that are known.

use std::ops::RangeInclusive;

/// What was found. Each is a place that was counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The last place that was counted with fewer tokens than wanted.
    pub(super) below: Option<(usize, usize)>,
    /// A place, with its tokens, that has as many as wanted.
    pub(super) within: Option<(usize, usize)>,
    /// The first place that was counted with more.
    pub(super) above: Option<(usize, usize)>,
}

/// After so many guesses halves are taken: a text may be denser in one part than in another.
const N_GUESSES: usize = 4;

/// Looks for `wanted` among `n` places. `bytes` and `tokens` must not fall from one place to the next.
///
/// Where no place has a wanted number, `below` and `above` are neighbors, or the ends.
pub(super) fn find(
    n: usize,
    wanted: &RangeInclusive<usize>,
    per_byte: f64,
    bytes: impl Fn(usize) -> usize,
    mut tokens: impl FnMut(usize) -> usize,
) -> Found {
    let mut found = Found::default();
    let middle = (wanted.start() + wanted.end()) as f64 / 2.0;
    for round in 0.. {
        // The places that are still possible: from..to.
        let from = found.below.map_or(0, |(at, _)| at + 1);
        let to = found.above.map_or(n, |(at, _)| at);
        if from >= to {
            break;
        }
        let guess = if round < N_GUESSES {
            let near = found.below.map_or((0, 0), |(at, tokens)| (bytes(at), tokens));
            let slope = match found.above {
                Some((at, tokens)) if tokens > near.1 => {
                    (tokens - near.1) as f64 / (bytes(at) - near.0).max(1) as f64
                }
                _ => per_byte,
            };
            let want = near.0 as f64 + (middle - near.1 as f64) / slope.max(1e-9);
            partition(from, to, |at| bytes(at) as f64 <= want).saturating_sub(1).clamp(from, to - 1)
        } else {
            from.midpoint(to - 1)
        };
        let got = tokens(guess);
        if got < *wanted.start() {
            found.below = Some((guess, got));
        } else if got > *wanted.end() {
            found.above = Some((guess, got));
        } else {
            found.within = Some((guess, got));
            break;
        }
    }
    found
}

/// The first of these places for which it does not hold.
fn partition(mut from: usize, mut to: usize, holds: impl Fn(usize) -> bool) -> usize {
    while from < to {
        let middle = from.midpoint(to);
        if holds(middle) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    from
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[track_caller]
    fn check(tokens: &[usize], wanted: RangeInclusive<usize>, want: [Option<usize>; 3]) {
        let found = find(tokens.len(), &wanted, 1.0, |at| at, |at| tokens[at]);
        let places = [found.below, found.within, found.above].map(|place| place.map(|(at, _)| at));
        if want[1].is_some() {
            assert_eq!(places[1], want[1]);
        } else {
            assert_eq!(places, want);
        }
    }

    #[test]
    fn the_wanted_place_or_its_neighbors_are_found() {
        check(&[1, 2, 3, 9, 10], 3..=3, [None, Some(2), None]);
        check(&[1, 2, 3, 9, 10], 4..=8, [Some(2), None, Some(3)]);
        check(&[1, 2, 3, 9, 10], 11..=12, [Some(4), None, None]);
        check(&[5, 6], 1..=4, [None, None, Some(0)]);
        check(&[], 1..=4, [None, None, None]);
    }

    #[test]
    fn an_even_text_is_searched_with_one_or_two_counts() {
        let n_calls = Cell::new(0);
        let tokens = |at: usize| {
            n_calls.set(n_calls.get() + 1);
            at / 4
        };
        let found = find(100_000, &(900..=1_000), 0.25, |at| at, tokens);
        assert!(found.within.is_some() && n_calls.get() <= 2, "{found:?}, {} calls", n_calls.get());
    }
}
