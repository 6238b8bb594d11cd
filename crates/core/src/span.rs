//! Positions in a text. One unit, two foreign units at the edges, all conversions in this file.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A half-open range of a text, counted in Unicode code points, as Python, spaCy and the Hugging Face formats do.
///
/// Rust slices by UTF-8 byte and a browser by UTF-16 unit: those two edges convert through [`Span::to_bytes`],
/// [`Span::from_bytes`], [`Span::to_utf16`] and [`Span::from_utf16`]; nothing else does offset arithmetic.
/// Invariant: `start < end`; an empty span is not a span.
///
/// ```
/// use karat_core::Span;
/// let text = "Great 🎉 phone";
/// let span = Span::from_utf16(text, 9..14).unwrap();
/// assert_eq!((span.start(), span.end()), (8, 13));
/// assert_eq!(span.quote(text), Some("phone"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawSpan")]
pub struct Span {
    start: u32,
    end: u32,
}

#[derive(Deserialize)]
struct RawSpan {
    start: u32,
    end: u32,
}

impl TryFrom<RawSpan> for Span {
    type Error = String;
    fn try_from(raw: RawSpan) -> Result<Self, String> {
        Self::new(raw.start, raw.end)
            .ok_or_else(|| format!("{}..{} is empty: `start` must be below `end`", raw.start, raw.end))
    }
}

impl Span {
    /// A span of code points; `None` unless `start < end`.
    pub fn new(start: u32, end: u32) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// The first code point.
    pub fn start(self) -> u32 {
        self.start
    }

    /// One past the last code point.
    pub fn end(self) -> u32 {
        self.end
    }

    /// The number of code points; at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a span is never empty")]
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether the two share a code point.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether `other` lies wholly inside.
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The UTF-8 byte range in `text`; `None` where the span reaches past the end.
    pub fn to_bytes(self, text: &str) -> Option<Range<usize>> {
        if text.is_ascii() {
            let (start, end) = (self.start as usize, self.end as usize);
            return (end <= text.len()).then_some(start..end);
        }
        let mut borders = text.char_indices().map(|(byte, _)| byte).chain(std::iter::once(text.len()));
        let start = borders.by_ref().nth(self.start as usize)?;
        let end = borders.nth((self.end - self.start - 1) as usize)?;
        Some(start..end)
    }

    /// From a UTF-8 byte range; `None` where it is empty, reaches past the end or cuts a code point.
    pub fn from_bytes(text: &str, bytes: Range<usize>) -> Option<Self> {
        let before = text.get(..bytes.start)?.chars().count();
        let inside = text.get(bytes)?.chars().count();
        Self::new(u32::try_from(before).ok()?, u32::try_from(before + inside).ok()?)
    }

    /// The range in UTF-16 units, as a browser counts; `None` where the span reaches past the end.
    pub fn to_utf16(self, text: &str) -> Option<Range<u32>> {
        let bytes = self.to_bytes(text)?;
        let units = |part: &str| part.chars().map(|c| c.len_utf16() as u32).sum::<u32>();
        let start = units(&text[..bytes.start]);
        Some(start..start + units(&text[bytes]))
    }

    /// From a range of UTF-16 units; `None` where it is empty, reaches past the end or cuts a code point in two.
    pub fn from_utf16(text: &str, units: Range<u32>) -> Option<Self> {
        let (mut unit, mut point) = (0, 0);
        let (mut start, mut end) = (None, None);
        for width in text.chars().map(|c| c.len_utf16() as u32).chain(std::iter::once(0)) {
            if unit == units.start {
                start = Some(point);
            }
            if unit == units.end {
                end = Some(point);
            }
            unit += width;
            point += 1;
        }
        Self::new(start?, end?)
    }

    /// The words that the span covers; `None` where it reaches past the end of `text`.
    pub fn quote(self, text: &str) -> Option<&str> {
        text.get(self.to_bytes(text)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check_quote(text: &str, start: u32, end: u32, quote: &str) {
        let span = Span::new(start, end).unwrap();
        assert_eq!(span.quote(text), Some(quote));
        assert_eq!(Span::from_bytes(text, span.to_bytes(text).unwrap()), Some(span));
        assert_eq!(Span::from_utf16(text, span.to_utf16(text).unwrap()), Some(span));
    }

    #[test]
    fn two_emoji_before_a_name_are_two_code_points() {
        check_quote("👍👍 Bob Lee", 3, 10, "Bob Lee");
    }

    #[test]
    fn flags_accents_newlines_and_right_to_left_text_keep_their_words() {
        check_quote("🇩🇪 cafe\u{301}\r\nمرحبا नमस्ते", 3, 8, "cafe\u{301}");
        check_quote("🇩🇪 cafe\u{301}\r\nمرحبا नमस्ते", 10, 15, "مرحبا");
    }

    #[test]
    fn a_range_that_cuts_an_emoji_is_no_span() {
        assert_eq!(Span::from_utf16("Great 🎉 phone", 7..14), None);
        assert_eq!(Span::from_bytes("🎉", 1..4), None);
    }

    #[test]
    fn a_span_past_the_end_has_no_words() {
        assert_eq!(Span::new(2, 4).unwrap().quote("abc"), None);
        assert_eq!(Span::new(2, 4).unwrap().quote("äbc"), None);
        assert_eq!(Span::new(2, 3).unwrap().quote("äbc"), Some("c"));
    }

    #[test]
    fn an_empty_span_does_not_exist() {
        assert_eq!(Span::new(3, 3), None);
        assert!(serde_json::from_str::<Span>(r#"{"start":3,"end":2}"#).is_err());
    }

    proptest! {
        #[test]
        fn spans_survive_bytes_and_utf16_and_back(text in "\\PC{1,40}", a in 0u32..40, b in 0u32..40) {
            let n = text.chars().count() as u32;
            if let Some(span) = Span::new(a.min(n), b.min(n)) {
                let bytes = span.to_bytes(&text).unwrap();
                prop_assert_eq!(Span::from_bytes(&text, bytes), Some(span));
                let units = span.to_utf16(&text).unwrap();
                prop_assert_eq!(Span::from_utf16(&text, units), Some(span));
            }
        }
    }
}
