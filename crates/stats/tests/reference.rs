//! Every statistic against a published implementation: scikit-learn, seqeval, nervaluate, statsmodels, numpy.
//!
//! The expected values in `reference/*.json` were written by `reference/make.py`, which says how to run it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helping functions too")]

use karat_stats::{
    Class, Estimate, Interval, IntervalOptions, Level, NoLabel, Outcome, Pair, Prf, PrfReport, Span,
    SpanScore, bootstrap, bootstrap_grouped, mcnemar_exact, score_classification, score_multi_label,
    score_spans, wilson,
};
use serde_json::Value;

const OPTIONS: IntervalOptions = IntervalOptions { level: Level::P95, n_resamples: 200, seed: 7 };

fn read(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn class(value: &Value) -> Class {
    Class(u32::try_from(number(value)).unwrap())
}

#[track_caller]
fn check_close(what: &str, got: f64, want: &Value) {
    let want = want.as_f64().unwrap();
    assert!((got - want).abs() < 1e-9, "{what}: got {got}, want {want}");
}

/// The value is the published one, undefined where that is, and inside its interval, which is in [0, 1].
#[track_caller]
fn check_estimate(what: &str, got: Option<Estimate>, want: &Value) {
    assert_eq!(got.is_some(), !want.is_null(), "{what}: got {got:?}, want {want}");
    if let Some(got) = got {
        check_close(what, got.value, want);
        let Interval { low, high } = got.interval;
        assert!(0.0 <= low && low <= got.value && got.value <= high && high <= 1.0, "{what}: {got:?}");
        assert!(low < high && got.n > 0, "{what}: {got:?}");
    }
}

#[track_caller]
fn check_scores(what: &str, got: &Prf, want: &Value) {
    check_estimate(&format!("{what} precision"), got.precision, &want[0]);
    check_estimate(&format!("{what} recall"), got.recall, &want[1]);
    check_estimate(&format!("{what} f1"), got.f1, &want[2]);
}

#[track_caller]
fn check_averages(got: &PrfReport, want: &Value) {
    check_scores("micro", &got.micro_avg, &want["micro"]);
    check_scores("macro", &got.macro_avg, &want["macro"]);
    check_scores("weighted", &got.weighted_avg, &want["weighted"]);
}

fn outcome(code: &Value) -> Outcome<Class> {
    match code.as_i64().unwrap() {
        reason if reason < 0 => Outcome::NoLabel(NoLabel::ALL[(-1 - reason) as usize]),
        _ => Outcome::Labeled(class(code)),
    }
}

#[test]
fn wilson_intervals_are_those_of_statsmodels() {
    for case in list(&read(include_str!("reference/intervals.json"))["wilson"]) {
        let level = Level::new(case["level"].as_f64().unwrap()).unwrap();
        let interval = wilson(number(&case["k"]), number(&case["n"]), level).unwrap();
        check_close("low", interval.low, &case["low"]);
        check_close("high", interval.high, &case["high"]);
    }
}

#[test]
fn mcnemar_p_values_are_those_of_statsmodels() {
    for case in list(&read(include_str!("reference/intervals.json"))["mcnemar"]) {
        let p = mcnemar_exact(number(&case["only_first"]), number(&case["only_second"]));
        check_close("p", p, &case["p"]);
        let relative = (p - case["p"].as_f64().unwrap()).abs() / p;
        assert!(relative < 1e-9, "{case}: {p}");
    }
}

/// The options of a case of bootstrap.json, and the interval it must give to the last bit.
fn bootstrap_case(case: &Value) -> (IntervalOptions, Option<Interval>) {
    let n_resamples = number(&case["n_resamples"]) as u32;
    let seed = case["seed"].as_str().unwrap().parse().unwrap();
    let (low, high) = (case["low"].as_f64().unwrap(), case["high"].as_f64().unwrap());
    (IntervalOptions { level: Level::P95, n_resamples, seed }, Some(Interval { low, high }))
}

#[test]
fn a_bootstrap_of_items_gives_the_bits_of_a_second_implementation() {
    for case in list(&read(include_str!("reference/bootstrap.json"))["items"]) {
        let (options, want) = bootstrap_case(case);
        let mean = |drawn: &[usize]| Some(drawn.iter().sum::<usize>() as f64 / drawn.len() as f64);
        assert_eq!(bootstrap(number(&case["n_items"]) as usize, mean, &options), want, "{case}");
    }
}

#[test]
fn a_bootstrap_of_groups_gives_the_bits_of_a_second_implementation() {
    for case in list(&read(include_str!("reference/bootstrap.json"))["groups"]) {
        let (options, want) = bootstrap_case(case);
        let sizes: Vec<u64> = list(&case["sizes"]).iter().map(number).collect();
        let n_items: u64 = sizes.iter().sum();
        let mean_group = |drawn: &[u64], out: &mut [Option<f64>]| {
            let sum: u64 = drawn.iter().zip(0..).map(|(n, group)| n * group).sum();
            out[0] = Some(sum as f64 / n_items as f64);
        };
        assert_eq!(bootstrap_grouped(&sizes, 1, mean_group, &options), [want], "{case}");
    }
}

#[test]
fn classification_scores_are_those_of_scikit_learn() {
    for case in list(&read(include_str!("reference/classification.json"))) {
        let golds = list(&case["gold"]).iter().map(|gold| gold.as_u64().map(|_| class(gold)));
        let outcomes = list(&case["outcome"]).iter().map(outcome);
        let pairs: Vec<_> = golds.zip(outcomes).map(|(gold, outcome)| Pair { gold, outcome }).collect();
        let n_classes = number(&case["n_classes"]) as u32;
        let score = score_classification(&pairs, n_classes, &OPTIONS).unwrap();
        check_estimate("coverage", score.coverage.all, &case["coverage"]);
        check_estimate("accuracy", score.accuracy, &case["accuracy"]);
        check_estimate("effective accuracy", score.effective_accuracy, &case["effective_accuracy"]);
        check_averages(&score.by_label, &case["averages"]);
        for (got, want) in score.by_label.labels.iter().zip(list(&case["averages"]["labels"])) {
            check_scores(&format!("label {}", got.class.0), &got.scores, want);
        }
        for (gold, row) in (0..n_classes).zip(list(&case["confusion"])) {
            let columns = (0..n_classes).map(|label| Outcome::Labeled(Class(label)));
            let reasons = NoLabel::ALL.map(Outcome::NoLabel);
            let got = columns.chain(reasons).map(|column| score.confusion.count(Class(gold), column));
            assert_eq!(got.collect::<Vec<_>>(), list(row).iter().map(number).collect::<Vec<_>>());
        }
    }
}

#[test]
fn multi_label_scores_are_those_of_scikit_learn() {
    for case in list(&read(include_str!("reference/multi_label.json"))) {
        let classes = |value: &Value| value.as_array().map(|all| all.iter().map(class).collect::<Vec<_>>());
        let items: Vec<_> = list(&case["items"])
            .iter()
            .map(|item| (classes(&item["gold"]), classes(&item["found"])))
            .collect();
        let pairs: Vec<_> = items
            .iter()
            .map(|(gold, found)| Pair {
                gold: gold.as_deref(),
                outcome: found.as_deref().map_or(Outcome::NoLabel(NoLabel::Failed), Outcome::Labeled),
            })
            .collect();
        let score = score_multi_label(&pairs, number(&case["n_classes"]) as u32, &OPTIONS).unwrap();
        check_estimate("subset accuracy", score.subset_accuracy, &case["subset_accuracy"]);
        check_estimate("effective", score.effective_subset_accuracy, &case["effective_subset_accuracy"]);
        check_estimate("jaccard", score.jaccard, &case["jaccard"]);
        check_estimate("effective jaccard", score.effective_jaccard, &case["effective_jaccard"]);
        check_estimate("hamming loss", score.hamming_loss, &case["hamming_loss"]);
        check_averages(&score.by_label, &case["averages"]);
        for (got, want) in score.by_label.labels.iter().zip(list(&case["averages"]["labels"])) {
            check_scores(&format!("label {}", got.class.0), &got.scores, want);
        }
    }
}

fn spans(value: &Value) -> Vec<Span> {
    let span = |one: &Value| {
        let [start, end, class] = [0, 1, 2].map(|place| number(&one[place]) as u32);
        Span { start, end, class: Class(class) }
    };
    list(value).iter().map(span).collect()
}

fn score(items: &[(Vec<Span>, Vec<Span>)], n_classes: u32) -> SpanScore {
    let pairs: Vec<_> = items
        .iter()
        .map(|(gold, found)| Pair { gold: Some(&gold[..]), outcome: Outcome::Labeled(&found[..]) })
        .collect();
    score_spans(&pairs, n_classes, &OPTIONS).unwrap()
}

/// The pairs of gold and predicted spans of a case.
fn items(case: &Value) -> Vec<(Vec<Span>, Vec<Span>)> {
    list(&case["items"]).iter().map(|item| (spans(&item[0]), spans(&item[1]))).collect()
}

/// Exact scores per label and micro average; seqeval gives 0 where a score is undefined, so such labels are
/// skipped.
#[track_caller]
fn check_seqeval(score: &SpanScore, want: &Value) {
    check_scores("micro", &score.exact.micro_avg, &want["micro"]);
    let is_defined = |prf: &Prf| prf.precision.is_some() && prf.recall.is_some();
    for (got, want) in score.exact.labels.iter().zip(list(&want["labels"])) {
        if is_defined(&got.scores) {
            check_scores(&format!("label {}", got.class.0), &got.scores, want);
        }
    }
    if score.exact.labels.iter().all(|label| is_defined(&label.scores)) {
        check_averages(&score.exact, want);
    }
}

#[test]
fn exact_span_scores_are_those_of_seqeval() {
    for case in list(&read(include_str!("reference/spans_seqeval.json"))) {
        check_seqeval(&score(&items(case), number(&case["n_classes"]) as u32), case);
    }
}

#[test]
fn span_errors_and_overlapping_scores_are_those_of_nervaluate() {
    for case in list(&read(include_str!("reference/spans_nervaluate.json"))) {
        let score = score(&items(case), number(&case["n_classes"]) as u32);
        let errors = score.errors;
        let got = [
            errors.right,
            errors.wrong_border,
            errors.wrong_type,
            errors.wrong_both,
            errors.missed,
            errors.invented,
        ];
        let want = ["right", "wrong_border", "wrong_type", "wrong_both", "missed", "invented"];
        assert_eq!(got, want.map(|name| number(&case[name])));
        check_scores("exact", &score.exact.micro_avg, &case["exact"]);
        check_scores("overlap", &score.overlap.micro_avg, &case["overlap"]);
    }
}

#[test]
fn six_systems_of_wnut17_score_as_in_seqeval_and_as_published() {
    // Derczynski et al., "Results of the WNUT2017 Shared Task on Novel and Emerging Entity Recognition",
    // 2017.
    let published = [
        ("drexel_cci", 26.30),
        ("flytxt", 38.35),
        ("mic-cis", 37.06),
        ("sjtu_adapt", 40.42),
        ("spinningbytes", 40.78),
        ("uh_ritual", 41.86),
    ];
    let data = read(include_str!("reference/wnut17.json"));
    let golds: Vec<_> = list(&data["gold"]).iter().map(spans).collect();
    let n_classes = list(&data["labels"]).len() as u32;
    for (name, want) in published {
        let system = &data["systems"][name];
        let found = list(&system["spans"]).iter().map(spans);
        let score = score(&golds.iter().cloned().zip(found).collect::<Vec<_>>(), n_classes);
        check_seqeval(&score, system);
        let percent = 100.0 * score.exact.micro_avg.f1.unwrap().value;
        assert!((percent - want).abs() < 0.005, "{name}: {percent} instead of {want}");
        assert_eq!((score.errors.n_gold(), score.errors.n_predicted()), counts(&score));
        // nervaluate pairs greedily: as many spans are left over, and a few pairs may have another class.
        assert_eq!(score.errors.missed, number(&system["missed"]), "{name}");
        assert_eq!(score.errors.invented, number(&system["invented"]), "{name}");
        let more = score.errors.right + score.errors.wrong_border - number(&system["right_type"]);
        assert!(more <= 2, "{name}: {more} more");
    }
}

/// The numbers of gold and predicted spans as the exact scores count them.
fn counts(score: &SpanScore) -> (u64, u64) {
    let labels = &score.exact.labels;
    (labels.iter().map(|label| label.support).sum(), labels.iter().map(|label| label.n_predicted).sum())
}
