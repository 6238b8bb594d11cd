//! What is offered, what is read of it, and that it is found.

use std::sync::Arc;

use karat_core::{Outcome, TaskSpec, Unusable};

use super::*;
use crate::kind::{PromptStyle, RawAnswer};
use crate::kinds::item_of;
use crate::{Inquiry, Prompter, Step, View};

const NAMES: &[&str] = &["card_arrival", "lost_or_stolen_card", "exchange_rate", "top_up_limits", "refund"];

fn task(kind: &str, names: &[String], shortlist: Option<u32>) -> Task {
    let mut task = Task::of(kind, names.iter().map(LabelSpec::named).collect(), "text").unwrap();
    task.spec.shortlist = shortlist;
    task
}

fn five(kind: &str, shortlist: u32) -> Task {
    let names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    task(kind, &names, Some(shortlist))
}

fn view(task: &Task, text: &str) -> View {
    let inquiry = Inquiry::new(Arc::new(task.clone()), kind(&task.kind).unwrap(), None).unwrap();
    match inquiry.next(&Arc::new(item_of("text", text)), &[]) {
        Step::Ask(mut views) => views.remove(0),
        Step::Done(_) => panic!("nothing was asked"),
    }
}

fn offered(view: &View) -> Vec<&str> {
    view.offered.iter().flatten().map(|id| view.task.schema.name(*id)).collect()
}

#[test]
fn the_nearest_are_offered_in_schema_order_and_filled_up() {
    let task = five("classify", 2);
    assert_eq!(offered(&view(&task, "someone stole my card")), ["card_arrival", "lost_or_stolen_card"]);
    assert_eq!(offered(&view(&task, "рубли")), ["card_arrival", "lost_or_stolen_card"]);
    assert_eq!(offered(&view(&task, "what is your exchange rate?")).len(), 2);
}

#[test]
fn only_what_is_offered_is_read() {
    let view = view(&five("classify", 2), "someone stole my card");
    let read = |answer: &str| {
        kind("classify").unwrap().read_answer(&view.task, &view.item, &RawAnswer::of(answer)).outcome
    };
    let right = view.task.schema.by_name("lost_or_stolen_card").unwrap();
    assert_eq!(read(r#"{"label": "lost or stolen card"}"#), Outcome::Labeled(Value::Choice(right)));
    assert_eq!(
        read(r#"{"label": "refund"}"#),
        Outcome::Unusable(Unusable::NotOffered { got: "refund".into() })
    );
}

#[test]
fn the_system_message_and_the_answer_format_do_not_list_what_is_offered() {
    let task = five("multi_label", 2);
    let prompter = Prompter::new(&task, kind("multi_label").unwrap(), &PromptStyle::default()).unwrap();
    assert!(!prompter.system().contains("refund"), "{}", prompter.system());
    assert!(!prompter.answer_format().to_string().contains("enum"));
    let messages = prompter.messages(&view(&task, "my money back"), &[]).unwrap();
    assert!(messages[1].content.starts_with("The labels for this item:\n- "), "{}", messages[1].content);
}

#[test]
fn a_shortlist_as_long_as_the_labels_lists_all_of_them() {
    let task = five("classify", 9);
    assert_eq!(view(&task, "x").offered, None);
    let prompter = Prompter::new(&task, kind("classify").unwrap(), &PromptStyle::default()).unwrap();
    assert!(
        prompter.system().contains("- refund") && prompter.answer_format().to_string().contains("refund")
    );
}

#[test]
fn a_large_set_without_a_shortlist_says_what_to_set() {
    let names: Vec<String> = (0..=MAX_LISTED).map(|n| format!("label {n}")).collect();
    let make = |shortlist| {
        let task = task("classify", &names, shortlist);
        Inquiry::new(Arc::new(task), kind("classify").unwrap(), None).err()
    };
    let error = make(None).unwrap();
    assert!(error.to_string().contains("251 labels"), "{error}");
    assert!(error.next_step().unwrap().contains("`shortlist = 50`"));
    assert!(make(Some(50)).is_none() && make(Some(251)).is_none());
    assert!(
        Inquiry::new(Arc::new(task("classify", &names[1..], None)), kind("classify").unwrap(), None).is_ok()
    );
}

#[test]
fn a_moderator_sees_all_labels_or_a_shortlist_and_may_take_any() {
    let style = PromptStyle { moderates: true, ..PromptStyle::default() };
    let few = five("classify", 2);
    let prompter = Prompter::new(&few, kind("classify").unwrap(), &style).unwrap();
    assert!(prompter.system().contains("- refund"));
    let names: Vec<String> = (0..400).map(|n| format!("label {n}")).collect();
    let many = task("classify", &names, Some(3));
    let whole = Inquiry::whole(Arc::new(many), kind("classify").unwrap());
    let Step::Ask(views) = whole.next(&Arc::new(item_of("text", "label 17")), &[]) else { panic!("asked") };
    assert_eq!(views[0].offered.as_ref().map(Vec::len), Some(3));
    assert!(views[0].task.schema.read("label 300").is_ok());
}

#[test]
fn settings_that_say_nothing_are_refused_by_name() {
    let make = |kind: &str, shortlist, levels: Option<&str>| {
        let spec = TaskSpec {
            kind: kind.into(),
            labels: ["a", "b"].map(LabelSpec::named).into(),
            shortlist,
            levels: levels.map(str::to_owned),
            ..TaskSpec::default()
        };
        crate::task(spec, &Default::default(), &Default::default(), String::new())
            .err()
            .map(|it| it.to_string())
    };
    for (error, word) in [
        (make("spans", Some(5), None), "`shortlist`"),
        (make("multi_label", None, Some(">")), "`levels`"),
        (make("classify", Some(1), None), "`shortlist`"),
        (make("classify", None, Some(" ")), "`levels`"),
    ] {
        assert!(error.unwrap().contains(word), "{word}");
    }
    assert_eq!(make("classify", Some(5), None), None);
}

#[test]
fn recall_is_the_share_of_right_labels_among_the_nearest() {
    let task = five("multi_label", 2);
    let label = |name: &str| task.schema.by_name(name).unwrap();
    let items =
        ["my card was stolen", "exchange rate and refund", "nothing of that"].map(|it| item_of("text", it));
    let gold = [
        Value::choices(vec![label("lost_or_stolen_card")]),
        Value::choices(vec![label("exchange_rate"), label("top_up_limits")]),
        Value::choices(Vec::new()),
    ];
    let rows = shortlist_recall(&task, items.iter().zip(&gold), &[1, 2]).unwrap();
    assert_eq!(
        rows,
        [ShortlistRecall { k: 1, recall: 0.75, n: 2 }, ShortlistRecall { k: 2, recall: 0.75, n: 2 }]
    );
    assert_eq!(shortlist_recall(&task, [], &[1]).unwrap(), []);
}
