//! Which of two options a text prefers, in the words that English, Russian and Chinese answers use.
//!
//! In: a text about the options A and B. Out: [`word`], a text that is nothing but a choice (`Response A`, `[[B]]`, `A > B`,
//! `второй`, `第一个`), or [`said`], what prose says by name, by a comparison, or alone on its first or last line. To mention an
//! option is not to prefer it: `Answer A is wrong` says nothing here. Two signs that differ are no choice.
//!
//! Not here: JSON (`answer`), and what a side is called (`prefer.rs`).

use super::words::{self, Mean};

/// The option that is preferred, by its place on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    First,
    Second,
    Neither,
}

/// What a text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Nothing,
    One(Side),
    Several,
}

/// A text that is a choice and nothing else.
pub(super) fn word(text: &str) -> Option<Side> {
    if text.chars().take(61).count() > 60 {
        return None;
    }
    if let Some(side) = comparison(text) {
        return Some(side);
    }
    let means: Vec<Mean> = words::means(text)
        .into_iter()
        .filter(|it| !matches!(it, Mean::Break | Mean::Separator | Mean::Article))
        .collect();
    match means[..] {
        [Mean::Letter(side, _) | Mean::Digit(side) | Mean::Ordinal(side)] => Some(side),
        [Mean::Noun | Mean::Named, Mean::Letter(side, _) | Mean::Digit(side) | Mean::Ordinal(side)] => {
            Some(side)
        }
        [Mean::Ordinal(side), Mean::Noun] => Some(side),
        _ if means.is_empty() => None,
        _ => words::is_tie(text).then_some(Side::Neither),
    }
}

/// `A > B`, `A>>B`, `B<A`, `A = B`.
fn comparison(text: &str) -> Option<Side> {
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !"[]*`'\".".contains(*c))
        .flat_map(char::to_uppercase)
        .collect();
    let (a, rest) = (plain.chars().next()?, plain.get(1..)?);
    let (b, sign) = (rest.chars().next_back()?, rest.get(..rest.len().checked_sub(1)?)?);
    let first = match (a, b) {
        ('A', 'B') | ('1', '2') => Side::First,
        ('B', 'A') | ('2', '1') => Side::Second,
        _ => return None,
    };
    let second = if first == Side::First { Side::Second } else { Side::First };
    match sign {
        ">" | ">>" | "≻" | ">>>" => Some(first),
        "<" | "<<" | "≺" | "<<<" => Some(second),
        "=" | "==" | "≈" | "~" | "~=" => Some(Side::Neither),
        _ => None,
    }
}

/// What prose says.
pub(super) fn said(text: &str) -> Said {
    let mut found: Vec<Side> = bracketed(text);
    if found.is_empty() {
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        found.extend(lines.first().and_then(|line| word(line)));
        found.extend(lines.last().and_then(|line| word(line)));
        found.extend(statements(&words::means(text)));
        if words::says_tie(text) {
            found.push(Side::Neither);
        }
    }
    match found.first() {
        None => Said::Nothing,
        Some(first) if found.iter().all(|it| it == first) => Said::One(*first),
        Some(_) => Said::Several,
    }
}

/// The form that many judging prompts ask for: `[[A]]`.
fn bracketed(text: &str) -> Vec<Side> {
    let parts = text.split("[[").skip(1).filter_map(|part| part.split_once("]]"));
    parts.filter_map(|(inner, _)| word(inner)).collect()
}

/// Every statement that one option is the better one.
fn statements(means: &[Mean]) -> Vec<Side> {
    let mut found = Vec::new();
    let mut n = 0;
    while n < means.len() {
        let rest = &means[n..];
        let side = named(rest).or_else(|| compared(rest)).or_else(|| chosen(means, n));
        match side {
            Some((side, len)) => {
                if !is_supposed(&means[..n]) {
                    found.push(side);
                }
                n += len.max(1);
            }
            None => n += 1,
        }
    }
    found
}

/// An option at the head of `means`, and how many words name it.
fn subject(means: &[Mean]) -> Option<(Side, usize)> {
    match means {
        [Mean::Noun, Mean::Letter(side, _) | Mean::Digit(side), ..] => Some((*side, 2)),
        [Mean::Ordinal(side), Mean::Noun, ..] => Some((*side, 2)),
        [Mean::Ordinal(side), ..] => Some((*side, 1)),
        // A small `a` is an article, and Russian has words of one letter.
        [Mean::Letter(side, true), ..] => Some((*side, 1)),
        _ => None,
    }
}

/// `Answer: B`, `the better response is A`.
fn named(means: &[Mean]) -> Option<(Side, usize)> {
    let mut n = match means {
        [Mean::Named | Mean::Noun, ..] => 1,
        [Mean::Better, Mean::Noun | Mean::Named, ..] => 2,
        [Mean::Better, ..] => 1,
        _ => return None,
    };
    let from = n;
    while matches!(means.get(n), Some(Mean::Separator | Mean::Is | Mean::Break | Mean::Article)) {
        n += 1;
    }
    let parted = means[from..n].iter().any(|it| matches!(it, Mean::Separator | Mean::Is));
    if !parted {
        return None;
    }
    let (side, len) = match &means[n..] {
        [Mean::Digit(side), ..] => (*side, 1),
        rest => subject(rest)?,
    };
    // `Answer: A good text is …`.
    let goes_on = matches!(means.get(n + len), Some(Mean::Other | Mean::Adverb | Mean::Noun));
    (!goes_on || len == 2).then_some((side, n + len))
}

/// `A is clearly better`, `вариант A лучше`, `A比B更好`.
fn compared(means: &[Mean]) -> Option<(Side, usize)> {
    let (side, mut n) = subject(means)?;
    if means.get(n) == Some(&Mean::Than) {
        n += 1 + subject(&means[n + 1..])?.1;
    }
    let mut is = false;
    loop {
        match means.get(n)? {
            Mean::Is => is = true,
            Mean::Adverb | Mean::Article => {}
            Mean::Wins => return Some((side, n + 1 + after_than(&means[n + 1..]))),
            Mean::Better if is => return Some((side, n + 1 + after_than(&means[n + 1..]))),
            _ => return None,
        }
        n += 1;
    }
}

/// `лучше ответа B`, `better than B`: what is compared with is no choice.
fn after_than(means: &[Mean]) -> usize {
    let skip = means.iter().take_while(|it| matches!(it, Mean::Than | Mean::Article)).count();
    subject(&means[skip..]).map_or(0, |(_, len)| skip + len)
}

/// `I prefer B`, `лучше вариант A`.
fn chosen(means: &[Mean], n: usize) -> Option<(Side, usize)> {
    let begins = matches!(means[n], Mean::Prefer | Mean::Wins);
    if !begins {
        return None;
    }
    let skip = means[n + 1..].iter().take_while(|it| matches!(it, Mean::Article)).count();
    let (side, len) = subject(&means[n + 1 + skip..])?;
    Some((side, 1 + skip + len))
}

/// Whether what stands before denies or only supposes what follows, in the same sentence.
fn is_supposed(before: &[Mean]) -> bool {
    let near = before.iter().rev().take_while(|it| **it != Mean::Break).take(4);
    near.into_iter().any(|it| matches!(it, Mean::Not | Mean::If))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_choice_in_three_languages() {
        let first = [
            "A",
            "a",
            "A.",
            "**A**",
            "[[A]]",
            "Response A",
            "option a",
            "Assistant A",
            "A > B",
            "[[A>>B]]",
            "B<A",
            "1",
            "Response 1",
            "first",
            "The first",
            "the first response",
            "Первый",
            "первый вариант",
            "Ответ А",
            "第一个",
            "回答A",
            "前者",
        ];
        for text in first {
            assert_eq!(word(text), Some(Side::First), "{text}");
        }
        for text in [
            "B",
            "В",
            "Б",
            "[[B]]",
            "Answer B",
            "2",
            "A<B",
            "second one",
            "Второй ответ",
            "第二个",
            "选项B",
            "后者",
        ] {
            assert_eq!(word(text), Some(Side::Second), "{text}");
        }
        for text in ["tie", "A = B", "draw", "Both", "equal", "ничья", "оба", "平局", "一样好"] {
            assert_eq!(word(text), Some(Side::Neither), "{text}");
        }
        for text in ["", "C", "3", "A or B", "A/B", "good", "the", "Ответ", "A and B", "не A", "not A"]
        {
            assert_eq!(word(text), None, "{text}");
        }
    }

    #[track_caller]
    fn check(text: &str, want: Said) {
        assert_eq!(said(text), want, "{text}");
    }

    #[test]
    fn prose_says_which_is_better() {
        for text in [
            "A is better than B.",
            "Response A is clearly the better answer, because response B is wrong.",
            "I prefer A.",
            "Verdict: [[A]]",
            "The better response is A.",
            "**Answer: A**",
            "Ответ A лучше ответа B.",
            "Лучше вариант A.",
            "Первый ответ намного лучше.",
            "A比B更好。",
            "回答A更好，因为回答B有错。",
            "我选择A。",
            "A\nIt names the capital.",
            "1\nResponse 1 is correct, while Response 2 is a copy.",
            "Both are good.\n\nA",
        ] {
            check(text, Said::One(Side::First));
        }
    }

    #[test]
    fn to_mention_an_option_is_not_to_prefer_it() {
        for text in [
            "Answer A is wrong.",
            "A: it is long. B: it is short.",
            "A is not better than B.",
            "I do not think that A is better.",
            "It depends on whether A is better.",
            "Ответ A не лучше.",
            "A good answer names the capital.",
            "I prefer a short answer.",
            "Answer: A good text is short.",
            "A不比B更好。",
            "А лучше бы молчал.",
        ] {
            check(text, Said::Nothing);
        }
        check("A is better in style, but B is better overall.", Said::Several);
        check("Both are equally good.", Said::One(Side::Neither));
        check("It is a tie.", Said::One(Side::Neither));
        check("Ответы одинаково хороши.", Said::One(Side::Neither));
        check("两个回答不相上下。", Said::One(Side::Neither));
    }
}
