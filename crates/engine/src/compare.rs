//! Whether one annotator is better than another: both on the same items, with the chance that the difference is luck.
//!
//! In: a panel, and the members to compare. Out: a [`Comparison`] for each pair: accuracies and their difference, F1 over
//! all and for each label, p values that stay honest over all that was compared, how many items a difference of this size
//! needs, and the items on which the two differ. Without gold there is the agreement and the items alone.

use std::collections::HashMap;

use karat_core::{Error, Result};
use karat_format::ColumnKind;
use karat_stats::{
    Class, Estimate, IntervalOptions, LabelPair, Level, NoLabel, PairedCounts, Span, compare_f1,
    compare_means, compare_paired, evidence, holm, items_needed, mcnemar_exact, mean_of_shares,
};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::beside::write_beside;
use crate::evaluate::Number;
use crate::panel::{Panel, Plain};
use crate::setup::Setup;

/// The chance with which a difference is to be found, for the number of items that it needs.
const POWER: f64 = 0.8;

/// How to compare.
#[derive(Debug, Clone, Copy)]
pub struct CompareOptions {
    /// The seed of the resampled intervals.
    pub seed: u64,
    /// How often items are drawn again for an interval.
    pub n_resamples: u32,
}

impl CompareOptions {
    fn intervals(self) -> IntervalOptions {
        IntervalOptions { level: Level::P95, n_resamples: self.n_resamples, seed: self.seed }
    }
}

/// One annotator against another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The first.
    pub first: String,
    /// The second.
    pub second: String,
    /// Items that both labeled.
    pub n_both: u64,
    /// Of these, items on which both gave the same.
    pub n_same: u64,
    /// How like what they gave is on average, where values can be right in part.
    pub likeness: Option<Number>,
    /// What gold says; `None` without gold on items that both were asked.
    pub on_gold: Option<OnGold>,
    /// The items on which they differ, those with gold first.
    pub differing: Vec<Differing>,
}

/// Two annotators on the same items with gold. A failure is not right.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OnGold {
    /// What is compared: `accuracy`, or `likeness` where values can be right in part.
    pub measure: &'static str,
    /// The first's.
    pub first: Number,
    /// The second's.
    pub second: Number,
    /// The first's minus the second's.
    pub difference: Number,
    /// Items that only the first got right; of likeness, on which the first is nearer to the gold.
    pub only_first: u64,
    /// Items that only the second got right; of likeness, on which the second is nearer.
    pub only_second: u64,
    /// The two-sided p value of McNemar's exact test; of likeness, of the sign-flip test.
    pub p_value: f64,
    /// The same, corrected for all pairs that were compared at once.
    pub p_adjusted: f64,
    /// The e-value: it may be looked at after every item; 20 is as strong as a p value of 0.05.
    pub evidence: f64,
    /// How many items with gold a difference of this size needs, to be found with a chance of 80 %.
    pub n_needed: Option<u64>,
    /// The difference of F1 over the counts of all labels.
    pub micro_f1: Option<Number>,
    /// The difference of the mean F1 of the labels.
    pub macro_f1: Option<Number>,
    /// For each label the difference of F1, and its p value corrected for all labels.
    pub labels: Vec<LabelDifference>,
}

/// One label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelDifference {
    /// The label.
    pub label: String,
    /// Items with this label in their gold.
    pub n_items: u64,
    /// The difference of F1.
    pub f1: Option<Number>,
    /// McNemar's p value over the items with this label in their gold, corrected for all labels.
    pub p_adjusted: f64,
}

/// An item on which two annotators differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Differing {
    /// The item's number in the panel.
    #[serde(skip)]
    pub idx: usize,
    /// The item.
    pub item: String,
    /// What the first gave.
    pub first: String,
    /// What the second gave.
    pub second: String,
    /// The gold, where there is some.
    pub gold: Option<String>,
}

/// Compares the first of `members` with each other one.
pub fn compare(panel: &Panel, members: &[usize], options: CompareOptions) -> Result<Vec<Comparison>> {
    let Some((first, others)) = members.split_first() else { return Ok(Vec::new()) };
    if others.contains(first) {
        let name = &panel.members[*first].name;
        return Err(
            Error::invalid(format!("`{name}` cannot be compared with itself")).hint("name two annotators")
        );
    }
    let mut comparisons: Vec<Comparison> =
        others.iter().map(|other| compare_two(panel, *first, *other, options)).collect();
    let p_values: Vec<f64> =
        comparisons.iter().map(|it| it.on_gold.as_ref().map_or(f64::NAN, |it| it.p_value)).collect();
    for (comparison, p_adjusted) in comparisons.iter_mut().zip(holm(&p_values)) {
        if let Some(on_gold) = &mut comparison.on_gold {
            on_gold.p_adjusted = p_adjusted;
        }
    }
    Ok(comparisons)
}

fn compare_two(panel: &Panel, first: usize, second: usize, options: CompareOptions) -> Comparison {
    let (one, other) = (&panel.members[first], &panel.members[second]);
    let (mut n_both, mut n_same) = (0, 0);
    let mut likeness = Vec::new();
    let mut differing = Vec::new();
    for item in 0..panel.n_items() {
        let (Ok(a), Ok(b)) = (&one.given[item], &other.given[item]) else { continue };
        n_both += 1;
        if panel.is_whole() {
            likeness.push(panel.likeness(a, b));
        }
        if panel.equal(a, b) {
            n_same += 1;
            continue;
        }
        differing.push(Differing {
            idx: item,
            item: panel.ids[item].to_string(),
            first: panel.show(item, a),
            second: panel.show(item, b),
            gold: panel.gold[item].as_ref().map(|gold| panel.show(item, gold)),
        });
    }
    differing.sort_by_key(|it| it.gold.is_none());
    Comparison {
        first: one.name.clone(),
        second: other.name.clone(),
        n_both,
        n_same,
        likeness: mean_of_shares(&likeness, &options.intervals()).map(number),
        on_gold: on_gold(panel, first, second, options),
        differing,
    }
}

fn on_gold(panel: &Panel, first: usize, second: usize, options: CompareOptions) -> Option<OnGold> {
    let intervals = options.intervals();
    if panel.is_whole() {
        return by_likeness(panel, first, second, &intervals);
    }
    let items: Vec<(usize, bool, bool)> = (0..panel.n_items())
        .filter_map(|item| Some((item, panel.right(first, item)?, panel.right(second, item)?)))
        .collect();
    let counts = PairedCounts::of(items.iter().map(|(_, a, b)| (*a, *b)));
    let compared = compare_paired(counts, &intervals)?;
    let n = counts.n_items();
    let share = |right: u64| Estimate::share(right, n, Level::P95).map(number);
    let pairs: Vec<Vec<LabelPair>> =
        items.iter().map(|(item, ..)| label_pairs(panel, first, second, *item)).collect();
    let f1 = compare_f1(&pairs, panel.labels.len(), &intervals);
    let discordance = (counts.only_first + counts.only_second) as f64 / n as f64;
    Some(OnGold {
        measure: "accuracy",
        first: share(counts.both_right + counts.only_first)?,
        second: share(counts.both_right + counts.only_second)?,
        difference: number(compared.difference),
        only_first: counts.only_first,
        only_second: counts.only_second,
        p_value: compared.p_value,
        p_adjusted: compared.p_value,
        evidence: evidence(counts.only_first, counts.only_second),
        n_needed: items_needed(discordance, compared.difference.value, POWER),
        micro_f1: f1.micro.map(number),
        macro_f1: f1.macro_average.map(number),
        labels: by_label(panel, &items, &pairs, &f1.labels),
    })
}

/// Two annotators by how like the gold their answers are; a failure is not like it at all.
fn by_likeness(panel: &Panel, first: usize, second: usize, intervals: &IntervalOptions) -> Option<OnGold> {
    let like = |member: usize, item: usize| {
        let gold = panel.gold[item].as_ref()?;
        match &panel.members[member].given[item] {
            Ok(given) => Some(panel.likeness(given, gold)),
            Err(NoLabel::Pending) => None,
            Err(_) => Some(0.0),
        }
    };
    let pairs: Vec<(f64, f64)> =
        (0..panel.n_items()).filter_map(|item| like(first, item).zip(like(second, item))).collect();
    let compared = compare_means(&pairs, intervals)?;
    let mean = |values: Vec<f64>| mean_of_shares(&values, intervals).map(number);
    Some(OnGold {
        measure: "likeness",
        first: mean(pairs.iter().map(|it| it.0).collect())?,
        second: mean(pairs.iter().map(|it| it.1).collect())?,
        difference: number(compared.difference),
        only_first: compared.first_higher,
        only_second: compared.second_higher,
        p_value: compared.p_value,
        p_adjusted: compared.p_value,
        evidence: evidence(compared.first_higher, compared.second_higher),
        n_needed: None,
        micro_f1: None,
        macro_f1: None,
        labels: Vec::new(),
    })
}

/// One row for each label that is gold somewhere.
fn by_label(
    panel: &Panel,
    items: &[(usize, bool, bool)],
    pairs: &[Vec<LabelPair>],
    f1: &[Option<Estimate>],
) -> Vec<LabelDifference> {
    let counts: Vec<PairedCounts> = (0..panel.labels.len())
        .map(|label| {
            let has = |of: &[LabelPair]| of.iter().any(|it| it.class.0 as usize == label && it.gold > 0);
            PairedCounts::of(items.iter().zip(pairs).filter(|(_, of)| has(of)).map(|((_, a, b), _)| (*a, *b)))
        })
        .collect();
    let p_values: Vec<f64> = counts.iter().map(|it| mcnemar_exact(it.only_first, it.only_second)).collect();
    let adjusted = holm(&p_values);
    let row = |(label, counts): (usize, &PairedCounts)| LabelDifference {
        label: panel.labels[label].clone(),
        n_items: counts.n_items(),
        f1: f1.get(label).copied().flatten().map(number),
        p_adjusted: adjusted[label],
    };
    counts.iter().enumerate().filter(|(_, counts)| counts.n_items() > 0).map(row).collect()
}

/// What both did with each label that is gold or given on an item.
fn label_pairs(panel: &Panel, first: usize, second: usize, item: usize) -> Vec<LabelPair> {
    let gold = panel.gold[item].as_ref();
    let of = |member: usize| panel.members[member].given[item].as_ref().ok();
    let mut pairs: Vec<LabelPair> = Vec::new();
    let mut add = |plain: Option<&Plain>, count: &dyn Fn(&mut LabelPair, bool)| {
        for (class, span) in parts(plain) {
            let is_gold = parts(gold).contains(&(class, span));
            let pair = match pairs.iter_mut().find(|it| it.class == class) {
                Some(pair) => pair,
                None => {
                    pairs.push(LabelPair { class, gold: 0, first: (0, 0), second: (0, 0) });
                    let last = pairs.len() - 1;
                    &mut pairs[last]
                }
            };
            count(pair, is_gold);
        }
    };
    add(gold, &|pair, _| pair.gold += 1);
    add(of(first), &|pair, right| pair.first = (pair.first.0 + 1, pair.first.1 + u32::from(right)));
    add(of(second), &|pair, right| pair.second = (pair.second.0 + 1, pair.second.1 + u32::from(right)));
    pairs
}

/// The labels of a value, for spans with their place.
fn parts(plain: Option<&Plain>) -> Vec<(Class, Option<Span>)> {
    match plain {
        None => Vec::new(),
        Some(Plain::Choice(class)) => vec![(*class, None)],
        Some(Plain::Choices(classes)) => classes.iter().map(|class| (*class, None)).collect(),
        // What is compared as a whole has no labels to count.
        Some(Plain::Whole(_)) => Vec::new(),
        Some(Plain::Spans(spans)) => spans.iter().map(|span| (span.class, Some(*span))).collect(),
    }
}

/// An estimate as reports hold it.
pub(crate) fn number(estimate: Estimate) -> Number {
    let Estimate { value, interval, n } = estimate;
    Number { value, low: interval.low, high: interval.high, n }
}

/// Writes the rows of the data on which the first differs from another, with what each gave. Returns how many there are.
pub async fn write_differing(
    panel: &Panel,
    setup: Option<&Setup>,
    to: &str,
    comparisons: &[Comparison],
) -> Result<u64> {
    let mut cells: HashMap<usize, Vec<Json>> = HashMap::new();
    let others: Vec<&str> = comparisons.iter().map(|it| it.second.as_str()).collect();
    let added: Vec<(String, ColumnKind)> = comparisons
        .first()
        .map(|it| it.first.as_str())
        .into_iter()
        .chain(others)
        .map(|name| (format!("karat_{name}_label"), ColumnKind::Text))
        .chain([("karat_gold".to_owned(), ColumnKind::Text)])
        .collect();
    for (n, comparison) in comparisons.iter().enumerate() {
        for it in &comparison.differing {
            let row = cells.entry(it.idx).or_insert_with(|| vec![Json::Null; added.len()]);
            (row[0], row[n + 1]) = (json!(it.first), json!(it.second));
            row[added.len() - 1] = json!(it.gold);
        }
    }
    write_beside(panel, setup, to, &added, |item| cells.remove(&item?)).await
}
