//! The legal labels, and the only maker of [`LabelId`].
//!
//! A word that a model or a person wrote becomes a label by four steps, each weaker and each but the first noted:
//! exactly; by an alias; after normalising (width, case, punctuation); by one slip of the pen. Never by a guess.

use std::collections::HashMap;
use std::sync::Arc;

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

/// The legal labels in their order, with the words by which each is also known. Cheap to copy.
#[derive(Debug, Clone)]
pub struct LabelSchema {
    labels: Arc<[LabelSpec]>,
    /// For each label the words by which it is known.
    forms: Arc<[Vec<Form>]>,
    words: Arc<Words>,
    /// Where only some labels are offered: these, and the words of all.
    beyond: Option<(Arc<[LabelId]>, Arc<Words>)>,
    entities: Option<Box<LabelSchema>>,
    parts: Vec<Part>,
}

/// One word by which a label is known.
#[derive(Debug, Clone)]
struct Form {
    word: Arc<str>,
    normal: Arc<str>,
    how: How,
}

/// What a word is to its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Name,
    Alias,
    /// The beginning of a word.
    Stem,
}

/// Labels by their words.
#[derive(Debug, Default)]
struct Words {
    exact: HashMap<Arc<str>, Known>,
    /// `None` where two labels share it.
    normal: HashMap<Arc<str>, Option<LabelId>>,
    stems: Vec<(Arc<str>, LabelId)>,
}

/// What a word means as it is written.
#[derive(Debug, Clone, Copy)]
enum Known {
    Name(LabelId),
    Alias(LabelId),
    /// Several labels have this alias.
    Shared,
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

/// At most so many labels are named where a word means several.
const MAX_SHARERS: usize = 5;

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
        Self::made(labels, false)
    }

    /// The same, where several labels may have an alias in common, as two people have a name in common: such a word alone
    /// names none of them.
    pub fn sharing_aliases(labels: Vec<LabelSpec>) -> Result<Self> {
        Self::made(labels, true)
    }

    fn made(labels: Vec<LabelSpec>, may_share: bool) -> Result<Self> {
        let forms: Arc<[Vec<Form>]> = labels.iter().map(forms).collect::<Result<_>>()?;
        let mut words = Words::default();
        for (n, forms) in forms.iter().enumerate() {
            let clash = words.add(LabelId(n as u32), forms);
            if let Some(word) = clash.filter(|(_, of_names)| *of_names || !may_share).map(|(word, _)| word) {
                return Err(
                    Error::invalid(format!("two labels are called `{word}`")).hint("rename one of them")
                );
            }
        }
        Ok(Self { labels: labels.into(), forms, words: Arc::new(words), ..Self::none() })
    }

    /// A schema without labels of its own: for numbers, texts, fields and forms.
    pub fn none() -> Self {
        Self {
            labels: Arc::new([]),
            forms: Arc::new([]),
            words: Arc::default(),
            beyond: None,
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

    /// The same labels in the same order, of which only these may be read: what is offered with one item. The time it takes
    /// grows with the number of offered labels, not with that of all.
    #[must_use]
    pub fn only(&self, offered: &[LabelId]) -> Self {
        let mut words = Words::default();
        for id in offered {
            // Whether two of them share a word was settled when the schema was made.
            words.add(*id, self.forms.get(id.index()).map_or(&[], Vec::as_slice));
        }
        let all = self.beyond.as_ref().map_or(&self.words, |(_, words)| words);
        let beyond = Some((offered.into(), Arc::clone(all)));
        Self { words: Arc::new(words), beyond, ..self.clone() }
    }

    /// The labels that may be read: those of [`LabelSchema::only`], else all.
    pub fn offered(&self) -> impl Iterator<Item = LabelId> {
        let some = self.beyond.iter().flat_map(|(offered, _)| offered.iter().copied());
        some.chain(self.ids().take_while(|_| self.beyond.is_none()))
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
        match self.words.exact.get(name)? {
            Known::Name(id) => Some(*id),
            Known::Alias(_) | Known::Shared => None,
        }
    }

    /// Turns what somebody wrote into a label, or says why not.
    pub fn read(&self, written: &str) -> Result<LabelMatch, Unusable> {
        let written = written.trim();
        match self.words.exact.get(written) {
            Some(Known::Name(label)) => return Ok(LabelMatch { label: *label, note: None }),
            Some(Known::Alias(label)) => {
                return Ok(LabelMatch {
                    label: *label,
                    note: Some(Note::Alias { written: written.to_owned() }),
                });
            }
            Some(Known::Shared) => return Err(Unusable::SeveralLabels { got: self.sharers(written) }),
            None => {}
        }
        let normal = normalize_label(written);
        if let Some(label) = self.by_normal(&normal) {
            return Ok(LabelMatch { label, note: Some(Note::Normalized { written: written.to_owned() }) });
        }
        // What names another label of the task is no slip of the pen.
        if let Some((_, beyond)) = &self.beyond
            && (beyond.exact.contains_key(written) || beyond.normal.contains_key(normal.as_str()))
        {
            return Err(Unusable::NotOffered { got: clip(written) });
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

    /// The first labels that have this alias.
    fn sharers(&self, word: &str) -> Vec<String> {
        let has = |forms: &&Vec<Form>| forms.iter().any(|it| &*it.word == word);
        let named = self.offered().filter(|id| self.forms.get(id.index()).is_some_and(|forms| has(&forms)));
        named.map(|id| self.name(id).to_owned()).take(MAX_SHARERS).collect()
    }

    /// The label whose name or alias normalises to `normal`, if just one does.
    pub fn by_normal(&self, normal: &str) -> Option<LabelId> {
        self.words.normal.get(normal).copied().flatten()
    }

    /// The label one of whose `stem*` aliases begins `normal`, if just one does.
    pub fn by_stem(&self, normal: &str) -> Option<LabelId> {
        let mut found =
            self.words.stems.iter().filter(|(stem, _)| normal.starts_with(&**stem)).map(|(_, id)| *id);
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }

    /// The normalised words by which labels are known, with `true` for a stem, to search a text for.
    pub fn words(&self) -> impl Iterator<Item = (&str, LabelId, bool)> {
        let whole = self.words.normal.iter().filter_map(|(word, id)| id.map(|id| (&**word, id, false)));
        whole.chain(self.words.stems.iter().map(|(stem, id)| (&**stem, *id, true)))
    }

    /// One changed, swapped, lost or doubled letter, not the first: `unbiased` must never become `biased`. Never a digit:
    /// `Q1042` is not `Q1043`.
    fn one_slip_away(&self, normal: &str) -> Option<LabelId> {
        let first = normal.chars().next()?;
        if normal.chars().count() < SLIP_MIN_LETTERS {
            return None;
        }
        let digits = |word: &str| word.chars().filter(|c| c.is_numeric()).collect::<String>();
        let near = |word: &str| {
            word.starts_with(first)
                && word.chars().count() >= SLIP_MIN_LETTERS
                && strsim::osa_distance(word, normal) == 1
                && digits(word) == digits(normal)
        };
        let mut found = self.words.normal.iter().filter(|(word, _)| near(word)).map(|(_, id)| *id);
        let only = found.next()??;
        found.all(|other| other == Some(only)).then_some(only)
    }

    /// The label that a person may have meant: for messages, never for labels.
    fn resembling(&self, normal: &str) -> Option<String> {
        let name = |id: LabelId| self.forms.get(id.index()).and_then(|forms| forms.first());
        let score = |id: LabelId| name(id).map_or(0.0, |it| strsim::jaro_winkler(&it.normal, normal));
        let scored = self.offered().map(|id| (score(id), id));
        let (score, best) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
        (score > 0.8).then(|| self.name(best).to_owned())
    }
}

/// The words by which a label is known; an error where its name is none.
fn forms(label: &LabelSpec) -> Result<Vec<Form>> {
    let name = label.name.trim();
    if name.is_empty() || name != label.name {
        return Err(Error::invalid(format!("`{}` is not a label name", label.name))
            .hint("a name has letters and no space at its ends"));
    }
    let form = |word: &str, how: How| Form { word: word.into(), normal: normalize_label(word).into(), how };
    let alias = |alias: &String| match alias.trim().strip_suffix('*') {
        Some(stem) => form(stem, How::Stem),
        None => form(alias.trim(), How::Alias),
    };
    Ok(std::iter::once(form(name, How::Name)).chain(label.aliases.iter().map(alias)).collect())
}

impl Words {
    /// Adds a label. What comes back is the first word that another label has too, and whether one of the two is a name.
    fn add(&mut self, id: LabelId, forms: &[Form]) -> Option<(Arc<str>, bool)> {
        let mut clash = None;
        for Form { word, normal, how } in forms {
            if *how == How::Stem {
                self.stems.push((Arc::clone(normal), id));
                continue;
            }
            let own = if *how == How::Name { Known::Name(id) } else { Known::Alias(id) };
            let known = match self.exact.get(word).copied() {
                None => own,
                Some(Known::Name(other) | Known::Alias(other)) if other == id && *how == How::Alias => {
                    continue;
                }
                Some(before) => {
                    let of_names = matches!(before, Known::Name(_)) || *how == How::Name;
                    clash.get_or_insert_with(|| (Arc::clone(word), of_names));
                    match before {
                        Known::Name(_) => before,
                        Known::Alias(_) | Known::Shared => match own {
                            Known::Name(_) => own,
                            Known::Alias(_) | Known::Shared => Known::Shared,
                        },
                    }
                }
            };
            self.exact.insert(Arc::clone(word), known);
            // Two labels that differ only by case or punctuation stay apart when written exactly.
            let entry = self.normal.entry(Arc::clone(normal)).or_insert(Some(id));
            if *entry != Some(id) {
                *entry = None;
            }
        }
        clash
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
    fn a_digit_is_never_a_slip() {
        let schema = LabelSchema::of(&["Q1042", "level 10"]).unwrap();
        for written in ["Q1043", "Q104", "level 11", "level 1"] {
            assert!(schema.read(written).is_err(), "{written}");
        }
        assert!(schema.read("levle 10").is_ok());
    }

    #[test]
    fn what_is_not_offered_is_told_from_what_is_no_label() {
        let schema = schema();
        let few = schema.only(&[schema.by_name("biased").unwrap(), schema.by_name("US").unwrap()]);
        assert_eq!(few.name(few.read("Biased.").unwrap().label), "biased");
        assert_eq!(few.read("neutral"), Err(Unusable::NotOffered { got: "neutral".into() }));
        assert_eq!(few.read("Not-Biased"), Err(Unusable::NotOffered { got: "Not-Biased".into() }));
        assert!(matches!(few.read("green"), Err(Unusable::UnknownLabel { .. })));
        assert_eq!((few.len(), few.words().count()), (schema.len(), 3));
    }

    #[test]
    fn a_name_that_two_share_names_neither_of_them() {
        let with = |name: &str, aliases: &[&str]| LabelSpec {
            aliases: aliases.iter().map(|it| (*it).to_owned()).collect(),
            ..LabelSpec::named(name)
        };
        let labels =
            vec![with("Q90", &["Paris", "Париж"]), with("Q167646", &["Paris"]), with("Q1", &["Париж"])];
        assert!(LabelSchema::new(labels.clone()).is_err());
        let schema = LabelSchema::sharing_aliases(labels).unwrap();
        assert_eq!(
            schema.read("Paris"),
            Err(Unusable::SeveralLabels { got: vec!["Q90".into(), "Q167646".into()] })
        );
        assert!(schema.read("paris").is_err());
        let [first, last] = ["Q90", "Q1"].map(|name| schema.by_name(name).unwrap());
        assert_eq!(schema.only(&[first, last]).read("Paris").unwrap().label, first);
    }

    #[test]
    fn labels_must_differ_and_have_names() {
        for names in [&["a", "a"][..], &[""], &[" a"], &[]] {
            assert!(LabelSchema::of(names).is_err(), "{names:?}");
        }
    }
}
