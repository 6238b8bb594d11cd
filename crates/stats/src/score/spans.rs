//! How good spans are, and what is wrong with them.
//!
//! In: for each item its gold spans (or none) and the predicted spans (or why there are none). Out:
//! [`SpanScore`].
//!
//! Not here: which span answers which (`span_match.rs`), and sequences of tags.

use std::cmp::Reverse;

use super::outcome::{Coverage, Outcome, Pair, ScoreError, check_classes};
use super::prf::{Group, ItemCounts, PerItem, PrfReport, prf_reports};
use super::span_match::{Span, SpanRelation, match_spans};
use crate::Class;
use crate::bootstrap::IntervalOptions;
use crate::interval::Estimate;

/// What became of gold and predicted spans. Each span is counted in exactly one field, as [`match_spans`]
/// says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpanErrors {
    /// Pairs with the same borders and class.
    pub right: u64,
    /// Pairs with the same class that overlap.
    pub wrong_border: u64,
    /// Pairs with the same borders and different classes.
    pub wrong_type: u64,
    /// Pairs with different classes that overlap.
    pub wrong_both: u64,
    /// Gold spans that no prediction answers.
    pub missed: u64,
    /// Of these, the ones in items that got no label at all.
    pub missed_unanswered: u64,
    /// Predicted spans that answer no gold span.
    pub invented: u64,
}

impl SpanErrors {
    /// The number of gold spans: everything but `invented`.
    ///
    /// ```
    /// let errors = karat_stats::SpanErrors { right: 5, missed: 2, invented: 1, ..Default::default() };
    /// assert_eq!((errors.n_gold(), errors.n_predicted()), (7, 6));
    /// ```
    pub fn n_gold(&self) -> u64 {
        self.n_pairs() + self.missed
    }

    /// The number of predicted spans: everything but `missed`.
    ///
    /// ```
    /// let errors = karat_stats::SpanErrors { wrong_type: 3, invented: 1, ..Default::default() };
    /// assert_eq!((errors.n_gold(), errors.n_predicted()), (3, 4));
    /// ```
    pub fn n_predicted(&self) -> u64 {
        self.n_pairs() + self.invented
    }

    fn n_pairs(&self) -> u64 {
        self.right + self.wrong_border + self.wrong_type + self.wrong_both
    }

    fn add_pair(&mut self, relation: SpanRelation) {
        match relation {
            SpanRelation::Right => self.right += 1,
            SpanRelation::WrongBorder => self.wrong_border += 1,
            SpanRelation::WrongType => self.wrong_type += 1,
            SpanRelation::WrongBoth => self.wrong_both += 1,
        }
    }

    fn add_missed(&mut self, is_answered: bool) {
        self.missed += 1;
        self.missed_unanswered += u64::from(!is_answered);
    }
}

/// How often spans of one class were taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeConfusion {
    /// What the span is.
    pub gold: Class,
    /// What the annotator called it.
    pub predicted: Class,
    /// How many spans.
    pub n_spans: u64,
}

/// The scores of an annotator that marks spans.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanScore {
    /// How many items got an answer. An empty list of spans is one.
    pub coverage: Coverage,
    /// Share of the labeled items with gold whose spans are all right, with none missed or invented. Wilson
    /// interval.
    pub item_accuracy: Option<Estimate>,
    /// The same among all items with gold: an item without an answer is wrong. Wilson interval.
    pub effective_item_accuracy: Option<Estimate>,
    /// A span is right if borders and class are: the measure of CoNLL and seqeval. Bootstrap over items.
    pub exact: PrfReport,
    /// A span is right if it answers a gold span of its class that it overlaps. Never below `exact`.
    /// Bootstrap over items.
    pub overlap: PrfReport,
    /// What became of all spans.
    pub errors: SpanErrors,
    /// The same for each class of the schema: pairs and missed spans by their gold class, invented ones by
    /// their own.
    pub errors_by_class: Vec<SpanErrors>,
    /// The classes of the pairs with a wrong type, the most frequent first, equal ones by class.
    pub type_confusions: Vec<TypeConfusion>,
}

/// Scores spans against gold spans.
///
/// `n_classes` is the size of the schema. Spans may nest and overlap; a span repeated in one list counts
/// once. Precision is right / predicted, recall right / gold, over all items with gold; an item without an
/// answer misses all its gold spans. Exact scores equal those of conlleval and seqeval wherever these apply
/// (spans that do not overlap). Overlapping scores count right spans and those with a wrong border, each
/// paired with one gold span; nervaluate's `ent_type` pairs in the order of the predictions instead and can
/// find a few pairs less. Items are drawn again as a whole, because the spans of one text are not
/// independent. Everything is `None` where its denominator is 0. E. Tjong Kim Sang, F. De Meulder,
/// "Introduction to the CoNLL-2003 Shared Task", 2003; N. Chinchor, B. Sundheim, "MUC-5 Evaluation Metrics",
/// 1993.
///
/// # Errors
/// [`ScoreError::ClassOutOfRange`] where a class is not below `n_classes`; [`ScoreError::EmptySpan`] where a
/// span does not end after it starts.
///
/// ```
/// use karat_stats::{Class, IntervalOptions, Level, Outcome, Pair, Span, score_spans};
/// let span = |start, end, class| Span { start, end, class: Class(class) };
/// let (gold, found) = ([span(0, 5, 0), span(10, 15, 1)], [span(0, 5, 0), span(10, 14, 1)]);
/// let pairs = [Pair { gold: Some(&gold[..]), outcome: Outcome::Labeled(&found[..]) }];
/// let options = IntervalOptions { level: Level::P95, n_resamples: 1_000, seed: 7 };
/// let score = score_spans(&pairs, 2, &options).unwrap();
/// assert_eq!(score.exact.micro_avg.f1.unwrap().value, 0.5);
/// assert_eq!(score.overlap.micro_avg.f1.unwrap().value, 1.0);
/// assert_eq!((score.errors.right, score.errors.wrong_border), (1, 1));
/// ```
pub fn score_spans(
    pairs: &[Pair<&[Span]>],
    n_classes: u32,
    options: &IntervalOptions,
) -> Result<SpanScore, ScoreError> {
    let mut sums = Sums { by_class: vec![SpanErrors::default(); n_classes as usize], ..Sums::default() };
    for (item_idx, pair) in pairs.iter().enumerate() {
        let found = match pair.outcome {
            Outcome::Labeled(found) => Some(found),
            Outcome::NoLabel(_) => None,
        };
        let spans = pair.gold.into_iter().chain(found).flatten();
        check_spans(item_idx, spans, n_classes)?;
        if let Some(gold) = pair.gold {
            sums.add_item(gold, found);
        }
    }
    let coverage = Coverage::of(pairs, options.level);
    let [exact, overlap] = prf_reports(&groups(sums.items), n_classes, PerItem::ManyLabels, options);
    Ok(SpanScore {
        item_accuracy: Estimate::share(sums.n_right_items, coverage.n_gold_labeled, options.level),
        effective_item_accuracy: Estimate::share(sums.n_right_items, coverage.n_gold, options.level),
        exact,
        overlap,
        errors: sums.all,
        errors_by_class: sums.by_class,
        type_confusions: count_confusions(sums.confused),
        coverage,
    })
}

fn check_spans<'a>(
    item_idx: usize,
    spans: impl Iterator<Item = &'a Span>,
    n_classes: u32,
) -> Result<(), ScoreError> {
    for &Span { start, end, class } in spans {
        if start >= end {
            return Err(ScoreError::EmptySpan { item_idx, start, end });
        }
        check_classes(item_idx, [class], n_classes)?;
    }
    Ok(())
}

/// What the items add up to.
#[derive(Default)]
struct Sums {
    all: SpanErrors,
    by_class: Vec<SpanErrors>,
    confused: Vec<(Class, Class)>,
    n_right_items: u64,
    /// For each item what it counts for each class: right with its borders, right where overlapping.
    items: Vec<Vec<ItemCounts<2>>>,
}

impl Sums {
    fn add_item(&mut self, gold: &[Span], found: Option<&[Span]>) {
        let is_answered = found.is_some();
        let found = found.unwrap_or_default();
        let matched = match_spans(gold, found);
        let mut counts = Vec::new();
        for pair in &matched.pairs {
            let (gold, found) = (gold[pair.gold_idx].class, found[pair.predicted_idx].class);
            self.all.add_pair(pair.relation);
            self.by_class[gold.0 as usize].add_pair(pair.relation);
            if gold != found {
                self.confused.push((gold, found));
            }
            let right = [u32::from(pair.relation == SpanRelation::Right), u32::from(gold == found)];
            counts.push(ItemCounts { right, ..ItemCounts::gold(gold) });
            counts.push(ItemCounts::predicted(found));
        }
        for &idx in &matched.missed {
            let class = gold[idx].class;
            self.all.add_missed(is_answered);
            self.by_class[class.0 as usize].add_missed(is_answered);
            counts.push(ItemCounts::gold(class));
        }
        for &idx in &matched.invented {
            let class = found[idx].class;
            self.all.invented += 1;
            self.by_class[class.0 as usize].invented += 1;
            counts.push(ItemCounts::predicted(class));
        }
        let is_right = matched.pairs.iter().all(|pair| pair.relation == SpanRelation::Right);
        let is_complete = matched.missed.is_empty() && matched.invented.is_empty();
        self.n_right_items += u64::from(is_answered && is_right && is_complete);
        self.items.push(ItemCounts::merge(counts));
    }
}

/// The items that count the same, grouped; in an order that does not depend on the order of the items.
fn groups(mut items: Vec<Vec<ItemCounts<2>>>) -> Vec<Group<2>> {
    items.sort_unstable();
    let same = items.chunk_by(|a, b| a == b);
    same.map(|same| Group { n_items: same.len() as u64, counts: same[0].clone() }).collect()
}

fn count_confusions(mut confused: Vec<(Class, Class)>) -> Vec<TypeConfusion> {
    confused.sort_unstable();
    let mut confusions: Vec<TypeConfusion> = confused
        .chunk_by(|a, b| a == b)
        .map(|same| TypeConfusion { gold: same[0].0, predicted: same[0].1, n_spans: same.len() as u64 })
        .collect();
    confusions.sort_by_key(|confusion| Reverse(confusion.n_spans));
    confusions
}

#[cfg(test)]
mod tests;
