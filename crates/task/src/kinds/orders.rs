//! What two answers say together, when the options were shown in one order and in the other.
//!
//! In: the task, what was heard in each order, and what a kind makes of two values that differ. Out: one [`Heard`], with the
//! note `order_differs` where they differ. Not here: how values are put together (`prefer.rs`, `rank.rs`).

use karat_core::{Confidence, NoConfidence, Note, Outcome, Task, Unusable, Value};

use crate::inquiry::Heard;
use crate::kind::Reading;

/// Joins the answers to both orders. `settle` says what is left of two values that differ; `None`: nothing.
pub(super) fn both(
    task: &Task,
    heard: Vec<Heard>,
    settle: impl Fn(&Value, &Value) -> Option<Value>,
) -> Heard {
    let Ok([one, other]) = <[Heard; 2]>::try_from(heard) else {
        return Heard::nothing();
    };
    let mut notes = one.reading.notes.clone();
    notes.extend(other.reading.notes.iter().filter(|it| !one.reading.notes.contains(it)).cloned());
    match (&one.reading.outcome, &other.reading.outcome) {
        (Outcome::Labeled(a), Outcome::Labeled(b)) if a == b => {
            let mut reading = Reading::labeled(a.clone(), notes);
            reading.stated = mean(one.reading.stated, other.reading.stated);
            Heard { reading, confidence: mean_of(one.confidence, other.confidence) }
        }
        (Outcome::Labeled(a), Outcome::Labeled(b)) => {
            let got = vec![shown(task, a), shown(task, b)];
            notes.push(Note::OrderDiffers { got: got.clone() });
            match settle(a, b) {
                Some(value) => Heard {
                    reading: Reading::labeled(value, notes),
                    confidence: Confidence::Unknown(NoConfidence::OrdersDiffer),
                },
                None => without(Reading::unusable(Unusable::OrderDepends { got }, notes)),
            }
        }
        (Outcome::Labeled(value), lost) | (lost, Outcome::Labeled(value)) => {
            let other = lost.reason().unwrap_or_default();
            without(Reading::unusable(Unusable::NotConfirmed { got: shown(task, value), other }, notes))
        }
        // Neither is a label: an answer that cannot be used is the stronger reason to look.
        (Outcome::Abstained(_), Outcome::Unusable(_)) => without(Reading { notes, ..other.reading }),
        _ => without(Reading { notes, ..one.reading }),
    }
}

fn without(reading: Reading) -> Heard {
    Heard { reading, confidence: Confidence::Unknown(NoConfidence::NoLabel) }
}

/// A value as it is stored; a name without its quotation marks.
fn shown(task: &Task, value: &Value) -> String {
    let json = value.to_json(&task.schema);
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

fn mean(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    Some(a?.midpoint(b?))
}

/// The mean of two confidences of one source; else the one that is not known.
fn mean_of(a: Confidence, b: Confidence) -> Confidence {
    match (a, b) {
        (Confidence::Raw(p, source), Confidence::Raw(q, other)) if source == other => {
            Confidence::Raw(p.midpoint(q), source)
        }
        (Confidence::Unknown(_), _) => a,
        (_, Confidence::Unknown(_)) => b,
        // Numbers of different sources have no mean.
        _ => Confidence::Unknown(NoConfidence::NoLogprobs),
    }
}
