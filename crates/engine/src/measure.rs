//! What is measured of a task: all of it, or one question of a form; and how far apart two values of it are.
//!
//! In: a setup, the name of a question. Out: a [`Measure`]: the kind and the task that count, what an annotation or a gold cell
//! says of them, the distance of two values, and whether a value is right.
//!
//! A value is right where it is equal to the gold. Values that are compared as a whole are equal at distance 0: numbers within
//! half of their scale's step, texts with the same words as their kind counts them. `tolerance` allows a distance.
//!
//! Not here: the distances themselves (`karat_task`), scores (`evaluate`), and what a value looks like (`plain.rs`).

use std::sync::Arc;

use karat_core::{Annotation, Error, Item, Note, Outcome, Result, Shape, Task, Value};
use karat_stats::NoLabel;
use karat_task::TaskKind;
use serde_json::Value as Json;

use crate::plain::{Given, Plain, given, plain, show};
use crate::setup::Setup;

/// Distances nearer to 0 than this are 0.
const NOTHING: f64 = 1e-9;

/// What is measured of a task.
#[derive(Clone)]
pub struct Measure {
    kind: &'static dyn TaskKind,
    task: Arc<Task>,
    /// The number of the question in its form, with the whole form.
    part: Option<(usize, &'static dyn TaskKind, Arc<Task>)>,
    tolerance: f64,
}

impl std::fmt::Debug for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Measure")
            .field("kind", &self.kind.id())
            .field("question", &self.question())
            .field("tolerance", &self.tolerance)
            .finish_non_exhaustive()
    }
}

impl Measure {
    /// The whole task, or one question of its form.
    pub fn of(setup: &Setup, question: Option<&str>) -> Result<Self> {
        let whole = Self::new(setup.kind, setup.task.clone());
        let Some(name) = question else { return Ok(whole) };
        let Some(n) = setup.task.parts.iter().position(|part| part.name == name) else {
            let names = whole.questions();
            let error = match names.is_empty() {
                true => Error::invalid(format!("a task of kind `{}` has no questions", setup.kind.id()))
                    .hint("leave out `--question`: it names one question of a form"),
                false => Error::invalid(format!("no question is called `{name}`"))
                    .hint(format!("there are `{}`", names.join("`, `"))),
            };
            return Err(error);
        };
        whole.part(n)
    }

    fn new(kind: &'static dyn TaskKind, task: Arc<Task>) -> Self {
        let tolerance = match (&task.spec.scale, kind.shape()) {
            (Some(scale), Shape::Number) => {
                scale.step.map_or(0.0, |step| 0.5 * step / (scale.max - scale.min))
            }
            _ => 0.0,
        };
        let tolerance = if tolerance.is_finite() { tolerance.max(0.0) } else { 0.0 };
        Self { kind, task, part: None, tolerance }
    }

    /// The measure of the `n`-th question of this form.
    pub(crate) fn part(&self, n: usize) -> Result<Self> {
        let part = self.task.parts.get(n).ok_or_else(|| Error::bug(format!("there is no question {n}")))?;
        let own = Self::new(karat_task::kind(&part.task.kind)?, Arc::new(part.task.clone()));
        Ok(Self { part: Some((n, self.kind, self.task.clone())), ..own })
    }

    /// The same, with values up to this distance from the gold taken for right.
    pub fn tolerating(self, tolerance: Option<f64>) -> Result<Self> {
        let Some(tolerance) = tolerance else { return Ok(self) };
        if !(0.0..1.0).contains(&tolerance) {
            return Err(Error::invalid(format!("`--tolerance {tolerance}` is no share from 0 to 1")).hint(
                "`--tolerance 0.05` takes a number for right that is off by at most 5 % of its scale",
            ));
        }
        if !self.is_whole() {
            return Err(Error::invalid(format!(
                "`--tolerance` is for values that can be right in part, and those of `{}` cannot",
                self.kind.id()
            ))
            .hint("leave it out"));
        }
        Ok(Self { tolerance, ..self })
    }

    /// The name of the question, where one is measured.
    pub fn question(&self) -> Option<&str> {
        let (n, _, form) = self.part.as_ref()?;
        form.parts.get(*n).map(|part| part.name.as_str())
    }

    /// The names of the questions of a form; none of anything else.
    pub fn questions(&self) -> Vec<&str> {
        self.task.parts.iter().map(|part| part.name.as_str()).collect()
    }

    /// The kind of what is measured.
    pub fn kind(&self) -> &'static dyn TaskKind {
        self.kind
    }

    /// The task of what is measured.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// Up to which distance from the gold a value is right.
    pub fn tolerance(&self) -> f64 {
        self.tolerance
    }

    /// Whether values are compared as a whole, by distance.
    pub fn is_whole(&self) -> bool {
        !matches!(self.kind.shape(), Shape::Choice | Shape::Choices | Shape::Spans)
    }

    /// What of a value is measured; `None` where the question has no answer.
    fn pick(&self, value: Value) -> Option<Value> {
        match (&self.part, value) {
            (None, value) => Some(value),
            (Some((n, ..)), Value::Form(mut parts)) if *n < parts.len() => parts.swap_remove(*n),
            (Some(_), _) => None,
        }
    }

    /// The value of an annotation, as far as it is measured.
    pub(crate) fn picked(&self, annotation: &Annotation) -> Option<Value> {
        self.pick(annotation.outcome.value()?.clone())
    }

    /// What an annotation gives. A question without an answer is unusable where the answer could not be read, and else
    /// abstained.
    pub(crate) fn given(&self, annotation: Option<&Annotation>) -> Given {
        let outcome = annotation.map(|it| &it.outcome);
        let (Some(name), Some(Outcome::Labeled(value))) = (self.question(), outcome) else {
            return given(outcome);
        };
        let is_lost = |note: &Note| matches!(note, Note::PartLost { question, .. } if question == name);
        let is_lost = annotation.is_some_and(|it| it.notes.iter().any(is_lost));
        let missing = if is_lost { NoLabel::Unusable } else { NoLabel::Abstained };
        self.pick(value.clone()).map(|value| plain(&value)).ok_or(missing)
    }

    /// Reads a cell that a person filled in. Of a question: the whole form, or the question's own answer alone; `None` where the
    /// form has none.
    pub(crate) fn read(&self, item: &Item, cell: &Json) -> Result<Option<Value>, String> {
        if let Some((_, kind, form)) = self.part.as_ref().filter(|(_, _, form)| is_form(form, cell)) {
            return kind.read_gold(form, item, cell).map(|value| self.pick(value));
        }
        self.kind.read_gold(&self.task, item, cell).map(Some)
    }

    /// How far apart two values are, from 0 to 1. Values that are not compared as a whole are equal or 1 apart.
    pub fn distance(&self, a: &Plain, b: &Plain) -> f64 {
        match (a, b) {
            (Plain::Whole(a), Plain::Whole(b)) => {
                self.kind.distance(&self.task, a.value(), b.value()).clamp(0.0, 1.0)
            }
            _ => f64::from(u8::from(a != b)),
        }
    }

    /// Whether two values are the same.
    pub(crate) fn equal(&self, a: &Plain, b: &Plain) -> bool {
        a == b || (self.is_whole() && self.distance(a, b) <= NOTHING)
    }

    /// Whether a value is right where `gold` is.
    pub fn fits(&self, given: &Plain, gold: &Plain) -> bool {
        given == gold || (self.is_whole() && self.distance(given, gold) <= self.tolerance + NOTHING)
    }

    /// A value in one line for a person.
    pub(crate) fn show(&self, value: &Value) -> String {
        show(&self.task.schema, value)
    }
}

/// Whether a cell holds a form, and not the answer to one question: an object with the names of questions alone.
fn is_form(form: &Task, cell: &Json) -> bool {
    let parsed;
    let cell = match cell {
        Json::String(text) => {
            parsed = serde_json::from_str(text).unwrap_or(Json::Null);
            &parsed
        }
        other => other,
    };
    let is_name = |name: &String| form.parts.iter().any(|part| part.name == *name);
    cell.as_object().is_some_and(|cells| !cells.is_empty() && cells.keys().all(is_name))
}
