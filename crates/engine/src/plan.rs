//! What a run would do and cost, before it does. Nothing is sent.
//!
//! In: a [`Setup`] and the journal. Out: a [`Plan`]: calls, tokens, money low, likely and high, minutes, and on what each
//! number stands. Tokens come from the journal's own calls where there are enough, else from a tokenizer over a sample of
//! the rendered prompts.

use std::collections::HashSet;

use karat_core::{
    FieldSpec, Filled, Graph, Hash, Item, MicroUsd, Number, Part, Problem, Result, Shape, Task, TaskPart,
    Value,
};
use karat_llm::{Role, tokens};
use karat_store::{Store, UsageSample};
use serde::Serialize;
use serde_json::Value as Json;

use crate::asker::{Asker, Question, role_name};
use crate::batch::LeftOut;
use crate::prompt_blob;
use crate::run::{CHUNK, chunks};
use crate::setup::Setup;
use crate::survey::survey;

/// From so many recorded calls on, tokens are learned from them.
const MIN_CALLS: usize = 20;
/// How many recorded calls are looked at.
const N_CALLS: u32 = 2000;
/// How many prompts are counted by the tokenizer.
const N_COUNTED: u64 = 200;
/// Of how far an estimate may be off.
const SPREAD: f64 = 0.15;

/// What a run would do and cost.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Items in the data.
    pub n_items: u64,
    /// Rows that are no items.
    pub n_problems: u64,
    /// The first of them.
    pub problems: Vec<Problem>,
    /// One for each annotator.
    pub annotators: Vec<AnnotatorPlan>,
    /// What the first annotator is sent for the first item to be asked, as (role, text).
    pub sample: Option<(String, Vec<(String, String)>)>,
}

/// What one annotator would do and cost.
#[derive(Debug, Clone, Serialize)]
pub struct AnnotatorPlan {
    /// Its name.
    pub name: String,
    /// Items that have an outcome already.
    pub n_standing: u64,
    /// Items that need no call of their own: same content, or answered before.
    pub n_shared: u64,
    /// Items that wait in an open batch.
    pub n_in_batches: u64,
    /// Whether the calls are made by batches: the price is theirs, and the first item is asked live.
    pub in_batches: bool,
    /// Calls to make, without re-asks.
    pub n_calls: u64,
    /// Tokens to send.
    pub tokens_in: u64,
    /// Tokens to receive, likely.
    pub tokens_out: u64,
    /// Money; `None` where there is no price.
    pub cost: Option<CostRange>,
    /// Minutes, where the journal knows how long calls take.
    pub minutes: Option<f64>,
    /// On what the numbers stand.
    pub basis: String,
}

/// Money: what is likely, and between what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CostRange {
    /// If answers are short.
    pub low: MicroUsd,
    /// What is likely.
    pub likely: MicroUsd,
    /// If each answer is as long as it may be.
    pub high: MicroUsd,
}

/// Plans a run of all annotators.
pub async fn plan(setup: &Setup, store: &Store, askers: &[Asker], first: Option<u64>) -> Result<Plan> {
    plan_at(setup, store, askers, (first, false)).await
}

/// Plans a run by batches: what waits in one already is left out, and the price is that of batches.
///
/// Errors: an annotator that cannot be asked by batches.
pub async fn plan_batch(setup: &Setup, store: &Store, askers: &[Asker], first: Option<u64>) -> Result<Plan> {
    for asker in askers {
        crate::batch::taker(asker)?;
    }
    plan_at(setup, store, askers, (first, true)).await
}

async fn plan_at(
    setup: &Setup,
    store: &Store,
    askers: &[Asker],
    (first, in_batches): (Option<u64>, bool),
) -> Result<Plan> {
    let left_out = LeftOut::waiting(store).await?;
    let survey = survey(setup, first)?;
    let mut plan = Plan {
        n_items: survey.n_items,
        n_problems: survey.n_problems,
        problems: survey.problems,
        annotators: Vec::new(),
        sample: None,
    };
    let stride = (survey.n_items / N_COUNTED).max(1);
    for asker in askers {
        let mut tally = Tally::new(asker, stride);
        tally.in_batches = in_batches;
        let mut chunks = chunks(setup.read.clone(), first);
        while let Some(chunk) = chunks.recv().await {
            tally.add(store, chunk?, &left_out, &mut plan.sample).await?;
        }
        let calls = store.usage_samples(asker.id, N_CALLS).await?;
        plan.annotators.push(tally.finish(&calls)?);
    }
    Ok(plan)
}

/// What is counted while the items go by.
struct Tally<'a> {
    asker: &'a Asker,
    stride: u64,
    seen: HashSet<Hash>,
    n_standing: u64,
    n_shared: u64,
    n_waiting: u64,
    /// Whether the price is that of batches.
    in_batches: bool,
    n_asked: u64,
    n_calls: u64,
    n_bytes: u64,
    counted: Vec<String>,
}

impl<'a> Tally<'a> {
    fn new(asker: &'a Asker, stride: u64) -> Self {
        Self {
            asker,
            stride,
            seen: HashSet::new(),
            n_standing: 0,
            n_shared: 0,
            n_waiting: 0,
            in_batches: false,
            n_asked: 0,
            n_calls: 0,
            n_bytes: 0,
            counted: Vec::new(),
        }
    }

    async fn add(
        &mut self,
        store: &Store,
        items: Vec<Item>,
        left_out: &LeftOut,
        sample: &mut Option<(String, Vec<(String, String)>)>,
    ) -> Result<()> {
        debug_assert!(items.len() <= CHUNK);
        let task = self.asker.task();
        let keys: Vec<_> = items.iter().map(|item| (item.id.shared(), task.input_hash(item))).collect();
        let standing = store.standing(self.asker.id, &keys).await?;
        let mut questions = Vec::new();
        for ((item, (_, input)), standing) in items.into_iter().zip(keys).zip(standing) {
            match standing {
                Some(_) => self.n_standing += 1,
                None => questions.push(self.asker.question(item, input)?),
            }
        }
        let wanted: Vec<Hash> = questions.iter().map(|it| it.request).collect();
        let known = store.answers(&wanted).await?;
        for question in questions {
            if left_out.waits(&question.request) {
                self.n_waiting += 1;
            } else if known.contains_key(&question.request) || !self.seen.insert(question.request) {
                self.n_shared += 1;
            } else {
                self.ask(&question, sample);
            }
        }
        Ok(())
    }

    fn ask(&mut self, question: &Question, sample: &mut Option<(String, Vec<(String, String)>)>) {
        self.n_bytes += question.messages().map(|it| it.content.len() as u64).sum::<u64>();
        self.n_calls += self.asker.n_calls(question);
        if self.n_asked.is_multiple_of(self.stride) {
            self.counted.push(question.messages().map(|it| &*it.content).collect::<Vec<_>>().join("\n"));
        }
        self.n_asked += 1;
        sample.get_or_insert_with(|| {
            let sent = question.sent().into_iter().map(|(role, text)| (role.to_owned(), text.to_owned()));
            (self.asker.annotator.name.clone(), sent.collect())
        });
    }

    fn finish(self, calls: &[UsageSample]) -> Result<AnnotatorPlan> {
        let asker = self.asker;
        let n_samples = u64::from(asker.spec.samples);
        let n_calls = self.n_calls * n_samples;
        let (per_byte, out, basis) = self.rates(calls)?;
        let tokens_in = (self.n_bytes as f64 * per_byte) as u64 * n_samples;
        let tokens_out = (out * n_calls as f64) as u64;
        let range = |price: &karat_llm::Price| {
            let most = u64::from(asker.spec.max_tokens) * n_calls;
            let part = |share: f64, tokens: u64| (tokens as f64 * share) as u64;
            CostRange {
                low: MicroUsd(price.of_tokens(part(1.0 - SPREAD, tokens_in), part(0.5, tokens_out)).0),
                likely: MicroUsd(price.of_tokens(tokens_in, tokens_out).0),
                high: MicroUsd(price.of_tokens(part(1.0 + SPREAD, tokens_in), most).0),
            }
        };
        let price = asker.price.as_ref().map(|it| if self.in_batches { it.in_batch() } else { it.clone() });
        // An answer that a batch brought took no time of ours.
        let is_live = asker.nature().is_live();
        let timed = || calls.iter().filter(|it| it.latency_ms > 0 || !is_live);
        let n_timed = timed().count();
        let latency = timed().map(|it| f64::from(it.latency_ms)).sum::<f64>() / n_timed.max(1) as f64;
        let minutes = n_calls as f64 * latency / f64::from(asker.spec.concurrency) / 60_000.0;
        Ok(AnnotatorPlan {
            name: asker.annotator.name.clone(),
            n_standing: self.n_standing,
            n_shared: self.n_shared,
            n_in_batches: self.n_waiting,
            in_batches: self.in_batches,
            n_calls,
            tokens_in,
            tokens_out,
            cost: price.as_ref().map(range),
            // How long a batch takes is for its vendor to decide.
            minutes: (n_timed >= MIN_CALLS && !self.in_batches).then_some(minutes),
            basis,
        })
    }

    /// Tokens for a byte of the prompt, tokens of an answer, and where both come from.
    fn rates(&self, calls: &[UsageSample]) -> Result<(f64, f64, String)> {
        let n = calls.len();
        let sum = |pick: fn(&UsageSample) -> u64| calls.iter().map(pick).sum::<u64>() as f64;
        if n >= MIN_CALLS {
            let system = self.asker.prompter.system();
            let bytes: u64 = calls.iter().map(|it| prompt_blob::sent_bytes(it.prompt_bytes, system)).sum();
            let per_byte = sum(|it| it.tokens.input) / (bytes as f64).max(1.0);
            let out = sum(|it| it.tokens.output) / n as f64;
            return Ok((
                per_byte,
                out,
                format!("tokens and times as in {n} recorded calls of this annotator"),
            ));
        }
        let bytes: usize = self.counted.iter().map(String::len).sum();
        let counted: u64 = self.counted.iter().map(|text| tokens::count(text)).sum();
        let per_byte = if bytes == 0 { 0.25 } else { counted as f64 / bytes as f64 };
        let basis = format!(
            "tokens counted with the o200k tokenizer in {} of the prompts; the length of answers is a guess until there are calls",
            self.counted.len()
        );
        Ok((per_byte, self.guess_answer(), basis))
    }
}

/// Tokens of a reason and of a stated confidence beside the label.
const REASON_TOKENS: f64 = 80.0;
const STATED_TOKENS: f64 = 8.0;
/// How many spans a text is guessed to have.
const N_SPANS: f64 = 3.0;

impl Tally<'_> {
    /// The length of an answer before any has come: what the kind would write for a label, and what is asked for beside it.
    fn guess_answer(&self) -> f64 {
        let (asker, task) = (self.asker, self.asker.task());
        let mut guess =
            tokens::count(&asker.kind.answer_text(task, &typical(task, asker.shape()))) as f64 + 2.0;
        if matches!(asker.shape(), Shape::Spans | Shape::Relations) {
            guess += N_SPANS * tokens::count(r#"{"label":"LABEL","quote":"two words"},"#) as f64;
        }
        guess += if asker.spec.reasoning { REASON_TOKENS } else { 0.0 };
        guess + if asker.spec.state_confidence { STATED_TOKENS } else { 0.0 }
    }
}

/// A value of ordinary length, to guess the length of answers from.
fn typical(task: &Task, shape: Shape) -> Value {
    let label = task.schema.ids().next();
    match (shape, label) {
        (Shape::Choice, Some(label)) => Value::Choice(label),
        (Shape::Choices, label) => Value::choices(label.into_iter().collect()),
        (Shape::Spans, _) => Value::spans(Vec::new()),
        (Shape::Relations, _) => Value::Relations(Graph::default()),
        (Shape::Ranking, _) => Value::ranking(task.schema.ids().map(|label| vec![label]).collect()),
        (Shape::Text, _) => Value::text("a few words ".repeat(10)),
        (Shape::Fields, _) => {
            let field = |it: &FieldSpec| (it.name.clone(), Json::from("two words"));
            Value::Fields(Filled { fields: task.spec.fields.iter().map(field).collect(), quotes: Vec::new() })
        }
        (Shape::Form, _) => {
            let part = |(part, it): (&Part, &TaskPart)| Some(typical(&it.task, part.shape));
            Value::Form(task.schema.parts().iter().zip(&task.parts).map(part).collect())
        }
        (Shape::Number | Shape::Choice, _) => Value::Number(Number::default()),
    }
}

impl Question {
    /// What is sent first, as (role, text).
    pub fn sent(&self) -> Vec<(&str, &str)> {
        let name = |role: Role| role_name(role);
        let first = self.asked.first();
        first.iter().flat_map(|it| &it.messages).map(|it| (name(it.role), &*it.content)).collect()
    }
}
