//! How far apart two answers are, and what several say together.

use karat_core::{Value, Written};

use crate::fold::{folded_quote, is_unspaced};
use crate::kind::Vote;

/// The words of an answer, as SQuAD compares them; in scripts without spaces each character is a word.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut joins = false;
    for c in folded_quote(text).chars() {
        if is_unspaced(c) && c.is_alphanumeric() {
            out.push(c.to_string());
            joins = false;
        } else if c.is_whitespace() {
            joins = false;
        } else if c.is_alphanumeric() || !(c.is_ascii_punctuation() || is_mark(c)) {
            match out.last_mut().filter(|_| joins) {
                Some(word) => word.push(c),
                None => out.push(c.to_string()),
            }
            joins = true;
        }
    }
    out.retain(|word| !matches!(word.as_str(), "a" | "an" | "the"));
    out
}

/// Punctuation beyond ASCII. Other signs (`€`, `%` of other scripts, emoji) tell answers apart.
fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0x2010..=0x2027 | 0x2030..=0x205E | 0x3001..=0x3003 | 0x3008..=0x3011 | 0xFF01..=0xFF0F | 0xA1 | 0xBF | 0xB7)
}

/// The F1 score of the words that two answers share; each word as often as both have it.
fn f1(a: &[String], b: &[String]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return f64::from(u8::from(a == b));
    }
    let mut left: Vec<&String> = b.iter().collect();
    let mut both = 0usize;
    for word in a {
        if let Some(at) = left.iter().position(|it| *it == word) {
            left.swap_remove(at);
            both += 1;
        }
    }
    2.0 * both as f64 / (a.len() + b.len()) as f64
}

/// One minus the F1 score of the nearest two texts.
pub(super) fn distance(a: &[String], b: &[String]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return f64::from(u8::from(a.is_empty() != b.is_empty()));
    }
    let words = |texts: &[String]| texts.iter().map(|it| tokens(it)).collect::<Vec<_>>();
    let (a, b) = (words(a), words(b));
    let near = a.iter().flat_map(|a| b.iter().map(move |b| f1(a, b)));
    1.0 - near.fold(0.0, f64::max)
}

/// The most frequent answer; see `Answer::vote`.
pub(super) fn vote(values: &[Value]) -> Vote {
    let answers: Vec<&Written> = values
        .iter()
        .filter_map(|value| match value {
            Value::Text(written) => Some(written),
            _ => None,
        })
        .collect();
    let key = |it: &Written| it.texts.first().map(|text| tokens(text));
    let mut camps: Vec<(Option<Vec<String>>, Vec<usize>)> = Vec::new();
    for (n, answer) in answers.iter().enumerate() {
        let key = key(answer);
        match camps.iter_mut().find(|(other, _)| *other == key) {
            Some((_, members)) => members.push(n),
            None => camps.push((key, vec![n])),
        }
    }
    let top = camps.iter().map(|(_, members)| members.len()).max().unwrap_or(0);
    camps.retain(|(_, members)| members.len() == top);
    let far = |n: usize| answers.iter().map(|it| distance(&answers[n].texts, &it.texts)).sum::<f64>();
    let nearest = |members: &[usize]| members.iter().map(|n| far(*n)).fold(f64::INFINITY, f64::min);
    let least = camps.iter().map(|(_, members)| nearest(members)).fold(f64::INFINITY, f64::min);
    camps.retain(|(_, members)| nearest(members) <= least + 1e-9);
    let of = |members: &[usize]| Value::Text(usual(&answers, members));
    match &camps[..] {
        [] => Vote::None,
        [(_, members)] => Vote::Winner { value: of(members), share: top as f64 / answers.len() as f64 },
        _ => Vote::Tie(camps.iter().map(|(_, members)| of(members)).collect()),
    }
}

/// The spelling that most of a camp have; one with a quote before one without; else the one with the least place and letters,
/// so that the order of the samples changes nothing.
fn usual(answers: &[&Written], members: &[usize]) -> Written {
    let n_same = |n: usize| members.iter().filter(|m| answers[**m].texts == answers[n].texts).count();
    let rank = |n: usize| (n_same(n), !answers[n].quotes.is_empty());
    let letters = |n: usize| (&answers[n].quotes, &answers[n].texts);
    let better = |a: usize, b: usize| rank(b) > rank(a) || (rank(b) == rank(a) && letters(b) < letters(a));
    let best = members.iter().copied().reduce(|a, b| if better(a, b) { b } else { a });
    best.map(|n| answers[n].clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_compared_by_words_and_chinese_by_characters() {
        for (a, b, want) in [
            ("The Eiffel Tower!", "eiffel tower", 0.0),
            ("in Rome", "Rome", 1.0 - 2.0 / 3.0),
            ("Rome", "Oslo", 1.0),
            ("北京市", "北京", 1.0 - 4.0 / 5.0),
            ("the", "a", 0.0),
            ("the", "Rome", 1.0),
            ("30 €", "30 $", 0.0 + 1.0 - 2.0 / 3.0),
            ("state-of-the-art", "state of the art", 1.0),
        ] {
            let got = distance(&[a.to_owned()], &[b.to_owned()]);
            assert!((got - want).abs() < 1e-12, "{a} / {b}: {got}");
        }
    }

    #[test]
    fn the_nearest_accepted_text_counts_and_no_text_is_near_no_text_only() {
        let texts = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(distance(&texts(&["Oslo", "Rome"]), &texts(&["rome"])), 0.0);
        assert_eq!(distance(&[], &[]), 0.0);
        assert_eq!(distance(&[], &texts(&["Rome"])), 1.0);
    }

    #[test]
    fn equal_words_are_one_answer_and_the_nearest_of_tied_ones_wins() {
        let vote = |all: &[&str]| vote(&all.iter().map(|it| Value::text(*it)).collect::<Vec<_>>());
        assert_eq!(
            vote(&["the Rome", "Rome.", "Oslo"]),
            Vote::Winner { value: Value::text("Rome."), share: 2.0 / 3.0 }
        );
        // `in Rome` is near two of three, the others are near one.
        assert_eq!(
            vote(&["Rome", "in Rome", "in Oslo"]),
            Vote::Winner { value: Value::text("in Rome"), share: 1.0 / 3.0 }
        );
        assert_eq!(vote(&["Rome", "Oslo"]), Vote::Tie(vec![Value::text("Rome"), Value::text("Oslo")]));
        assert_eq!(vote(&[]), Vote::None);
    }
}
