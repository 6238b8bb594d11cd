//! Scales, votes and distances of numbers. Answers stand in `tests/tasks/number.md`.

use karat_core::ScaleSpec;
use proptest::prelude::*;

use super::*;

fn task(min: f64, max: f64, step: Option<f64>) -> Task {
    let scale = ScaleSpec { min, max, step, ..ScaleSpec::default() };
    crate::kinds::task_of(TaskSpec { kind: "number".into(), scale: Some(scale), ..TaskSpec::default() })
        .unwrap()
}

fn value(number: f64) -> Value {
    Value::Number(Num::new(number).unwrap())
}

fn check_error(toml: &str, message: &str) {
    let spec: TaskSpec = toml::from_str(&format!("kind = \"number\"\n{toml}")).unwrap();
    let error = Number.prepare(spec).unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
}

#[test]
fn a_scale_has_two_ends_and_steps_that_fit() {
    check_error("", "`scale`");
    check_error("scale = { min = 5, max = 5 }", "`scale.min` is 5");
    check_error("scale = { min = 0, max = 1, step = 0 }", "`scale.step` is 0");
    check_error("scale = { min = 0, max = 1, step = 2 }", "`scale.step` is 2");
    check_error("scale = { min = 0, max = 1, anchors = { low = \"x\" } }", "`scale.anchors` names `low`");
    check_error("scale = { min = 0, max = 1, anchors = { 2 = \"x\" } }", "`scale.anchors` names `2`");
    check_error("labels = [\"a\"]\nscale = { min = 0, max = 1 }", "no `labels`");
}

#[test]
fn the_median_wins_and_the_share_is_what_stands_near_it() {
    let whole = task(0.0, 10.0, Some(1.0));
    let vote =
        |numbers: &[f64]| Number.vote(&whole, &numbers.iter().map(|it| value(*it)).collect::<Vec<_>>());
    assert_eq!(vote(&[]), Vote::None);
    assert_eq!(vote(&[3.0, 9.0, 4.0]), Vote::Winner { value: value(4.0), share: 2.0 / 3.0 });
    assert_eq!(vote(&[3.0, 5.0]), Vote::Winner { value: value(4.0), share: 1.0 });
    assert_eq!(vote(&[3.0, 4.0]), Vote::Tie(vec![value(3.0), value(4.0)]));
    let any = task(0.0, 100.0, None);
    let values: Vec<Value> = [10.0, 14.0, 20.0].map(value).into();
    assert_eq!(Number.vote(&any, &values), Vote::Winner { value: value(14.0), share: 2.0 / 3.0 });
}

#[test]
fn a_median_that_no_sample_is_near_still_has_a_share() {
    let any = task(0.0, 100.0, None);
    let Vote::Winner { share, .. } = Number.vote(&any, &[value(0.0), value(100.0)]) else {
        panic!("no winner")
    };
    assert!(share > 0.0, "a share is never 0");
}

#[test]
fn a_step_missed_by_what_floats_lose_is_that_step() {
    let scale = Scale::of(&task(0.0, 1.0, Some(0.1)));
    assert_eq!(scale.legal(0.1 + 0.2), Some(0.3));
    assert_eq!(scale.legal(0.35), None);
    assert_eq!(scale.legal(1.0), Some(1.0));
    assert_eq!(scale.legal(1.1), None);
}

#[test]
fn gold_is_read_as_people_write_it() {
    let gold = |cell: Json| Number.read_gold(&task(0.0, 100.0, None), &item_of("text", "x"), &cell);
    assert_eq!(gold(json!(7)), Ok(value(7.0)));
    assert_eq!(gold(json!("7,5")), Ok(value(7.5)));
    assert_eq!(gold(json!("80%")), Ok(value(80.0)));
    assert!(gold(json!("101")).unwrap_err().contains("not on the scale"));
    assert!(gold(json!("")).is_err() && gold(json!(null)).is_err() && gold(json!("high")).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn a_legal_number_reads_as_what_was_written(n in 0u32..=2000, step in prop::sample::select(vec![None, Some(0.01), Some(0.5)])) {
        let task = task(-10.0, 10.0, step);
        let number = Scale::of(&task).legal(f64::from(n) / 100.0 - 10.0);
        if let Some(value) = number.map(value) {
            let text = Number.answer_text(&task, &value);
            prop_assert_eq!(
                Number.read_answer(&task, &item_of("text", "x"), &RawAnswer::of(&text)).outcome,
                Outcome::Labeled(value)
            );
        }
    }

    #[test]
    fn what_is_read_is_on_the_scale(text in "[-0-9., /%a-z]{0,16}", step in prop::option::of(Just(1.0))) {
        let reading = Number.read_answer(&task(0.0, 100.0, step), &item_of("text", "x"), &RawAnswer::of(&text));
        if let Outcome::Labeled(Value::Number(number)) = reading.outcome {
            prop_assert!((0.0..=100.0).contains(&number.get()));
            prop_assert!(step.is_none() || number.get().fract() == 0.0);
        }
    }
}
