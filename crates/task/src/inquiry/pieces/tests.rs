//! Long texts: what is cut, what is asked, and what the pieces say together.

use karat_core::{LabelSpec, TaskSpec};

use super::*;
use crate::inquiry::{Inquiry, Step};
use crate::kind::kind;
use crate::kinds::item_of;

/// An inquiry that cuts texts at so many words.
fn inquiry(task_kind: &str, max_tokens: usize, overlap_tokens: usize) -> Inquiry {
    let task = Task::of(task_kind, vec![LabelSpec::named("PER"), LabelSpec::named("ORG")], "text").unwrap();
    let count: Counter = Arc::new(|text: &str| text.split_whitespace().count());
    let long = Long { max_tokens, overlap_tokens, count };
    Inquiry::new(Arc::new(task), kind(task_kind).unwrap(), Some(long)).unwrap()
}

/// Asks every piece; `answer` gives what a model would say of it.
fn heard(inquiry: &Inquiry, text: &str, answer: impl Fn(&View) -> Outcome) -> (usize, Heard) {
    let item = Arc::new(item_of("text", text));
    let Step::Ask(views) = inquiry.next(&item, &[]) else { panic!("nothing was asked") };
    let said = views.iter().map(|view| Heard {
        reading: Reading { outcome: answer(view), notes: vec![], problem: None, stated: None },
        confidence: Confidence::Raw(0.5 + f64::from(view.start) / 1e6, ConfidenceSource::Stated),
    });
    let said: Vec<Heard> = said.collect();
    match inquiry.next(&item, &said) {
        Step::Done(done) => (views.len(), *done),
        Step::Ask(_) => panic!("more was asked"),
    }
}

fn long_text() -> String {
    let sentences: Vec<String> = (0..40).map(|n| format!("Сказано было много, и номер {n} тоже.")).collect();
    format!("{} Ирина Петрова вышла. {}", sentences[..20].join(" "), sentences[20..].join(" "))
}

#[test]
fn an_entity_at_a_border_is_found_once_and_at_its_place() {
    let text = long_text();
    let name = "Ирина Петрова";
    let start = text.chars().collect::<Vec<_>>();
    let start = start.windows(13).position(|it| it.iter().collect::<String>() == name).unwrap() as u32;
    for max_tokens in 16..60 {
        let inquiry = inquiry("spans", max_tokens, 6);
        let label = inquiry.task().schema.by_name("PER").unwrap();
        let (n, done) = heard(&inquiry, &text, |view| {
            let shown = inquiry.task().text_of(&view.item).into_owned();
            let at = shown.find(name).map(|byte| shown[..byte].chars().count() as u32);
            let span =
                |at: u32| LabeledSpan { span: Span::new(at, at + 13).unwrap(), label, quote: name.into() };
            Outcome::Labeled(Value::spans(at.map(span).into_iter().collect()))
        });
        assert!(n > 2, "{n} pieces of {max_tokens}");
        let want = LabeledSpan { span: Span::new(start, start + 13).unwrap(), label, quote: name.into() };
        assert_eq!(done.reading.outcome, Outcome::Labeled(Value::spans(vec![want])), "{max_tokens}");
        assert_eq!(done.reading.notes, [Note::Pieces { n: n as u32 }]);
    }
}

#[test]
fn a_short_text_is_asked_about_whole() {
    let inquiry = inquiry("classify", 16, 4);
    let label = Outcome::Labeled(Value::Choice(inquiry.task().schema.by_name("ORG").unwrap()));
    let (n, done) = heard(&inquiry, "Короткий текст.", |_| label.clone());
    assert_eq!((n, done.reading.notes.len(), done.reading.outcome), (1, 0, label));
}

#[test]
fn most_pieces_decide_a_label_and_a_tie_is_told() {
    let inquiry = inquiry("classify", 40, 6);
    let choice = |name: &str| Outcome::Labeled(Value::Choice(inquiry.task().schema.by_name(name).unwrap()));
    let unsure = Outcome::Abstained(Abstention::Unknown { words: "null".into() });
    let (n, done) = heard(&inquiry, &long_text(), |view| match view.start {
        0 => choice("PER"),
        1..600 => unsure.clone(),
        _ => choice("ORG"),
    });
    assert!(n > 3);
    assert_eq!(done.reading.outcome, choice("ORG"));
    let (_, none) = heard(&inquiry, &long_text(), |_| unsure.clone());
    assert!(matches!(none.reading.outcome, Outcome::Abstained(_)));
    let nth = std::cell::Cell::new(0);
    let (_, tied) = heard(&inquiry, &long_text(), |_| {
        nth.set(nth.get() + 1);
        match nth.get() {
            1 => choice("PER"),
            2 => choice("ORG"),
            _ => unsure.clone(),
        }
    });
    assert!(matches!(tied.reading.outcome, Outcome::Unusable(Unusable::Tied { .. })), "{tied:?}");
}

#[test]
fn a_lost_piece_is_not_an_empty_one() {
    let inquiry = inquiry("spans", 40, 6);
    let (_, done) = heard(&inquiry, &long_text(), |view| match view.start {
        0 => Outcome::Unusable(Unusable::Empty),
        _ => Outcome::Labeled(Value::spans(vec![])),
    });
    assert_eq!(done.reading.outcome, Outcome::Unusable(Unusable::Empty));
}

#[test]
fn what_is_right_for_a_piece_is_what_lies_in_it() {
    let inquiry = inquiry("spans", 40, 6);
    let item = Arc::new(item_of("text", &long_text()));
    let Step::Ask(views) = inquiry.next(&item, &[]) else { panic!("nothing was asked") };
    let label = inquiry.task().schema.by_name("PER").unwrap();
    let truth =
        Value::spans(vec![LabeledSpan {
            span: Span::new(0, 7).unwrap(), label, quote: "Сказано".into()
        }]);
    assert_eq!(inquiry.right_for(&views[0], &truth), Some(truth.clone()));
    assert_eq!(inquiry.right_for(&views[1], &truth), Some(Value::spans(vec![])));
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let refused = |long: Long, spec: TaskSpec| {
        let mut task =
            Task::of("classify", vec![LabelSpec::named("a"), LabelSpec::named("b")], "text").unwrap();
        task.spec = spec;
        Inquiry::new(Arc::new(task), kind("classify").unwrap(), Some(long)).err().map(|it| it.to_string())
    };
    let long = |max_tokens, overlap_tokens| Long { max_tokens, overlap_tokens, count: Arc::new(str::len) };
    assert_eq!(refused(long(100, 50), TaskSpec::default()), None);
    for (max_tokens, overlap_tokens) in [(100, 51), (8, 0)] {
        assert!(
            refused(long(max_tokens, overlap_tokens), TaskSpec::default()).unwrap().contains("`long` has")
        );
    }
    let by_level = TaskSpec { levels: Some(" > ".into()), ..TaskSpec::default() };
    assert!(refused(long(100, 0), by_level).unwrap().contains("not both"));
}
