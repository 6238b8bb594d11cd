//! One form for all ways to write a text, with the way back: every folded character knows the bytes it came from.
//!
//! In: a text. Out: a [`Folded`] to search in. Folding works on grapheme clusters, so that a place found in the folded
//! text never cuts an accent, a flag or a joined emoji from its base. `İ`, `ß` and ligatures may change their length.
//!
//! Not here: what is searched for (`align`, `answer/mention.rs`).

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// What is made the same beside case and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fold {
    /// Runs of space, quotation marks, dashes: for the words of an item.
    Text,
    /// Also no space but between two letters: detokenised quotes of tokenised texts, spaces between Chinese words.
    Tight,
    /// Also `_` and `-` inside words as spaces, and no markup: for label names in prose. Line breaks stay.
    Labels,
}

/// A folded text and the way back.
#[derive(Debug, Clone)]
pub(crate) struct Folded {
    /// The folded text.
    pub(crate) text: String,
    /// One for each folded character, in order.
    cuts: Vec<Cut>,
}

/// Where a folded character stands, and the grapheme that it came from.
#[derive(Debug, Clone, Copy)]
struct Cut {
    at: u32,
    from: u32,
    to: u32,
    /// Whether it is the first character that its grapheme became.
    first: bool,
    /// Whether it is the last one.
    last: bool,
}

impl Folded {
    pub(crate) fn new(source: &str, how: Fold) -> Self {
        let mut folded =
            Self { text: String::with_capacity(source.len()), cuts: Vec::with_capacity(source.len()) };
        if source.is_ascii() {
            for at in 0..source.len() {
                folded.push(&source[at..=at], at, how);
            }
        } else {
            for (at, grapheme) in source.grapheme_indices(true) {
                folded.push(grapheme, at, how);
            }
        }
        folded
    }

    fn push(&mut self, grapheme: &str, from: usize, how: Fold) {
        let to = from + grapheme.len();
        let Some(first) = grapheme.chars().next() else {
            return;
        };
        if grapheme.is_ascii() && grapheme.len() == 1 && first.is_ascii_alphanumeric() {
            self.put(first.to_ascii_lowercase(), from, to, true, true);
            return;
        }
        if grapheme.chars().all(is_invisible) {
            return;
        }
        if how == Fold::Labels && matches!(first, '*' | '`' | '\\') {
            return;
        }
        let joint = first == '_' || (is_dash(first) && first != '—' && !self.text.ends_with([' ', '\n']));
        let space = first.is_whitespace() || (how == Fold::Labels && joint && !self.text.is_empty());
        if space {
            self.put_space(grapheme, from, to, how);
            return;
        }
        let mut chars: Vec<char> =
            grapheme.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect();
        // `İ` becomes `i` and a dot above; nobody writes that dot in a lower-case quote.
        if chars.first() == Some(&'i') {
            chars.retain(|c| *c != '\u{307}');
        }
        let last = chars.len().saturating_sub(1);
        if how == Fold::Tight
            && !chars.first().copied().is_some_and(is_spaced_letter)
            && self.text.ends_with(' ')
        {
            self.text.pop();
            self.cuts.pop();
        }
        for (n, c) in chars.into_iter().enumerate() {
            let c = match c {
                c if is_quote_mark(c) => '\'',
                c if is_dash(c) => '-',
                c if c.is_whitespace() => ' ',
                c => c,
            };
            self.put(c, from, to, n == 0, n == last);
        }
    }

    fn put(&mut self, c: char, from: usize, to: usize, first: bool, last: bool) {
        let at = self.text.len() as u32;
        self.cuts.push(Cut { at, from: from as u32, to: to as u32, first, last });
        self.text.push(c);
    }

    /// A run of space is one space, or one line break where it has one and line breaks matter.
    fn put_space(&mut self, grapheme: &str, from: usize, to: usize, how: Fold) {
        if how == Fold::Tight
            && !self.text.chars().next_back().is_some_and(|c| c == ' ' || is_spaced_letter(c))
        {
            return;
        }
        let breaks = how == Fold::Labels && grapheme.contains(['\n', '\r', '\u{2028}', '\u{2029}']);
        match (self.text.chars().next_back(), self.cuts.last_mut()) {
            (Some(' ' | '\n'), Some(cut)) => {
                cut.to = to as u32;
                if breaks {
                    self.text.pop();
                    self.text.push('\n');
                }
            }
            _ => self.put(if breaks { '\n' } else { ' ' }, from, to, true, true),
        }
    }

    /// The bytes of the source that a byte range of the folded text came from; `None` where it cuts a grapheme.
    pub(crate) fn source(&self, folded: Range<usize>) -> Option<Range<usize>> {
        let index = |at: usize| self.cuts.binary_search_by_key(&(at as u32), |cut| cut.at).ok();
        let first = self.cuts.get(index(folded.start)?)?;
        let last = if folded.end == self.text.len() { self.cuts.len() } else { index(folded.end)? };
        let last = self.cuts.get(last.checked_sub(1)?)?;
        (first.first && last.last && first.from < last.to).then_some(first.from as usize..last.to as usize)
    }
}

/// A text folded as [`Fold::Text`], trimmed: a quote to search for.
pub(crate) fn folded_quote(quote: &str) -> String {
    Folded::new(quote, Fold::Text).text.trim().to_owned()
}

/// Whether a place between two characters is inside a word, in scripts that put spaces between words.
///
/// Chinese, Japanese, Thai, Lao, Khmer, Burmese and Tibetan have no such borders; Korean joins endings to its words.
pub(crate) fn joins(before: Option<char>, after: Option<char>) -> bool {
    match (before, after) {
        (Some(a), Some(b)) => is_spaced_letter(a) && is_spaced_letter(b),
        _ => false,
    }
}

/// Whether it is a letter or digit of a script that puts spaces between words.
pub(crate) fn is_spaced_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || (c.is_alphanumeric() && !is_unspaced(c))
}

/// Whether its script writes words without spaces between them.
pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0FFF | 0x1000..=0x109F | 0x1100..=0x11FF | 0x1780..=0x17FF | 0x3005..=0x3007 | 0x3040..=0x31FF
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xA960..=0xA97F | 0xAC00..=0xD7FF | 0xF900..=0xFAFF | 0xFF66..=0xFFDC
        | 0x1B000..=0x1B16F | 0x20000..=0x3FFFF)
}

pub(crate) fn is_quote_mark(c: char) -> bool {
    matches!(
        c,
        '\'' | '"'
            | '`'
            | '´'
            | '‘'
            | '’'
            | '‚'
            | '‛'
            | '“'
            | '”'
            | '„'
            | '‟'
            | '«'
            | '»'
            | '‹'
            | '›'
            | '「'
            | '」'
            | '『'
            | '』'
            | '〝'
            | '〞'
            | '＂'
            | '＇'
            | 'ʼ'
            | '′'
            | '″'
    )
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '﹘' | '﹣' | '－')
}

/// Soft hyphens, zero-width spaces and byte-order marks, which nobody sees and models leave out. A zero-width joiner
/// alone is none: it holds emoji together.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{202a}'..='\u{202e}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, folded: &str) {
        let got = Folded::new(source, Fold::Text);
        assert_eq!(got.text, folded);
        assert_eq!(got.cuts.len(), folded.chars().count());
    }

    #[test]
    fn width_case_quotes_dashes_and_spaces_fold() {
        check("ＡＢＣ “x” — y", "abc 'x' - y");
        check("a \u{a0}\n b", "a b");
        check("STRASSE straße", "strasse strasse");
        check("İstanbul ISTANBUL ıslak", "istanbul istanbul islak");
        check("cafe\u{301} CAFÉ", "café café");
        check("soft\u{ad}ware", "software");
    }

    #[test]
    fn a_place_that_cuts_a_grapheme_has_no_source() {
        let folded = Folded::new("ﬁne", Fold::Text);
        assert_eq!(folded.text, "fine");
        assert_eq!(folded.source(0..1), None);
        assert_eq!(folded.source(0..2), Some(0..3));
        assert_eq!(folded.source(2..4), Some(3..5));
        assert_eq!(folded.source(0..4), Some(0..5));
    }

    #[test]
    fn chinese_has_no_word_borders_and_english_has() {
        assert!(joins(Some('l'), Some('u')));
        assert!(joins(Some('ё'), Some('ж')));
        assert!(!joins(Some('手'), Some('机')));
        assert!(!joins(Some('在'), Some('A')));
        assert!(!joins(None, Some('A')));
        assert!(!joins(Some('ก'), Some('ข')));
    }
}
