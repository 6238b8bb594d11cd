//! A long text in parts that a model can read: sentences, and chunks of at most so many tokens.
//!
//! In: a text, and a function that counts tokens (a tokenizer lives elsewhere, and is slow: it is called seldom). Out:
//! ranges in code points, half-open, as spans are counted.
//!
//! A chunk ends where a sentence ends, as far as that is possible. A sentence that is longer than a chunk is cut between
//! words, a word between its characters. Chunks overlap, so that what is said across a border is whole in one of them.
//!
//! Not here: what is done with the parts, and putting answers together again (`karat-task`).

mod cut;
mod search;
mod sentences;

use std::fmt;
use std::ops::Range;

pub use sentences::sentences;

/// How a text is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkOptions {
    /// The most tokens of a chunk.
    pub max_tokens: usize,
    /// A part of the text with fewer tokens than this lies whole in at least one chunk: as long as the longest entity that
    /// must not be cut. At most half of `max_tokens`; 0 for chunks that do not overlap.
    pub overlap_tokens: usize,
}

/// A part of a text, in code points, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// Where it starts.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// Why a text cannot be cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChunkError {
    /// The overlap is more than half of a chunk: the text would be read more than twice.
    Overlap(ChunkOptions),
    /// One character alone has more tokens than a chunk may have.
    TooSmall {
        /// The limit.
        max_tokens: usize,
        /// The character.
        character: char,
        /// Its tokens.
        n_tokens: usize,
    },
}

impl std::error::Error for ChunkError {}

impl fmt::Display for ChunkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overlap(ChunkOptions { max_tokens, overlap_tokens }) => write!(
                f,
                "an overlap of {overlap_tokens} tokens is more than half of a chunk of {max_tokens}; lower the overlap to \
                 {} or raise the limit",
                max_tokens / 2
            ),
            Self::TooSmall { max_tokens, character, n_tokens } => write!(
                f,
                "`{}` alone has {n_tokens} tokens, and a chunk may have {max_tokens}; raise the limit",
                character.escape_debug()
            ),
        }
    }
}

/// Cuts a text into chunks that cover it, in their order, each with at most [`ChunkOptions::max_tokens`] by `count`.
///
/// Both the start and the end of a chunk come after those of the chunk before. A text that fits is one chunk; an empty
/// text has none.
///
/// What [`ChunkOptions::overlap_tokens`] promises holds where a longer text never has fewer tokens; tokenizers of language
/// models keep that but for a token or two at the edges. The promise is given up, and the limit kept, only where a chunk
/// has no room for two characters.
///
/// `count` is called once for the whole text, and then about four times for each chunk, with texts about as long as a
/// chunk.
///
/// # Errors
/// Where the overlap is more than half of a chunk, or a single character has more tokens than a chunk may have.
/// ```
/// use karat_text::chunk::{ChunkOptions, chunks};
///
/// let text = "Dr. Smith came at 5 p.m. He left at noon. Nobody saw him.";
/// let words = |text: &str| text.split_whitespace().count();
/// let chunks = chunks(text, &ChunkOptions { max_tokens: 8, overlap_tokens: 0 }, &words).unwrap();
/// let parts: Vec<&str> = chunks.iter().map(|chunk| &text[chunk.start..chunk.end]).collect(); // here, a byte is a code point
/// assert_eq!(parts, ["Dr. Smith came at 5 p.m. ", "He left at noon. Nobody saw him."]);
/// ```
pub fn chunks(
    text: &str,
    options: &ChunkOptions,
    count: &dyn Fn(&str) -> usize,
) -> Result<Vec<Chunk>, ChunkError> {
    if options.overlap_tokens > options.max_tokens / 2 {
        return Err(ChunkError::Overlap(*options));
    }
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let n_tokens = count(text);
    let parts = if n_tokens <= options.max_tokens {
        std::iter::once(0..text.len()).collect()
    } else {
        cut::Cutter::new(text, *options, n_tokens, count).cut()?
    };
    Ok(in_code_points(text, &parts).into_iter().map(|Range { start, end }| Chunk { start, end }).collect())
}

/// Ranges of bytes, their starts ascending and their ends ascending, as ranges of code points.
fn in_code_points(text: &str, parts: &[Range<usize>]) -> Vec<Range<usize>> {
    let converted = |borders: &mut dyn Iterator<Item = usize>| {
        let (mut byte, mut point) = (0, 0);
        let mut points = Vec::with_capacity(parts.len());
        for border in borders {
            point += text[byte..border].chars().count();
            byte = border;
            points.push(point);
        }
        points
    };
    let starts = converted(&mut parts.iter().map(|part| part.start));
    let ends = converted(&mut parts.iter().map(|part| part.end));
    starts.into_iter().zip(ends).map(|(start, end)| start..end).collect()
}

#[cfg(test)]
mod tests;
