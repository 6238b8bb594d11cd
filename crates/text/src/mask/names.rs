//! Names of a list in a text: on word borders, with the case of letters, with Russian endings.
//!
//! In: the user's terms. Out: where they stand. A word of a text is looked up once; terms of several words are followed
//! word by word, so that a list of thousands of names costs no more than one of ten.
//!
//! Not here: names that no list holds (`detect/titles.rs`).

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::around::is_without_blanks;
use super::{Kind, MaskError, fold};

/// A term holds at most so many words.
const MAX_WORDS: usize = 8;

/// The terms of a list, ready to be looked for.
#[derive(Debug, Default)]
pub(super) struct NameList {
    /// The words of the terms, by each form in which one may stand: small letters, `ё` as `е`.
    words: HashMap<String, Vec<Word>>,
    n_words: u32,
    /// The next node of a term's path: from a node, by a word.
    paths: HashMap<(u32, u32), u32>,
    n_nodes: u32,
    /// Nodes at which a term ends.
    ends: HashSet<u32>,
    /// Terms in scripts without blanks, which stand anywhere.
    without_blanks: Option<AhoCorasick>,
}

/// A word of a term, as it may stand in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word {
    id: u32,
    needs_capital: bool,
}

impl NameList {
    pub(super) fn new(terms: &[String]) -> Result<Self, MaskError> {
        let mut list = Self::default();
        let mut ids: HashMap<(String, bool), u32> = HashMap::new();
        let mut anywhere = Vec::new();
        for term in terms {
            let folded = fold::fold(term.trim()).into_owned();
            if let Some(why) = unfit(&folded) {
                return Err(MaskError::BadName { got: term.clone(), why });
            }
            if folded.contains(is_without_blanks) {
                anywhere.push(folded);
                continue;
            }
            list.add(&folded, &mut ids);
        }
        if !anywhere.is_empty() {
            let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&anywhere);
            list.without_blanks = Some(finder.map_err(|error| MaskError::BadPattern(error.to_string()))?);
        }
        Ok(list)
    }

    fn add(&mut self, term: &str, ids: &mut HashMap<(String, bool), u32>) {
        let mut node = 0;
        for at in words(term) {
            let word = &term[at];
            let needs_capital = word.starts_with(char::is_uppercase);
            let plain = plain(word);
            let id = match ids.get(&(plain.clone(), needs_capital)) {
                Some(id) => *id,
                None => {
                    self.n_words += 1;
                    ids.insert((plain.clone(), needs_capital), self.n_words);
                    for form in forms(&plain) {
                        let row = Word { id: self.n_words, needs_capital };
                        self.words.entry(form).or_default().push(row);
                    }
                    self.n_words
                }
            };
            node = *self.paths.entry((node, id)).or_insert_with(|| {
                self.n_nodes += 1;
                self.n_nodes
            });
        }
        self.ends.insert(node);
    }

    /// Tells each place, the longest that begins at a word; places may overlap.
    pub(super) fn find(&self, text: &str, tell: &mut dyn FnMut(Range<usize>)) {
        if let Some(finder) = &self.without_blanks {
            for found in finder.find_iter(text) {
                tell(found.range());
            }
        }
        if self.words.is_empty() {
            return;
        }
        let places: Vec<Range<usize>> = words(text).collect();
        let known: Vec<&[Word]> = places.iter().map(|at| self.known(&text[at.clone()])).collect();
        for first in 0..places.len() {
            let mut nodes = vec![0];
            let mut end = None;
            for (n, at) in places[first..].iter().enumerate().take(MAX_WORDS) {
                let is_joined = n == 0 || is_joint(&text[places[first + n - 1].end..at.start]);
                let capital = !text[at.clone()].starts_with(char::is_lowercase);
                let mut next = Vec::new();
                for word in known[first + n].iter().filter(|word| capital || !word.needs_capital) {
                    next.extend(nodes.iter().filter_map(|node| self.paths.get(&(*node, word.id))));
                }
                if !is_joined || next.is_empty() {
                    break;
                }
                if next.iter().any(|node| self.ends.contains(node)) {
                    end = Some(at.end);
                }
                nodes = next;
            }
            if let Some(end) = end {
                tell(places[first].start..end);
            }
        }
    }

    fn known(&self, word: &str) -> &[Word] {
        self.words.get(&plain(word)).map_or(&[], Vec::as_slice)
    }
}

/// Why a term cannot be looked for.
fn unfit(term: &str) -> Option<&'static str> {
    let is_letter = |c: char| c.is_alphanumeric() || is_combining_mark(c);
    if !term.starts_with(is_letter) || !term.ends_with(|c: char| is_letter(c) || c == '.') {
        return Some("must begin and end with a letter or a digit");
    }
    if term.contains(|c: char| c == '"' || c == '\\' || c.is_control()) {
        return Some("holds a quotation mark, a backslash or a control character; write it without");
    }
    if term.contains(['[', ']', '【', '】']) {
        return Some("holds a bracket, as placeholders do; write it without");
    }
    if term.split(|c: char| !c.is_alphanumeric()).any(|word| Kind::of_word(word).is_some()) {
        return Some("holds a word of the placeholders, such as `EMAIL`; take it out of the list");
    }
    if words(term).count() > MAX_WORDS {
        return Some("has more than eight words; shorten it");
    }
    None
}

/// The places of the words: letters, digits and marks without anything between.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_part = |c: char| (c.is_alphanumeric() || is_combining_mark(c)) && !is_without_blanks(c);
    let mut chars = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = chars.by_ref().find(|(_, c)| is_part(*c))?;
        let mut end = start + first.len_utf8();
        while let Some((at, c)) = chars.next_if(|(_, c)| is_part(*c)) {
            end = at + c.len_utf8();
        }
        Some(start..end)
    })
}

/// Whether what stands between two words lets them be one name.
fn is_joint(between: &str) -> bool {
    between.chars().all(|c| " -'.".contains(c)) && between.len() <= 3
}

/// Small letters, composed, `ё` as `е`.
fn plain(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.nfc().flat_map(char::to_lowercase).map(|c| if c == 'ё' { 'е' } else { c }).collect()
}

/// The forms in which a word may stand: itself, and in Cyrillic with the endings of its declension.
fn forms(word: &str) -> Vec<String> {
    let mut forms = vec![word.to_owned()];
    let n_chars = word.chars().count();
    if n_chars < 3 || !word.chars().all(|c| matches!(c, 'а'..='я')) {
        return forms;
    }
    let cut = |n: usize| -> String { word.chars().take(n_chars - n).collect() };
    let last: Vec<char> = word.chars().rev().take(2).collect();
    let mut add = |stem: String, endings: &str| {
        forms.extend(endings.split(' ').map(|ending| format!("{stem}{ending}")));
    };
    match last[..] {
        ['й', 'и' | 'ы' | 'о'] if n_chars > 4 => {
            add(cut(2), "ий ый ой ого его ому ему им ым ом ем ая яя ую юю ие ые их ых ими ыми");
            add(cut(1), "я ю ем е и ев ям ями ях");
        }
        ['й' | 'ь', _] => add(cut(1), "я ю ем ём ю е и ей ев ью ям ями ях"),
        ['а' | 'я', _] => {
            add(cut(1), "а я ы и у ю е ой ей ою ею ёй ам ям ами ями ах ях");
            // A woman's surname: her husband's list has it without the ending, and the other way round.
            if word.ends_with("ова")
                || word.ends_with("ева")
                || word.ends_with("ина")
                || word.ends_with("ына")
            {
                add(cut(1), "ых ым ыми");
            }
        }
        ['о' | 'е' | 'и' | 'у' | 'ю' | 'э' | 'ы', _] => {}
        [last, before] => {
            add(word.to_owned(), "а у ом ем е ы и ой ым ых ыми ов ев ей ам ами ах");
            // `Павел`, `Кравец`: the vowel goes when an ending comes.
            if matches!((before, last), ('е' | 'о', 'л' | 'ц' | 'к' | 'н' | 'в')) && n_chars >= 4 {
                let stem: String = cut(2) + &last.to_string();
                add(stem, "а у ом ем е ы и ов ам ами ах");
            }
        }
        _ => {}
    }
    forms.sort();
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(terms: &[&str], text: &str, want: &[&str]) {
        let terms: Vec<String> = terms.iter().map(|term| (*term).to_owned()).collect();
        let list = NameList::new(&terms).unwrap();
        let mut found = Vec::new();
        list.find(text, &mut |at| found.push(text[at].to_owned()));
        assert_eq!(found, want, "{text}");
    }

    #[test]
    fn a_name_stands_on_word_borders() {
        check(&["Ann"], "Ann, Anna and Ann's (Ann)", &["Ann", "Ann", "Ann"]);
    }

    #[test]
    fn a_capital_in_the_list_asks_for_one_in_the_text() {
        check(&["Rose Hill"], "Rose Hill, ROSE HILL, rose hill, Rose hill", &["Rose Hill", "ROSE HILL"]);
        check(&["rose hill"], "Rose Hill, rose hill", &["Rose Hill", "rose hill"]);
    }

    #[test]
    fn russian_names_are_found_in_every_case() {
        check(
            &["Иванов", "Мария Крылова"],
            "Иванову, с Ивановым, Ивановых, Марии Крыловой, Марию Крылову, Иван",
            &["Иванову", "Ивановым", "Ивановых", "Марии Крыловой", "Марию Крылову"],
        );
        check(
            &["Достоевский", "Павел", "Игорь"],
            "Достоевского Павлу Игорем",
            &["Достоевского", "Павлу", "Игорем"],
        );
    }

    #[test]
    fn joints_between_the_words_of_a_name_may_differ() {
        check(
            &["Anne-Marie O'Neil"],
            "Anne Marie O'Neil, Anne-Marie O Neil; Anne, Marie O'Neil",
            &["Anne Marie O'Neil", "Anne-Marie O Neil"],
        );
    }

    #[test]
    fn the_longest_term_stands_and_accents_are_composed() {
        check(&["José", "José Ruiz"], "Jose\u{301} Ruiz", &["Jose\u{301} Ruiz"]);
    }

    #[test]
    fn chinese_names_stand_anywhere() {
        check(&["王小明"], "昨天王小明说", &["王小明"]);
        check(&["Anna"], "用户Anna说", &["Anna"]);
    }

    #[test]
    fn a_term_that_cannot_be_found_is_refused() {
        for term in ["", " ", "\"Bo\"", "a\\b", "A\nB", "the email", "x]", "(Bo)"] {
            assert!(NameList::new(&[term.to_owned()]).is_err(), "{term}");
        }
    }
}
