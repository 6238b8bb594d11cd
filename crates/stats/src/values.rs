//! One number from several: scores, ages, intensities.
//!
//! In: numbers that annotators gave. Out: one for each item, with its standard error.
//!
//! | annotators | call |
//! |---|---|
//! | much alike, or few answers each | [`mean_values`] |
//! | with wild answers among them | [`median_values`] |
//! | of different precision, with tens of answers each | [`precision_weighted_values`] |
//!
//! Not here: grades on a short scale, which are classes in an order (`aggregate`).

/// A number that an annotator gave to an item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueVote {
    /// The item.
    pub item: u32,
    /// Who gave it.
    pub annotator: u32,
    /// The number.
    pub value: f64,
}

/// The number of an item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ItemValue {
    /// The number, in the unit of the votes.
    pub value: f64,
    /// Its standard error, in the same unit; `None` where the votes say nothing of it.
    pub standard_error: Option<f64>,
    /// The votes it stands on.
    pub n: u64,
}

/// Why numbers cannot be aggregated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueError {
    /// There is not a single vote.
    NoVotes,
    /// The number of an item or annotator is not below the count that was given.
    OutOfRange {
        /// Of what.
        what: &'static str,
        /// The number.
        got: u64,
        /// One above the largest that is allowed.
        end: u64,
    },
    /// A vote or option that is no finite number, or is below 0 where it may not be.
    BadNumber {
        /// Of what.
        what: &'static str,
        /// The number.
        got: f64,
    },
}

impl std::fmt::Display for ValueError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoVotes => f.write_str("there are no votes to aggregate"),
            Self::OutOfRange { what, got, end } => {
                write!(f, "{what} {got} is out of range: they are below {end}")
            }
            Self::BadNumber { what, got } => write!(f, "{what} is {got}: it must be a finite number"),
        }
    }
}

impl std::error::Error for ValueError {}

/// The mean of each item's votes; `None` for an item without votes.
///
/// The standard error is the votes' standard deviation over √n, `None` for a single vote. A bias that all annotators
/// share stays in the mean and is in no standard error.
///
/// ```
/// use karat_stats::values::{ValueVote, mean_values};
/// let votes = [1.0, 2.0, 6.0].map(|value| ValueVote { item: 0, annotator: 0, value });
/// let item = mean_values(2, &votes).unwrap()[0].unwrap();
/// assert_eq!((item.value, item.n), (3.0, 3));
/// assert!((item.standard_error.unwrap() - (7.0_f64 / 3.0).sqrt()).abs() < 1e-12);
/// ```
pub fn mean_values(n_items: u32, votes: &[ValueVote]) -> Result<Vec<Option<ItemValue>>, ValueError> {
    Ok(by_item(n_items, votes)?.iter().map(|values| mean(values)).collect())
}

/// The median of each item's votes; `None` for an item without votes. Of an even number, the middle of the two.
///
/// The standard error is McKean and Schrader's, from the distance of two votes around the median; `None` for a single
/// vote, and too small where many votes are the same number. J. W. McKean, R. M. Schrader, "A Comparison of Methods for Studentizing the
/// Sample Median", 1984.
///
/// ```
/// use karat_stats::values::{ValueVote, median_values};
/// let votes = [1.0, 2.0, 60.0].map(|value| ValueVote { item: 0, annotator: 0, value });
/// assert_eq!(median_values(1, &votes).unwrap()[0].unwrap().value, 2.0);
/// ```
pub fn median_values(n_items: u32, votes: &[ValueVote]) -> Result<Vec<Option<ItemValue>>, ValueError> {
    Ok(by_item(n_items, votes)?.iter().map(|values| median(values)).collect())
}

/// How annotators are weighed by precision. Every field changes the result, so none has a default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrecisionOptions {
    /// How many votes of average precision every annotator is believed to have given before the first; 4 or more, for
    /// without them one annotator can take over all items.
    pub n_prior: f64,
    /// The most rounds; 100 is enough.
    pub n_rounds: u32,
    /// The rounds end when no annotator's variance moves by more than this share of itself.
    pub tolerance: f64,
}

/// Numbers from annotators of different precision.
#[derive(Debug, Clone, PartialEq)]
pub struct PrecisionFit {
    /// For each item; `None` without votes. The standard errors take the annotators for independent.
    pub items: Vec<Option<ItemValue>>,
    /// The standard deviation of each annotator's votes around the items' numbers, in the unit of the votes; `None`
    /// without votes, and everywhere where no two votes on an item differ.
    pub annotators: Vec<Option<f64>>,
    /// The rounds it took.
    pub n_rounds: u32,
    /// Whether the rounds ended by themselves.
    pub converged: bool,
}

/// The mean of each item's votes, each weighed by the precision of its annotator, with shrinkage.
///
/// A vote is the item's number plus normal noise, whose variance belongs to the annotator and is believed beforehand to
/// be that of all, with the weight of `n_prior` votes. Expectation-maximization: the items' numbers under these
/// variances, with how uncertain they are, and the variances again. Where annotators differ little the plain mean is as
/// good or better. Where no item has two votes that differ, it is the plain mean without standard errors.
///
/// ```
/// use karat_stats::values::{PrecisionOptions, ValueVote, precision_weighted_values};
/// let vote = |item, annotator, value| ValueVote { item, annotator, value };
/// let mut votes = Vec::new();
/// for item in 0..20 {
///     let right = f64::from(item);
///     let wild = if item % 2 == 0 { 9.0 } else { -9.0 };
///     votes.extend([vote(item, 0, right + 0.5), vote(item, 1, right - 0.5), vote(item, 2, right + wild)]);
/// }
/// let options = PrecisionOptions { n_prior: 4.0, n_rounds: 100, tolerance: 1e-9 };
/// let fit = precision_weighted_values(20, 3, &votes, &options).unwrap();
/// assert!((fit.items[7].unwrap().value - 7.0).abs() < 1.0); // the plain mean is off by 3
/// assert!(fit.annotators[2] > fit.annotators[0]);
/// ```
pub fn precision_weighted_values(
    n_items: u32,
    n_annotators: u32,
    votes: &[ValueVote],
    options: &PrecisionOptions,
) -> Result<PrecisionFit, ValueError> {
    let groups = by_item(n_items, votes)?;
    for (what, got) in [("the number of prior votes", options.n_prior), ("the tolerance", options.tolerance)]
    {
        if !(got >= 0.0 && got.is_finite()) {
            return Err(ValueError::BadNumber { what, got });
        }
    }
    if let Some(vote) = votes.iter().find(|vote| vote.annotator >= n_annotators) {
        let (got, end) = (vote.annotator.into(), n_annotators.into());
        return Err(ValueError::OutOfRange { what: "annotator", got, end });
    }
    let means: Vec<Option<ItemValue>> = groups.iter().map(|values| mean(values)).collect();
    let n_voted = groups.iter().filter(|values| !values.is_empty()).count();
    let spread: f64 = groups
        .iter()
        .zip(&means)
        .filter_map(|(values, mean)| mean.map(|mean| squares(values, mean.value)))
        .sum();
    if spread == 0.0 {
        let plain = |item: ItemValue| ItemValue { standard_error: None, ..item };
        let items = means.into_iter().map(|item| item.map(plain)).collect();
        return Ok(PrecisionFit {
            items,
            annotators: vec![None; n_annotators as usize],
            n_rounds: 0,
            converged: true,
        });
    }
    // Differing votes need more votes than items.
    let pooled = spread / (votes.len() - n_voted) as f64;
    Ok(weigh(n_items, n_annotators, &sorted(votes), pooled, options))
}

fn weigh(
    n_items: u32,
    n_annotators: u32,
    votes: &[ValueVote],
    pooled: f64,
    options: &PrecisionOptions,
) -> PrecisionFit {
    let mut variances = vec![pooled; n_annotators as usize];
    let (mut n_rounds, mut converged) = (0, false);
    let mut items = expect(n_items, votes, &variances);
    while n_rounds < options.n_rounds && !converged {
        let mut sums = vec![(options.n_prior * pooled, options.n_prior); n_annotators as usize];
        for vote in votes {
            if let Some((value, variance, _)) = items[vote.item as usize] {
                let (sum, n) = &mut sums[vote.annotator as usize];
                *sum += (vote.value - value).powi(2) + variance;
                *n += 1.0;
            }
        }
        // Without a prior, an annotator that always hits the mean would have no variance at all.
        let next: Vec<f64> = sums
            .iter()
            .map(|(sum, n)| if *n > 0.0 { (sum / n).max(pooled * 1e-9) } else { pooled })
            .collect();
        converged = next.iter().zip(&variances).all(|(a, b)| (a - b).abs() <= options.tolerance * b);
        variances = next;
        items = expect(n_items, votes, &variances);
        n_rounds += 1;
    }
    let mut has_votes = vec![false; n_annotators as usize];
    for vote in votes {
        has_votes[vote.annotator as usize] = true;
    }
    let value =
        |(value, variance, n): (f64, f64, u64)| ItemValue { value, standard_error: Some(variance.sqrt()), n };
    PrecisionFit {
        items: items.into_iter().map(|item| item.map(value)).collect(),
        annotators: variances.iter().zip(has_votes).map(|(it, has)| has.then(|| it.sqrt())).collect(),
        n_rounds,
        converged,
    }
}

/// Each item's number, its variance and its votes.
fn expect(n_items: u32, votes: &[ValueVote], variances: &[f64]) -> Vec<Option<(f64, f64, u64)>> {
    let mut sums = vec![(0.0, 0.0, 0); n_items as usize];
    for vote in votes {
        let precision = 1.0 / variances[vote.annotator as usize];
        let (weighted, precisions, n) = &mut sums[vote.item as usize];
        *weighted += precision * vote.value;
        *precisions += precision;
        *n += 1;
    }
    sums.into_iter().map(|(weighted, sum, n)| (n > 0).then(|| (weighted / sum, 1.0 / sum, n))).collect()
}

/// The votes in an order of their own, so that the order they came in changes no bit.
fn sorted(votes: &[ValueVote]) -> Vec<ValueVote> {
    let mut votes = votes.to_vec();
    votes.sort_by(|a, b| {
        a.item.cmp(&b.item).then(a.value.total_cmp(&b.value)).then(a.annotator.cmp(&b.annotator))
    });
    votes
}

/// The sorted votes of each item.
fn by_item(n_items: u32, votes: &[ValueVote]) -> Result<Vec<Vec<f64>>, ValueError> {
    if votes.is_empty() {
        return Err(ValueError::NoVotes);
    }
    let mut groups = vec![Vec::new(); n_items as usize];
    for vote in votes {
        if !vote.value.is_finite() {
            return Err(ValueError::BadNumber { what: "a vote", got: vote.value });
        }
        let Some(group) = groups.get_mut(vote.item as usize) else {
            let (got, end) = (vote.item.into(), n_items.into());
            return Err(ValueError::OutOfRange { what: "item", got, end });
        };
        group.push(vote.value);
    }
    groups.iter_mut().for_each(|values| values.sort_unstable_by(f64::total_cmp));
    Ok(groups)
}

fn squares(values: &[f64], mean: f64) -> f64 {
    values.iter().map(|value| (value - mean).powi(2)).sum()
}

fn mean(values: &[f64]) -> Option<ItemValue> {
    let n = values.len();
    let value = values.iter().sum::<f64>() / n as f64;
    let error = (n > 1).then(|| (squares(values, value) / (n - 1) as f64 / n as f64).sqrt());
    (n > 0).then_some(ItemValue { value, standard_error: error, n: n as u64 })
}

fn median(sorted: &[f64]) -> Option<ItemValue> {
    let n = sorted.len();
    let value = 0.5 * (sorted.get(n / 2)? + sorted[(n - 1) / 2]);
    // The 0.995 quantile of the normal distribution, as the authors chose.
    let z = 2.575_829_303_548_901;
    let below = ((n as f64 + 1.0) / 2.0 - z * (n as f64 / 4.0).sqrt()).round().max(1.0) as usize;
    let error = (n > 1).then(|| (sorted[n - below] - sorted[below - 1]) / (2.0 * z));
    Some(ItemValue { value, standard_error: error, n: n as u64 })
}

/// The value with half of the weight on either side; the middle of two where the halves meet between them. `None` where
/// nothing weighs anything.
pub(crate) fn weighted_median(values: &[(f64, f64)]) -> Option<f64> {
    let mut sorted: Vec<(f64, f64)> = values.iter().copied().filter(|it| it.1 > 0.0).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let half = 0.5 * sorted.iter().map(|it| it.1).sum::<f64>();
    let mut below = 0.0;
    for (idx, (value, weight)) in sorted.iter().enumerate() {
        below += weight;
        if (below - half).abs() <= 1e-12 * half {
            return Some(0.5 * (value + sorted.get(idx + 1)?.0));
        }
        if below > half {
            return Some(*value);
        }
    }
    None
}

#[cfg(test)]
mod tests;
