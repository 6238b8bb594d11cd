//! Where the tokens of a label could have gone another way, and to which other label.
//!
//! In: a schema, the tokens of an answer, the place of a label in it. Out: [`Branches`]: the mass on the label that was
//! written, on each other label, and on labels that were not shown. Not here: what is made of it.

use karat_core::{LabelId, LabelSchema};
use karat_llm::TokenLogprob;

use crate::kind::LabelAt;

/// The mass of probability at the place of one label. What is missing from 1 lies on words that begin no label.
pub(super) struct Branches {
    /// Which label was written.
    pub(super) chosen: LabelId,
    /// The product of its tokens' probabilities.
    pub(super) of_chosen: f64,
    /// What was shown of the same label in other spellings: on a label, and no rival.
    pub(super) otherwise: f64,
    /// What was shown of each other label, by its place in the schema; an alternative that begins several is shared evenly.
    pub(super) shown: Vec<f64>,
    /// The most that each other label may have beside it, where no alternative began it.
    pub(super) unseen: Vec<f64>,
}

/// The tokens as one text, and where the answer begins in it: vendors trim the text, not the tokens.
pub(super) fn in_answer(answer: &str, tokens: &[TokenLogprob]) -> Option<(String, usize)> {
    let all: String = tokens.iter().map(|it| it.token.as_str()).collect();
    let shift = all.find(answer)?;
    Some((all, shift))
}

impl Branches {
    /// The branches of the label written at this place; `None` where no token covers it.
    pub(super) fn of(
        schema: &LabelSchema,
        all: &str,
        tokens: &[TokenLogprob],
        label: &LabelAt,
        shift: usize,
    ) -> Option<Self> {
        let (start, end) = (label.bytes.start + shift, label.bytes.end + shift);
        let written = all.get(start..end)?;
        let n = schema.len();
        let mut it = Self {
            chosen: label.label,
            of_chosen: 1.0,
            otherwise: 0.0,
            shown: vec![0.0; n],
            unseen: vec![0.0; n],
        };
        let (mut at, mut n_tokens) = (0, 0);
        for token in tokens {
            let (from, to) = (at, at + token.token.len());
            at = to;
            if to <= start || from >= end {
                continue;
            }
            n_tokens += 1;
            // What stands before the label in its first token: a space, a quotation mark.
            let lead = all.get(from..start.max(from))?;
            let done = all.get(start..from.max(start))?;
            Rest { schema, chosen: label.label, written, done, lead }.branch(token, &mut it);
            it.of_chosen *= token.logprob.min(0.0).exp();
        }
        (n_tokens > 0).then_some(it)
    }

    /// The mass of all labels, with the most that unseen ones may have.
    pub(super) fn sum(&self) -> f64 {
        self.of_chosen + self.shown.iter().chain(&self.unseen).sum::<f64>()
    }

    /// The probability of the label that was written; `None` where no label has any mass.
    pub(super) fn of_chosen(&self) -> Option<f64> {
        (self.sum() > 0.0).then(|| self.of_chosen / self.sum())
    }
}

/// The labels that are possible at one token.
struct Rest<'a> {
    schema: &'a LabelSchema,
    chosen: LabelId,
    written: &'a str,
    /// The part of the label that is written already.
    done: &'a str,
    lead: &'a str,
}

impl Rest<'_> {
    /// Adds the mass of the tokens that begin another label, and the bound on that of tokens not shown.
    fn branch(&self, token: &TokenLogprob, to: &mut Branches) {
        let before = to.of_chosen;
        let ends = self.ends();
        let own = fold(&self.written[self.done.len()..]);
        let mut shown = 0.0;
        let mut least: f64 = 1.0;
        let mut seen = vec![false; ends.len()];
        let mut has_own = false;
        for (text, logprob) in &token.top {
            let p = logprob.min(0.0).exp();
            shown += p;
            least = least.min(p);
            if *text == token.token {
                has_own = true;
                continue;
            }
            let text = self.after_lead(text);
            let begun: Vec<usize> =
                (0..ends.len()).filter(|n| ends[*n].1.iter().any(|end| begins(&text, end))).collect();
            begun.iter().for_each(|n| seen[*n] = true);
            // Another way to write the same label is no rival; what may become either is counted against it.
            let is_own = begins(&text, &own);
            if is_own && (begun.is_empty() || text.len() >= own.len()) {
                to.otherwise += before * p;
            } else {
                let share = before * p / begun.len() as f64;
                begun.iter().for_each(|n| to.shown[ends[*n].0.index()] += share);
            }
        }
        if !has_own {
            shown += token.logprob.min(0.0).exp();
            least = if token.top.is_empty() { 1.0 } else { least };
        }
        let hidden: Vec<LabelId> =
            ends.iter().zip(&seen).filter(|(_, seen)| !**seen).map(|((id, _), _)| *id).collect();
        let n_hidden = hidden.len() as f64;
        let bound = (1.0 - shown).max(0.0).min(n_hidden * least);
        hidden.iter().for_each(|id| to.unseen[id.index()] += before * bound / n_hidden);
    }

    /// The other labels that what is written already may still become, each with the ends of its name and aliases.
    fn ends(&self) -> Vec<(LabelId, Vec<String>)> {
        let done = fold(self.done);
        let ends_of = |id: LabelId| -> Vec<String> {
            let spec = self.schema.specs().get(id.index());
            let words = spec.into_iter().flat_map(|it| std::iter::once(&it.name).chain(&it.aliases));
            words
                .filter_map(|word| fold(word.trim_end_matches('*')).strip_prefix(&done).map(str::to_owned))
                .collect()
        };
        // A label that may not be read, since it was not offered, is no rival.
        let others = self.schema.offered().filter(|id| *id != self.chosen);
        others.map(|id| (id, ends_of(id))).filter(|(_, ends)| !ends.is_empty()).collect()
    }

    fn after_lead(&self, text: &str) -> String {
        let text = text.strip_prefix(self.lead).unwrap_or(text);
        if self.done.is_empty() { fold(text.trim_start_matches([' ', '"', '\''])) } else { fold(text) }
    }
}

/// Whether a token can be the beginning of the rest of a label, or the whole of it and more.
pub(super) fn begins(token: &str, end: &str) -> bool {
    if token.is_empty() || end.is_empty() {
        return false;
    }
    let closed = |rest: &str| rest.chars().next().is_none_or(|c| !c.is_alphanumeric());
    end.starts_with(token) || token.strip_prefix(end).is_some_and(closed)
}

fn fold(text: &str) -> String {
    text.to_lowercase()
}
