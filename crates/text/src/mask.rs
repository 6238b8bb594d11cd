//! Personal data out of a text before a model sees it, and back into what the model wrote.
//!
//! In: the texts of one item, and a [`MaskSpec`] that says what to look for. Out: the texts with placeholders such as
//! `[EMAIL_1]`, what was found and where, and a [`Key`] that restores the originals. The same texts give the same
//! placeholders, for ever; the key is never sent and can be made again from the texts.
//!
//! | to get | call |
//! |---|---|
//! | texts without what was found | [`Masker::mask`], [`Masker::mask_all`] |
//! | more texts of the same item, later | [`Masker::mask_more`] |
//! | what would be masked, text by text | [`Masker::find`] |
//! | an answer with the originals | [`Masked::restore`], [`Key::restore`] |
//! | how much of what was found | [`count_by_kind`] |
//!
//! Rules find what has a shape: addresses, numbers with check digits, keys, names beside a title. They do not find what
//! only a reader knows to be personal, so nothing here promises that a text is anonymous afterwards.
//!
//! Not here: what is done with a text that holds personal data (`karat.toml`, the engine).

mod around;
mod detect;
mod fold;
mod key;
mod kind;
mod names;
mod replace;

use std::ops::Range;
use std::sync::Arc;

use regex::Regex;

pub use detect::{DETECTORS, Detector};
pub use key::Key;
pub use kind::{Kind, MaskError, MaskSpec, count_by_kind};

/// One place of a text that holds personal data. Positions are code points of the text as it was given, half-open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Kind,
    /// The first code point.
    pub start: u32,
    /// One past the last code point.
    pub end: u32,
    /// What stands there now: `[EMAIL_1]`.
    pub placeholder: String,
}

/// A text whose personal data is replaced, with the way back.
///
/// ```
/// use karat_text::mask::{MaskSpec, Masker};
/// let masker = Masker::new(&MaskSpec::default()).unwrap();
/// let masked = masker.mask("Write to anna@example.com");
/// assert_eq!(masked.text, "Write to [EMAIL_1]");
/// assert_eq!(masked.restore("The address is `email_1`."), "The address is `anna@example.com`.");
/// ```
#[derive(Debug, Clone)]
pub struct Masked {
    /// The text with placeholders.
    pub text: String,
    /// What was replaced, in the order of the text; no two overlap.
    pub found: Vec<Found>,
    key: Arc<Key>,
}

impl Masked {
    /// Puts the originals back into what a model wrote; see [`Key::restore`].
    pub fn restore(&self, written: &str) -> String {
        self.key.restore(written)
    }

    /// What restores the originals of all texts that were masked together.
    pub fn key(&self) -> &Arc<Key> {
        &self.key
    }

    /// Where a range of code points of the masked text lies in the original; a border inside a placeholder moves out to
    /// the whole of what it stands for. `None` where the range is empty or reaches past the end of the masked text.
    pub fn to_original(&self, span: Range<u32>) -> Option<Range<u32>> {
        let length = u32::try_from(self.text.chars().count()).ok()?;
        if span.start >= span.end || span.end > length {
            return None;
        }
        let start = self.border_in_original(span.start, false);
        Some(start..self.border_in_original(span.end, true))
    }

    fn border_in_original(&self, border: u32, is_end: bool) -> u32 {
        // The end of the last placeholder before the border, in the masked text and in the original.
        let (mut masked_end, mut original_end) = (0, 0);
        for found in &self.found {
            let start = masked_end + (found.start - original_end);
            let end = start + found.placeholder.chars().count() as u32;
            if border <= start {
                break;
            }
            if border < end {
                return if is_end { found.end } else { found.start };
            }
            (masked_end, original_end) = (end, found.end);
        }
        original_end + (border - masked_end)
    }
}

/// What finds and replaces personal data; made once, used for all items.
#[derive(Debug)]
pub struct Masker {
    detectors: Vec<detect::Ready>,
    names: names::NameList,
    has_names: bool,
    avoided: key::Taken,
    /// Placeholders as strictly as we write them to as loosely as a model may.
    placeholders: Regex,
    loose: Regex,
}

/// A place that was found, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hit {
    kind: Kind,
    at: Range<usize>,
}

impl Masker {
    /// Prepares the detectors of the kinds asked for. Fails for a name that cannot be looked for, with the reason.
    pub fn new(spec: &MaskSpec) -> Result<Self, MaskError> {
        let mut detectors = Vec::new();
        for detector in DETECTORS.iter().filter(|it| spec.kinds.contains(&it.kind)) {
            detectors.push(detect::Ready::new(detector)?);
        }
        let loose = key::loose_pattern()?;
        let mut avoided = key::Taken::default();
        for text in &spec.avoid {
            avoided.add(&loose, &fold::fold(text));
        }
        let has_names = spec.kinds.contains(&Kind::Name);
        let names = names::NameList::new(&spec.names)?;
        Ok(Self { detectors, names, has_names, avoided, placeholders: key::pattern()?, loose })
    }

    /// Masks one text.
    pub fn mask(&self, text: &str) -> Masked {
        let (texts, key) = self.mask_together(&[text], None);
        let (text, found) = texts.into_iter().next().unwrap_or_default();
        Masked { text, found, key }
    }

    /// Masks the texts of one item: the same original has the same placeholder in all of them, and each of the results
    /// restores the originals of all. As many come out as go in, in the same order.
    pub fn mask_all(&self, texts: &[&str]) -> Vec<Masked> {
        let (texts, key) = self.mask_together(texts, None);
        texts.into_iter().map(|(text, found)| Masked { text, found, key: Arc::clone(&key) }).collect()
    }

    /// Masks further texts of an item of which some were masked, and perhaps sent, before: every placeholder keeps what it
    /// stands for, and the new key restores the earlier texts as well.
    ///
    /// What looks in the new texts like a placeholder that was given out is masked itself, so that it comes back as it was.
    /// ```
    /// use karat_text::mask::{MaskSpec, Masker};
    /// let masker = Masker::new(&MaskSpec::default()).unwrap();
    /// let first = masker.mask("from a@b.org");
    /// let then = masker.mask_more(first.key(), &["to c@d.org, not to a@b.org"]);
    /// assert_eq!(then[0].text, "to [EMAIL_2], not to [EMAIL_1]");
    /// assert_eq!(then[0].restore(&first.text), "from a@b.org");
    /// ```
    pub fn mask_more(&self, key: &Key, texts: &[&str]) -> Vec<Masked> {
        let (texts, key) = self.mask_together(texts, Some(key));
        texts.into_iter().map(|(text, found)| Masked { text, found, key: Arc::clone(&key) }).collect()
    }

    /// What [`Masker::mask`] would replace, as ranges of code points, in order, without overlap. Of finds that overlap
    /// the longest stands; of equally long ones the kind that comes first in [`Kind::ALL`].
    pub fn find(&self, text: &str) -> Vec<(Kind, Range<u32>)> {
        let found = self.mask(text).found;
        found.into_iter().map(|found| (found.kind, found.start..found.end)).collect()
    }

    /// The places in the folded text; they may overlap.
    fn hits(&self, folded: &str) -> Vec<Hit> {
        let traits = detect::Traits::of(folded);
        let mut hits = Vec::new();
        for detector in &self.detectors {
            detector.run(folded, &traits, &mut hits);
        }
        if self.has_names {
            self.names.find(folded, &mut |at| hits.push(Hit { kind: Kind::Name, at }));
        }
        // A model quotes what it read inside JSON: an original that has to be escaped there would break its answer.
        hits.retain(|hit| {
            let quote = folded.get(hit.at.clone()).unwrap_or_default();
            !quote.is_empty() && !quote.contains(|c: char| c == '"' || c == '\\' || c.is_control())
        });
        hits
    }

    fn mask_together(&self, texts: &[&str], before: Option<&Key>) -> (Vec<(String, Vec<Found>)>, Arc<Key>) {
        let new = || Key::new(self.placeholders.clone(), self.avoided.clone());
        let mut key = before.cloned().unwrap_or_else(new);
        let mut places = Vec::with_capacity(texts.len());
        for text in texts {
            let folded = fold::fold(text);
            let mut hits = self.hits(&folded);
            hits.extend(key.look_alikes(&self.loose, &folded));
            places.push(fold::in_original(text, &folded, replace::without_overlap(hits)));
            key.avoid(&self.loose, &folded);
        }
        replace::add_repeats(texts, &mut places, &key);
        let texts = texts.iter().zip(&places).map(|(text, hits)| replace::replace(text, hits, &mut key));
        (texts.collect(), Arc::new(key))
    }
}

#[cfg(test)]
mod tests;
