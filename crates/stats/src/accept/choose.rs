//! The threshold: a sequence of tests from the surest items downwards, from several starts.
//!
//! In: reviewed items, the scores of the pool, a rule. Out: the deepest prefix that passes, or why none does.
//!
//! Where the tests stand and where they start depends on scores and counts alone; the labels only say how far each run of
//! tests gets. That is why many tests cost no more than `delta`: A. Angelopoulos and others, "Learn then Test: Calibrating
//! Predictive Algorithms to Achieve Risk Control", 2021.
//!
//! Not here: how many more reviews would be enough (`more.rs`).

use super::bounds::{self, clopper_pearson_upper, hypergeometric_upper, zero_error_size};
use super::{AcceptError, Loss, N_PREFIXES, Promise, Rule, Scored, Starts, more, n_starts};
use crate::special::binomial_at_most;

/// What may go without review.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Items with a score of at least the threshold may go.
    Accept(Accepted),
    /// No threshold can promise that. Not a failure: the only honest answer to the labels that there are.
    Nothing(Nothing),
}

impl Verdict {
    /// What was accepted, if anything.
    pub fn accepted(&self) -> Option<&Accepted> {
        match self {
            Self::Accept(accepted) => Some(accepted),
            Self::Nothing(_) => None,
        }
    }
}

/// A threshold that keeps the promise, with what it stands on.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// Items with a finite score of at least this may go without review.
    pub threshold: f64,
    /// The reviewed items at or above it.
    pub n_gold: u64,
    /// Of these, the wrong ones; the sum of the losses where they are graded.
    pub n_wrong: f64,
    /// `n_wrong / n_gold`: what was seen, not what is promised.
    pub error: f64,
    /// What the error can be at most, at confidence `1 - delta` shared among the starts; never above the rule's. With
    /// [`Promise::Pool`] it is about the items left over, and of few of them it may be below the error that was seen.
    pub bound: f64,
    /// The items of the pool at or above the threshold.
    pub n_pool: u64,
    /// Their share of the pool, unscored items included; `None` where the pool is empty.
    pub coverage: Option<f64>,
    /// How many starts shared `delta`.
    pub n_starts: u32,
}

/// That nothing may go without review.
#[derive(Debug, Clone, PartialEq)]
pub struct Nothing {
    /// Why.
    pub why: Why,
    /// How many more reviewed items would let something pass with a probability of about 0.8, if labels go on being as
    /// wrong as they were; `None` where no number up to a million would. An estimate, and no promise: errors among few items
    /// say little. In simulations 0.64 to 0.93 of samples of the named size let something pass; where the best items are
    /// only just too bad, it names a large number in four of ten cases although none would do.
    pub more_gold: Option<u64>,
}

/// Why nothing may go without review.
#[derive(Debug, Clone, PartialEq)]
pub enum Why {
    /// Fewer reviewed items with a score than even a faultless annotator needs.
    TooFewGold {
        /// The reviewed items with a score.
        n: u64,
        /// What a test needs at least: all of them right.
        need: u64,
    },
    /// Fewer reviewed items than the caller asks of each stratum.
    BelowMinimum {
        /// The reviewed items.
        n: u64,
        /// What was asked for.
        minimum: u64,
    },
    /// Too many errors, wherever the tests start; the start that came nearest.
    TooManyErrors {
        /// The reviewed items at or above that start.
        n_gold: u64,
        /// Of these, the wrong ones; the sum of the losses where they are graded.
        n_wrong: f64,
        /// What the error can be there: above the rule's.
        bound: f64,
    },
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooFewGold { n, need } => {
                write!(f, "{n} reviewed items with a score; even without an error it takes {need}")
            }
            Self::BelowMinimum { n, minimum } => {
                write!(f, "{n} reviewed items, fewer than the {minimum} asked for")
            }
            Self::TooManyErrors { n_gold, n_wrong, bound } => write!(
                f,
                "no threshold can promise that: at the best start {n_wrong} of {n_gold} are wrong, so the error may be {:.1} %",
                bound * 100.0
            ),
        }
    }
}

/// Chooses what may go without review, such that the error among it is at most `rule.max_error`, with confidence `1 -
/// rule.delta`.
///
/// The reviewed items are ranked by score. [`N_PREFIXES`] prefixes at equal steps of rank, each widened to a whole group of
/// equal scores, are tested from the surest on; a run of tests ends at its first failure. There are one or two runs
/// ([`Starts`]), each with its share of `delta`: the first starts at the first prefix that is large enough to pass without
/// an error, the second halfway down. The deepest prefix that passed is taken. An item of the pool is accepted where its
/// score is above the best score below that prefix, so threshold and labels stay independent.
///
/// `gold` must be a random sample of what `pool_scores` came from: not the items a person found interesting, and not those a
/// model was unsure of. The promise holds before the labels are drawn, over repetitions: one verdict in `1 / delta` may
/// break it. It is exact where error rates do not fall as scores fall, and within simulation error elsewhere.
/// It says nothing of single classes ([`choose_by_stratum`](super::choose_by_stratum)), and to call it again after each new
/// review breaks it ([`EProcess`](super::EProcess)). The order of the items changes nothing.
///
/// # Errors
/// A rule or a loss out of range. Too little gold is no error: it is a [`Verdict::Nothing`].
///
/// ```
/// use karat_stats::accept::{Rule, Scored, Verdict, choose};
/// // Sure labels are right, unsure ones often wrong.
/// let gold: Vec<Scored> = (0..200).map(|i| Scored::new(f64::from(i) / 200.0, i < 100 && i % 2 == 0)).collect();
/// let pool: Vec<f64> = (0..1000).map(|i| f64::from(i) / 1000.0).collect();
/// let verdict = choose(&gold, &pool, &Rule::new(0.1, 0.1).unwrap()).unwrap();
/// let accepted = verdict.accepted().unwrap();
/// assert!(accepted.coverage.unwrap() > 0.5 && accepted.bound <= 0.1);
/// // With ten reviews nothing can be promised, and the verdict says so.
/// assert!(matches!(choose(&gold[190..], &pool, &Rule::new(0.1, 0.1).unwrap()), Ok(Verdict::Nothing(_))));
/// ```
pub fn choose(gold: &[Scored], pool_scores: &[f64], rule: &Rule) -> Result<Verdict, AcceptError> {
    rule.check()?;
    rule.check_losses(gold)?;
    let ranking = Ranking::new(gold, pool_scores);
    let test = Test::new(rule, gold.len())?;
    let regions = ranking.prefixes().into_iter().map(|n| ranking.prefix(n)).collect();
    Ok(test.deepest(&ranking, regions))
}

/// Where the runs of tests start: equally spaced among the prefixes, the first at the first.
pub(super) fn starts(n_prefixes: usize, n_starts: u32) -> impl Iterator<Item = usize> {
    let n_starts = n_starts as usize;
    (0..n_starts.min(n_prefixes)).map(move |idx| idx * n_prefixes / n_starts.min(n_prefixes))
}

/// Reviewed items from the surest on, beside the pool.
pub(super) struct Ranking {
    /// Finite scores, falling, with their losses; equal scores by loss, so that no sum depends on the order of arrival.
    scored: Vec<(f64, f64)>,
    /// The sum of the losses before each rank; one entry more than there are scored items.
    losses_before: Vec<f64>,
    /// The reviewed items, those without a score included.
    pub(super) n_gold: usize,
    /// The finite scores of the pool, falling.
    pool: Vec<f64>,
    n_pool: usize,
}

impl Ranking {
    pub(super) fn new(gold: &[Scored], pool_scores: &[f64]) -> Self {
        let mut scored: Vec<(f64, f64)> =
            gold.iter().filter(|it| it.score.is_finite()).map(|it| (it.score + 0.0, it.loss)).collect();
        scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)));
        let mut losses_before = vec![0.0];
        let mut sum = 0.0;
        for (_, loss) in &scored {
            sum += loss;
            losses_before.push(sum);
        }
        // Adding 0 makes one zero of the two.
        let mut pool: Vec<f64> = pool_scores.iter().filter(|it| it.is_finite()).map(|it| it + 0.0).collect();
        pool.sort_unstable_by(|a, b| b.total_cmp(a));
        Self { scored, losses_before, n_gold: gold.len(), pool, n_pool: pool_scores.len() }
    }

    pub(super) fn n_scored(&self) -> usize {
        self.scored.len()
    }

    /// The errors among the `n` surest.
    pub(super) fn n_wrong(&self, n: usize) -> f64 {
        self.losses_before[n]
    }

    fn losses(&self, n: usize) -> Vec<f64> {
        self.scored[..n].iter().map(|(_, loss)| *loss).collect()
    }

    /// The sizes of the prefixes: equal steps of rank among the reviewed, each widened to a whole group of equal scores.
    pub(super) fn prefixes(&self) -> Vec<usize> {
        let mut sizes: Vec<usize> = (1..=N_PREFIXES as usize)
            .map(|step| (self.n_gold * step).div_ceil(N_PREFIXES as usize).min(self.n_scored()))
            .filter(|n| *n > 0)
            .map(|n| self.widened(n))
            .collect();
        sizes.dedup();
        sizes
    }

    /// The sizes of all prefixes that end with a whole group of equal scores.
    pub(super) fn groups(&self) -> impl Iterator<Item = usize> {
        let mut n = 0;
        self.scored.chunk_by(|a, b| a.0 == b.0).map(move |group| {
            n += group.len();
            n
        })
    }

    /// The size of the prefix that ends with the group of equal scores in which rank `n` lies.
    fn widened(&self, n: usize) -> usize {
        let last = self.scored[n - 1].0;
        n + self.scored[n..].partition_point(|(score, _)| *score >= last)
    }

    /// What is accepted with a prefix of `n`: all above the best score below it.
    pub(super) fn prefix(&self, n: usize) -> Region {
        let n_pool = match self.scored.get(n) {
            Some((next, _)) => self.pool.partition_point(|score| score > next),
            None => self.pool.len(),
        };
        let lowest = self.scored[n - 1].0;
        let threshold = self.pool[..n_pool].last().map_or(lowest, |of_pool| of_pool.min(lowest));
        Region { threshold, n, n_pool }
    }

    /// What is accepted at a threshold that was fixed beforehand.
    pub(super) fn region(&self, threshold: f64) -> Region {
        Region {
            threshold,
            n: self.scored.partition_point(|(score, _)| *score >= threshold),
            n_pool: self.pool.partition_point(|score| *score >= threshold),
        }
    }
}

/// What would be accepted: `n` of the reviewed items and `n_pool` of the pool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region {
    pub(super) threshold: f64,
    n: usize,
    pub(super) n_pool: usize,
}

/// The test of one region at the share of `delta` that a start has.
pub(super) struct Test<'a> {
    rule: &'a Rule,
    n_starts: u32,
    /// `delta` of one start.
    delta: f64,
    /// The fewest reviewed items that can pass; of a small pool fewer may be enough.
    pub(super) least: u64,
}

impl<'a> Test<'a> {
    pub(super) fn new(rule: &'a Rule, n_gold: usize) -> Result<Self, AcceptError> {
        let n_starts = match rule.starts {
            Starts::ByRule => n_starts(n_gold, rule.max_error),
            Starts::Fixed(0) => return Err(AcceptError::NoStarts),
            Starts::Fixed(n) => n,
        };
        if rule.promise == Promise::Pool && rule.loss == Loss::Graded {
            return Err(AcceptError::GradedPool);
        }
        let delta = rule.delta / f64::from(n_starts);
        let least = match rule.loss {
            Loss::ZeroOne => zero_error_size(rule.max_error, delta).unwrap_or(u64::MAX),
            Loss::Graded => bounds::zero_loss_size(rule.max_error, delta),
        };
        Ok(Self { rule, n_starts, delta, least })
    }

    /// The verdict on nested regions, given from strict to lenient.
    pub(super) fn deepest(&self, ranking: &Ranking, mut regions: Vec<Region>) -> Verdict {
        // A start that cannot pass even without an error is a start wasted. No label is read here.
        regions.retain(|region| self.could_pass(region));
        let mut deepest: Option<Region> = None;
        for start in starts(regions.len(), self.n_starts) {
            let passed = regions[start..].iter().take_while(|region| self.passes(ranking, region)).last();
            if let Some(region) = passed.filter(|it| deepest.is_none_or(|before| before.n < it.n)) {
                deepest = Some(*region);
            }
        }
        match deepest {
            Some(region) => Verdict::Accept(self.accepted(ranking, region)),
            None => Verdict::Nothing(Nothing {
                why: self.why(ranking, &regions),
                more_gold: more::more_gold(ranking, self.rule),
            }),
        }
    }

    /// Why none of these regions passed: the start that came nearest.
    fn why(&self, ranking: &Ranking, regions: &[Region]) -> Why {
        let starts = starts(regions.len(), self.n_starts).map(|start| regions[start]);
        let nearest =
            starts.map(|region| (self.bound(ranking, &region), region)).min_by(|a, b| a.0.total_cmp(&b.0));
        match nearest {
            Some((bound, region)) => {
                Why::TooManyErrors { n_gold: region.n as u64, n_wrong: ranking.n_wrong(region.n), bound }
            }
            None => Why::TooFewGold { n: ranking.n_scored() as u64, need: self.least },
        }
    }

    /// Whether this region passes if all of it is right.
    fn could_pass(&self, region: &Region) -> bool {
        match self.rule.promise {
            Promise::Source => region.n as u64 >= self.least,
            Promise::Pool => region.n_pool > 0 && self.bound_of_pool(0, region) <= self.rule.max_error,
        }
    }

    /// Whether the error in this region is at most what is allowed, as far as the labels show.
    fn passes(&self, ranking: &Ranking, region: &Region) -> bool {
        match (self.rule.promise, self.rule.loss) {
            (Promise::Source, Loss::ZeroOne) => {
                let k = ranking.n_wrong(region.n) as u64;
                binomial_at_most(k, region.n as u64, self.rule.max_error) <= self.delta
            }
            (Promise::Source, Loss::Graded) => {
                bounds::log_capital(&ranking.losses(region.n), self.rule.max_error) >= -self.delta.ln()
            }
            (Promise::Pool, _) => self.bound(ranking, region) <= self.rule.max_error,
        }
    }

    /// What the error in this region can be at most.
    fn bound(&self, ranking: &Ranking, region: &Region) -> f64 {
        let k = ranking.n_wrong(region.n);
        match (self.rule.promise, self.rule.loss) {
            (Promise::Source, Loss::ZeroOne) => {
                clopper_pearson_upper(k as u64, region.n as u64, self.delta).unwrap_or(1.0)
            }
            (Promise::Source, Loss::Graded) => {
                bounds::betting_upper(&ranking.losses(region.n), self.delta).unwrap_or(1.0)
            }
            (Promise::Pool, _) => self.bound_of_pool(k as u64, region),
        }
    }

    /// The largest share of the pool's part of a region that can be wrong after `k` errors among its reviewed part.
    fn bound_of_pool(&self, k: u64, region: &Region) -> f64 {
        let (n, n_pool) = (region.n as u64, region.n_pool as u64);
        let most = hypergeometric_upper(k, n, n + n_pool, self.delta);
        most.map_or(1.0, |most| (most - k) as f64 / n_pool.max(1) as f64)
    }

    fn accepted(&self, ranking: &Ranking, region: Region) -> Accepted {
        let n_wrong = ranking.n_wrong(region.n);
        Accepted {
            threshold: region.threshold,
            n_gold: region.n as u64,
            n_wrong,
            error: n_wrong / region.n as f64,
            // A test that passed has a bound at the allowed error or below; rounding may say otherwise in the last bit.
            bound: self.bound(ranking, &region).min(self.rule.max_error),
            n_pool: region.n_pool as u64,
            coverage: (ranking.n_pool > 0).then(|| region.n_pool as f64 / ranking.n_pool as f64),
            n_starts: self.n_starts,
        }
    }

    /// The most errors among `n` with which a region passes; `None` where it cannot.
    pub(super) fn most_errors(&self, n: u64) -> Option<u64> {
        let passes = |k: u64| binomial_at_most(k, n, self.rule.max_error) <= self.delta;
        if n == 0 || !passes(0) {
            return None;
        }
        let (mut low, mut high) = (0, n);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if passes(middle) { low = middle } else { high = middle }
        }
        Some(low)
    }

    /// The probability that a region of `n` reviewed items passes where a share `error` is wrong.
    pub(super) fn chance(&self, n: u64, error: f64) -> f64 {
        self.most_errors(n).map_or(0.0, |k| binomial_at_most(k, n, error))
    }

    /// How many starts share `delta`.
    pub(super) fn n_starts(&self) -> u32 {
        self.n_starts
    }
}
