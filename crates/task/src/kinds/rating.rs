//! `rating`: one of several grades in order, the lowest first.
//!
//! Asked for: `{"label": "4"}`. Grades are labels, and their descriptions say what each means. Where all grades are numbers,
//! a number is read as people write it: `4/5`, `4 out of 5`, `Score: 4`. A number that is no grade is never moved to one.

use karat_core::{
    Error, Item, LabelId, LabelSchema, Note, Outcome, PromptLanguage, Result, Shape, Task, TaskSpec,
    Unusable, Value,
};
use serde_json::{Value as Json, json};

use super::{example_task, frame, framed, item_of};
use crate::answer::clean::{clean, unfence};
use crate::answer::clip;
use crate::answer::label::{LabelReading, Read, read_label, read_word};
use crate::answer::number::{Figure, Found, figure, said};
use crate::answer::once::{label_field, of_form};
use crate::kind::{Example, LabelAt, PromptStyle, RawAnswer, Reading, ShotStyle, TaskKind, Vote};
use crate::language::{of, templates};

/// The kind `rating`.
pub(crate) struct Rating;

impl TaskKind for Rating {
    fn id(&self) -> &'static str {
        "rating"
    }

    fn about(&self) -> &'static str {
        "one of several grades in order, the lowest first"
    }

    fn shape(&self) -> Shape {
        Shape::Choice
    }

    fn prepare(&self, spec: TaskSpec) -> Result<TaskSpec> {
        let spec = crate::kind::needs_labels(self.id(), spec)?;
        if spec.labels.len() < 2 {
            return Err(Error::invalid(
                "a task of kind `rating` needs two grades at least, and `labels` has one",
            )
            .hint("name them, the lowest first: `labels = [\"1\", \"2\", \"3\"]`"));
        }
        let numbers: Option<Vec<f64>> = spec.labels.iter().map(|it| it.name.trim().parse().ok()).collect();
        if let Some(numbers) = numbers
            && let Some(at) = numbers.windows(2).position(|pair| pair[0] >= pair[1])
        {
            let (a, b) = (&spec.labels[at].name, &spec.labels[at + 1].name);
            return Err(Error::invalid(format!("in `labels`, grade `{a}` stands before `{b}`"))
                .hint("list the grades in order, the lowest first"));
        }
        Ok(spec)
    }

    fn answer_format(&self, task: &Task, style: &PromptStyle) -> Json {
        let mut labels: Vec<Json> = task.schema.names().map(|name| json!(name)).collect();
        labels.push(Json::Null);
        frame(style, "label", json!({"type": ["string", "null"], "enum": labels}))
    }

    fn instructions(&self, language: PromptLanguage) -> &'static str {
        of(language, &templates!("rating"))
    }

    fn read_answer(&self, task: &Task, _item: &Item, answer: &RawAnswer) -> Reading {
        let read = read_label(&task.schema, answer);
        let reading = match Grades::of(&task.schema) {
            Some(grades) => grades.read(read, answer),
            None => read,
        };
        let LabelReading { read, notes, stated, .. } = reading;
        let mut reading = match read {
            Read::Label(label) => Reading::labeled(Value::Choice(label), notes),
            Read::Abstained(why) => Reading::abstained(why, notes),
            Read::Unusable(why) => Reading::unusable(why, notes),
        };
        reading.stated = stated.filter(|_| matches!(reading.outcome, Outcome::Labeled(_)));
        reading
    }

    fn answer_text(&self, task: &Task, value: &Value) -> String {
        self.shot_text(task, "", value, &ShotStyle::default())
    }

    fn shot_text(&self, task: &Task, _text: &str, value: &Value, style: &ShotStyle) -> String {
        let label = match value {
            Value::Choice(label) => json!(task.schema.name(*label)),
            _ => Json::Null,
        };
        framed(style, "label", &label)
    }

    fn label_words(&self, task: &Task, answer: &str, value: &Value) -> Vec<LabelAt> {
        super::classify::choice_words(&task.schema, answer, value)
    }

    /// How many grades lie between them, by how many the scale has between its ends.
    fn distance(&self, task: &Task, a: &Value, b: &Value) -> f64 {
        match (a, b) {
            (Value::Choice(a), Value::Choice(b)) if a == b => 0.0,
            (Value::Choice(a), Value::Choice(b)) => {
                let steps = task.schema.len().saturating_sub(1).max(1);
                (a.index().abs_diff(b.index()) as f64 / steps as f64).min(1.0)
            }
            _ => 1.0,
        }
    }

    /// The median, where there is one. Of an even number of samples the two in the middle tie, unless they are the same. The
    /// share is that of the samples of this very grade, and at least that of one sample.
    fn vote(&self, _task: &Task, values: &[Value]) -> Vote {
        let mut grades: Vec<LabelId> = values.iter().flat_map(Value::labels).collect();
        grades.sort_unstable();
        let n = grades.len();
        let (Some(low), Some(high)) = (grades.get(n.saturating_sub(1) / 2), grades.get(n / 2)) else {
            return Vote::None;
        };
        if low != high {
            return Vote::Tie(vec![Value::Choice(*low), Value::Choice(*high)]);
        }
        let at = grades.iter().filter(|it| *it == low).count();
        Vote::Winner { value: Value::Choice(*low), share: at as f64 / n as f64 }
    }

    fn read_gold(&self, task: &Task, _item: &Item, cell: &Json) -> std::result::Result<Value, String> {
        let written = karat_core::cell_text(cell).ok_or("the cell is empty")?;
        if let Some(label) = task.schema.by_name(written.trim()) {
            return Ok(Value::Choice(label));
        }
        if let (Some(grades), Found::Number(found)) = (Grades::of(&task.schema), figure(&written)) {
            return grades.pick(&found).map(Value::Choice).map_err(|why| why.to_string());
        }
        read_word(&task.schema, &written)
            .map(|found| Value::Choice(found.label))
            .map_err(|why| why.to_string())
    }

    fn examples(&self) -> Vec<Example> {
        examples().unwrap_or_default()
    }
}

/// A scale all of whose grades are numbers.
struct Grades<'a> {
    schema: &'a LabelSchema,
    numbers: Vec<f64>,
}

impl<'a> Grades<'a> {
    fn of(schema: &'a LabelSchema) -> Option<Self> {
        let numbers = schema.names().map(|name| name.parse().ok()).collect::<Option<Vec<f64>>>()?;
        Some(Self { schema, numbers })
    }

    /// The grade of a number that is one.
    fn pick(&self, figure: &Figure) -> std::result::Result<LabelId, Unusable> {
        let top = self.numbers.last().copied();
        let of_another = figure.percent || figure.of.is_some_and(|of| Some(of) != top);
        let mut fits = self.schema.ids().filter(|id| figure.readings.contains(&self.numbers[id.index()]));
        match (fits.next(), fits.next()) {
            (Some(label), None) if !of_another => Ok(label),
            _ => Err(self.refuses(&figure.written)),
        }
    }

    fn refuses(&self, got: &str) -> Unusable {
        let mut names = self.schema.names();
        let first = names.next().unwrap_or_default();
        let scale = format!("{first} to {}", names.last().unwrap_or(first));
        Unusable::OutOfScale { got: clip(got), scale }
    }

    /// What a number says goes before what the words of a label say: `-3` is not the grade `3` with a mark before it.
    fn read(&self, read: LabelReading, answer: &RawAnswer) -> LabelReading {
        let text = clean(answer.text).text;
        let text = unfence(text).unwrap_or(text);
        let in_json = text.contains('{');
        let field = if in_json { label_field(text) } else { Some(text.to_owned()) };
        let exact = read.written.as_deref().is_some_and(|it| self.schema.by_name(it).is_some());
        let is_prose = read.notes.iter().any(|it| matches!(it, Note::InProse | Note::Verdict { .. }));
        if matches!(read.read, Read::Abstained(_)) || exact && !is_prose {
            return read;
        }
        let Some(field) = field.filter(|_| answer.truncated_at.is_none() || in_json) else {
            return match (&read.read, answer.truncated_at) {
                (Read::Label(_), Some(max_tokens)) => lost(read, Unusable::Truncated { max_tokens }),
                _ => read,
            };
        };
        let (found, note) = match figure(&field) {
            Found::Nothing => (said(&field), Note::InProse),
            found => (vec![found], Note::Reshaped { what: format!("`{}` for a grade", clip(&field)) }),
        };
        let grades: std::result::Result<Vec<LabelId>, Unusable> =
            found.iter().map(|it| self.grade(it, &field)).collect();
        match grades {
            Ok(grades) => match grades.first() {
                Some(first) if grades.iter().all(|it| it == first) => taken(read, *first, note),
                Some(_) => {
                    let got = grades.iter().map(|it| self.schema.name(*it).to_owned()).collect();
                    lost(read, Unusable::SeveralLabels { got })
                }
                // To name a number is not to give a grade.
                None if matches!(read.read, Read::Label(_)) && is_prose => {
                    lost(read, Unusable::NoLabel { got: clip(&field) })
                }
                None => read,
            },
            Err(why) => lost(read, why),
        }
    }

    fn grade(&self, found: &Found, text: &str) -> std::result::Result<LabelId, Unusable> {
        match found {
            Found::Number(figure) => self.pick(figure),
            Found::Other(what) => {
                Err(Unusable::WrongShape { got: format!("`{}` is {what}, and not a grade", clip(text)) })
            }
            Found::Nothing => Err(Unusable::NoLabel { got: clip(text) }),
        }
    }
}

fn taken(read: LabelReading, label: LabelId, note: Note) -> LabelReading {
    let is_number = matches!(&note, Note::Reshaped { .. })
        && read.notes.iter().any(|it| matches!(it, Note::Reshaped { what } if what.ends_with("for a name")));
    let mut notes = of_form(&read.notes);
    // A bare JSON number is noted already.
    if !is_number {
        notes.push(note);
    }
    LabelReading { read: Read::Label(label), notes, ..read }
}

fn lost(read: LabelReading, why: Unusable) -> LabelReading {
    LabelReading { read: Read::Unusable(why), notes: of_form(&read.notes), stated: None, written: None }
}

fn examples() -> Option<Vec<Example>> {
    let task = example_task("rating", &[("1", &[]), ("2", &[]), ("3", &[]), ("4", &[]), ("5", &[])])?;
    let label = |name: &str| task.schema.by_name(name).map(Value::Choice).map(Outcome::Labeled);
    let rows = [
        ("the form that was asked for", r#"{"label": "4"}"#, label("4")?, vec![]),
        ("a number for a text", r#"{"label": 4}"#, label("4")?, vec!["reshaped"]),
        ("of how many", "4/5", label("4")?, vec!["reshaped"]),
        ("prose that names it", "Score: 3. It is dull.", label("3")?, vec!["in_prose"]),
        (
            "a number past the end",
            r#"{"label": "6"}"#,
            Outcome::Unusable(Unusable::OutOfScale { got: "6".into(), scale: "1 to 5".into() }),
            vec![],
        ),
        (
            "a number below the scale is no grade with a mark before it",
            r#"{"label": "-3"}"#,
            Outcome::Unusable(Unusable::OutOfScale { got: "-3".into(), scale: "1 to 5".into() }),
            vec![],
        ),
    ];
    let item = item_of("text", "A film.");
    let example = |(about, answer, outcome, notes)| Example {
        about,
        task: task.clone(),
        item: item.clone(),
        answer,
        outcome,
        notes,
    };
    Some(rows.into_iter().map(example).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(labels: &[&str]) -> TaskSpec {
        let labels = labels.iter().map(|name| karat_core::LabelSpec::named(*name)).collect();
        TaskSpec { kind: "rating".into(), labels, ..TaskSpec::default() }
    }

    #[test]
    fn a_scale_has_two_grades_at_least_the_lowest_first() {
        let error = |labels: &[&str]| Rating.prepare(spec(labels)).unwrap_err().to_string();
        assert!(error(&["5"]).contains("two grades"));
        assert!(error(&["5", "4", "3"]).contains("`5` stands before `4`"));
        assert!(Rating.prepare(spec(&["1", "2", "10"])).is_ok());
        assert!(Rating.prepare(spec(&["poor", "fair"])).is_ok());
    }

    #[test]
    fn the_median_wins_and_two_neighbors_in_the_middle_tie() {
        let task = example_task("rating", &[("1", &[]), ("2", &[]), ("3", &[])]).unwrap();
        let grade = |name: &str| Value::Choice(task.schema.by_name(name).unwrap());
        let vote = |names: &[&str]| Rating.vote(&task, &names.iter().map(|it| grade(it)).collect::<Vec<_>>());
        assert_eq!(vote(&[]), Vote::None);
        assert_eq!(vote(&["3", "1", "3", "2", "1"]), Vote::Winner { value: grade("2"), share: 0.2 });
        assert_eq!(vote(&["2", "2", "1", "3"]), Vote::Winner { value: grade("2"), share: 0.5 });
        assert_eq!(vote(&["1", "2"]), Vote::Tie(vec![grade("1"), grade("2")]));
        assert_eq!(vote(&["1", "3"]), Vote::Tie(vec![grade("1"), grade("3")]));
    }

    #[test]
    fn grades_are_as_far_apart_as_their_places() {
        let task = example_task("rating", &[("1", &[]), ("2", &[]), ("3", &[])]).unwrap();
        let grade = |name: &str| Value::Choice(task.schema.by_name(name).unwrap());
        assert_eq!(Rating.distance(&task, &grade("1"), &grade("2")), 0.5);
        assert_eq!(Rating.distance(&task, &grade("3"), &grade("1")), 1.0);
        assert_eq!(Rating.distance(&task, &grade("3"), &grade("3")), 0.0);
    }

    #[test]
    fn gold_is_a_grade_as_people_write_it() {
        let task = example_task("rating", &[("1", &[]), ("2", &[]), ("3", &[])]).unwrap();
        let gold = |cell: Json| Rating.read_gold(&task, &item_of("text", "x"), &cell);
        let two = Value::Choice(task.schema.by_name("2").unwrap());
        for cell in [json!("2"), json!(2), json!(2.0), json!("2/3"), json!(" 2.0 ")] {
            assert_eq!(gold(cell.clone()), Ok(two.clone()), "{cell}");
        }
        for cell in [json!(null), json!("4"), json!(2.5), json!("-2"), json!("2/5")] {
            assert!(gold(cell.clone()).is_err(), "{cell}");
        }
    }
}
