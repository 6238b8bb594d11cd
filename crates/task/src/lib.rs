//! What a kind of task is: prompt out, answer in.
//!
//! In: a [`Task`](karat_core::Task), an [`Item`](karat_core::Item), and what a model wrote. Out: the messages that ask
//! ([`Prompter`]), and the [`Reading`] of an answer: an outcome for every string there is, with a note on each leniency.
//! Nothing is guessed: what does not say one thing is unusable, and says why.
//!
//! Not here: calling models, files (templates are compiled in), clocks, randomness, and the cost of anything.

mod align;
mod answer;
mod confidence;
mod fold;
mod inquiry;
mod inspect;
mod kind;
mod kinds;
mod language;
mod make;
mod moderate;
mod prompt;
mod shots;

pub use confidence::{
    Checker, Frame, LabelDistribution, Likelihood, LikelihoodOptions, ToScore, Verdict, label_distribution,
    likelihood_prompts, likelihood_verdict, read_p_true, target_logprob, token_confidence,
};
pub use inquiry::{Counter, Heard, Inquiry, Long, ShortlistRecall, Step, View, Within, shortlist_recall};
pub use inspect::{VERDICTS, as_verdict, verdict_task};
pub use kind::{Example, KINDS, LabelAt, PromptStyle, RawAnswer, Reading, ShotStyle, TaskKind, Vote, kind};
pub use kinds::field_confidence;
pub use make::task;
pub use moderate::{Opinion, reason_of, with_reason};
pub use prompt::Prompter;
pub use shots::Shown;
