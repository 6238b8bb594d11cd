//! Paths: what is asked, what is skipped, what comes out.

use karat_core::{ConfidenceSource, Unusable};
use proptest::prelude::*;

use super::*;
use crate::kind::RawAnswer;
use crate::kinds::item_of;
use crate::{Inquiry, kind};

const NAMES: &[&str] = &[
    "Food",
    "Food > Fruit > Apple",
    "Food > Fruit > Pear",
    "Food > Bread",
    "Tools > Hand > Saw > Rip saw",
    "Tools > Hand > Saw > Hacksaw",
    "Art",
];

fn inquiry(names: &[&str]) -> Inquiry {
    let labels = names.iter().map(|name| LabelSpec::named(*name)).collect();
    let mut task = Task::of("classify", labels, "text").unwrap();
    task.spec.levels = Some(" > ".into());
    Inquiry::new(Arc::new(task), kind("classify").unwrap(), None).unwrap()
}

/// Answers one level after the other; what was offered at each, and what came out.
fn walk(inquiry: &Inquiry, answers: &[(&str, f64)]) -> (Vec<String>, Heard) {
    let item = Arc::new(item_of("text", "x"));
    let kind = kind("classify").unwrap();
    let (mut asked, mut heard) = (Vec::new(), Vec::new());
    let mut answers = answers.iter();
    loop {
        let view = match inquiry.next(&item, &heard) {
            Step::Ask(mut views) => views.remove(0),
            Step::Done(done) => {
                assert!(answers.next().is_none(), "{asked:?}");
                return (asked, *done);
            }
        };
        let path = view.within.as_ref().map_or("", |it| it.path.as_str());
        asked.push(format!("{path}: {}", view.task.schema.names().collect::<Vec<_>>().join(", ")));
        let (answer, sure) = answers.next().unwrap();
        let reading = kind.read_answer(&view.task, &view.item, &RawAnswer::of(answer));
        heard.push(Heard { reading, confidence: Confidence::Raw(*sure, ConfidenceSource::Stated) });
    }
}

#[track_caller]
fn check(answers: &[(&str, f64)], asked: &[&str], label: &str, sure: f64) {
    let inquiry = inquiry(NAMES);
    let (got, heard) = walk(&inquiry, answers);
    assert_eq!(got, asked);
    let schema = &inquiry.task().schema;
    assert_eq!(heard.reading.outcome, Outcome::Labeled(Value::Choice(schema.by_name(label).unwrap())));
    assert!((heard.confidence.value().unwrap() - sure).abs() < 1e-12);
}

#[test]
fn each_level_offers_its_own_names_and_the_confidences_multiply() {
    check(
        &[("Food", 0.9), ("Fruit", 0.8), ("Pear", 0.5)],
        &[": Food, Tools, Art", "Food: Fruit, Bread, Food", "Food > Fruit: Apple, Pear"],
        "Food > Fruit > Pear",
        0.36,
    );
}

#[test]
fn a_node_with_one_choice_is_passed_without_a_question() {
    check(
        &[("Tools", 0.9), ("Hacksaw", 0.5)],
        &[": Food, Tools, Art", "Tools > Hand > Saw: Rip saw, Hacksaw"],
        "Tools > Hand > Saw > Hacksaw",
        0.45,
    );
    check(&[("Art", 0.7)], &[": Food, Tools, Art"], "Art", 0.7);
}

#[test]
fn an_inner_label_can_be_chosen_itself() {
    check(&[("Food", 1.0), ("Food", 0.5)], &[": Food, Tools, Art", "Food: Fruit, Bread, Food"], "Food", 0.5);
}

#[test]
fn who_cannot_tell_at_a_level_abstains_with_the_path_so_far() {
    let (_, heard) = walk(&inquiry(NAMES), &[("Food", 0.9), (r#"{"label": null}"#, 0.9)]);
    let words = "Food > ?".to_owned();
    assert_eq!(heard.reading.outcome, Outcome::Abstained(Abstention::Unknown { words }));
    let (_, heard) = walk(&inquiry(NAMES), &[(r#"{"label": null}"#, 0.9)]);
    let words = "null".to_owned();
    assert_eq!(heard.reading.outcome, Outcome::Abstained(Abstention::Unknown { words }));
}

#[test]
fn an_unusable_level_ends_it_and_the_notes_of_all_levels_stay() {
    let (_, heard) = walk(&inquiry(NAMES), &[("food.", 0.9), ("Vegetable", 0.9)]);
    assert!(matches!(heard.reading.outcome, Outcome::Unusable(Unusable::UnknownLabel { .. })));
    assert_eq!(heard.reading.notes.iter().map(Note::tag).collect::<Vec<_>>(), ["normalized"]);
}

#[test]
fn what_is_right_for_the_whole_is_told_level_by_level() {
    let inquiry = inquiry(NAMES);
    let item = Arc::new(item_of("text", "x"));
    let kind = kind("classify").unwrap();
    for name in NAMES {
        let right = Value::Choice(inquiry.task().schema.by_name(name).unwrap());
        let mut heard = Vec::new();
        let done = loop {
            match inquiry.next(&item, &heard) {
                Step::Ask(views) => {
                    let here = inquiry.right_for(&views[0], &right).unwrap();
                    let answer = kind.answer_text(&views[0].task, &here);
                    let reading = kind.read_answer(&views[0].task, &item, &RawAnswer::of(&answer));
                    heard.push(Heard { reading, confidence: Confidence::Unknown(NoConfidence::NotStated) });
                }
                Step::Done(done) => break done,
            }
        };
        assert_eq!(done.reading.outcome, Outcome::Labeled(right));
    }
}

#[test]
fn a_worked_example_is_shown_at_the_levels_of_its_path_alone() {
    let labels = NAMES.iter().map(|name| LabelSpec::named(*name)).collect();
    let mut task = Task::of("classify", labels, "text").unwrap();
    task.spec.levels = Some(" > ".into());
    task.shots.push(Shot {
        text: "a pear".into(),
        context: Vec::new(),
        answer: "Food > Fruit > Pear".into(),
        reason: String::new(),
    });
    let kind = kind("classify").unwrap();
    let levels = Levels::new(&task, kind).unwrap();
    let shown = |path: &str| {
        let node = levels.nodes.iter().find(|node| node.path == path).unwrap();
        node.task.as_ref().unwrap().shots.iter().map(|shot| shot.answer.clone()).collect::<Vec<_>>()
    };
    assert_eq!(shown(""), ["Food"]);
    assert_eq!(shown("Food > Fruit"), ["Pear"]);
    assert!(shown("Tools > Hand > Saw").is_empty());
    let prompter = crate::Prompter::new(&task, kind, &crate::PromptStyle::default()).unwrap();
    assert!(!prompter.system().contains("pear") && !prompter.system().contains("Hacksaw"));
    let inquiry = Inquiry::new(Arc::new(task), kind, None).unwrap();
    let Step::Ask(views) = inquiry.next(&Arc::new(item_of("text", "x")), &[]) else { panic!("asked") };
    let user = &prompter.messages(&views[0], &[]).unwrap()[1].content;
    assert!(user.contains("a pear\n</item>\n{\"label\":\"Food\"}"), "{user}");
}

#[test]
fn the_most_questions_are_counted() {
    let item = Arc::new(item_of("text", "x"));
    assert_eq!(inquiry(NAMES).n_calls(&item), 3);
    assert_eq!(inquiry(&["a > b > c", "a > b > d"]).n_calls(&item), 1);
}

#[test]
fn paths_with_nothing_to_choose_or_an_empty_level_are_refused() {
    for names in [&["a > b"][..], &["a > ", "b"], &["a >  > b", "c"], &["a > b", "a >  b"]] {
        let labels = names.iter().map(|name| LabelSpec::named(name.trim())).collect();
        let mut task = Task::of("classify", labels, "text").unwrap();
        task.spec.levels = Some(">".into());
        assert!(Levels::new(&task, kind("classify").unwrap()).is_err(), "{names:?}");
    }
}

#[test]
fn paths_are_nearer_the_more_levels_they_have_in_common() {
    let apart = |a: &str, b: &str| path_distance(a, b, " > ");
    assert_eq!(apart("Food > Fruit", "Food > Fruit"), 0.0);
    assert_eq!(apart("Food > Fruit", "Food > Bread"), 0.5);
    assert_eq!(apart("Food", "Food > Fruit > Apple"), 0.5);
    assert_eq!(apart("Food > Fruit", "Art"), 1.0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn path_distance_is_a_distance(a in "[ab]( > [ab]){0,3}", b in "[ab]( > [ab]){0,3}", c in "[ab]( > [ab]){0,3}") {
        let apart = |a: &str, b: &str| path_distance(a, b, " > ");
        prop_assert!((0.0..=1.0).contains(&apart(&a, &b)));
        prop_assert_eq!(apart(&a, &b), apart(&b, &a));
        prop_assert_eq!(apart(&a, &b) == 0.0, a == b);
        prop_assert!(apart(&a, &c) <= apart(&a, &b) + apart(&b, &c) + 1e-12);
    }
}
