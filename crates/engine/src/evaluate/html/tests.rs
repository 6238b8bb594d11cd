//! What the page promises: nothing foreign unescaped, nobody left out, nothing from elsewhere, tags that close.

use std::collections::BTreeMap;

use karat_core::MicroUsd;

use super::page;
use crate::evaluate::report::{
    Confusion, Cost, Counts, Disagreement, Judged, LabelRow, Metric, Number, PartRow, Report, SpanRow, Unit,
    Versus,
};
use crate::html::tests::check_form;

const DASH: &str = "<span aria-hidden=\"true\">–</span>";

fn number(value: f64) -> Option<Number> {
    Some(Number { value, low: value - 0.025, high: value + 0.025, n: 200 })
}

fn metric(name: &'static str, value: f64) -> Metric {
    Metric { name, about: "about it", unit: Unit::Share, number: number(value) }
}

fn label(name: &str, f1: f64) -> LabelRow {
    let (precision, recall) = (number(f1 - 0.01), number(f1 + 0.01));
    LabelRow { label: name.to_owned(), support: 90, n_predicted: 80, precision, recall, f1: number(f1) }
}

fn judged(name: &str, value: f64) -> Judged {
    let row = |gold: &str, counts: [u64; 5]| (gold.to_owned(), counts.to_vec());
    let columns = ["pos", "neg", "abstained", "unusable", "failed"].map(str::to_owned);
    Judged {
        name: name.to_owned(),
        model: format!("endpoint/{name}"),
        nature: "live",
        counts: Counts { labeled: 190, abstained: 4, unusable: 3, failed: 3, not_yet: 1_100 },
        reasons: BTreeMap::from([("unusable: unknown_label".to_owned(), 3)]),
        headline: metric("effective accuracy", value),
        metrics: vec![metric("effective accuracy", value), metric("coverage", 0.95)],
        labels: vec![label("pos", 0.8), label("neg", 0.7)],
        confusion: Some(Confusion {
            columns: columns.to_vec(),
            rows: vec![row("pos", [75, 25, 0, 0, 0]), row("neg", [10, 80, 4, 3, 3])],
        }),
        spans: None,
        parts: Vec::new(),
        cost: Cost { micro_usd: Some(MicroUsd(1_250_000)), n_calls: 200, ..Cost::default() },
    }
}

fn versus(best: &str, other: &str, low: f64, high: f64) -> Versus {
    let difference = Some(Number { value: (low + high) / 2.0, low, high, n: 200 });
    Versus { best: best.to_owned(), other: other.to_owned(), difference, p_value: 0.03 }
}

fn report() -> Report {
    Report {
        version: 1,
        name: "reviews".to_owned(),
        kind: "classify".to_owned(),
        question: None,
        tolerance: 0.0,
        gold: "column `label`".to_owned(),
        n_items: 1_500,
        n_gold: 1_300,
        level: 0.95,
        seed: 7,
        annotators: vec![judged("first", 0.812), judged("второй", 0.79), judged("第三", 0.6)],
        comparisons: vec![versus("first", "второй", -0.01, 0.05), versus("first", "第三", 0.1, 0.3)],
        disagreements: vec![Disagreement {
            item: "r-17".to_owned(),
            text: "שירות טוב".to_owned(),
            context: vec![("product".to_owned(), "phone".to_owned())],
            gold: "pos".to_owned(),
            answers: vec![
                ("neg".to_owned(), vec!["второй".to_owned()]),
                ("pos".to_owned(), vec!["first".to_owned()]),
                ("(failed)".to_owned(), vec!["第三".to_owned()]),
            ],
        }],
        problems: vec!["item `r-3`: the gold is not readable".to_owned()],
    }
}

fn of_spans() -> Report {
    let row = |label: &str| SpanRow {
        label: label.to_owned(),
        right: 41,
        wrong_border: 42,
        wrong_type: 43,
        wrong_both: 44,
        missed: 45,
        invented: 46,
    };
    let mut report = report();
    for it in &mut report.annotators {
        it.headline.name = "exact F1";
        it.confusion = None;
        it.spans = Some(vec![row("all"), row("PERSON")]);
    }
    report
}

fn of_many_labels() -> Report {
    let mut report = report();
    let name = |n: usize| format!("label-{n:02}");
    for it in &mut report.annotators {
        it.labels = (0..40).map(|n| label(&name(n), 0.5 + n as f64 / 100.0)).collect();
        let columns = (0..40).map(name).chain(["failed".to_owned()]).collect();
        let counts =
            |n: usize| (0..41).map(move |given| if given == n { 50 } else { u64::from(given == n + 1) * 7 });
        let rows = (0..40).map(|n| (name(n), counts(n).collect())).collect();
        it.confusion = Some(Confusion { columns, rows });
    }
    report
}

fn without_numbers() -> Report {
    let mut report = report();
    report.comparisons.clear();
    for it in &mut report.annotators {
        it.headline.number = None;
        it.metrics.iter_mut().for_each(|it| it.number = None);
        it.labels.iter_mut().for_each(|it| (it.precision, it.recall, it.f1) = (None, None, None));
        it.cost = Cost { n_calls: 5, ..Cost::default() };
    }
    report
}

fn empty() -> Report {
    Report { annotators: vec![], comparisons: vec![], disagreements: vec![], problems: vec![], ..report() }
}

fn all() -> [(&'static str, Report); 5] {
    [
        ("labels", report()),
        ("spans", of_spans()),
        ("many labels", of_many_labels()),
        ("without numbers", without_numbers()),
        ("empty", empty()),
    ]
}

/// Puts a mark that would run as a script into every text of a report, and says how many there are.
fn mark(report: &mut Report) -> usize {
    let mut texts: Vec<&mut String> = vec![&mut report.name, &mut report.kind, &mut report.gold];
    texts.extend(&mut report.problems);
    for it in &mut report.annotators {
        texts.extend([&mut it.name, &mut it.model]);
        texts.extend(it.labels.iter_mut().map(|it| &mut it.label));
        texts.extend(it.spans.iter_mut().flatten().skip(1).map(|it| &mut it.label));
        if let Some(Confusion { columns, rows }) = &mut it.confusion {
            texts.extend(columns);
            texts.extend(rows.iter_mut().map(|(gold, _)| gold));
        }
    }
    for it in &mut report.comparisons {
        texts.extend([&mut it.best, &mut it.other]);
    }
    for it in &mut report.disagreements {
        texts.extend([&mut it.item, &mut it.text, &mut it.gold]);
        texts.extend(it.context.iter_mut().flat_map(|(name, text)| [name, text]));
        texts.extend(it.answers.iter_mut().flat_map(|(answer, names)| names.iter_mut().chain([answer])));
    }
    let n = texts.len();
    for (n, text) in texts.into_iter().enumerate() {
        *text = format!("\"'><script>mark-{n}-</script>&amp;\u{0}");
    }
    for (n, it) in report.annotators.iter_mut().enumerate() {
        it.reasons = BTreeMap::from([(format!("<script>why-{n}-"), 1)]);
    }
    n
}

#[track_caller]
fn check_holds(report: &Report, wanted: &[&str]) {
    let page = page(report);
    for wanted in wanted {
        assert!(page.contains(wanted), "`{wanted}` is not on the page");
    }
}

#[track_caller]
fn check_lacks(report: &Report, unwanted: &[&str]) {
    let page = page(report);
    for unwanted in unwanted {
        assert!(!page.contains(unwanted), "`{unwanted}` is on the page");
    }
}

#[test]
fn all_texts_are_on_the_page_and_none_of_them_can_run() {
    for (what, mut report) in all() {
        let n = mark(&mut report);
        let page = page(&report);
        assert!(!page.contains("<script"), "{what}");
        assert!(!page.contains('\0'), "{what}");
        check_form(what, &page);
        if what == "labels" || what == "spans" {
            let lost: Vec<usize> = (0..n)
                .filter(|n| !page.contains(&format!("&lt;script&gt;mark-{n}-&lt;/script&gt;&amp;amp;")))
                .collect();
            assert!(lost.is_empty(), "{what}: the texts {lost:?} of {n} are not shown");
        }
        if what != "empty" {
            assert!(page.contains("&lt;script&gt;why-2-"), "{what}");
        }
    }
}

#[test]
fn every_tag_closes_and_every_link_arrives() {
    for (what, report) in all() {
        check_form(what, &page(&report));
    }
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    for (_, report) in all() {
        check_lacks(
            &report,
            &["http:", "https:", "//", "<script", "<link", "<img", " src=", "url(", "@import", " onclick"],
        );
    }
}

#[test]
fn every_annotator_is_in_every_part() {
    let page = page(&report());
    for part in ["ranked", "outcomes", "best", "each", "disagreements"] {
        let (_, section) = page.split_once(&format!("<section id=\"{part}\"")).unwrap();
        let (section, _) = section.split_once("</section>").unwrap();
        for name in ["first", "второй", "第三"] {
            assert!(section.contains(&format!("<bdi>{name}</bdi>")), "{name} in {part}");
        }
    }
}

#[test]
fn numbers_stand_with_interval_and_n() {
    check_holds(
        &report(),
        &[
            "<span class=\"v\">81.2 %</span> <span class=\"ci\">(78.7–83.7)</span>",
            "1,300 of 1,500 items",
            "95 %, seed 7",
            "<code>label</code>",
            "<span class=\"v\">$1.25</span>",
            "data-label=\"not yet\">1,100</td>",
        ],
    );
}

#[test]
fn what_is_undefined_is_a_dash_that_says_why() {
    let report = without_numbers();
    check_lacks(&report, &["NaN", "inf", ">0.0 %"]);
    let why =
        ["no item with gold was asked", "the label was never given", "there is no price", "share no items"];
    check_holds(&report, &[DASH]);
    check_holds(&report, &why);
}

#[test]
fn without_calls_there_is_no_cost_to_show() {
    let mut report = report();
    report.annotators.iter_mut().for_each(|it| it.cost = Cost::default());
    check_holds(&report, &["no call was counted", "What they cost is not known"]);
    check_lacks(&report, &["tokens sent"]);
}

#[test]
fn a_number_that_is_not_finite_is_undefined() {
    let mut report = report();
    report.annotators[0].headline.number = Some(Number { value: 0.5, low: f64::NAN, high: 1.0, n: 1 });
    report.annotators[1].metrics[1].number = Some(Number { value: f64::INFINITY, low: 0.0, high: 1.0, n: 1 });
    check_lacks(&report, &["NaN", "inf "]);
    check_form("not finite", &page(&report));
}

#[test]
fn what_is_not_live_says_so() {
    let mut report = report();
    check_lacks(&report, &["class=\"badge\"", "not live"]);
    report.annotators.iter_mut().for_each(|it| it.nature = "replay");
    check_holds(&report, &["recorded answers, not live</p>"]);
    report.annotators[1].nature = "scripted";
    check_holds(
        &report,
        &["recorded answers of 2 annotators and made-up answers of 1 annotator, not live</p>"],
    );
}

#[test]
fn an_interval_of_the_difference_that_holds_zero_is_said_in_words() {
    check_holds(
        &report(),
        &[
            "второй</bdi> may be as good",
            "first</bdi> is better",
            "1 of the 2 others may be as good",
            "+2.0",
            "(−1.0 to +5.0)",
        ],
    );
    let mut report = report();
    report.comparisons = vec![versus("first", "второй", -0.4, -0.2)];
    check_holds(&report, &["<bdi>второй</bdi> is better on the items that both were asked"]);
    check_lacks(&report, &["may be as good"]);
}

#[test]
fn agreeing_with_gold_is_told_by_sign_and_word() {
    check_holds(
        &report(),
        &[
            "✓</span><div><b dir=\"auto\">pos</b> <span class=\"verdict\">as gold · 1 of 3",
            "✗</span><div><b dir=\"auto\">neg</b> <span class=\"verdict\">not gold · 1 of 3",
            "∅</span><div><b dir=\"auto\">failed</b> <span class=\"verdict\">no label · 1 of 3",
            "<blockquote dir=\"auto\">שירות טוב</blockquote>",
        ],
    );
}

#[test]
fn a_confusion_cell_is_shaded_by_its_row_and_outcomes_are_set_apart() {
    check_holds(
        &report(),
        &[
            "<td class=\"wrong\" style=\"--s:0.500\" title=\"25.0 %\">25",
            "<td class=\"right\" style=\"--s:0.894\" title=\"80.0 %\">80",
            "<td class=\"out first-out\" style=\"--s:0.200\" title=\"4.0 %\">4",
            "<b><bdi>pos</bdi></b> for <b><bdi>neg</bdi></b> 25 times (25.0 % of its gold)",
        ],
    );
}

#[test]
fn many_labels_are_listed_as_their_worst_pairs() {
    let report = of_many_labels();
    check_lacks(&report, &["class=\"heat"]);
    check_holds(&report, &["the 20 pairs that were confused most, of 39", "All 40 labels", "12.3 %"]);
}

#[test]
fn the_fate_of_spans_is_shown_in_all_its_kinds() {
    check_holds(
        &of_spans(),
        &[
            "aria-label=\"41 right, 42 wrong border, 43 wrong label, 44 wrong both, 45 missed, 46 invented\"",
            "all labels",
            "An item counts as right here when all its spans are",
            "<b>Exact F1</b> asks",
        ],
    );
}

#[test]
fn only_the_first_annotator_is_unfolded() {
    let page = page(&report());
    let unfolded: Vec<&str> = page.split("<details class=\"annotator\" open>").skip(1).collect();
    assert_eq!(unfolded.len(), 1);
    assert!(
        unfolded[0].trim_start().starts_with("<summary><span class=\"place\">1</span> <b><bdi>first</bdi>")
    );
}

#[test]
fn coverage_is_drawn_where_it_differs_from_all() {
    check_holds(&report(), &["class=\"m diamond\""]);
    let mut report = report();
    report
        .annotators
        .iter_mut()
        .for_each(|it| it.metrics[1].number = Some(Number { value: 1.0, low: 0.98, high: 1.0, n: 200 }));
    check_lacks(&report, &["class=\"m diamond\""]);
}

#[test]
fn a_form_shows_its_questions_and_no_table_of_labels() {
    let mut report = report();
    report.question = Some("tone".to_owned());
    for it in &mut report.annotators {
        it.labels.clear();
        it.parts = vec![PartRow {
            part: "<tone>".to_owned(),
            kind: "classify".to_owned(),
            n_gold: 90,
            n_given: 80,
            headline: metric("effective accuracy", 0.8),
            exact: number(0.8),
        }];
    }
    let page = page(&report);
    check_form("a form", &page);
    assert!(
        page.contains("Part by part") && page.contains("&lt;tone&gt;") && !page.contains("Label by label")
    );
    assert!(page.contains("<dt>Question</dt>"));
}

#[test]
fn a_number_in_a_unit_of_its_own_is_no_percentage() {
    let mut report = report();
    let metric = Metric { unit: Unit::Number, ..metric("mean absolute error", 4.25) };
    report.annotators[0].metrics.push(metric);
    let page = page(&report);
    assert!(
        page.contains("<span class=\"v\">4.250</span> <span class=\"ci\">(4.225 to 4.275)</span>"),
        "{page}"
    );
}
