//! Cuts a text that does not fit: for each chunk the end, then where the next one starts.
//!
//! In: a text, the limits, a counter of tokens. Out: ranges of bytes. Borders are tried from coarse to fine: sentences,
//! words, graphemes, code points.

use std::cell::OnceCell;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::search::find;
use super::{ChunkError, ChunkOptions, sentences};

/// A chunk that is so full, in tenths of the limit, is full enough.
const FULL: usize = 9;

pub(super) struct Cutter<'a> {
    text: &'a str,
    options: ChunkOptions,
    count: &'a dyn Fn(&str) -> usize,
    /// Tokens of a byte, over the whole text.
    per_byte: f64,
    /// Where sentences end, ascending; the last is the end of the text.
    sentences: Vec<usize>,
    /// The same for words, graphemes, and code points: made when a sentence must be cut.
    finer: [OnceCell<Vec<usize>>; 3],
}

impl<'a> Cutter<'a> {
    pub(super) fn new(
        text: &'a str,
        options: ChunkOptions,
        n_tokens: usize,
        count: &'a dyn Fn(&str) -> usize,
    ) -> Self {
        let sentences = sentences::in_bytes(text).into_iter().map(|sentence| sentence.end).collect();
        let per_byte = n_tokens as f64 / text.len().max(1) as f64;
        Self { text, options, count, per_byte, sentences, finer: Default::default() }
    }

    pub(super) fn cut(&self) -> Result<Vec<Range<usize>>, ChunkError> {
        let mut parts: Vec<Range<usize>> = Vec::new();
        let (mut start, mut done) = (0, 0);
        while done < self.text.len() {
            let end = match self.end(start, done) {
                Some(end) => end,
                // No room for anything new behind the overlap: it is given up.
                None if start < done => {
                    start = done;
                    continue;
                }
                None => return Err(self.too_small(start)),
            };
            if parts.last().is_some_and(|last| last.start >= start) {
                parts.pop();
            }
            parts.push(start..end);
            done = end;
            if done < self.text.len() {
                start = self.next_start(start, end);
            }
        }
        Ok(parts)
    }

    /// Where a chunk ends that starts here and holds more than what is done; `None` where not even one more character fits.
    fn end(&self, start: usize, done: usize) -> Option<usize> {
        let ChunkOptions { max_tokens, overlap_tokens } = self.options;
        let wanted = (max_tokens * FULL).div_ceil(10)..=max_tokens;
        for level in 0..=self.finer.len() {
            let borders = self.after(level, done);
            let bytes = |at: usize| borders[at] - start;
            let tokens = |at: usize| self.tokens(start..borders[at]);
            let found = find(borders.len(), &wanted, self.per_byte, bytes, tokens);
            let best = found.within.or(found.below);
            // A chunk must hold more than goes over to the next, or the next could not start after it.
            if let Some((at, n_tokens)) = best
                && (n_tokens > overlap_tokens || level == self.finer.len() || borders[at] == self.text.len())
            {
                return Some(borders[at]);
            }
        }
        None
    }

    /// Where the chunk after this one starts: so that what both hold has enough tokens, and little more.
    fn next_start(&self, start: usize, end: usize) -> usize {
        let ChunkOptions { max_tokens, overlap_tokens } = self.options;
        if overlap_tokens == 0 {
            return end;
        }
        if let Some(sentence) = self.cut_sentence(start, end) {
            return sentence;
        }
        for level in 0..=self.finer.len() {
            // From the end of the chunk back to its start.
            let borders = self.between(level, start, end);
            let n = borders.len();
            let bytes = |at: usize| end - borders[n - 1 - at];
            let tokens = |at: usize| self.tokens(borders[n - 1 - at]..end);
            let wanted = overlap_tokens..=overlap_tokens + overlap_tokens / 2;
            let found = find(n, &wanted, self.per_byte, bytes, tokens);
            let last = level == self.finer.len();
            if let Some((at, n_tokens)) = found.within.or(found.above)
                && (n_tokens <= max_tokens / 2 || last)
            {
                return borders[n - 1 - at];
            }
        }
        start
    }

    /// Where a chunk ends inside a sentence that would fit alone: the start of that sentence, so that it is whole once.
    fn cut_sentence(&self, start: usize, end: usize) -> Option<usize> {
        let at = self.sentences.partition_point(|border| *border < end);
        let border = *self.sentences.get(at)?;
        let begin = *self.sentences.get(at.checked_sub(1)?)?;
        let is_cut = border > end && begin > start;
        // A sentence of so many bytes is not counted to learn that it does not fit.
        let may_fit = (border - begin) as f64 * self.per_byte <= 2.0 * self.options.max_tokens as f64;
        let fits = is_cut
            && may_fit
            && self.tokens(begin..border) <= self.options.max_tokens
            && self.tokens(begin..end) >= self.options.overlap_tokens;
        fits.then_some(begin)
    }

    fn tokens(&self, range: Range<usize>) -> usize {
        (self.count)(&self.text[range])
    }

    /// The borders of a level: 0 sentences, 1 words, 2 graphemes, 3 code points.
    fn borders(&self, level: usize) -> &[usize] {
        let Some(finer) = level.checked_sub(1) else { return &self.sentences };
        self.finer[finer].get_or_init(|| {
            let text = self.text;
            let starts: Vec<usize> = match finer {
                // A space belongs to the word before it.
                0 => text
                    .split_word_bound_indices()
                    .filter(|(_, word)| !word.starts_with(char::is_whitespace))
                    .map(|(at, _)| at)
                    .collect(),
                1 => text.grapheme_indices(true).map(|(at, _)| at).collect(),
                _ => text.char_indices().map(|(at, _)| at).collect(),
            };
            starts.into_iter().filter(|at| *at > 0).chain([text.len()]).collect()
        })
    }

    fn after(&self, level: usize, place: usize) -> &[usize] {
        let borders = self.borders(level);
        &borders[borders.partition_point(|border| *border <= place)..]
    }

    fn between(&self, level: usize, start: usize, end: usize) -> &[usize] {
        let borders = self.after(level, start);
        &borders[..borders.partition_point(|border| *border < end)]
    }

    fn too_small(&self, start: usize) -> ChunkError {
        let character = self.text[start..].chars().next().unwrap_or_default();
        let n_tokens = self.tokens(start..start + character.len_utf8());
        ChunkError::TooSmall { max_tokens: self.options.max_tokens, character, n_tokens }
    }
}
