//! Runs over small recordings whose scores were worked out by hand.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helping functions too"
)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use karat_core::{AnnotatorSpec, Budget};
use karat_engine::evaluate::{EvaluateOptions, Judged, Report, SpanRow, evaluate, find_gold};
use karat_engine::measure::Measure;
use karat_engine::{Asker, Count, OneLine, RunOptions, Selection, Setup, Watch, run};
use karat_store::Store;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Nothing here takes that long; what does hangs.
const HANGS: Duration = Duration::from_secs(60);

/// A folder with items `(text, gold, recorded answer)`; their ids are `0`, `1` and so on. `None` is nothing recorded.
fn recorded(items: &[(&str, Value, Option<Value>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let lines = |line: &dyn Fn(usize) -> Option<Value>| {
        let lines: Vec<String> =
            (0..items.len()).filter_map(line).map(|line| line.to_string() + "\n").collect();
        lines.concat()
    };
    let data = lines(&|n| Some(json!({"id": n.to_string(), "text": items[n].0, "gold": items[n].1})));
    let answers = lines(&|n| {
        let answer = items[n].2.as_ref()?.to_string();
        Some(
            json!({"id": n.to_string(), "responses": [{"model": "m", "raw": answer, "annotator_kind": "llm"}]}),
        )
    });
    fs::write(folder.path().join("data.jsonl"), data).unwrap();
    fs::write(folder.path().join("answers.jsonl"), answers).unwrap();
    folder
}

fn setup(folder: &Path, kind: &str, labels: &[&str], annotator: AnnotatorSpec, budget: Budget) -> Setup {
    let line = OneLine {
        files: vec!["data.jsonl".into()],
        kind: kind.into(),
        labels: labels.iter().map(|&label| label.into()).collect(),
        text: Some("text".into()),
        id: Some("id".into()),
        gold: Some("gold".into()),
        annotators: vec![AnnotatorSpec { answers: Some("answers.jsonl".into()), ..annotator }],
        budget,
        ..OneLine::default()
    };
    Setup::one_line(folder, line).unwrap()
}

/// Runs all items and evaluates.
async fn run_all(setup: &Setup) -> (Count, Report) {
    let store = Store::open(&setup.folder).await.unwrap();
    let askers: Vec<Asker> = setup.annotators.iter().map(|spec| Asker::new(setup, spec).unwrap()).collect();
    let options = RunOptions { selection: Selection::New, first: None, seed: 0 };
    let watch = Watch::default();
    let run = run(setup, &store, &askers, &options, &watch);
    let end = tokio::time::timeout(HANGS, run).await.expect("the run hangs").unwrap();
    assert!(end.errors.is_empty(), "{:?}", end.errors);
    let (n_lost, _) = store.spending().await.unwrap().lost_in_crashes();
    assert_eq!(n_lost, 0, "nothing is still set aside");
    let gold = find_gold(setup, None).unwrap();
    let measure = Measure::of(setup, None).unwrap();
    let options = EvaluateOptions { measure, seed: 0, n_resamples: 200 };
    (end.count, evaluate(setup, &store, &askers, &gold, options).await.unwrap())
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[track_caller]
fn check_metric(judged: &Judged, name: &str, right: f64, n: u64) {
    let metric = judged.metrics.iter().find(|it| it.name == name).unwrap_or_else(|| panic!("no `{name}`"));
    let number = metric.number.unwrap();
    assert!((number.value - right).abs() < 1e-9, "{name} is {}, not {right}", number.value);
    assert_eq!(number.n, n, "n of {name}");
    assert!(number.low <= number.value && number.value <= number.high, "{name}: {number:?}");
}

fn labels(items: &[(&'static str, Option<&'static str>)]) -> Vec<(&'static str, Value, Option<Value>)> {
    let texts = ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9", "t10", "t11"];
    let item = |(text, (gold, answer)): (&&'static str, &(&'static str, Option<&str>))| {
        let gold = if gold.is_empty() { Value::Null } else { json!(gold) };
        let answer =
            answer.map(|label| json!({"label": if label.is_empty() { Value::Null } else { json!(label) }}));
        (*text, gold, answer)
    };
    texts.iter().zip(items).map(item).collect()
}

/// Ten of twelve items count: one has no answer in the recording, one has no gold.
const CLASSES: [(&str, Option<&str>); 12] = [
    ("apple", Some("apple")),
    ("apple", Some("apple")),
    ("apple", Some("bread")),
    ("bread", Some("bread")),
    ("bread", Some("bread")),
    ("bread", Some("apple")),
    ("cheese", Some("cheese")),
    ("cheese", Some("xylophone")),
    ("cheese", Some("")),
    ("cheese", Some("cheese")),
    ("apple", None),
    ("", Some("bread")),
];

#[test]
fn scores_of_labels_are_those_worked_out_by_hand() {
    let folder = recorded(&labels(&CLASSES));
    let classes = ["apple", "bread", "cheese"];
    let setup = setup(folder.path(), "classify", &classes, AnnotatorSpec::of("replay/m"), Budget::default());
    let (count, report) = wait(run_all(&setup));
    assert_eq!((count.n_labeled, count.n_abstained, count.n_unusable, count.n_not_recorded), (9, 1, 1, 1));
    assert_eq!((report.n_items, report.n_gold), (12, 11));
    let judged = &report.annotators[0];
    let counts = judged.counts;
    assert_eq!(
        (counts.labeled, counts.abstained, counts.unusable, counts.failed, counts.not_yet),
        (8, 1, 1, 0, 1)
    );
    check_metric(judged, "effective accuracy", 0.6, 10);
    check_metric(judged, "accuracy among labeled", 0.75, 8);
    check_metric(judged, "coverage", 0.8, 10);
    check_metric(judged, "macro F1", 2.0 / 3.0, 10);
    // Six right, two wrongly given, four missed.
    check_metric(judged, "micro F1", 12.0 / 18.0, 12);
    // Wilson's interval of 6 of 10.
    let number = judged.headline.number.unwrap();
    assert!((number.low - 0.312_67).abs() < 1e-4 && (number.high - 0.831_82).abs() < 1e-4, "{number:?}");
    let rows: Vec<_> = judged
        .labels
        .iter()
        .map(|it| (it.support, it.n_predicted, it.precision.unwrap().value, it.recall.unwrap().value))
        .collect();
    let third = 1.0 / 3.0;
    assert_eq!(rows, [(3, 3, 2.0 * third, 2.0 * third), (3, 3, 2.0 * third, 2.0 * third), (4, 2, 1.0, 0.5)]);
    let confusion = judged.confusion.as_ref().unwrap();
    let cells: Vec<&[u64]> = confusion.rows.iter().map(|(_, cells)| cells.as_slice()).collect();
    assert_eq!(confusion.columns, ["apple", "bread", "cheese", "abstained", "unusable", "failed"]);
    assert_eq!(cells, [[2, 1, 0, 0, 0, 0], [1, 2, 0, 0, 0, 0], [0, 0, 2, 1, 1, 0]]);
}

#[test]
fn scores_of_spans_are_those_worked_out_by_hand() {
    let span = |label: &str, start: u32, end: u32, quote: &str| json!({"label": label, "start": start, "end": end, "text": quote});
    let said = |label: &str, quote: &str| json!({"label": label, "quote": quote});
    let items = [
        (
            "Anna met Bob in Oslo.",
            json!([
                span("person", 0, 4, "Anna"),
                span("person", 9, 12, "Bob"),
                span("place", 16, 20, "Oslo")
            ]),
            Some(
                json!({"spans": [said("person", "Anna"), said("person", "Bob in"), said("person", "Oslo")]}),
            ),
        ),
        (
            "Rain fell on Rome.",
            json!([span("place", 13, 17, "Rome")]),
            Some(json!({"spans": [said("place", "Rain")]})),
        ),
        ("Nobody was there.", json!([]), Some(json!({"spans": []}))),
        ("Never asked about Paris.", json!([span("place", 18, 23, "Paris")]), None),
    ];
    let folder = recorded(&items);
    let spec = AnnotatorSpec::of("replay/m");
    let setup = setup(folder.path(), "spans", &["person", "place"], spec, Budget::default());
    let (count, report) = wait(run_all(&setup));
    assert_eq!((count.n_labeled, count.n_not_recorded), (3, 1));
    let judged = &report.annotators[0];
    assert_eq!((judged.counts.labeled, judged.counts.not_yet), (3, 1));
    let value = |name: &str| judged.metrics.iter().find(|it| it.name == name).unwrap().number.unwrap().value;
    let values = ["exact precision", "exact recall", "exact F1", "overlapping F1", "coverage"].map(value);
    assert_eq!(values, [0.25, 0.25, 0.25, 0.5, 1.0]);
    assert!((value("effective accuracy") - 1.0 / 3.0).abs() < 1e-9);
    let all = &judged.spans.as_ref().unwrap()[0];
    let expected = SpanRow {
        label: "all".into(),
        right: 1,
        wrong_border: 1,
        wrong_type: 1,
        wrong_both: 0,
        missed: 1,
        invented: 1,
    };
    assert_eq!(*all, expected);
}

#[test]
fn what_was_set_aside_for_an_answer_that_is_not_recorded_is_given_back() {
    // The limit allows one call at a time: what the first item sets aside, the second needs.
    let folder = recorded(&labels(&[
        ("apple", None),
        ("apple", Some("apple")),
        ("bread", None),
        ("bread", Some("bread")),
    ]));
    fs::write(
        folder.path().join("prices.toml"),
        "version = \"t\"\n[[price]]\nendpoint = \"openai\"\nmodel = \"m\"\ndate = \"2026-01-01\"\ninput = 1.0\noutput = 1.0\n",
    )
    .unwrap();
    let spec = AnnotatorSpec {
        price: Some("openai/m".into()),
        max_tokens: 1000,
        concurrency: 2,
        ..AnnotatorSpec::of("replay/m")
    };
    let budget = Budget { max_cost_usd: Some(0.003), prices: Some("prices.toml".into()) };
    let setup = setup(folder.path(), "classify", &["apple", "bread"], spec, budget);
    let (count, _) = wait(run_all(&setup));
    assert_eq!((count.n_labeled, count.n_not_recorded), (2, 2));
}
