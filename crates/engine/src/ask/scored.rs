//! A sample whose label or confidence is scored by further calls: `p_true`, `likelihood`, `noisy_channel`.

use karat_core::{Confidence, ConfidenceSource, NoConfidence, Outcome, Scoring, Unusable, Value};
use karat_llm::AnswerFormat;
use karat_store::Entry;
use karat_task::{Heard, Likelihood, Reading, View, read_p_true};

use super::call::{Attempt, Called};
use super::sample::{Sample, failed};
use super::{Desk, Halt};
use crate::asker::Question;
use crate::scoring::{Scorer, verdict};

/// The tokens of `True` or `False` in any language.
const CHECK_TOKENS: u32 = 8;

impl Desk<'_> {
    /// Asks whether the label is right, where the annotator wants that: the probability of "true" is the confidence.
    pub(super) async fn check(&self, question: &Question, sample: &mut Sample, n: u32) -> Result<(), Halt> {
        let (Scorer::Check(checker), Outcome::Labeled(value)) =
            (&self.asker.scorer, &sample.heard.reading.outcome)
        else {
            return Ok(());
        };
        let asker = self.asker;
        let view = View::of(&asker.task, &question.item);
        let answer = asker.kind.answer_text(&asker.task, value);
        let messages = match asker.hidden(&view) {
            Some((shown, mut unmask)) => checker.messages(&shown, &unmask.hide(&answer))?,
            None => checker.messages(&view, &answer)?,
        };
        let key = asker.request_hash(&messages, n, question.item.id.as_str());
        let mut request = asker.request(&question.item, (&view, None), messages, n);
        request.format = AnswerFormat::Text;
        let mut settings = (*request.settings).clone();
        settings.max_tokens = CHECK_TOKENS;
        settings.logprobs = true;
        request.settings = std::sync::Arc::new(settings);
        let known = self.lookup(key).await?;
        self.write_before_more(&mut sample.entry).await?;
        let tokens = match known {
            Some(known) => crate::answer::KeptAnswer::read(&known.answer)?.logprobs,
            None => match self.call(&request, Attempt { key, sample: n, ask: 2 }).await? {
                Called::Answered(answer, more) => {
                    sample.entry = more;
                    answer.logprobs
                }
                Called::Failed(_, more) => {
                    sample.entry = more;
                    None
                }
            },
        };
        let p = tokens.as_deref().and_then(read_p_true);
        sample.heard.confidence = match p {
            Some(p) => Confidence::Raw(p, ConfidenceSource::PTrue),
            None => Confidence::Unknown(NoConfidence::NoLogprobs),
        };
        Ok(())
    }

    /// Scores every label by a call of its own.
    pub(super) async fn scored(&self, question: &Question, likelihood: Likelihood) -> Result<Sample, Halt> {
        let asker = self.asker;
        let mut entry = Entry::default();
        let mut answers = Vec::with_capacity(question.asked.len());
        for asked in &question.asked {
            self.write_before_more(&mut entry).await?;
            let known = self.lookup(asked.request).await?;
            let of = Attempt { key: asked.request, sample: 0, ask: 0 };
            match self.answer(question, asked, &asked.messages, of, known).await? {
                (Called::Answered(answer, more), _) => {
                    entry = more;
                    answers.push(answer.text);
                }
                (Called::Failed(failure, more), _) => return Ok(failed(failure, more)),
            }
        }
        let source = match asker.spec.scoring {
            Scoring::NoisyChannel => ConfidenceSource::NoisyChannel,
            _ => ConfidenceSource::Likelihood,
        };
        let heard = match verdict(likelihood, &asker.task, &answers) {
            None => unscored("a score is missing or is no number".to_owned()),
            Some(found) => match found.label {
                None => unscored("several labels are equally likely".to_owned()),
                Some(label) => {
                    let p = found.distribution.get(label.index()).copied().unwrap_or_default();
                    let reading = Reading {
                        outcome: Outcome::Labeled(Value::Choice(label)),
                        notes: Vec::new(),
                        problem: None,
                        stated: None,
                    };
                    Heard { reading, confidence: Confidence::Raw(p.clamp(0.0, 1.0), source) }
                }
            },
        };
        Ok(Sample { heard, entry })
    }
}

fn unscored(got: String) -> Heard {
    let outcome = Outcome::Unusable(Unusable::WrongShape { got });
    let reading = Reading { outcome, notes: Vec::new(), problem: None, stated: None };
    Heard { reading, confidence: Confidence::Unknown(NoConfidence::NoLabel) }
}
