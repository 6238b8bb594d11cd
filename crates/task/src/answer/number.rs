//! One number out of words: `72`, `72,5`, `4/5`, `4 out of 5`, `80 %`, `12 points`, `Score: 3`.
//!
//! In: what stands in the place of a number, or prose. Out: a [`Figure`], with every reading that its marks allow; or that it
//! is a bound, a range or a multiple, and so no number. A number in prose counts only where a word such as `score` stands
//! before it, or at the head of the first or on the last line: to count reasons is not to answer.
//!
//! Not here: which numbers are legal (`kinds/number.rs`, `kinds/rating.rs`).

use unicode_normalization::UnicodeNormalization;

/// A number as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    /// What it may be: two numbers where a comma may part thousands or decimals.
    pub(crate) readings: Vec<f64>,
    /// Of how many, as in `4/5`.
    pub(crate) of: Option<f64>,
    /// Whether a percent sign follows.
    pub(crate) percent: bool,
    /// Whether it is anything but digits with a point.
    pub(crate) lenient: bool,
    /// As written.
    pub(crate) written: String,
}

/// What stands in the place of a number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    Number(Figure),
    /// It has digits, and is no number: in words, what it is.
    Other(&'static str),
    /// It does not begin with a number.
    Nothing,
}

/// A text that is a number and nothing else but a unit.
pub(crate) fn figure(text: &str) -> Found {
    let text = normal(text);
    let bare = text.trim_matches(|c: char| c.is_whitespace() || "*`'\"「」“”".contains(c));
    let bare = bare.trim_end_matches(['.', '。', ',', ';', '!']);
    let Some((found, rest)) = prefix(bare) else {
        return Found::Nothing;
    };
    match found {
        Found::Number(figure) if rest.is_empty() => Found::Number(figure),
        Found::Number(figure) if is_unit(rest) => Found::Number(Figure { lenient: true, ..figure }),
        Found::Number(_) => Found::Nothing,
        other => other,
    }
}

/// Every number that prose gives as its answer.
pub(crate) fn said(text: &str) -> Vec<Found> {
    let text = normal(text);
    let lines: Vec<&str> = text.lines().map(plain_line).filter(|line| !line.is_empty()).collect();
    let mut found = Vec::new();
    if let Some(head) = lines.first().and_then(|line| head(line)) {
        found.push(head);
    }
    if let Some(last) = lines.last() {
        let last = figure(last);
        found.extend((last != Found::Nothing).then_some(last));
    }
    lines.iter().for_each(|line| found.extend(named(line)));
    found
}

fn normal(text: &str) -> String {
    text.nfkc().map(|c| if matches!(c, '−' | '‐' | '‑') { '-' } else { c }).collect()
}

fn plain_line(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || "*`#>".contains(c))
}

/// `72. It …`, `4/5 - it …`: a number at the head of a line, parted from what follows.
fn head(line: &str) -> Option<Found> {
    let (found, rest) = prefix(line)?;
    let parted = rest.is_empty()
        || rest.starts_with(['.', ',', ';', ':', '。', ')', '(', '—', '–', '*'])
        || rest.starts_with("- ")
        || begins_with_any(rest, BECAUSE);
    parted.then_some(found)
}

/// `score: 72`, `оценка — 4`, `评分为4`.
fn named(line: &str) -> Vec<Found> {
    let small: String = line.chars().flat_map(char::to_lowercase).collect();
    let mut found = Vec::new();
    for name in NAMES {
        for (at, _) in small.match_indices(name) {
            let joined = crate::fold::joins(small[..at].chars().next_back(), name.chars().next());
            let rest = &small[at + name.len()..];
            if joined || crate::fold::joins(name.chars().next_back(), rest.chars().next()) {
                continue;
            }
            let Some(number) = behind_a_sign(rest) else { continue };
            if let Some((one, rest)) = prefix(number)
                && !begins_with_any(rest, GOES_ON)
            {
                found.push(one);
            }
        }
    }
    found
}

/// What follows `:`, `=`, `is`, `是`; `None` where none of them stands there.
fn behind_a_sign(text: &str) -> Option<&str> {
    let mut rest = text;
    let mut signed = false;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', '*', '"', '\'', '`', '(', '[']);
        let sign = SIGNS.iter().find(|sign| trimmed.starts_with(**sign));
        match sign {
            // A minus before a digit is a part of the number.
            Some(sign) if *sign == "-" && trimmed[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                return signed.then_some(trimmed);
            }
            Some(sign) => {
                signed = true;
                rest = &trimmed[sign.len()..];
            }
            None => return signed.then_some(trimmed),
        }
    }
}

/// The number at the head of a text, and what follows it.
fn prefix(text: &str) -> Option<(Found, &str)> {
    let (approximate, text) = match text.strip_prefix(['~', '≈']) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    };
    if let Some(rest) = text.strip_prefix(['<', '>', '≤', '≥']) {
        let is_bound = rest.trim_start_matches(['=', ' ']).starts_with(|c: char| c.is_ascii_digit());
        return is_bound.then_some((Found::Other("a bound"), ""));
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let len = digits(unsigned);
    let (raw, mut rest) = unsigned.split_at_checked(len).filter(|(raw, _)| !raw.is_empty())?;
    let readings: Vec<f64> =
        readings(raw).into_iter().map(|it| if text.starts_with('-') { -it } else { it }).collect();
    if readings.is_empty() {
        return Some((Found::Other("not one number"), rest));
    }
    if rest.starts_with(|c: char| c.is_alphabetic())
        && rest.to_lowercase().starts_with('e')
        && rest[1..].starts_with(|c: char| c.is_ascii_digit() || c == '-')
    {
        return Some((Found::Other("a power"), rest));
    }
    let after = rest.trim_start();
    let mut lenient =
        approximate || text.starts_with('+') || raw.chars().any(|c| !c.is_ascii_digit() && c != '.');
    let mut percent = false;
    if let Some(sign) = PERCENT.iter().find(|it| after.to_lowercase().starts_with(**it)) {
        (percent, lenient, rest) = (true, true, after.get(sign.len()..).unwrap_or_default());
    }
    let of = of_how_many(rest);
    if let Some((_, more)) = &of {
        (lenient, rest) = (true, *more);
    }
    let after = rest.trim_start();
    let no_number = match after {
        it if it.starts_with('+') || begins_with_any(it, BOUNDS) => Some("a bound"),
        it if is_range(it) => Some("a range"),
        it if begins_with_any(it, MULTIPLES) => Some("a multiple"),
        _ => None,
    };
    if let Some(what) = no_number {
        return Some((Found::Other(what), rest));
    }
    let written = text[..text.len() - rest.len()].trim().to_owned();
    let figure = Figure { readings, of: of.map(|(n, _)| n), percent, lenient, written };
    Some((Found::Number(figure), after))
}

/// How many bytes at the head belong to one number: digits, marks between digits, and spaces before three of them.
fn digits(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |n: usize| bytes.get(n).is_some_and(u8::is_ascii_digit);
    let mut n = 0;
    loop {
        match bytes.get(n) {
            Some(b'0'..=b'9') => n += 1,
            Some(b'.' | b',' | b'\'') if (n > 0 || bytes[0] == b'.') && is_digit(n + 1) => n += 1,
            Some(b' ') if n > 0 && (1..=3).all(|k| is_digit(n + k)) && !is_digit(n + 4) => n += 1,
            _ => return n,
        }
    }
}

/// What a run of digits and marks may mean; nothing where it means none.
fn readings(raw: &str) -> Vec<f64> {
    let points = raw.matches('.').count();
    let commas = raw.matches(',').count();
    let spaced = raw.contains([' ', '\'']);
    let parsed = |text: String| text.parse::<f64>().ok().filter(|it| it.is_finite());
    let without = |mark: char, decimal: char| {
        let (whole, rest) = raw.split_once(decimal).unwrap_or((raw, ""));
        let groups: Vec<&str> = whole.split(mark).collect();
        let in_threes = groups.iter().skip(1).all(|it| it.len() == 3) && (1..=3).contains(&groups[0].len());
        let text = if rest.is_empty() { groups.concat() } else { format!("{}.{rest}", groups.concat()) };
        parsed(text).filter(|_| in_threes && !groups[0].starts_with('0'))
    };
    if spaced {
        let mark = if raw.contains(' ') { ' ' } else { '\'' };
        let decimal = if commas > 0 { ',' } else { '.' };
        return without(mark, decimal).into_iter().filter(|_| points + commas <= 1).collect();
    }
    match (points, commas) {
        (0 | 1, 0) => parsed(raw.to_owned()).into_iter().collect(),
        (0, 1) => {
            let decimal = parsed(raw.replace(',', "."));
            let thousands = without(',', '.');
            decimal.into_iter().chain(thousands).collect()
        }
        (0, _) => without(',', '.').into_iter().collect(),
        (_, 0) => without('.', ',').into_iter().collect(),
        (1, _) if raw.rfind(',') < raw.find('.') => without(',', '.').into_iter().collect(),
        (_, 1) if raw.rfind('.') < raw.find(',') => without('.', ',').into_iter().collect(),
        _ => Vec::new(),
    }
}

/// `/5`, ` out of 5`, ` из 5`, and what follows it.
fn of_how_many(text: &str) -> Option<(f64, &str)> {
    let after = text.trim_start();
    let sign = OF.iter().find(|sign| {
        // The marks are of one length in either case.
        after.to_lowercase().starts_with(**sign)
    })?;
    let rest = after.get(sign.len()..)?.trim_start();
    let len = digits(rest);
    let number = rest.get(..len)?.parse().ok()?;
    Some((number, rest.get(len..)?))
}

fn is_range(text: &str) -> bool {
    let rest =
        ["-", "–", "—", "to ", "до ", "至", "到", ".."].iter().find_map(|sign| text.strip_prefix(sign));
    rest.is_some_and(|rest| rest.trim_start().starts_with(|c: char| c.is_ascii_digit()))
}

/// One or two short words without digits.
fn is_unit(text: &str) -> bool {
    let n_words = text.split_whitespace().count();
    let short = text.chars().count() <= 20 && n_words <= 2;
    let first = text.split_whitespace().next().unwrap_or_default();
    short
        && !text.contains(|c: char| c.is_ascii_digit() || "<>+=?/,;:".contains(c))
        && !begins_with_any(first, NOT_UNITS)
}

/// Whether a text begins with one of these words.
fn begins_with_any(text: &str, table: &[&str]) -> bool {
    let small = text.trim_start().to_lowercase();
    table.iter().any(|word| {
        small
            .strip_prefix(word)
            .is_some_and(|rest| !crate::fold::joins(word.chars().next_back(), rest.chars().next()))
    })
}

const PERCENT: &[&str] = &["%", "percent", "per cent", "процентов", "процента", "процент"];
const OF: &[&str] = &[
    "/",
    "out of",
    "of",
    "из",
    "分/",
    "points out of",
    "баллов из",
    "балла из",
    "балл из",
    "分(满分",
    "(满分",
];
const BOUNDS: &[&str] = &[
    "or more",
    "or less",
    "or higher",
    "or lower",
    "or above",
    "or below",
    "at most",
    "at least",
    "и более",
    "и менее",
    "и выше",
    "以上",
    "以下",
];
const MULTIPLES: &[&str] = &[
    "k",
    "m",
    "bn",
    "thousand",
    "million",
    "billion",
    "hundred",
    "dozen",
    "тыс",
    "тысяч",
    "тысячи",
    "тысяча",
    "млн",
    "млрд",
    "миллион",
    "миллиона",
    "миллионов",
    "千",
    "万",
    "百",
    "亿",
    "mln",
];
const NOT_UNITS: &[&str] = &[
    "or", "to", "and", "but", "not", "или", "и", "не", "до", "at", "as", "is", "或", "和", "不", "because",
    "if",
];
const BECAUSE: &[&str] = &["because", "since", "as", "потому", "так как", "поскольку", "因为"];
/// Behind a named number: it is one of several, or counts something.
const GOES_ON: &[&str] = &["or", "и", "или", "或", "and"];
const SIGNS: &[&str] = &[
    ":",
    "=",
    "—",
    "–",
    "-",
    "is",
    "was",
    "would be",
    "should be",
    "of",
    "это",
    "составляет",
    "равна",
    "равно",
    "равен",
    "是",
    "为",
];
const NAMES: &[&str] = &[
    "score",
    "rating",
    "grade",
    "number",
    "answer",
    "value",
    "estimate",
    "mark",
    "level",
    "оценка",
    "балл",
    "ответ",
    "число",
    "значение",
    "рейтинг",
    "уровень",
    "分数",
    "评分",
    "得分",
    "答案",
    "数值",
    "等级",
    "打分",
    "评级",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[f64], of: Option<f64>, percent: bool, lenient: bool) {
        match figure(text) {
            Found::Number(it) => {
                assert_eq!(
                    (&it.readings[..], it.of, it.percent, it.lenient),
                    (want, of, percent, lenient),
                    "{text}"
                );
            }
            other => panic!("`{text}` is {other:?}"),
        }
    }

    #[test]
    fn digits_with_a_point_are_a_number_as_they_are() {
        for (text, want) in
            [("72", 72.0), ("-3.5", -3.5), (".5", 0.5), ("1234", 1234.0), ("**4**", 4.0), ("4.", 4.0)]
        {
            check(text, &[want], None, false, false);
        }
    }

    #[test]
    fn commas_are_decimals_or_thousands_or_both() {
        check("72,5", &[72.5], None, false, true);
        check("1,234", &[1.234, 1234.0], None, false, true);
        check("0,234", &[0.234], None, false, true);
        check("1,234.5", &[1234.5], None, false, true);
        check("1.234,5", &[1234.5], None, false, true);
        check("1,234,567", &[1_234_567.0], None, false, true);
        check("12 000", &[12000.0], None, false, true);
        check("12\u{a0}000,5", &[12000.5], None, false, true);
        check("12'000", &[12000.0], None, false, true);
        assert!(matches!(figure("1,23,4"), Found::Other(_)));
        assert!(matches!(figure("1.2.3"), Found::Other(_)));
    }

    #[test]
    fn what_follows_a_number_is_a_part_a_unit_or_no_number() {
        check("4/5", &[4.0], Some(5.0), false, true);
        check("4 out of 5", &[4.0], Some(5.0), false, true);
        check("4 из 5", &[4.0], Some(5.0), false, true);
        check("4 of 5 stars", &[4.0], Some(5.0), false, true);
        check("80 %", &[80.0], None, true, true);
        check("80％", &[80.0], None, true, true);
        check("12 points", &[12.0], None, false, true);
        check("12 баллов", &[12.0], None, false, true);
        check("85分", &[85.0], None, false, true);
        check("~70", &[70.0], None, false, true);
        check("７２", &[72.0], None, false, false);
        for text in [
            ">70",
            "<= 5",
            "70+",
            "70-80",
            "70 to 80",
            "70–80",
            "5k",
            "5 million",
            "3万",
            "3 тыс.",
            "1e3",
            "70 or more",
        ] {
            assert!(matches!(figure(text), Found::Other(_)), "{text}: {:?}", figure(text));
        }
        for text in ["", "high", "about 70", "3 reasons why it is bad", "70 or so", "three"] {
            assert_eq!(figure(text), Found::Nothing, "{text}");
        }
    }

    #[track_caller]
    fn check_said(text: &str, want: &[f64]) {
        let got: Vec<f64> = said(text)
            .into_iter()
            .flat_map(|it| match it {
                Found::Number(it) => it.readings,
                other => panic!("`{text}` says {other:?}"),
            })
            .collect();
        let mut got = got;
        got.dedup();
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn prose_answers_by_name_at_its_head_or_on_its_last_line() {
        check_said("Score: 72", &[72.0]);
        check_said("**Score:** 72/100", &[72.0]);
        check_said("The score is 72 because it insults.", &[72.0]);
        check_said("Оценка — 4.", &[4.0]);
        check_said("评分为4分。", &[4.0]);
        check_said("72. It insults people.", &[72.0]);
        check_said("It insults three people, 2 of them twice.\n\n72", &[72.0]);
        check_said("The score is -3.", &[-3.0]);
        check_said("There are 3 reasons for this.", &[]);
        check_said("3 reasons make it harmful.", &[]);
        check_said("The highscore: 4", &[]);
        check_said("It mentions the number 4 and a score of many.", &[]);
    }
}
