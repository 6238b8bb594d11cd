//! Which of several labels a text settles on.
//!
//! In: a prose text and a schema. Out: one label and the words that say so; or why there is none. Signs of a verdict, in
//! the order of their strength; the first that any label has decides, and two labels with the same sign are no verdict:
//!
//! 1. the answer by name: `Answer: X`, `the answer is X`, `Ответ: X`, `标签：X`;
//! 2. the label at the head of the text or of its last line, or alone on a line: `Neutral. The sentence …`;
//! 3. a conclusion: `therefore … X`, `таким образом … X`, `因此…X`;
//! 4. a statement: `is X`, `является X`, `是X`;
//! 5. a weaker one: `as X`, `suggests a X view`, `оценить как X`.

use karat_core::{LabelId, LabelSchema};

use super::mention::{How, Mention, ends_sentence, mentions};
use super::prose::{Kind, Prose};
use super::words::{ANSWER, ANSWER_IS, CONCLUDES, FILLER, IS, SAYS};

/// What a prose text says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// Only this label is said.
    Only(Said),
    /// Several are said, and these words settle it.
    Settled(Said, String),
    /// Several are named, and nothing settles it.
    Several(Vec<LabelId>),
    /// A label is named only to deny it.
    Denied,
    /// No label is named.
    Nothing,
}

/// A label and where it stands in the source, in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    pub(crate) label: LabelId,
    pub(crate) at: std::ops::Range<usize>,
}

/// What `text` says.
pub(crate) fn verdict(text: &str, schema: &LabelSchema) -> Verdict {
    let prose = Prose::new(text);
    let all = mentions(&prose, schema);
    let said: Vec<&Mention> = all.iter().filter(|it| it.how == How::Said).collect();
    let Some(first) = said.first() else {
        let listed = distinct(all.iter().filter(|it| it.how == How::Listed));
        return match (listed.len(), all.len()) {
            (0, 0) => Verdict::Nothing,
            (0, _) => Verdict::Denied,
            _ => Verdict::Several(listed),
        };
    };
    if said.iter().all(|it| it.label == first.label) {
        return Verdict::Only(place(&prose, first));
    }
    for sign in [by_name, at_border, as_conclusion, as_statement, as_hint] {
        let signs: Vec<(&Mention, usize)> =
            said.iter().filter_map(|it| Some((*it, sign(&prose, it)?))).collect();
        let Some((mention, from)) = signs.first() else {
            continue;
        };
        // A word that the end of the text cuts may go on as `positive or negative`.
        if signs.iter().any(|(other, _)| other.label != mention.label)
            || signs.iter().all(|(it, _)| it.is_cut)
        {
            break;
        }
        return Verdict::Settled(place(&prose, mention), prose.quote(*from, mention.last));
    }
    Verdict::Several(distinct(said.into_iter()))
}

fn place(prose: &Prose, mention: &Mention) -> Said {
    Said { label: mention.label, at: prose.folded.source(mention.at.clone()).unwrap_or(0..0) }
}

fn distinct<'a>(mentions: impl Iterator<Item = &'a Mention>) -> Vec<LabelId> {
    let mut labels = Vec::new();
    for mention in mentions {
        if !labels.contains(&mention.label) {
            labels.push(mention.label);
        }
    }
    labels
}

/// `Answer: X`, `the answer is X`. Gives the token where the sign begins.
fn by_name(prose: &Prose, mention: &Mention) -> Option<usize> {
    let mut n = skip_back(prose, mention.first)?;
    let mut colon = false;
    let mut says = false;
    loop {
        match prose.kind(n)? {
            Kind::Mark(':' | '：' | '=' | '-') => colon = true,
            Kind::Mark('\'' | '"' | ')') => {}
            Kind::Break if colon => {}
            Kind::Word if !says && !colon && prose.any(n, &["is", "-", "是", "为", "это"]) => {
                says = true
            }
            Kind::Word => break,
            Kind::Mark(_) | Kind::Break => return None,
        }
        n = n.checked_sub(1)?;
    }
    // A Chinese name has several letters: it may begin a token or two earlier.
    let begin = (n.saturating_sub(1)..=n).find(|n| {
        let table = if colon { ANSWER } else { ANSWER_IS };
        prose.any(*n, table)
    })?;
    (colon || says).then_some(begin)
}

/// At the head of the text or of its last line, parted from what follows; or alone on any line.
fn at_border(prose: &Prose, mention: &Mention) -> Option<usize> {
    let parted = prose.kind(mention.last + 1) != Some(Kind::Word);
    if !parted || !begins_line(prose, mention.first) {
        return None;
    }
    let is_head = (0..mention.first).all(|n| prose.kind(n) != Some(Kind::Break) || n == 0);
    let rest = mention.last + 1..prose.tokens.len();
    let line_end = rest.clone().find(|n| prose.kind(*n) == Some(Kind::Break));
    let on_last_line = line_end.is_none_or(|end| end + 1 == prose.tokens.len());
    let alone =
        rest.take_while(|n| Some(*n) != line_end).all(|n| matches!(prose.kind(n), Some(Kind::Mark(_))));
    (is_head || on_last_line || alone).then_some(mention.first)
}

/// Whether it stands on the first line.
fn begins_text(prose: &Prose, mention: &Mention) -> bool {
    (0..mention.first).all(|n| prose.kind(n) != Some(Kind::Break))
}

/// Whether nothing but marks, and a tag such as `<a>`, stand before token `n` on its line.
fn begins_line(prose: &Prose, n: usize) -> bool {
    let mut n = n;
    while let Some(before) = n.checked_sub(1) {
        match prose.kind(before) {
            Some(Kind::Break) | None => return true,
            Some(Kind::Mark('>')) if before >= 2 && prose.kind(before - 2) == Some(Kind::Mark('<')) => {
                n = before - 2
            }
            Some(Kind::Mark(mark)) if !ends_sentence(mark) && mark != ',' => n = before,
            Some(Kind::Mark(_) | Kind::Word) => return false,
        }
    }
    true
}

/// After a concluding word in the same sentence.
fn as_conclusion(prose: &Prose, mention: &Mention) -> Option<usize> {
    for n in (0..mention.first).rev() {
        match prose.kind(n)? {
            Kind::Break => return None,
            Kind::Mark(mark) if ends_sentence(mark) && mark != ':' && mark != '：' => return None,
            Kind::Mark(_) => {}
            Kind::Word if prose.any(n, CONCLUDES) => return Some(n),
            Kind::Word => {}
        }
    }
    None
}

/// Right after a word that says what the item is.
fn as_statement(prose: &Prose, mention: &Mention) -> Option<usize> {
    after(prose, mention, IS)
}

/// Right after a word that says something of the item.
fn as_hint(prose: &Prose, mention: &Mention) -> Option<usize> {
    after(prose, mention, SAYS)
}

fn after(prose: &Prose, mention: &Mention, table: &[&str]) -> Option<usize> {
    let n = skip_back(prose, mention.first)?;
    (n.saturating_sub(1)..=n).rev().find(|n| prose.any(*n, table))
}

/// The token before this one that is no filler and no quotation mark.
fn skip_back(prose: &Prose, from: usize) -> Option<usize> {
    let says = |n: usize| prose.any(n, IS) || prose.any(n, SAYS);
    let mut n = from.checked_sub(1)?;
    for _ in 0..4 {
        let skip = match prose.kind(n)? {
            Kind::Mark('\'' | '"' | '(') => true,
            // `considered as`, `является как`: the word before is the stronger one.
            Kind::Word => prose.any(n, FILLER) && (!says(n) || n.checked_sub(1).is_some_and(says)),
            Kind::Mark(_) | Kind::Break => false,
        };
        if !skip {
            break;
        }
        n = n.checked_sub(1)?;
    }
    Some(n)
}

/// The label that a text says by name or at its head: what may be taken of a text that is cut off or broken.
pub(crate) fn firm(text: &str, schema: &LabelSchema) -> Option<Said> {
    let prose = Prose::new(text);
    let all = mentions(&prose, schema);
    let mut signs =
        all.iter().filter(|it| it.how == How::Said && it.last + 1 < prose.tokens.len()).filter(|it| {
            by_name(&prose, it).is_some() || begins_text(&prose, it) && at_border(&prose, it).is_some()
        });
    let first = signs.next()?;
    signs.all(|it| it.label == first.label).then(|| place(&prose, first))
}
