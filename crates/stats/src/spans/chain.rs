//! Sequences of tags, one after the other, with what each token says of its tag.
//!
//! In: how much one tag speaks for the next (0 where it may not follow) and weights of the tags of each token. Out: the
//! probability of each tag at each token, that of a span, and the best valid sequence.
//!
//! L. R. Rabiner, "A Tutorial on Hidden Markov Models and Selected Applications in Speech Recognition", 1989.
//!
//! Not here: learning (`sequence.rs`), spans from tags (`tags.rs`).

use std::ops::Range;

use super::tags::{OUTSIDE, begin, may_follow};
use crate::Class;
use crate::aggregate::TIE;

/// A weight below which a tag is as good as ruled out. Not 0: tokens that contradict each other still have a best
/// sequence.
const LEAST: f64 = 1e-300;

/// How much each tag speaks for the next. Weights of what may not follow are 0.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    pub(super) n_tags: usize,
    /// For each tag, as the first of its item.
    pub(super) first: Vec<f64>,
    /// `n_tags` rows: the tag before; columns: the tag.
    pub(super) next: Vec<f64>,
}

impl Chain {
    /// Every tag that may follow is as good as another.
    pub(super) fn of_rules(n_tags: usize) -> Self {
        let weight = |before, tag| f64::from(u8::from(may_follow(before, tag)));
        let next = (0..n_tags).flat_map(|before| (0..n_tags).map(move |tag| weight(before, tag)));
        Self { n_tags, first: (0..n_tags).map(|tag| weight(OUTSIDE, tag)).collect(), next: next.collect() }
    }

    fn row(&self, before: usize) -> &[f64] {
        &self.next[before * self.n_tags..(before + 1) * self.n_tags]
    }

    /// Goes over one item forwards and backwards. `logs` has a row of logarithms of weights for each token.
    pub(super) fn pass(&self, logs: &[f64], passed: &mut Passed) {
        let n = self.n_tags;
        let n_tokens = logs.len() / n;
        passed.n_tags = n;
        passed.log_sum = 0.0;
        for part in [&mut passed.weight, &mut passed.forward, &mut passed.backward] {
            part.clear();
            part.resize(n_tokens * n, 0.0);
        }
        for at in 0..n_tokens {
            let row = at * n..(at + 1) * n;
            let most = logs[row.clone()].iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let (before, here) = passed.forward.split_at_mut(row.start);
            let here = &mut here[..n];
            match at {
                0 => here.copy_from_slice(&self.first),
                _ => {
                    for (tag, p) in before[row.start - n..].iter().enumerate().filter(|(_, p)| **p > 0.0) {
                        here.iter_mut().zip(self.row(tag)).for_each(|(sum, step)| *sum += p * step);
                    }
                }
            }
            let weight = &mut passed.weight[row.clone()];
            weight
                .iter_mut()
                .zip(&logs[row])
                .for_each(|(weight, log)| *weight = (log - most).exp().max(1e-300));
            here.iter_mut().zip(&*weight).for_each(|(p, weight)| *p *= weight);
            let sum: f64 = here.iter().sum();
            here.iter_mut().for_each(|p| *p /= sum);
            weight.iter_mut().for_each(|weight| *weight /= sum);
            passed.log_sum += sum.ln() + most;
        }
        self.pass_back(n_tokens, passed);
    }

    fn pass_back(&self, n_tokens: usize, passed: &mut Passed) {
        let n = self.n_tags;
        for at in (0..n_tokens).rev() {
            let (here, after) = passed.backward[at * n..].split_at_mut(n);
            if after.is_empty() {
                here.fill(1.0);
                continue;
            }
            let weight = &passed.weight[(at + 1) * n..(at + 2) * n];
            for (tag, p) in here.iter_mut().enumerate() {
                let steps = self.row(tag).iter().zip(weight).zip(&*after);
                *p = steps.map(|((step, weight), after)| step * weight * after).sum();
            }
        }
    }

    /// The probability that exactly this span is there: it begins, goes on to its end, and goes no further.
    pub(super) fn span(&self, passed: &Passed, range: &Range<usize>, class: Class) -> f64 {
        let (n, begins) = (self.n_tags, begin(class));
        let mut p = passed.forward[range.start * n + begins];
        let mut tag = begins;
        for at in range.start + 1..range.end {
            p *= self.row(tag)[begins + 1] * passed.weight[at * n + begins + 1];
            tag = begins + 1;
        }
        let after = range.end * n..(range.end + 1) * n;
        let Some(backward) = passed.backward.get(after.clone()) else { return p.min(1.0) };
        let steps = self.row(tag).iter().zip(&passed.weight[after]).zip(backward).enumerate();
        let ends = steps.filter(|(next, _)| *next != begins + 1);
        (p * ends.map(|(_, ((step, weight), after))| step * weight * after).sum::<f64>()).min(1.0)
    }
}

/// What [`Chain::pass`] found.
#[derive(Debug, Default)]
pub(super) struct Passed {
    n_tags: usize,
    /// The weights of the tags of each token, scaled so that `forward` sums to 1.
    pub(super) weight: Vec<f64>,
    /// The probability of each tag, by what stands up to the token.
    pub(super) forward: Vec<f64>,
    /// What stands after the token says of each tag: `forward * backward` is the probability by everything.
    pub(super) backward: Vec<f64>,
    /// The logarithm of the sum over all sequences.
    pub(super) log_sum: f64,
}

impl Passed {
    /// The probability of each tag of a token.
    pub(super) fn posterior(&self, at: usize, row: &mut [f64]) {
        let of = at * self.n_tags..(at + 1) * self.n_tags;
        let both = self.forward[of.clone()].iter().zip(&self.backward[of]);
        row.iter_mut().zip(both).for_each(|(p, (forward, backward))| *p = forward * backward);
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|p| *p /= sum);
    }

    /// Adds how often each tag is expected to follow each other one: rows are the tags before.
    pub(super) fn add_steps(&self, chain: &Chain, counts: &mut [f64]) {
        let n = self.n_tags;
        for at in 1..self.forward.len() / n {
            let row = at * n..(at + 1) * n;
            for before in 0..n {
                let p = self.forward[row.start - n + before];
                let counts = counts[before * n..(before + 1) * n].iter_mut().zip(chain.row(before));
                let says = self.weight[row.clone()].iter().zip(&self.backward[row.clone()]);
                counts
                    .zip(says)
                    .for_each(|((count, step), (weight, back))| *count += p * step * weight * back);
            }
        }
    }
}

/// The logarithm of a probability, which a sequence may still contradict.
pub(super) fn log(p: f64) -> f64 {
    p.max(LEAST).ln()
}

/// The best of all valid sequences: the one with the highest product of probabilities.
///
/// Where two are equally good, the one with fewer tokens in spans: rounding settles nothing.
/// A. J. Viterbi, "Error Bounds for Convolutional Codes and an Asymptotically Optimum Decoding Algorithm", 1967.
pub(super) fn best_sequence(posterior: &[f64], n_tags: usize) -> Vec<usize> {
    let n_tokens = posterior.len() / n_tags;
    let mut scores: Vec<f64> = vec![0.0; n_tags];
    let mut from = vec![OUTSIDE; n_tokens * n_tags];
    for at in 0..n_tokens {
        let first_of_item = [OUTSIDE];
        let before: Vec<usize> = if at == 0 { first_of_item.to_vec() } else { (0..n_tags).collect() };
        let mut next = vec![f64::NEG_INFINITY; n_tags];
        for tag in 0..n_tags {
            for before in before.iter().copied().filter(|before| may_follow(*before, tag)) {
                if scores[before] > next[tag] + TIE {
                    next[tag] = scores[before];
                    from[at * n_tags + tag] = before;
                }
            }
            next[tag] += log(posterior[at * n_tags + tag]);
        }
        scores = next;
    }
    let mut tag = OUTSIDE;
    for (other, score) in scores.iter().enumerate() {
        if *score > scores[tag] + TIE {
            tag = other;
        }
    }
    let mut tags = vec![OUTSIDE; n_tokens];
    for at in (0..n_tokens).rev() {
        tags[at] = tag;
        tag = from[at * n_tags + tag];
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::{Chain, Passed, best_sequence};
    use crate::Class;

    /// Three tokens, one class, and the weights of outside, begins, goes on.
    const WEIGHTS: [f64; 9] = [0.2, 0.5, 0.3, 0.4, 0.1, 0.5, 0.6, 0.3, 0.1];

    /// The weight of every valid sequence.
    fn all() -> Vec<([usize; 3], f64)> {
        let mut all = Vec::new();
        for number in 0..27 {
            let tags = [number / 9, number / 3 % 3, number % 3];
            let valid = tags[0] != 2 && tags.windows(2).all(|two| two[1] != 2 || two[0] != 0);
            if valid {
                all.push((tags, tags.iter().enumerate().map(|(at, tag)| WEIGHTS[at * 3 + tag]).product()));
            }
        }
        all
    }

    fn passed() -> (Chain, Passed) {
        let (chain, mut passed) = (Chain::of_rules(3), Passed::default());
        chain.pass(&WEIGHTS.map(f64::ln), &mut passed);
        (chain, passed)
    }

    #[test]
    fn probabilities_are_those_of_counting_every_sequence() {
        let (sum, (chain, passed)) = (all().iter().map(|it| it.1).sum::<f64>(), passed());
        assert!((passed.log_sum - sum.ln()).abs() < 1e-12);
        for at in 0..3 {
            let mut row = [0.0; 3];
            passed.posterior(at, &mut row);
            for (tag, got) in row.iter().enumerate() {
                let want: f64 = all().iter().filter(|it| it.0[at] == tag).map(|it| it.1).sum::<f64>() / sum;
                assert!((got - want).abs() < 1e-12, "{at} {tag}");
            }
        }
        for (range, inside) in [(0..2, [Some(1), Some(2), None]), (1..3, [None, Some(1), Some(2)])] {
            let fits = |tags: &[usize; 3]| {
                let ends = range.end == 3 || tags[range.end] != 2;
                ends && tags.iter().zip(inside).all(|(tag, want)| want.is_none_or(|want| *tag == want))
            };
            let want: f64 = all().iter().filter(|it| fits(&it.0)).map(|it| it.1).sum::<f64>() / sum;
            assert!((chain.span(&passed, &range, Class(0)) - want).abs() < 1e-12);
        }
    }

    #[test]
    fn the_best_sequence_is_the_best_of_all() {
        let best = all().into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        assert_eq!(best_sequence(&WEIGHTS, 3), best.0);
    }

    #[test]
    fn equally_good_sequences_leave_tokens_outside() {
        assert_eq!(best_sequence(&[0.5, 0.5, 0.0], 3), [0]);
    }

    #[test]
    fn tokens_that_contradict_each_other_have_a_valid_sequence() {
        assert_eq!(best_sequence(&[1.0, 0.0, 0.0, 0.0, 0.0, 1.0], 3).len(), 2);
    }
}
