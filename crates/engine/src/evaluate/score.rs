//! Turns gathered outcomes into one annotator's tables, one function for each shape of a value.

mod graded;
mod parts;
mod whole;

use karat_core::{AnnotatorKind, Error, Result, Shape};
use karat_stats::{
    Class, Estimate, IntervalOptions, NoLabel, Outcome, Pair, PrfReport, Span, SpanErrors,
    score_classification, score_multi_label, score_spans,
};

use super::gather::Gathered;
use super::report::{Confusion, Cost, Counts, Judged, LabelRow, Metric, Number, PartRow, SpanRow, Unit};
use crate::asker::Asker;
use crate::measure::Measure;
use crate::plain::{Given, Plain};

/// The outcomes that are no labels, as columns of a confusion table.
const NO_LABELS: [(&str, NoLabel); 3] =
    [("abstained", NoLabel::Abstained), ("unusable", NoLabel::Unusable), ("failed", NoLabel::Failed)];

/// What the scores of every shape have in common.
struct Scored {
    headline: Metric,
    metrics: Vec<Metric>,
    by_label: Option<PrfReport>,
    confusion: Option<Confusion>,
    spans: Option<Vec<SpanRow>>,
    parts: Vec<PartRow>,
}

/// A gold value and what was given for it.
type Asked<'a> = (&'a Plain, &'a Given);

/// Judges the `n`-th annotator. Items that it was not asked are left out.
pub(super) fn judge(
    measure: &Measure,
    asker: &Asker,
    gathered: &Gathered,
    n: usize,
    intervals: &IntervalOptions,
) -> Result<Judged> {
    let given = &gathered.given[n];
    let names: Vec<&str> = measure.task().schema.names().collect();
    let asked = gathered.gold.iter().zip(given).filter(|(_, given)| **given != Err(NoLabel::Pending));
    let scored = scored(measure, &asked.collect::<Vec<_>>(), intervals)?;
    Ok(Judged {
        name: asker.annotator.name.clone(),
        model: match &asker.spec.base_url {
            Some(url) => format!("{} at {url}", asker.spec.model),
            None => asker.spec.model.clone(),
        },
        nature: match asker.annotator.kind {
            AnnotatorKind::Model | AnnotatorKind::Person => "live",
            AnnotatorKind::Replay => "replay",
            AnnotatorKind::Scripted => "scripted",
        },
        counts: counts(given),
        reasons: gathered.reasons[n].clone(),
        headline: scored.headline,
        metrics: scored.metrics,
        labels: scored.by_label.map_or_else(Vec::new, |it| label_rows(&it, &names)),
        confusion: scored.confusion,
        spans: scored.spans,
        parts: scored.parts,
        cost: Cost::default(),
    })
}

/// The scores of values of any shape.
fn scored(measure: &Measure, asked: &[Asked<'_>], intervals: &IntervalOptions) -> Result<Scored> {
    let names: Vec<&str> = measure.task().schema.names().collect();
    let scored = match measure.kind().shape() {
        Shape::Choice => choice(asked, &names, intervals).map(|it| match measure.kind().id() {
            RATING => graded::with_grades(it, asked, names.len() as u32, intervals),
            _ => it,
        }),
        Shape::Choices => choices(asked, &names, intervals),
        Shape::Spans => spans(asked, &names, intervals),
        _ => return whole::whole(measure, asked, intervals),
    };
    scored.map_err(|error| Error::bug(format!("the scores cannot be computed: {error:?}")))
}

/// The kind of single labels that stand in an order.
pub(crate) const RATING: &str = "rating";

/// Precision, recall and F1 of each label over items with gold; none for values without labels.
pub(crate) fn labels_of(
    shape: Shape,
    asked: &[Asked<'_>],
    names: &[&str],
    intervals: &IntervalOptions,
) -> Vec<LabelRow> {
    if asked.is_empty() {
        return Vec::new();
    }
    let by_label = match shape {
        Shape::Choice => choice(asked, names, intervals).ok().and_then(|it| it.by_label),
        Shape::Choices => choices(asked, names, intervals).ok().and_then(|it| it.by_label),
        Shape::Spans => spans(asked, names, intervals).ok().and_then(|it| it.by_label),
        Shape::Relations => Some(whole::triples(asked, names.len() as u32, intervals)),
        Shape::Number | Shape::Ranking | Shape::Text | Shape::Fields | Shape::Form => None,
    };
    by_label.map_or_else(Vec::new, |it| label_rows(&it, names))
}

type Score = Result<Scored, karat_stats::ScoreError>;

fn choice(asked: &[Asked<'_>], names: &[&str], by: &IntervalOptions) -> Score {
    let class = |plain: &Plain| match plain {
        Plain::Choice(class) => Some(*class),
        _ => None,
    };
    let pairs: Vec<Pair<Class>> = asked
        .iter()
        .map(|(gold, given)| Pair {
            gold: class(gold),
            outcome: outcome(given, |plain| class(plain).unwrap_or(Class(0))),
        })
        .collect();
    let score = score_classification(&pairs, names.len() as u32, by)?;
    let headline =
        metric("effective accuracy", "right of all asked; failures count as wrong", score.effective_accuracy);
    let metrics = vec![
        headline.clone(),
        metric("accuracy among labeled", "right of those with a label", score.accuracy),
        metric("coverage", "with a label, of all asked", score.coverage.gold),
        metric("macro F1", "mean F1 of the labels", score.by_label.macro_avg.f1),
        metric("micro F1", "F1 over all labels together", score.by_label.micro_avg.f1),
    ];
    let columns = names.iter().copied().chain(NO_LABELS.map(|(name, _)| name)).map(str::to_owned).collect();
    let classes = || (0..names.len() as u32).map(Class);
    let row = |gold: Class| {
        let labels = classes().map(|class| score.confusion.count(gold, Outcome::Labeled(class)));
        let others = NO_LABELS.iter().map(|(_, why)| score.confusion.count(gold, Outcome::NoLabel(*why)));
        (names[gold.0 as usize].to_owned(), labels.chain(others).collect())
    };
    let confusion = Some(Confusion { columns, rows: classes().map(row).collect() });
    Ok(Scored {
        headline,
        metrics,
        by_label: Some(score.by_label),
        confusion,
        spans: None,
        parts: Vec::new(),
    })
}

fn choices(asked: &[Asked<'_>], names: &[&str], by: &IntervalOptions) -> Score {
    fn classes(plain: &Plain) -> &[Class] {
        match plain {
            Plain::Choices(classes) => classes,
            _ => &[],
        }
    }
    let pairs: Vec<Pair<&[Class]>> = asked
        .iter()
        .map(|(gold, given)| Pair { gold: Some(classes(gold)), outcome: outcome(given, classes) })
        .collect();
    let score = score_multi_label(&pairs, names.len() as u32, by)?;
    let headline = metric(
        "effective accuracy",
        "all labels right, of all asked; failures count as wrong",
        score.effective_subset_accuracy,
    );
    let metrics = vec![
        headline.clone(),
        metric("accuracy among labeled", "all labels right, of those with labels", score.subset_accuracy),
        metric("coverage", "with labels, of all asked", score.coverage.gold),
        metric("Jaccard", "shared of all labels, mean over the labeled", score.jaccard),
        metric("effective Jaccard", "the same; failures count as 0", score.effective_jaccard),
        metric("micro F1", "F1 over all labels together", score.by_label.micro_avg.f1),
        metric("macro F1", "mean F1 of the labels", score.by_label.macro_avg.f1),
        metric("Hamming loss", "wrong yes-or-no decisions, of all", score.hamming_loss),
    ];
    Ok(Scored {
        headline,
        metrics,
        by_label: Some(score.by_label),
        confusion: None,
        spans: None,
        parts: Vec::new(),
    })
}

fn spans(asked: &[Asked<'_>], names: &[&str], by: &IntervalOptions) -> Score {
    fn all(plain: &Plain) -> &[Span] {
        match plain {
            Plain::Spans(spans) => spans,
            _ => &[],
        }
    }
    let pairs: Vec<Pair<&[Span]>> = asked
        .iter()
        .map(|(gold, given)| Pair { gold: Some(all(gold)), outcome: outcome(given, all) })
        .collect();
    let score = score_spans(&pairs, names.len() as u32, by)?;
    let headline =
        metric("exact F1", "same borders and label; failures miss all their spans", score.exact.micro_avg.f1);
    let metrics = vec![
        headline.clone(),
        metric("exact precision", "right of all found", score.exact.micro_avg.precision),
        metric("exact recall", "right of all gold", score.exact.micro_avg.recall),
        metric("overlapping F1", "same label, any overlap", score.overlap.micro_avg.f1),
        metric("macro F1", "mean exact F1 of the labels", score.exact.macro_avg.f1),
        metric("coverage", "with an answer, of all asked", score.coverage.gold),
        metric(
            "effective accuracy",
            "items with all spans right, of all asked",
            score.effective_item_accuracy,
        ),
    ];
    let by_class = names.iter().zip(&score.errors_by_class).map(|(name, errors)| span_row(name, errors));
    let rows = std::iter::once(span_row("all", &score.errors)).chain(by_class).collect();
    Ok(Scored {
        headline,
        metrics,
        by_label: Some(score.exact),
        confusion: None,
        spans: Some(rows),
        parts: Vec::new(),
    })
}

fn outcome<'a, T>(given: &'a Given, of: impl FnOnce(&'a Plain) -> T) -> Outcome<T> {
    match given {
        Ok(plain) => Outcome::Labeled(of(plain)),
        Err(why) => Outcome::NoLabel(*why),
    }
}

/// What came of items, by kind.
pub(crate) fn counts(given: &[Given]) -> Counts {
    let mut counts = Counts::default();
    for one in given {
        match one {
            Ok(_) => counts.labeled += 1,
            Err(NoLabel::Abstained) => counts.abstained += 1,
            Err(NoLabel::Unusable) => counts.unusable += 1,
            Err(NoLabel::Failed) => counts.failed += 1,
            Err(NoLabel::Pending) => counts.not_yet += 1,
        }
    }
    counts
}

fn label_rows(by_label: &PrfReport, names: &[&str]) -> Vec<LabelRow> {
    let row = |score: &karat_stats::LabelScore| LabelRow {
        label: names[score.class.0 as usize].to_owned(),
        support: score.support,
        n_predicted: score.n_predicted,
        precision: number(score.scores.precision),
        recall: number(score.scores.recall),
        f1: number(score.scores.f1),
    };
    by_label.labels.iter().map(row).collect()
}

fn span_row(label: &str, errors: &SpanErrors) -> SpanRow {
    SpanRow {
        label: label.to_owned(),
        right: errors.right,
        wrong_border: errors.wrong_border,
        wrong_type: errors.wrong_type,
        wrong_both: errors.wrong_both,
        missed: errors.missed,
        invented: errors.invented,
    }
}

fn metric(name: &'static str, about: &'static str, estimate: Option<Estimate>) -> Metric {
    Metric { name, about, unit: Unit::Share, number: number(estimate) }
}

/// A number that is no share: an error, a correlation.
fn bare(name: &'static str, about: &'static str, estimate: Option<Estimate>) -> Metric {
    Metric { unit: Unit::Number, ..metric(name, about, estimate) }
}

/// An estimate of the statistics as a number of the report.
pub(super) fn number(estimate: Option<Estimate>) -> Option<Number> {
    estimate.map(|it| Number { value: it.value, low: it.interval.low, high: it.interval.high, n: it.n })
}
