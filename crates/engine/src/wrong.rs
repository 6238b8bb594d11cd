//! Answers that are well formed and wrong: what a scripted stand-in draws from when it errs on purpose.

use karat_core::{Number, Part, Shape, Task, TaskPart, Value, Written};
use serde_json::Value as Json;

/// The most wrong values of one item.
const N_WRONG: usize = 100;

/// Values of the task's shape that are not `right`; few are enough to draw from.
pub(crate) fn wrong(task: &Task, shape: Shape, right: Option<&Value>) -> Vec<Value> {
    let mut values: Vec<Value> = match (shape, right) {
        (Shape::Choice, _) => task.schema.offered().take(N_WRONG + 1).map(Value::Choice).collect(),
        (Shape::Choices, _) => {
            task.schema.offered().take(N_WRONG + 1).map(|label| Value::choices(vec![label])).collect()
        }
        (Shape::Number, Some(Value::Number(right))) => near(task, right.get()),
        (Shape::Ranking, Some(Value::Ranking(groups))) => {
            let mut turned = groups.clone();
            turned.reverse();
            vec![Value::ranking(turned)]
        }
        (Shape::Spans, Some(Value::Spans(spans))) => {
            vec![Value::spans(spans.iter().skip(1).cloned().collect())]
        }
        (Shape::Relations, Some(Value::Relations(graph))) => {
            let relations = graph.relations.iter().skip(1).copied().collect();
            vec![Value::Relations(karat_core::Graph::new(graph.spans.clone(), relations))]
        }
        (Shape::Text, Some(Value::Text(written))) => {
            let texts = match written.texts.first() {
                Some(_) => Vec::new(),
                None => vec!["something that the item does not say".to_owned()],
            };
            vec![Value::Text(Written { texts, quotes: Vec::new() })]
        }
        (Shape::Fields, Some(Value::Fields(filled))) => {
            let without = |name: &String| {
                let mut filled = filled.clone();
                filled.fields.insert(name.clone(), Json::Null);
                filled.quotes.retain(|(path, _)| path != name);
                Value::Fields(filled)
            };
            let named = filled.fields.iter().filter(|(_, cell)| !cell.is_null());
            named.map(|(name, _)| without(name)).collect()
        }
        (Shape::Form, Some(Value::Form(parts))) => forms(task, parts),
        _ => Vec::new(),
    };
    values.retain(|value| Some(value) != right);
    values.truncate(N_WRONG);
    values
}

/// The ends of the scale, and a place between.
fn near(task: &Task, right: f64) -> Vec<Value> {
    let Some(scale) = &task.spec.scale else { return Vec::new() };
    let step = scale.step.unwrap_or((scale.max - scale.min) / 10.0);
    let places = [right - step, right + step, scale.min, scale.max];
    let inside = places.into_iter().filter(|it| (scale.min..=scale.max).contains(it));
    inside.filter_map(Number::new).map(Value::Number).collect()
}

/// The form with one question answered wrong.
fn forms(task: &Task, parts: &[Option<Value>]) -> Vec<Value> {
    let one = |(n, (part, own)): (usize, (&Part, &TaskPart))| {
        let others = wrong(&own.task, part.shape, parts[n].as_ref());
        let changed = |other: Value| {
            let mut parts = parts.to_vec();
            parts[n] = Some(other);
            Value::Form(parts)
        };
        others.into_iter().take(3).map(changed).collect::<Vec<_>>()
    };
    let both = task.schema.parts().iter().zip(&task.parts);
    both.take(parts.len()).enumerate().flat_map(one).collect()
}

#[cfg(test)]
mod tests {
    use karat_core::{LabelSpec, ScaleSpec};

    use super::*;

    #[test]
    fn wrong_is_never_right_and_stays_on_the_scale() {
        let mut task =
            Task::of("classify", vec![LabelSpec::named("a"), LabelSpec::named("b")], "text").unwrap();
        let a = Value::Choice(task.schema.by_name("a").unwrap());
        assert_eq!(wrong(&task, Shape::Choice, Some(&a)).len(), 1);
        task.spec.scale = Some(ScaleSpec { min: 0.0, max: 10.0, step: Some(1.0), ..ScaleSpec::default() });
        let ten = Value::Number(Number::new(10.0).unwrap());
        let others = wrong(&task, Shape::Number, Some(&ten));
        let numbers: Vec<f64> = others
            .iter()
            .map(|it| match it {
                Value::Number(number) => number.get(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(numbers, [9.0, 0.0]);
    }
}
