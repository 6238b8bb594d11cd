//! Scores of values that can be right in part: numbers, rankings, relations, texts, fields, forms.
//!
//! In: gold and answers side by side, and their distance. Out: likeness and how often all is right, and what each shape has of
//! its own. Likeness is 1 minus the distance of the kind.

use std::collections::BTreeMap;

use karat_core::{Graph, LabelId, LabeledSpan, Result, Value};
use karat_stats::{
    Class, Counted, Estimate, Interval, IntervalOptions, PrfReport, mean_of_shares, score_counts,
    score_likeness, score_numbers,
};

use super::{Asked, Metric, Scored, bare, metric, parts};
use crate::measure::Measure;
use crate::panel::number_of;
use crate::plain::Plain;

/// The scores of values that are compared as a whole.
pub(super) fn whole(measure: &Measure, asked: &[Asked<'_>], by: &IntervalOptions) -> Result<Scored> {
    let likeness: Vec<Option<f64>> = asked
        .iter()
        .map(|(gold, given)| given.as_ref().ok().map(|it| 1.0 - measure.distance(it, gold)))
        .collect();
    let score = score_likeness(&likeness, by);
    let n_right = n_right(measure, asked);
    let n_labeled = likeness.iter().flatten().count() as u64;
    let share = |of: u64| Estimate::share(n_right, of, by.level);
    let headline = metric(
        "effective likeness",
        "how like the gold, mean over all asked; failures count as 0",
        score.effective,
    );
    let mut metrics = vec![
        headline.clone(),
        metric("likeness among labeled", "the same, mean over those with a label", score.mean),
        metric(
            "effective accuracy",
            "all of it right, of all asked; failures count as wrong",
            share(asked.len() as u64),
        ),
        metric("accuracy among labeled", "all of it right, of those with a label", share(n_labeled)),
        metric("coverage", "with a label, of all asked", score.coverage),
    ];
    let (mut by_label, mut rows) = (None, Vec::new());
    match measure.kind().shape() {
        karat_core::Shape::Number => metrics.extend(numbers(asked, by)),
        karat_core::Shape::Ranking => metrics.extend(ranking(score.mean, asked, by)),
        karat_core::Shape::Text => metrics.extend(texts(measure, asked, by)),
        karat_core::Shape::Relations => {
            let found = triples(asked, measure.task().schema.len() as u32, by);
            metrics.extend([
                metric("F1", "over triples: both spans, both labels and the relation", found.micro_avg.f1),
                metric("precision", "right triples, of all found", found.micro_avg.precision),
                metric(
                    "recall",
                    "right triples, of all gold; failures miss all of theirs",
                    found.micro_avg.recall,
                ),
            ]);
            by_label = Some(found);
        }
        karat_core::Shape::Fields => rows = parts::of_fields(measure, asked, by),
        karat_core::Shape::Form => rows = parts::of_form(measure, asked, by)?,
        _ => {}
    }
    Ok(Scored { headline, metrics, by_label, confusion: None, spans: None, parts: rows })
}

/// How many answers are right.
pub(super) fn n_right(measure: &Measure, asked: &[Asked<'_>]) -> u64 {
    let fits = |(gold, given): &&Asked<'_>| given.as_ref().is_ok_and(|it| measure.fits(it, gold));
    asked.iter().filter(fits).count() as u64
}

fn numbers(asked: &[Asked<'_>], by: &IntervalOptions) -> [Metric; 5] {
    let pair = |(gold, given): &Asked<'_>| Some((number_of(gold)?, number_of(given.as_ref().ok()?)?));
    let score = score_numbers(&asked.iter().filter_map(pair).collect::<Vec<_>>(), by);
    [
        bare("mean absolute error", "how far off, in the unit of the scale, over the labeled", score.mae),
        bare("root mean squared error", "the same, large errors weighing more", score.rmse),
        bare("bias", "given minus gold: above 0 where too much is given", score.bias),
        bare("Pearson's correlation", "whether both rise and fall together", score.pearson),
        bare("Spearman's correlation", "the same for the ranks", score.spearman),
    ]
}

/// Kendall's tau is 1 minus twice the distance of rankings.
fn ranking(mean: Option<Estimate>, asked: &[Asked<'_>], by: &IntervalOptions) -> [Metric; 2] {
    let tau = mean.map(|it| {
        let of = |likeness: f64| 2.0 * likeness - 1.0;
        let interval = Interval { low: of(it.interval.low), high: of(it.interval.high) };
        Estimate { value: of(it.value), interval, n: it.n }
    });
    fn best(plain: &Plain) -> Option<&Vec<LabelId>> {
        match plain {
            Plain::Whole(whole) => match whole.value() {
                Value::Ranking(groups) => groups.first(),
                _ => None,
            },
            _ => None,
        }
    }
    let same = |(gold, given): &&Asked<'_>| given.as_ref().is_ok_and(|it| best(it) == best(gold));
    let n_same = asked.iter().filter(same).count() as u64;
    [
        bare("Kendall's tau", "pairs in the same order minus those in the other, mean over the labeled", tau),
        metric(
            "best option right",
            "the first place is the gold's, of all asked; failures count as wrong",
            Estimate::share(n_same, asked.len() as u64, by.level),
        ),
    ]
}

/// Texts where the gold has one, and where it says that there is none; nothing where all gold has one.
fn texts(measure: &Measure, asked: &[Asked<'_>], by: &IntervalOptions) -> Vec<Metric> {
    let has_text = |plain: &Plain| match plain {
        Plain::Whole(whole) => !matches!(whole.value(), Value::Text(written) if written.texts.is_empty()),
        _ => true,
    };
    let (there, not_there): (Vec<Asked<'_>>, Vec<Asked<'_>>) =
        asked.iter().copied().partition(|(gold, _)| has_text(gold));
    if not_there.is_empty() {
        return Vec::new();
    }
    let like = |(gold, given): &Asked<'_>| given.as_ref().map_or(0.0, |it| 1.0 - measure.distance(it, gold));
    let likeness: Vec<f64> = there.iter().map(like).collect();
    let invented = there.iter().filter(|(_, given)| given.as_ref().is_ok_and(|it| !has_text(it))).count();
    vec![
        metric(
            "likeness where there is an answer",
            "of items whose gold has a text; failures count as 0",
            mean_of_shares(&likeness, by),
        ),
        metric(
            "answer denied",
            "said to be missing where the gold has a text",
            Estimate::share(invented as u64, there.len() as u64, by.level),
        ),
        metric(
            "missing answer recognized",
            "said to be missing, of items whose gold has no text",
            Estimate::share(n_right(measure, &not_there), not_there.len() as u64, by.level),
        ),
    ]
}

/// A relation with both of its spans.
type Triple = (LabelId, (u32, u32, LabelId), (u32, u32, LabelId));

/// Precision, recall and F1 of relations, each with both spans, by the label of the relation.
pub(super) fn triples(asked: &[Asked<'_>], n_classes: u32, by: &IntervalOptions) -> PrfReport {
    let counts = |(gold, given): &Asked<'_>| {
        let gold = triples_of(gold);
        let given = given.as_ref().map_or_else(|_| Vec::new(), triples_of);
        let mut counts: BTreeMap<LabelId, Counted> = BTreeMap::new();
        let mut add = |label: LabelId, count: &dyn Fn(&mut Counted)| {
            let class = Class(label.index() as u32);
            count(counts.entry(label).or_insert(Counted { class, right: 0, gold: 0, given: 0 }));
        };
        gold.iter().for_each(|it| add(it.0, &|count| count.gold += 1));
        for it in &given {
            let right = u32::from(gold.contains(it));
            add(it.0, &|count| (count.given, count.right) = (count.given + 1, count.right + right));
        }
        counts.into_values().collect()
    };
    score_counts(&asked.iter().map(counts).collect::<Vec<_>>(), n_classes, by)
}

fn triples_of(plain: &Plain) -> Vec<Triple> {
    let Plain::Whole(whole) = plain else { return Vec::new() };
    let Value::Relations(Graph { spans, relations }) = whole.value() else { return Vec::new() };
    let end = |it: &LabeledSpan| (it.span.start(), it.span.end(), it.label);
    let one = |it: &karat_core::Relation| {
        Some((it.label, end(spans.get(it.from as usize)?), end(spans.get(it.to as usize)?)))
    };
    let mut triples: Vec<Triple> = relations.iter().filter_map(one).collect();
    triples.sort_unstable();
    triples.dedup();
    triples
}
