//! Every place of a quote in a text, by the strictest way that finds any.

use std::cell::OnceCell;
use std::ops::Range;

use karat_core::Alignment;
use unicode_segmentation::UnicodeSegmentation;

use super::fuzzy;
use crate::fold::{Fold, Folded, is_quote_mark, joins};

/// A text that quotes are searched in; folded at most once.
pub(crate) struct Haystack<'a> {
    pub(crate) source: &'a str,
    folded: OnceCell<Folded>,
    graphemes: OnceCell<Vec<usize>>,
}

/// The places of a quote, in text order, in bytes of the source.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hits {
    pub(crate) places: Vec<Range<usize>>,
    pub(crate) how: Alignment,
}

impl<'a> Haystack<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self { source, folded: OnceCell::new(), graphemes: OnceCell::new() }
    }

    pub(crate) fn folded(&self) -> &Folded {
        self.folded.get_or_init(|| Folded::new(self.source, Fold::Tight))
    }

    /// The places of `quote` by the strictest way that finds any. `Alignment::Absent` with no places where none does.
    pub(crate) fn find(&self, quote: &str) -> Hits {
        let quote = quote.trim();
        let exact = self.exact(quote);
        if !exact.is_empty() {
            return Hits { places: exact, how: Alignment::Exact };
        }
        let normalized = self.normalized(quote);
        if !normalized.is_empty() {
            return Hits { places: normalized, how: Alignment::Normalized };
        }
        fuzzy::find(self, &tight(quote))
    }

    /// The places of the very words.
    pub(crate) fn exact(&self, quote: &str) -> Vec<Range<usize>> {
        if quote.is_empty() {
            return Vec::new();
        }
        overlapping(self.source, quote).filter(|at| self.is_whole(at)).collect()
    }

    /// The places of the folded words; without the quotation marks or the punctuation around them, if need be.
    pub(crate) fn normalized(&self, quote: &str) -> Vec<Range<usize>> {
        let folded = tight(quote);
        let places = self.folded_places(&folded);
        if !places.is_empty() {
            return places;
        }
        let bare = folded.trim_matches(|c: char| {
            is_quote_mark(c) || matches!(c, '.' | ',' | ';' | ':' | '。' | '，' | '…' | '*')
        });
        if bare.len() < folded.len() { self.folded_places(bare.trim()) } else { places }
    }

    fn folded_places(&self, folded: &str) -> Vec<Range<usize>> {
        if folded.is_empty() {
            return Vec::new();
        }
        let haystack = self.folded();
        overlapping(&haystack.text, folded)
            .filter_map(|at| haystack.source(at))
            .filter(|at| self.is_whole(at))
            .collect()
    }

    /// Whether the place cuts neither a word nor a grapheme.
    pub(crate) fn is_whole(&self, at: &Range<usize>) -> bool {
        let around = |n: usize| (self.source[..n].chars().next_back(), self.source[n..].chars().next());
        let word_border = |n: usize| {
            let (before, after) = around(n);
            !joins(before, after)
        };
        word_border(at.start)
            && word_border(at.end)
            && self.is_grapheme_border(at.start)
            && self.is_grapheme_border(at.end)
    }

    fn is_grapheme_border(&self, byte: usize) -> bool {
        if self.source.is_ascii() {
            return true;
        }
        let borders = self.graphemes.get_or_init(|| {
            let borders = self.source.grapheme_indices(true).map(|(at, _)| at);
            borders.chain(std::iter::once(self.source.len())).collect()
        });
        borders.binary_search(&byte).is_ok()
    }
}

/// A quote, folded as the text is.
pub(crate) fn tight(quote: &str) -> String {
    Folded::new(quote, Fold::Tight).text.trim().to_owned()
}

/// All places, also those that overlap each other.
fn overlapping<'t>(text: &'t str, needle: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
    let step = needle.chars().next().map_or(1, char::len_utf8);
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text.get(from..)?.find(needle)?;
        from = start + step;
        Some(start..start + needle.len())
    })
}
