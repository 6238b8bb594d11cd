//! Placeholders: which are free, what each stands for, and the originals back in what a model wrote.
//!
//! A model keeps a placeholder, or nearly: it changes its case, drops the brackets, escapes the underscore, adds blanks.
//! All of that is read. What could also be prose (`email 1`) is not, and a number is read to its end: `[EMAIL_1]` is no
//! part of `[EMAIL_12]`.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use regex::Regex;

use super::{Hit, Kind, MaskError, fold};

/// What placeholders stand for. Made by a [`super::Masker`] for the texts of one item. Its debug form tells no original.
#[derive(Clone)]
pub struct Key {
    placeholders: Regex,
    taken: Taken,
    last: HashMap<Kind, u32>,
    by_original: HashMap<String, (Kind, u32)>,
    originals: HashMap<(Kind, u32), String>,
}

/// Numbers that no placeholder of a kind may have, because something in the texts looks like one that has it.
#[derive(Debug, Clone, Default)]
pub(super) struct Taken(HashSet<(Kind, u32)>);

/// The longest number of a placeholder.
const MAX_DIGITS: usize = 9;

fn words() -> String {
    Kind::ALL.map(Kind::word).join("|")
}

/// What is read as a placeholder: inside square brackets leniently, without them only with an underscore.
pub(super) fn pattern() -> Result<Regex, MaskError> {
    let words = words();
    let bracketed = format!(r"[\[【] {{0,2}}({words}) {{0,2}}(?:\\?[_-])? {{0,2}}([0-9]+) {{0,2}}[\]】]");
    let bare = format!(r"({words}) ?\\?_ ?([0-9]+)");
    compile(&format!("(?i){bracketed}|{bare}"))
}

/// Everything that could be read as a placeholder, wherever it stands.
pub(super) fn loose_pattern() -> Result<Regex, MaskError> {
    compile(&format!(r"(?i)({})[ \\_-]{{0,7}}([0-9]+)", words()))
}

pub(super) fn compile(pattern: &str) -> Result<Regex, MaskError> {
    Regex::new(pattern).map_err(|error| MaskError::BadPattern(error.to_string()))
}

impl Taken {
    /// Adds what looks like a placeholder in this folded text.
    pub(super) fn add(&mut self, loose: &Regex, folded: &str) {
        for (_, kind, numbers) in resembling(loose, folded) {
            self.0.extend(numbers.into_iter().map(|number| (kind, number)));
        }
    }
}

/// What looks like a placeholder in a folded text: where, of which kind, and with which numbers. The end of a number may be
/// masked itself, so each beginning of it counts.
fn resembling(loose: &Regex, folded: &str) -> Vec<(Range<usize>, Kind, Vec<u32>)> {
    let mut all = Vec::new();
    for found in loose.captures_iter(folded) {
        let (Some(whole), Some(word), Some(number)) = (found.get(0), found.get(1), found.get(2)) else {
            continue;
        };
        let Some(kind) = Kind::of_word(word.as_str()) else { continue };
        let beginnings = 1..=number.len().min(MAX_DIGITS);
        let numbers = beginnings.filter_map(|n_digits| number.as_str()[..n_digits].parse().ok());
        all.push((whole.range(), kind, numbers.collect()));
    }
    all
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("n_originals", &self.originals.len()).finish_non_exhaustive()
    }
}

impl Key {
    pub(super) fn new(placeholders: Regex, taken: Taken) -> Self {
        Self {
            placeholders,
            taken,
            last: HashMap::new(),
            by_original: HashMap::new(),
            originals: HashMap::new(),
        }
    }

    /// Takes no number that something in this folded text seems to have.
    pub(super) fn avoid(&mut self, loose: &Regex, folded: &str) {
        self.taken.add(loose, folded);
    }

    /// What looks like a placeholder that was given out, in a text that comes later.
    pub(super) fn look_alikes(&self, loose: &Regex, folded: &str) -> Vec<Hit> {
        if self.originals.is_empty() {
            return Vec::new();
        }
        let mut hits = Vec::new();
        for (at, kind, numbers) in resembling(loose, folded) {
            if numbers.into_iter().any(|number| self.originals.contains_key(&(kind, number))) {
                hits.push(Hit { kind, at });
            }
        }
        hits
    }

    /// The originals that have a placeholder, with their kinds.
    pub(super) fn known(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.by_original.iter().map(|(original, (kind, _))| (original.as_str(), *kind))
    }

    /// The placeholder of this original: the one it has, or the next that is free.
    pub(super) fn placeholder(&mut self, kind: Kind, original: &str) -> String {
        if let Some((kind, number)) = self.by_original.get(original) {
            return written(*kind, *number);
        }
        let last = self.last.entry(kind).or_insert(0);
        *last += 1;
        while self.taken.0.contains(&(kind, *last)) {
            *last += 1;
        }
        self.by_original.insert(original.to_owned(), (kind, *last));
        self.originals.insert((kind, *last), original.to_owned());
        written(kind, *last)
    }

    /// Puts the originals back into what a model wrote.
    ///
    /// A placeholder is read in any case, with blanks, a hyphen or an escaped underscore inside its brackets, and without
    /// brackets where its underscore is left. What stands for nothing (`[EMAIL_9]` of two) stays as it is. Restoring a
    /// masked text gives the text back, character by character. Originals hold no quotation mark, backslash or
    /// control character, so an answer in JSON stays JSON.
    pub fn restore(&self, written: &str) -> String {
        if self.originals.is_empty() {
            return written.to_owned();
        }
        let folded = fold::fold(written);
        let mut places = Vec::new();
        for found in self.placeholders.captures_iter(&folded) {
            let Some(whole) = found.get(0) else { continue };
            let is_bare = found.get(3).is_some();
            let (word, number) = (found.get(1).or(found.get(3)), found.get(2).or(found.get(4)));
            let (Some(word), Some(number)) = (word, number) else { continue };
            if is_bare && !is_apart(&folded, &whole.range()) {
                continue;
            }
            let number = number.as_str();
            let is_ours = !number.starts_with('0') && number.len() <= MAX_DIGITS;
            let (Some(kind), true, Ok(number)) = (Kind::of_word(word.as_str()), is_ours, number.parse())
            else {
                continue;
            };
            if let Some(original) = self.originals.get(&(kind, number)) {
                places.push((Hit { kind, at: whole.range() }, original));
            }
        }
        let (hits, originals): (Vec<Hit>, Vec<&String>) = places.into_iter().unzip();
        let hits = fold::in_original(written, &folded, hits);
        let mut restored = String::with_capacity(written.len());
        let mut at = 0;
        for (hit, original) in hits.iter().zip(originals) {
            restored.push_str(&written[at..hit.at.start]);
            restored.push_str(original);
            at = hit.at.end;
        }
        restored.push_str(&written[at..]);
        restored
    }

    /// How many different originals there are.
    pub fn n_originals(&self) -> usize {
        self.originals.len()
    }

    /// The placeholders with what each stands for, by kind and number. Never to be logged or sent.
    pub fn originals(&self) -> Vec<(String, &str)> {
        let mut all: Vec<_> = self.originals.iter().collect();
        all.sort_by_key(|(name, _)| **name);
        all.into_iter()
            .map(|((kind, number), original)| (written(*kind, *number), original.as_str()))
            .collect()
    }
}

fn written(kind: Kind, number: u32) -> String {
    format!("[{}_{number}]", kind.word())
}

/// Whether no Latin letter, digit or underscore carries on the word.
fn is_apart(text: &str, at: &Range<usize>) -> bool {
    let carries_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text[..at.start].ends_with(carries_on) && !text[at.end..].starts_with(carries_on)
}
