//! How sure a model was of a label, from the probabilities of its tokens.
//!
//! In: an answer, its tokens, the value that was read. Out: the probability of the label among the labels of the schema,
//! or why there is none.
//!
//! Let t = 1, 2, … be the tokens that write the label y, p(t) their probabilities, and q(t) the product of those before t.
//! At each t an alternative token that begins the rest of another label counts for that label, with q(t) times its
//! probability: the whole of it, although the model might still have gone on otherwise. So
//!
//! ```text
//! chosen  = p(1) p(2) …
//! others  = Σ q(t) · (alternatives at t that begin the rest of another label)
//! unseen  = Σ q(t) · min(1 − shown(t), m(t) · least(t))
//! result  = chosen / (chosen + others + unseen)
//! ```
//!
//! where shown(t) is the mass of the alternatives given, least(t) the smallest of them, and m(t) the number of labels still
//! possible that none of them begins. Mass on words that begin no label is left out: the result is normalised over the
//! labels. Each approximation makes it smaller, not greater. Where no alternatives are given it is the plain product.
//!
//! Not here: calibration.

use karat_core::{Confidence, ConfidenceSource, LabelId, LabelSchema, NoConfidence, Task, Value};
use karat_llm::TokenLogprob;

use crate::kind::{LabelAt, TaskKind};

/// The confidence in `value` from the tokens of `answer`.
///
/// One label: as above. Several labels or spans: the least sure of their labels; what was left out does not count.
/// Unknown where there are no tokens, or the label cannot be found among them.
pub fn token_confidence(
    kind: &dyn TaskKind,
    task: &Task,
    answer: &str,
    tokens: &[TokenLogprob],
    value: &Value,
) -> Confidence {
    if tokens.is_empty() {
        return Confidence::Unknown(NoConfidence::NoLogprobs);
    }
    let missing = Confidence::Unknown(NoConfidence::LabelNotInTokens);
    let all: String = tokens.iter().map(|it| it.token.as_str()).collect();
    // Vendors trim the text, not the tokens.
    let Some(shift) = all.find(answer) else {
        return missing;
    };
    let places = kind.label_words(task, answer, value);
    let sure = places.iter().map(|it| of_label(&task.schema, &all, tokens, it, shift));
    let least = sure.reduce(|a, b| Some(a?.min(b?))).flatten();
    match least {
        Some(p) => Confidence::Raw(p.clamp(0.0, 1.0), ConfidenceSource::TokenProbability),
        None => missing,
    }
}

/// The probability of the label written at this place; `None` where no token covers it.
fn of_label(
    schema: &LabelSchema,
    all: &str,
    tokens: &[TokenLogprob],
    label: &LabelAt,
    shift: usize,
) -> Option<f64> {
    let (start, end) = (label.bytes.start + shift, label.bytes.end + shift);
    let written = all.get(start..end)?;
    let mut at = 0;
    let (mut before, mut others, mut unseen) = (1.0, 0.0, 0.0);
    let mut n_tokens = 0;
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
        let rest = Rest { schema, chosen: label.label, written, done, lead };
        let (other, not_shown) = rest.rivals(token);
        others += before * other;
        unseen += before * not_shown;
        before *= token.logprob.min(0.0).exp();
    }
    let sum = before + others + unseen;
    (n_tokens > 0 && sum > 0.0).then(|| before / sum)
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
    /// The mass of the tokens that begin another label, and a bound on that of tokens not shown.
    fn rivals(&self, token: &TokenLogprob) -> (f64, f64) {
        let done = fold(self.done);
        let ends: Vec<String> = self
            .schema
            .offered()
            .filter(|id| *id != self.chosen)
            .filter_map(|id| fold(self.schema.name(id)).strip_prefix(&done).map(str::to_owned))
            .collect();
        let own = fold(&self.written[self.done.len()..]);
        let mut shown = 0.0;
        let mut least: f64 = 1.0;
        let mut others = 0.0;
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
            let mut begins_other = false;
            for (n, end) in ends.iter().enumerate() {
                if begins(&text, end) {
                    begins_other = true;
                    seen[n] = true;
                }
            }
            // Another way to write the same label is no rival; what may become either is counted against it.
            if begins_other && !(begins(&text, &own) && text.len() >= own.len()) {
                others += p;
            }
        }
        if !has_own {
            let p = token.logprob.min(0.0).exp();
            shown += p;
            least = if token.top.is_empty() { 1.0 } else { least };
        }
        let n_hidden = seen.iter().filter(|seen| !**seen).count() as f64;
        (others, (1.0 - shown).max(0.0).min(n_hidden * least))
    }

    fn after_lead(&self, text: &str) -> String {
        let text = text.strip_prefix(self.lead).unwrap_or(text);
        if self.done.is_empty() { fold(text.trim_start_matches([' ', '"', '\''])) } else { fold(text) }
    }
}

/// Whether a token can be the beginning of the rest of a label, or the whole of it and more.
fn begins(token: &str, end: &str) -> bool {
    if token.is_empty() || end.is_empty() {
        return false;
    }
    let closed = |rest: &str| rest.chars().next().is_none_or(|c| !c.is_alphanumeric());
    end.starts_with(token) || token.strip_prefix(end).is_some_and(closed)
}

fn fold(text: &str) -> String {
    text.to_lowercase()
}

#[cfg(test)]
mod tests;
