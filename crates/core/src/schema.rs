//! The legal labels, and the only maker of [`LabelId`].
//!
//! A word that a model or a person wrote becomes a label by four steps, each weaker and each but the first noted:
//! exactly; by an alias; after normalising (width, case, punctuation); by one slip of the pen. Never by a guess.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use crate::{Error, LabelSpec, Note, Result, Shape, Unusable};

/// A label of one schema: its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelId(u32);

impl LabelId {
    /// The index in the schema.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A label that was found in what somebody wrote, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelMatch {
    /// The label.
    pub label: LabelId,
    /// What had to be forgiven; `None` where the name was written as it is.
    pub note: Option<Note>,
}

/// The legal labels in their order, with the words by which each is also known.
#[derive(Debug, Clone)]
pub struct LabelSchema {
    labels: Vec<LabelSpec>,
    exact: HashMap<String, (LabelId, bool)>,
    normal: HashMap<String, Option<LabelId>>,
    stems: Vec<(String, LabelId)>,
    entities: Option<Box<LabelSchema>>,
    parts: Vec<Part>,
}

/// One question of a form: its name, and what its value may be.
#[derive(Debug, Clone)]
pub struct Part {
    /// The name in values and exports.
    pub name: String,
    /// The shape of its value.
    pub shape: Shape,
    /// The labels of its value.
    pub schema: LabelSchema,
}

/// The most labels of a schema.
const MAX_LABELS: usize = 10_000_000;

/// Below this many letters one slip can turn a word into another word.
const SLIP_MIN_LETTERS: usize = 5;

impl LabelSchema {
    /// A schema of these labels; an error where there are none, or where two share a name or an alias.
    pub fn new(labels: Vec<LabelSpec>) -> Result<Self> {
        if labels.is_empty() {
            return Err(Error::invalid("a task needs labels and has none").hint(
                "name them: `--labels positive,negative`, or `labels = [\"positive\", \"negative\"]`",
            ));
        }
        if labels.len() > MAX_LABELS {
            return Err(Error::invalid(format!(
                "{} labels are more than the {MAX_LABELS} allowed",
                labels.len()
            )));
        }
        let mut schema = Self::none();
        for (n, label) in labels.iter().enumerate() {
            schema.add(LabelId(n as u32), label)?;
        }
        schema.labels = labels;
        Ok(schema)
    }

    /// A schema without labels of its own: for numbers, texts, fields and forms.
    pub fn none() -> Self {
        Self {
            labels: Vec::new(),
            exact: HashMap::new(),
            normal: HashMap::new(),
            stems: Vec::new(),
            entities: None,
            parts: Vec::new(),
        }
    }

    /// The same with labels for the spans that are related.
    #[must_use]
    pub fn with_entities(self, entities: Self) -> Self {
        Self { entities: Some(Box::new(entities)), ..self }
    }

    /// The same with the questions of a form.
    #[must_use]
    pub fn with_parts(self, parts: Vec<Part>) -> Self {
        Self { parts, ..self }
    }

    /// The labels of spans, where the schema's own labels are those of relations.
    pub fn entities(&self) -> Option<&Self> {
        self.entities.as_deref()
    }

    /// The questions of a form, in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The same labels in the same order, of which only these may be read: what is offered with one item.
    #[must_use]
    pub fn only(&self, offered: &[LabelId]) -> Self {
        let kept = |id: &LabelId| offered.contains(id);
        Self {
            labels: self.labels.clone(),
            exact: self
                .exact
                .iter()
                .filter(|(_, (id, _))| kept(id))
                .map(|(word, it)| (word.clone(), *it))
                .collect(),
            normal: self
                .normal
                .iter()
                .filter(|(_, id)| id.as_ref().is_some_and(kept))
                .map(|(word, id)| (word.clone(), *id))
                .collect(),
            stems: self.stems.iter().filter(|(_, id)| kept(id)).cloned().collect(),
            entities: self.entities.clone(),
            parts: self.parts.clone(),
        }
    }

    /// A schema of bare names.
    ///
    /// ```
    /// let schema = karat_core::LabelSchema::of(&["positive", "negative"]).unwrap();
    /// assert_eq!(schema.name(schema.read(" Positive. ").unwrap().label), "positive");
    /// assert!(schema.read("unpositive").is_err());
    /// ```
    pub fn of(names: &[&str]) -> Result<Self> {
        Self::new(names.iter().map(|name| LabelSpec::named(*name)).collect())
    }

    fn add(&mut self, id: LabelId, label: &LabelSpec) -> Result<()> {
        let clash =
            |word: &str| Error::invalid(format!("two labels are called `{word}`")).hint("rename one of them");
        let name = label.name.trim();
        if name.is_empty() || name != label.name {
            return Err(Error::invalid(format!("`{}` is not a label name", label.name))
                .hint("a name has letters and no space at its ends"));
        }
        for (word, alias) in
            std::iter::once((name, false)).chain(label.aliases.iter().map(|it| (it.trim(), true)))
        {
            if let Some(stem) = word.strip_suffix('*').filter(|_| alias) {
                self.stems.push((normalize_label(stem), id));
                continue;
            }
            match self.exact.insert(word.to_owned(), (id, alias)) {
                Some((other, _)) if other != id || !alias => return Err(clash(word)),
                _ => {}
            }
            // Two labels that differ only by case or punctuation stay apart when written exactly.
            let entry = self.normal.entry(normalize_label(word)).or_insert(Some(id));
            if *entry != Some(id) {
                *entry = None;
            }
        }
        Ok(())
    }

    /// The number of labels.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none: numbers, texts, fields and forms have no labels of their own.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The labels, in order.
    pub fn ids(&self) -> impl Iterator<Item = LabelId> + use<> {
        (0..self.labels.len() as u32).map(LabelId)
    }

    /// The labels with their descriptions, in order.
    pub fn specs(&self) -> &[LabelSpec] {
        &self.labels
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().map(|label| label.name.as_str())
    }

    /// The name of a label of this schema.
    pub fn name(&self, label: LabelId) -> &str {
        self.labels.get(label.index()).map_or("", |label| &label.name)
    }

    /// The label of exactly this name.
    pub fn by_name(&self, name: &str) -> Option<LabelId> {
        self.exact.get(name).filter(|(_, alias)| !alias).map(|(id, _)| *id)
    }

    /// Turns what somebody wrote into a label, or says why not.
    pub fn read(&self, written: &str) -> Result<LabelMatch, Unusable> {
        let written = written.trim();
        if let Some((label, alias)) = self.exact.get(written) {
            let note = alias.then(|| Note::Alias { written: written.to_owned() });
            return Ok(LabelMatch { label: *label, note });
        }
        let normal = normalize_label(written);
        if let Some(label) = self.by_normal(&normal) {
            return Ok(LabelMatch { label, note: Some(Note::Normalized { written: written.to_owned() }) });
        }
        if let Some(label) = self.by_stem(&normal) {
            return Ok(LabelMatch { label, note: Some(Note::Alias { written: written.to_owned() }) });
        }
        match self.one_slip_away(&normal) {
            Some(label) => {
                Ok(LabelMatch { label, note: Some(Note::Nearest { written: written.to_owned() }) })
            }
            None => Err(Unusable::UnknownLabel { got: clip(written), nearest: self.resembling(&normal) }),
        }
    }

    /// The label whose name or alias normalises to `normal`, if just one does.
    pub fn by_normal(&self, normal: &str) -> Option<LabelId> {
        self.normal.get(normal).copied().flatten()
    }

    /// The label one of whose `stem*` aliases begins `normal`, if just one does.
    pub fn by_stem(&self, normal: &str) -> Option<LabelId> {
        let mut found =
            self.stems.iter().filter(|(stem, _)| normal.starts_with(stem.as_str())).map(|(_, id)| *id);
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }

    /// The normalised words by which labels are known, with `true` for a stem, to search a text for.
    pub fn words(&self) -> impl Iterator<Item = (&str, LabelId, bool)> {
        let whole = self.normal.iter().filter_map(|(word, id)| id.map(|id| (word.as_str(), id, false)));
        whole.chain(self.stems.iter().map(|(stem, id)| (stem.as_str(), *id, true)))
    }

    /// One changed, swapped, lost or doubled letter, not the first: `unbiased` must never become `biased`.
    fn one_slip_away(&self, normal: &str) -> Option<LabelId> {
        let first = normal.chars().next()?;
        if normal.chars().count() < SLIP_MIN_LETTERS {
            return None;
        }
        let near = |word: &str| {
            word.starts_with(first)
                && word.chars().count() >= SLIP_MIN_LETTERS
                && strsim::osa_distance(word, normal) == 1
        };
        let mut found = self.normal.iter().filter(|(word, _)| near(word)).map(|(_, id)| *id);
        let only = found.next()??;
        found.all(|other| other == Some(only)).then_some(only)
    }

    /// The label that a person may have meant: for messages, never for labels.
    fn resembling(&self, normal: &str) -> Option<String> {
        let score = |label: &LabelSpec| strsim::jaro_winkler(&normalize_label(&label.name), normal);
        let best = self.labels.iter().max_by(|a, b| score(a).total_cmp(&score(b)))?;
        (score(best) > 0.8).then(|| best.name.clone())
    }
}

/// One form for all ways to write a label: compatibility width, no case, single spaces for `_`, `-` and runs of
/// spaces, no punctuation around it.
///
/// ```
/// use karat_core::normalize_label;
/// assert_eq!(normalize_label("**Not_Biased!**"), "not biased");
/// assert_eq!(normalize_label("「ＰＯＳ」"), "pos");
/// assert_eq!(normalize_label("STRASSE"), normalize_label("Straße"));
/// ```
pub fn normalize_label(written: &str) -> String {
    // Upper case first: it joins `ß` with `ss` and the final sigma with the other.
    let folded: String =
        written.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect();
    let trimmed = folded.trim_matches(|c: char| !c.is_alphanumeric() && c != '+' && c != '#');
    let spaced = trimmed.replace(['_', '-', '‐', '‑', '–'], " ");
    let normal = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    // A label that is nothing but punctuation (`?`, `:-)`) is itself.
    if normal.is_empty() { folded.trim().to_owned() } else { normal }
}

fn clip(written: &str) -> String {
    written.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> LabelSchema {
        let with = |name: &str, aliases: &[&str]| LabelSpec {
            aliases: aliases.iter().map(|it| (*it).to_owned()).collect(),
            ..LabelSpec::named(name)
        };
        LabelSchema::new(vec![
            with("biased", &["B"]),
            with("not_biased", &["neutral"]),
            with("正面", &["позитивн*"]),
            with("负面", &["негативн*"]),
            with("US", &[]),
            with("us", &[]),
        ])
        .unwrap()
    }

    #[track_caller]
    fn check(written: &str, want: Result<&str, Option<&str>>) {
        let schema = schema();
        match (schema.read(written), want) {
            (Ok(got), Ok(name)) => assert_eq!(schema.name(got.label), name, "{got:?}"),
            (Err(Unusable::UnknownLabel { nearest, .. }), Err(want)) => assert_eq!(nearest.as_deref(), want),
            (got, want) => panic!("`{written}` read as {got:?}, not {want:?}"),
        }
    }

    #[test]
    fn names_aliases_case_width_and_punctuation_are_read() {
        for written in ["biased", " biased ", "Biased.", "**BIASED**", "B", "b", "ｂｉａｓｅｄ"] {
            check(written, Ok("biased"));
        }
        for written in ["not_biased", "Not biased", "NOT-BIASED!", "neutral"] {
            check(written, Ok("not_biased"));
        }
        check("「正面」。", Ok("正面"));
        check("Позитивная.", Ok("正面"));
    }

    #[test]
    fn one_slip_is_forgiven_but_never_the_first_letter() {
        check("bised", Ok("biased"));
        check("baised", Ok("biased"));
        check("unbiased", Err(Some("biased")));
        check("abiased", Err(Some("biased")));
    }

    #[test]
    fn two_labels_that_differ_by_case_are_told_apart_or_not_at_all() {
        check("US", Ok("US"));
        check("us", Ok("us"));
        check("Us", Err(Some("us")));
    }

    #[test]
    fn short_words_and_chinese_are_never_guessed() {
        check("反面", Err(None));
        check("C", Err(None));
    }

    #[test]
    fn the_way_a_label_was_read_is_noted() {
        let note = |written: &str| schema().read(written).unwrap().note;
        assert_eq!(note("biased"), None);
        assert_eq!(note("B"), Some(Note::Alias { written: "B".into() }));
        assert_eq!(note("Biased."), Some(Note::Normalized { written: "Biased.".into() }));
        assert_eq!(note("bised"), Some(Note::Nearest { written: "bised".into() }));
    }

    #[test]
    fn labels_must_differ_and_have_names() {
        for names in [&["a", "a"][..], &[""], &[" a"], &[]] {
            assert!(LabelSchema::of(names).is_err(), "{names:?}");
        }
    }
}
