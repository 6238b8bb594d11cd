//! How labels are scored where no answer is written, or where one is checked: what `scoring` of an annotator makes ready.
//!
//! `p_true` asks once more, whether the label is right. `likelihood` and `noisy_channel` send a prompt for each label and ask
//! for nothing but the prompt's own log-probabilities; each prompt is a call of its own, kept and resumed like any other.
//! Not here: the mathematics (`karat-task`), and making the calls (`ask/`).

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use karat_core::{AnnotatorSpec, Error, Item, Result, Scoring, Shape, Task, Value};
use karat_llm::{
    CallError, CallErrorClass, Complete, Message, ModelAnswer, ModelRequest, Nature, Provider, Role,
};
use karat_task::{
    Checker, Frame, Likelihood, LikelihoodOptions, TaskKind, Verdict, likelihood_prompts, likelihood_verdict,
    target_logprob,
};

/// More labels than this take too many calls for each item.
const MAX_LABELS: usize = 50;

/// How an annotator's labels are scored.
pub(crate) enum Scorer {
    /// By its answer alone.
    Answer,
    /// By asking it whether its answer is right.
    Check(Checker),
    /// By how likely label or text are.
    Likely(Likelihood),
}

impl Scorer {
    /// Makes ready what the annotator asks for; an error where its endpoint or its task cannot do it.
    pub(crate) fn new(
        spec: &AnnotatorSpec,
        task: &Task,
        kind: &'static dyn TaskKind,
        nature: &Nature,
    ) -> Result<Self> {
        let how = match spec.scoring {
            Scoring::Answer => return Ok(Self::Answer),
            Scoring::PTrue => "p_true",
            Scoring::Likelihood => "likelihood",
            Scoring::NoisyChannel => "noisy_channel",
        };
        if matches!(nature, Nature::Replayed { .. }) {
            return Err(Error::invalid(format!(
                "`scoring = \"{how}\"` asks a model, and a recording has only its answers"
            ))
            .hint("name a live model, or leave `scoring` out"));
        }
        let likelihood = match spec.scoring {
            Scoring::PTrue => return Ok(Self::Check(Checker::new(task, kind, spec.language)?)),
            Scoring::Likelihood => Likelihood::Direct,
            Scoring::NoisyChannel | Scoring::Answer => Likelihood::Channel,
        };
        if kind.shape() != Shape::Choice || task.schema.len() > MAX_LABELS || !task.spec.options.is_empty() {
            return Err(Error::invalid(format!(
                "`scoring = \"{how}\"` scores each label of a text with a call of its own"
            ))
            .hint(format!("it works for one label out of {MAX_LABELS} at most, as in `classify`")));
        }
        if spec.samples > 1 {
            return Err(Error::invalid(format!("`scoring = \"{how}\"` gives the same answer each time"))
                .hint("leave `samples` out"));
        }
        Ok(Self::Likely(likelihood))
    }

    /// What answers: the model itself, or its log-probabilities of a prompt.
    pub(crate) fn model(&self, provider: &Provider) -> Arc<dyn Complete> {
        match self {
            Self::Answer | Self::Check(_) => provider.limited(),
            Self::Likely(_) => Arc::new(Probabilities(provider.clone())),
        }
    }
}

/// The calls that score one text: for each the prompt in two parts, of which the second counts.
pub(crate) fn calls(
    likelihood: Likelihood,
    task: &Task,
    item: &Item,
    shots: &[&(Item, Value)],
) -> Vec<Vec<Message>> {
    let shown = |item: &Item| {
        let context = task.context_of(item);
        let mut lines: Vec<String> = context.iter().map(|(name, text)| format!("{name}: {text}")).collect();
        lines.push(task.text_of(item).into_owned());
        lines.join("\n")
    };
    let shot = |(item, value): &&(Item, Value)| Some((*value.labels().first()?, shown(item)));
    let frame = Frame { shots: shots.iter().filter_map(shot).collect(), ..Frame::of(&task.schema) };
    let prompts = likelihood_prompts(likelihood, &frame, &shown(item));
    let parts = |it: &karat_task::ToScore| {
        let at = it.prompt.char_indices().nth(it.target.start).map_or(it.prompt.len(), |(byte, _)| byte);
        let (before, target) = it.prompt.split_at(at);
        vec![Message::new(Role::User, before), Message::new(Role::Assistant, target)]
    };
    prompts.iter().map(parts).collect()
}

/// The label that follows from the kept answers, one for each call; `None` where one of them is no log-probability.
pub(crate) fn verdict(likelihood: Likelihood, task: &Task, answers: &[String]) -> Option<Verdict> {
    let sum = |text: &String| {
        let json: serde_json::Value = serde_json::from_str(text).ok()?;
        Some((json["logprob"].as_f64()?, json["tokens"].as_u64()? as usize))
    };
    let sums: Vec<(f64, usize)> = answers.iter().map(sum).collect::<Option<_>>()?;
    let by_length = likelihood == Likelihood::Direct;
    likelihood_verdict(likelihood, &task.schema, &sums, &LikelihoodOptions { by_length, prior: None })
}

/// Answers a prompt in two parts with the log-probability of the second.
struct Probabilities(Provider);

impl Complete for Probabilities {
    fn complete<'a>(
        &'a self,
        request: &'a ModelRequest,
    ) -> BoxFuture<'a, std::result::Result<ModelAnswer, CallError>> {
        async move {
            let prompt: String = request.messages.iter().map(|it| &*it.content).collect();
            let n_target = request.messages.last().map_or(0, |it| it.content.chars().count());
            let end = prompt.chars().count();
            let scored = self.0.score(&prompt).await?;
            let Some((logprob, tokens)) = target_logprob(&scored.tokens, &(end - n_target..end)) else {
                let why = "the endpoint gave no log-probabilities of the prompt's last part";
                return Err(CallError::new(CallErrorClass::BadBody, why));
            };
            let text = serde_json::json!({"logprob": logprob, "tokens": tokens}).to_string();
            Ok(ModelAnswer {
                usage: scored.usage,
                served_model: scored.served_model,
                ..ModelAnswer::of_text(text)
            })
        }
        .boxed()
    }

    fn nature(&self) -> Nature {
        self.0.nature()
    }
}
