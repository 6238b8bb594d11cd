//! How like two texts are, and which of several stands for all.

use std::collections::HashMap;

use karat_core::{Value, Written};

use crate::fold::folded_quote;
use crate::kind::Vote;

/// Runs of so many characters are compared, as chrF does.
const LONGEST: usize = 6;

/// The runs of characters of one text: how often each occurs, for each length from 1.
struct Runs(Vec<HashMap<String, usize>>);

impl Runs {
    fn of(text: &str) -> Self {
        let chars: Vec<char> = folded_quote(text).chars().filter(|c| !c.is_whitespace()).collect();
        let of_length = |n: usize| {
            let mut counts: HashMap<String, usize> = HashMap::new();
            chars.windows(n).for_each(|run| *counts.entry(run.iter().collect()).or_default() += 1);
            counts
        };
        Self((1..=LONGEST).map(of_length).collect())
    }

    /// The mean F1 score over the lengths that occur in either text; 1 where neither has a character.
    fn likeness(&self, other: &Self) -> f64 {
        let total = |counts: &HashMap<String, usize>| counts.values().sum::<usize>();
        let (mut sum, mut n) = (0.0, 0.0);
        for (a, b) in self.0.iter().zip(&other.0) {
            let size = total(a) + total(b);
            if size == 0 {
                continue;
            }
            let both: usize = a.iter().map(|(run, k)| *k.min(b.get(run).unwrap_or(&0))).sum();
            sum += 2.0 * both as f64 / size as f64;
            n += 1.0;
        }
        if n == 0.0 { 1.0 } else { sum / n }
    }
}

/// One minus the likeness; a text and none are 1 apart, none and none 0.
pub(super) fn distance(a: Option<&String>, b: Option<&String>) -> f64 {
    match (a, b) {
        (Some(a), Some(b)) if a == b => 0.0,
        (Some(a), Some(b)) => (1.0 - Runs::of(a).likeness(&Runs::of(b))).clamp(0.0, 1.0),
        (None, None) => 0.0,
        (Some(_), None) | (None, Some(_)) => 1.0,
    }
}

/// The sample most like all, with the others behind it; see `Write::vote`.
pub(super) fn vote(values: &[Value]) -> Vote {
    let samples: Vec<&Written> = values
        .iter()
        .filter_map(|value| match value {
            Value::Text(written) => Some(written),
            _ => None,
        })
        .collect();
    let runs: Vec<Option<Runs>> =
        samples.iter().map(|it| it.texts.first().map(|text| Runs::of(text))).collect();
    let like = |a: &Option<Runs>, b: &Option<Runs>| match (a, b) {
        (Some(a), Some(b)) => a.likeness(b),
        (None, None) => 1.0,
        (Some(_), None) | (None, Some(_)) => 0.0,
    };
    let mut ranked: Vec<(usize, f64)> = runs
        .iter()
        .map(|a| runs.iter().map(|b| like(a, b)).sum::<f64>() / runs.len() as f64)
        .enumerate()
        .collect();
    // Of equals the first by its letters, so that the order of the samples changes nothing. Sums differ in their last bits.
    let rounded = |share: f64| (share * 1e9).round();
    ranked.sort_by(|a, b| {
        rounded(b.1).total_cmp(&rounded(a.1)).then_with(|| samples[a.0].texts.cmp(&samples[b.0].texts))
    });
    let Some((best, share)) = ranked.first().copied() else { return Vote::None };
    let mut texts: Vec<String> = Vec::new();
    for text in ranked.iter().flat_map(|(n, _)| &samples[*n].texts) {
        if !texts.contains(text) {
            texts.push(text.clone());
        }
    }
    let value = Value::Text(Written { texts, quotes: samples[best].quotes.clone() });
    Vote::Winner { value, share: share.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness_is_of_characters() {
        let far = |a: &str, b: &str| distance(Some(&a.to_owned()), Some(&b.to_owned()));
        assert_eq!(far("The Case", "the  case"), 0.0);
        assert_eq!(far("abc", "xyz"), 1.0);
        // 1: abc/abd share 2 of 3; 2: 1 of 2; 3: none.
        assert!((far("abc", "abd") - (1.0 - (2.0 / 3.0 + 0.5) / 3.0)).abs() < 1e-12);
        assert!(far("手机很好", "手机不错") < far("手机很好", "天气晴朗"));
        assert_eq!(distance(None, None), 0.0);
        assert_eq!(distance(None, Some(&String::new())), 1.0);
    }

    #[test]
    fn the_sample_most_like_the_others_comes_first_and_all_stay() {
        let texts = |all: &[&str]| all.iter().map(|it| Value::text(*it)).collect::<Vec<_>>();
        let Vote::Winner { value: Value::Text(written), share } =
            vote(&texts(&["something else", "a case for two days", "a case for two days!"]))
        else {
            panic!("no winner")
        };
        assert_eq!(written.texts[0], "a case for two days");
        assert_eq!(written.texts.len(), 3);
        assert!(share > 0.5 && share < 1.0, "{share}");
        assert_eq!(vote(&texts(&["x"])), Vote::Winner { value: Value::text("x"), share: 1.0 });
        assert_eq!(vote(&[]), Vote::None);
    }
}
