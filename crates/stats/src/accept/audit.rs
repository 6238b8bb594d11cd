//! Where the next reviews help most: inside what is likely to be accepted.
//!
//! In: a first, uniform sample of reviewed items (the pilot), how many more can be reviewed. Out: a region to draw from and
//! thresholds that are fixed before its labels are seen; later, the verdict on them.
//!
//! A label of an item that goes to people anyway says nothing about the accepted. The pilot proposes, the audit tests.
//!
//! Not here: the draw itself (`sample.rs`).

use super::choose::{Ranking, Test};
use super::{AcceptError, Rule, Scored, Starts, Verdict, choose};

/// How likely the whole region should be to pass.
const WANTED: f64 = 0.6;

/// Above this share of the pool, reviews everywhere are nearly all inside: nothing is to be gained.
const MOST_COVERAGE: f64 = 0.6;

/// How many nested thresholds are tested, from half of the region to all of it.
const N_THRESHOLDS: usize = 5;

/// What to review next, and what will be tested with it.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditPlan {
    /// Where to draw from.
    pub region: AuditRegion,
    /// How many items to draw there, at random, each with the same probability.
    pub n_to_draw: u64,
    /// The items of the pool in the region.
    pub n_pool: u64,
    /// What the pilot expects to be accepted, as a share of the pool; `None` where it expects nothing. A forecast.
    pub expected: Option<f64>,
}

/// Where to draw from.
#[derive(Debug, Clone, PartialEq)]
pub enum AuditRegion {
    /// From the whole pool: the pilot would accept more than 60 % of it, or nothing at all.
    Everywhere,
    /// From the items at or above the last of these thresholds, which fall; each will be tested.
    Inside(Vec<f64>),
}

impl AuditPlan {
    /// Whether an item with this score may be drawn.
    ///
    /// ```
    /// use karat_stats::accept::{AuditPlan, AuditRegion};
    /// let region = AuditRegion::Inside(vec![0.9, 0.8]);
    /// let plan = AuditPlan { region, n_to_draw: 100, n_pool: 500, expected: Some(0.2) };
    /// assert!(plan.takes(0.8) && !plan.takes(0.79) && !plan.takes(f64::NAN));
    /// ```
    pub fn takes(&self, score: f64) -> bool {
        match &self.region {
            AuditRegion::Everywhere => true,
            AuditRegion::Inside(thresholds) => {
                score.is_finite() && thresholds.last().is_some_and(|last| score >= *last)
            }
        }
    }
}

/// Plans where `n_budget` more reviews go, from a pilot of reviewed items.
///
/// The pilot's errors, made monotone in the score, forecast the error of each prefix of the pool. The region is the largest prefix
/// that `n_budget` labels inside it would pass with a probability of 0.6. Where that is more than 60 % of the pool, or
/// nothing, reviews stay uniform. A third of all labels is a good pilot. With fewer than about 200 labels in all, or an annotator
/// that is known to be very good, skip the pilot and call [`choose`]: the pilot's labels are not used twice.
///
/// The pilot must be a random sample of the pool; `pool_scores` are those of the items not yet reviewed.
///
/// # Errors
/// As [`choose`].
///
/// ```
/// use karat_stats::accept::{AuditRegion, Rule, Scored, plan_audit};
/// // Right above 0.7, a coin below.
/// let pilot: Vec<Scored> = (0..100).map(|i| Scored::new(f64::from(i) / 100.0, i < 70 && i % 2 == 0)).collect();
/// let pool: Vec<f64> = (0..5000).map(|i| f64::from(i) / 5000.0).collect();
/// let plan = plan_audit(&pilot, &pool, 200, &Rule::new(0.1, 0.1).unwrap()).unwrap();
/// assert!(matches!(plan.region, AuditRegion::Inside(_)) && plan.n_to_draw == 200);
/// ```
pub fn plan_audit(
    pilot: &[Scored],
    pool_scores: &[f64],
    n_budget: u64,
    rule: &Rule,
) -> Result<AuditPlan, AcceptError> {
    rule.check()?;
    rule.check_losses(pilot)?;
    let everywhere = |expected| AuditPlan {
        region: AuditRegion::Everywhere,
        n_to_draw: n_budget.min(pool_scores.len() as u64),
        n_pool: pool_scores.len() as u64,
        expected,
    };
    let one_start = Rule { starts: Starts::Fixed(1), ..*rule };
    let test = Test::new(&one_start, pilot.len())?;
    let mut pool: Vec<f64> = pool_scores.iter().filter(|it| it.is_finite()).map(|it| it + 0.0).collect();
    pool.sort_unstable_by(|a, b| b.total_cmp(a));
    let curve = Monotone::new(pilot);
    let (Some(most), false) = (test.most_errors(n_budget), curve.knots.is_empty()) else {
        return Ok(everywhere(None));
    };
    let passes = |error: f64| crate::special::binomial_at_most(most, n_budget, error) >= WANTED;
    let (mut sum, mut n_region) = (0.0, 0);
    for (n, score) in (1_usize..).zip(&pool) {
        sum += curve.at(*score);
        let ends_group = pool.get(n).is_none_or(|next| next < score);
        // The mean of a rising curve rises: after the first failure nothing passes any more.
        if ends_group && !passes(sum / n as f64) {
            break;
        }
        if ends_group {
            n_region = n;
        }
    }
    let coverage = n_region as f64 / pool_scores.len().max(1) as f64;
    if n_region == 0 || coverage > MOST_COVERAGE {
        return Ok(everywhere((n_region > 0).then_some(coverage)));
    }
    let last = 2 * (N_THRESHOLDS - 1);
    let mut thresholds: Vec<f64> =
        (last / 2..=last).map(|part| pool[(n_region * part / last).max(1) - 1]).collect();
    thresholds.dedup();
    Ok(AuditPlan {
        region: AuditRegion::Inside(thresholds),
        n_to_draw: n_budget.min(n_region as u64),
        n_pool: n_region as u64,
        expected: Some(coverage),
    })
}

/// The verdict on an audit: the reviewed items that were drawn by its plan, and the pool without them.
///
/// Inside a region the thresholds of the plan are tested from strict to lenient at full `delta`; everywhere, it is
/// [`choose`]. The pilot must not be among the audited: it chose the region, and would speak for itself.
/// The promise is exact: the thresholds were fixed before these labels were drawn.
///
/// # Errors
/// As [`choose`], and an audited item outside the region.
///
/// ```
/// use karat_stats::accept::{AuditPlan, AuditRegion, Rule, Scored, certify_audit};
/// let region = AuditRegion::Inside(vec![0.9, 0.8]);
/// let plan = AuditPlan { region, n_to_draw: 100, n_pool: 500, expected: Some(0.2) };
/// let audited: Vec<Scored> = (0..100).map(|i| Scored::new(0.8 + f64::from(i) / 500.0, false)).collect();
/// let verdict = certify_audit(&plan, &audited, &[0.85, 0.7], &Rule::new(0.1, 0.1).unwrap()).unwrap();
/// assert_eq!(verdict.accepted().unwrap().threshold, 0.8);
/// ```
pub fn certify_audit(
    plan: &AuditPlan,
    audited: &[Scored],
    pool_scores: &[f64],
    rule: &Rule,
) -> Result<Verdict, AcceptError> {
    let AuditRegion::Inside(thresholds) = &plan.region else { return choose(audited, pool_scores, rule) };
    rule.check()?;
    rule.check_losses(audited)?;
    if let Some(outside) = audited.iter().find(|it| !plan.takes(it.score)) {
        return Err(AcceptError::OutsideRegion { score: outside.score });
    }
    let one_start = Rule { starts: Starts::Fixed(1), ..*rule };
    let ranking = Ranking::new(audited, pool_scores);
    let regions = thresholds.iter().map(|threshold| ranking.region(*threshold)).collect();
    Ok(Test::new(&one_start, audited.len())?.deepest(&ranking, regions))
}

/// The loss as a function of the score that never rises with it, nearest to what was seen.
struct Monotone {
    /// Scores, falling, with the fitted loss at each: never falling.
    knots: Vec<(f64, f64)>,
}

impl Monotone {
    /// Isotonic regression by pooling neighbours that are out of order. M. Ayer and others, 1955.
    fn new(seen: &[Scored]) -> Self {
        let mut seen: Vec<(f64, f64)> =
            seen.iter().filter(|it| it.score.is_finite()).map(|it| (it.score + 0.0, it.loss)).collect();
        seen.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.total_cmp(&b.1)));
        // Blocks of highest score, lowest score, sum of losses, items.
        let mut blocks: Vec<(f64, f64, f64, f64)> = Vec::new();
        for same in seen.chunk_by(|a, b| a.0 == b.0) {
            let sum: f64 = same.iter().map(|it| it.1).sum();
            let mut block = (same[0].0, same[0].0, sum, same.len() as f64);
            while let Some(before) = blocks.pop_if(|before| before.2 * block.3 >= block.2 * before.3) {
                block = (before.0, block.1, before.2 + block.2, before.3 + block.3);
            }
            blocks.push(block);
        }
        let ends = |(high, low, sum, n): (f64, f64, f64, f64)| [(high, sum / n), (low, sum / n)];
        Self { knots: blocks.into_iter().flat_map(ends).collect() }
    }

    /// The loss at a score: on the line between the two knots around it.
    fn at(&self, score: f64) -> f64 {
        let next = self.knots.partition_point(|(knot, _)| *knot >= score);
        match (next.checked_sub(1).map(|idx| self.knots[idx]), self.knots.get(next)) {
            (Some(above), Some(below)) => {
                let part = (above.0 - score) / (above.0 - below.0);
                above.1 + part * (below.1 - above.1)
            }
            (Some(only), None) => only.1,
            (None, Some(only)) => only.1,
            (None, None) => 1.0,
        }
    }
}
