//! What of a text is counted: its words, and the runs of letters inside them.
//!
//! In: a text. Out: a 64-bit hash for each piece. Two pieces of a million-word vocabulary share a hash less than once in
//! ten million vocabularies, so that hashes stand for pieces.

use std::ops::RangeInclusive;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use super::features::FeatureOptions;
use crate::random::mix;

/// Kinds of pieces, so that a word and the same letters inside a word are two pieces.
const WORD: u64 = 0x776f_7264;
const LETTERS: u64 = 0x6c65_7474;
/// The border of a word, as a letter.
const BORDER: char = ' ';

/// The pieces of one text, with repetitions.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    pub(crate) words: Vec<u64>,
    pub(crate) letters: Vec<u64>,
    /// The words of the text, as hashes in their order.
    sequence: Vec<u64>,
    padded: Vec<char>,
}

impl Pieces {
    /// Reads a text; what was there before is gone.
    pub(crate) fn read(&mut self, text: &str, options: &FeatureOptions) {
        self.words.clear();
        self.letters.clear();
        self.sequence.clear();
        let clean = clean(text);
        // Characters of a script without spaces, as long as they follow each other.
        let mut run: Vec<char> = Vec::new();
        for word in clean.split_word_bounds() {
            let Some(first) = word.chars().next() else { continue };
            if is_unspaced(first) {
                run.extend(word.chars());
                continue;
            }
            self.read_run(&mut run, options);
            if is_emoji(first) || word.chars().any(char::is_alphanumeric) {
                self.read_word(word, options);
            }
        }
        self.read_run(&mut run, options);
        if let Some(lengths) = &options.words {
            for start in 0..self.sequence.len() {
                grams(&self.sequence[start..], lengths, WORD, &mut self.words);
            }
        }
    }

    fn read_word(&mut self, word: &str, options: &FeatureOptions) {
        self.sequence.push(word.chars().fold(WORD, |hash, c| mix(hash ^ u64::from(c))));
        let Some(lengths) = &options.letters else { return };
        let mut padded = std::mem::take(&mut self.padded);
        padded.clear();
        padded.push(BORDER);
        padded.extend(word.chars());
        padded.push(BORDER);
        if padded.len() < *lengths.start() {
            grams(&padded, &(padded.len()..=padded.len()), LETTERS, &mut self.letters);
        }
        for start in 0..padded.len() {
            grams(&padded[start..], lengths, LETTERS, &mut self.letters);
        }
        self.padded = padded;
    }

    /// A run of characters without spaces: pairs of characters are its words, one to three characters its letters.
    fn read_run(&mut self, run: &mut Vec<char>, options: &FeatureOptions) {
        for start in 0..run.len() {
            if options.letters.is_some() {
                grams(&run[start..], &(1..=3), LETTERS, &mut self.letters);
            }
            if options.words.is_some() && (start + 1 < run.len() || run.len() == 1) {
                let pair = &run[start..run.len().min(start + 2)];
                self.sequence.push(pair.iter().fold(WORD, |hash, c| mix(hash ^ u64::from(*c))));
            }
        }
        run.clear();
    }
}

/// The hashes of the first so many units, for each of these lengths that there are.
fn grams<T: Copy + Into<u64>>(units: &[T], lengths: &RangeInclusive<usize>, kind: u64, out: &mut Vec<u64>) {
    let mut hash = kind;
    for (n, unit) in units.iter().take(*lengths.end()).enumerate() {
        hash = mix(hash ^ (*unit).into());
        if n + 1 >= *lengths.start() {
            out.push(hash);
        }
    }
}

/// The text as it is compared: NFKC, small letters, `ё` as `е` (Russian writes both), `_` as a space (names of labels).
fn clean(text: &str) -> String {
    let plain = |c: char| match c {
        'ё' => 'е',
        '_' => ' ',
        c => c,
    };
    if text.is_ascii() {
        return text.chars().map(|c| plain(c.to_ascii_lowercase())).collect();
    }
    text.nfkc().flat_map(char::to_lowercase).map(plain).collect()
}

/// Scripts that put no spaces between words: Thai to Burmese, Khmer, kana, Chinese characters.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// Pictures: in reviews and posts they say as much as words.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}')
}
