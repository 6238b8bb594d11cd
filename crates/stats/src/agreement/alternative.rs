//! The alternative annotator test: whether a model may stand in for a person.
//!
//! In: the people's ratings, the model's, a score of how well a rating fits those of others. Out:
//! [`AlternativeTest`].
//!
//! Not here: how good the model is against gold (`score`), how far it agrees beyond chance (`groups.rs`).

use super::benjamini::adjusted;
use super::{Ratings, Undefined};
use crate::bootstrap::{IntervalOptions, bootstrap_grouped};
use crate::interval::{Estimate, wilson_of_share};
use crate::special::student_t_cdf;

/// How to test. Each field changes the verdict: publish them with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlternativeOptions {
    /// By how much a person may be better, as a share of items, and still be replaced: what the model saves in money
    /// and time is worth that much. In [0, 1]. The better the people, the more it costs to be as good as they, so the
    /// more is allowed. Where the people agree little, take less.
    pub epsilon: f64,
    /// The share of people wrongly counted as replaceable that is accepted on average; .05 is usual.
    pub false_discovery: f64,
    /// A person with fewer items is left out: the t test needs about 30.
    pub min_items: u64,
}

impl AlternativeOptions {
    /// For experts, reliable and dear: epsilon .2.
    pub const EXPERTS: Self = Self { epsilon: 0.2, false_discovery: 0.05, min_items: 30 };
    /// For trained people, such as students: epsilon .15.
    pub const SKILLED: Self = Self { epsilon: 0.15, ..Self::EXPERTS };
    /// For crowd workers: epsilon .1.
    pub const CROWD: Self = Self { epsilon: 0.1, ..Self::EXPERTS };

    fn check(&self) -> Result<(), Undefined> {
        let bad = |what, got| Err(Undefined::BadNumber { what, got });
        if !(0.0..=1.0).contains(&self.epsilon) {
            return bad("an epsilon in [0, 1]", self.epsilon);
        }
        if !(0.0..=1.0).contains(&self.false_discovery) {
            return bad("a false discovery rate in [0, 1]", self.false_discovery);
        }
        Ok(())
    }
}

/// Whether a model may stand in for a person.
#[derive(Debug, Clone, PartialEq)]
pub struct AlternativeTest {
    /// Each person with a rating, in ascending order.
    pub annotators: Vec<ReplacedAnnotator>,
    /// The number of people that were tested; with fewer than three the verdict hangs on one of them.
    pub n_tested: u64,
    /// Of these, the number that the model beats.
    pub n_won: u64,
    /// `n_won / n_tested`.
    pub winning_rate: f64,
    /// Whether the winning rate is at least one half.
    pub passes: bool,
    /// The average advantage probability: how often the model's rating of an item fits the other people's at least as
    /// well as a person's does. A mean over the people tested; to compare models with. Its `n` is the number of items.
    pub advantage: Estimate,
}

/// One person against the model, both compared with the other people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReplacedAnnotator {
    /// The person.
    pub annotator: u32,
    /// The items that this person, another one and the model rated.
    pub n_items: u64,
    /// The share of them on which the model fits the others at least as well as this person.
    pub model_wins: f64,
    /// The share of them on which this person fits the others at least as well as the model.
    pub person_wins: f64,
    /// The one-sided p value of "this person is better than the model by epsilon or more"; `None` where there are fewer
    /// than `min_items` items.
    pub p_value: Option<f64>,
    /// The same after Benjamini and Yekutieli, over all people tested.
    pub adjusted_p: Option<f64>,
    /// Whether the model may replace this person: the adjusted p value is at most the false discovery rate.
    pub is_won: bool,
}

/// Scores nearer than this are equal: rounding decides nothing.
const TIE: f64 = 1e-12;

/// The alternative annotator test: does the model fit the other people as well as each single person does?
///
/// Each person is left out in turn. On every item that this person, at least one other person and the model rated,
/// `score` says how well the person's rating and the model's fit those of the others (higher is better): [`mean_match`]
/// for classes, [`negative_rmse`] for numbers, a mean similarity for anything else. A one-sided paired t test asks
/// whether the share of items that the person wins is less than the model's plus epsilon (a tie is a win for both).
/// The p values are corrected after Benjamini and Yekutieli. The model passes if it beats at least half of the people
/// tested.
///
/// It shows that a model is as good a member of this group as a person, not that the group is right: where the people
/// guess, a model that always gives the most frequent class passes. Look at the agreement of the people first. Give it
/// three people or more and 50 to 100 items each. Where no item differs from another there is no spread for a t test:
/// the p value is then 0 or 1. N. Calderon, R. Reichart, R. Dror, "The Alternative Annotator Test for
/// LLM-as-a-Judge: How to Statistically Justify Replacing Human Annotators with LLMs", 2025.
///
/// # Errors
/// [`Undefined::TooFew`] where nobody has `min_items` items; [`Undefined::WrongLength`] and
/// [`Undefined::BadNumber`] for the model's ratings, the options and scores that are NaN.
///
/// ```
/// use karat_stats::{Class, IntervalOptions, Level};
/// use karat_stats::agreement::{AlternativeOptions, Rating, Ratings, alternative_annotator_test, mean_match};
/// // Three people, each wrong on every fifth item, and a model that is wrong on every tenth.
/// let truth = |item: u32| Class(item % 3);
/// let slip = |class: Class, by: u32| Class((class.0 + by) % 3);
/// let of_item = |item: u32| (0..3).map(move |annotator| {
///     let value = if (item + annotator) % 5 == 0 { slip(truth(item), 1) } else { truth(item) };
///     Rating { item, annotator, value }
/// });
/// let people = Ratings::new(60, 3, (0..60).flat_map(of_item).collect()).unwrap();
/// let model: Vec<_> = (0..60).map(|item| Some(if item % 10 == 3 { slip(truth(item), 2) } else { truth(item) })).collect();
/// let options = IntervalOptions { level: Level::P95, n_resamples: 200, seed: 7 };
/// let score = |class: &Class, others: &[&Class]| mean_match(class, others);
/// let test = alternative_annotator_test(&people, &model, score, &AlternativeOptions::EXPERTS, &options).unwrap();
/// assert!(test.passes && test.winning_rate == 1.0);
/// assert!((test.advantage.value - 2.8 / 3.0).abs() < 1e-12);
/// ```
pub fn alternative_annotator_test<T>(
    people: &Ratings<T>,
    model: &[Option<T>],
    score: impl Fn(&T, &[&T]) -> f64,
    options: &AlternativeOptions,
    intervals: &IntervalOptions,
) -> Result<AlternativeTest, Undefined> {
    options.check()?;
    if model.len() != people.n_items() {
        return Err(Undefined::WrongLength {
            what: "ratings of the model",
            got: model.len(),
            want: people.n_items(),
        });
    }
    let items = compare(people, model, score)?;
    let mut annotators: Vec<ReplacedAnnotator> = of_annotators(people, &items, options);
    let tested: Vec<usize> = (0..annotators.len()).filter(|idx| annotators[*idx].p_value.is_some()).collect();
    if tested.is_empty() {
        let got = annotators.iter().map(|it| it.n_items).max().unwrap_or(0);
        return Err(Undefined::TooFew { got, want: options.min_items });
    }
    let p_values: Vec<f64> = tested.iter().filter_map(|idx| annotators[*idx].p_value).collect();
    for (idx, p) in tested.iter().zip(adjusted(&p_values)) {
        annotators[*idx].adjusted_p = Some(p);
        annotators[*idx].is_won = p <= options.false_discovery;
    }
    let n_tested = tested.len() as u64;
    let n_won = annotators.iter().filter(|it| it.is_won).count() as u64;
    Ok(AlternativeTest {
        advantage: advantage(items, &annotators, intervals),
        annotators,
        n_tested,
        n_won,
        winning_rate: n_won as f64 / n_tested as f64,
        passes: 2 * n_won >= n_tested,
    })
}

/// The share of the others who gave the same class, in [0, 1].
///
/// ```
/// use karat_stats::agreement::mean_match;
/// assert_eq!(mean_match(&1, &[&1, &2]), 0.5);
/// ```
pub fn mean_match<T: PartialEq>(value: &T, others: &[&T]) -> f64 {
    others.iter().filter(|other| ***other == *value).count() as f64 / others.len() as f64
}

/// Minus the root of the mean squared difference to the others; 0 where all are equal.
///
/// ```
/// use karat_stats::agreement::negative_rmse;
/// assert_eq!(negative_rmse(&1.0, &[&4.0, &-2.0]), -3.0);
/// ```
pub fn negative_rmse(value: &f64, others: &[&f64]) -> f64 {
    let squares: f64 = others.iter().map(|other| (**other - value).powi(2)).sum();
    -(squares / others.len() as f64).sqrt()
}

/// Who fits the others better on an item: 1 the person, 0 both the same, -1 the model.
type Winner = i8;

/// Of each item, the people that can be compared on it and who wins.
fn compare<T>(
    people: &Ratings<T>,
    model: &[Option<T>],
    score: impl Fn(&T, &[&T]) -> f64,
) -> Result<Vec<Vec<(u32, Winner)>>, Undefined> {
    let mut items = Vec::new();
    for (of, model) in people.by_item().zip(model) {
        let Some(model) = model else { continue };
        if of.len() < 2 {
            continue;
        }
        let mut item = Vec::with_capacity(of.len());
        for (idx, (annotator, person)) in of.iter().enumerate() {
            let others: Vec<&T> = of[..idx].iter().chain(&of[idx + 1..]).map(|(_, value)| value).collect();
            let (person, model) = (score(person, &others), score(model, &others));
            let ahead = person - model;
            if ahead.is_nan() {
                return Err(Undefined::BadNumber { what: "a finite score", got: ahead });
            }
            let tie = TIE * person.abs().max(model.abs()).max(1.0);
            item.push((*annotator, i8::from(ahead > tie) - i8::from(ahead < -tie)));
        }
        items.push(item);
    }
    Ok(items)
}

fn of_annotators<T>(
    people: &Ratings<T>,
    items: &[Vec<(u32, Winner)>],
    options: &AlternativeOptions,
) -> Vec<ReplacedAnnotator> {
    // Items that the model wins, ties, items that the person wins.
    let mut counts = vec![[0_u64; 3]; people.n_annotators()];
    for (annotator, winner) in items.iter().flatten() {
        counts[*annotator as usize][(winner + 1) as usize] += 1;
    }
    let mut rated = vec![false; people.n_annotators()];
    people.by_item().flatten().for_each(|(annotator, _)| rated[*annotator as usize] = true);
    let of_annotator = |(annotator, [lost, tied, won]): (u32, &[u64; 3])| {
        let n_items = lost + tied + won;
        let share = |n: u64| if n_items == 0 { 0.0 } else { n as f64 / n_items as f64 };
        let is_tested = n_items >= options.min_items.max(2);
        ReplacedAnnotator {
            annotator,
            n_items,
            model_wins: share(lost + tied),
            person_wins: share(won + tied),
            p_value: is_tested.then(|| p_value(*lost, *won, n_items, options.epsilon)),
            adjusted_p: None,
            is_won: false,
        }
    };
    (0..).zip(&counts).filter(|(annotator, _)| rated[*annotator as usize]).map(of_annotator).collect()
}

/// The one-sided t test of a mean of `won` ones, `lost` minus ones and else zeros being below epsilon.
fn p_value(lost: u64, won: u64, n_items: u64, epsilon: f64) -> f64 {
    let n = n_items as f64;
    let mean = (won as f64 - lost as f64) / n;
    let variance = ((won + lost) as f64 - n * mean * mean) / (n - 1.0);
    if lost == n_items || won == n_items || won + lost == 0 {
        return f64::from(u8::from(mean >= epsilon));
    }
    student_t_cdf((mean - epsilon) / (variance / n).sqrt(), n - 1.0)
}

/// The mean over the people tested of the share of items on which the model is at least as good.
fn advantage(
    mut items: Vec<Vec<(u32, Winner)>>,
    annotators: &[ReplacedAnnotator],
    intervals: &IntervalOptions,
) -> Estimate {
    let n_annotators = annotators.iter().map(|it| it.annotator as usize + 1).max().unwrap_or(0);
    let mut is_tested = vec![false; n_annotators];
    annotators.iter().for_each(|it| is_tested[it.annotator as usize] = it.p_value.is_some());
    items.iter_mut().for_each(|item| item.retain(|(annotator, _)| is_tested[*annotator as usize]));
    items.retain(|item| !item.is_empty());
    items.sort_unstable();
    let groups: Vec<&[Vec<(u32, Winner)>]> = items.chunk_by(|a, b| a == b).collect();
    let sizes: Vec<u64> = groups.iter().map(|same| same.len() as u64).collect();
    let value_of = |drawn: &[u64]| {
        let mut counts = vec![(0_u64, 0_u64); n_annotators];
        for (same, times) in groups.iter().zip(drawn) {
            for (annotator, winner) in &same[0] {
                let (wins, all) = &mut counts[*annotator as usize];
                *wins += times * u64::from(*winner <= 0);
                *all += times;
            }
        }
        let shares = counts.iter().filter(|(_, all)| *all > 0).map(|(wins, all)| *wins as f64 / *all as f64);
        super::spans::mean(shares)
    };
    let value = value_of(&sizes).unwrap_or(0.0);
    let n = items.len() as u64;
    let resampled = bootstrap_grouped(&sizes, 1, |drawn, out| out[0] = value_of(drawn), intervals)[0];
    let interval = match resampled {
        Some(interval) if interval.has_width() => interval.widened_to(value),
        _ => wilson_of_share(value, n, intervals.level),
    };
    Estimate { value, interval, n }
}
