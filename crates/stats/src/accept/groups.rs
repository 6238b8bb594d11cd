//! A promise for each stratum, and for a cascade of annotators.
//!
//! In: reviewed items with their strata, or with the answers of several annotators. Out: one verdict for each, at its part
//! of `delta`.
//!
//! Not here: the test itself (`choose.rs`).

use std::collections::BTreeMap;

use super::{AcceptError, Nothing, Rule, Scored, Verdict, Why, choose};

/// An item that nobody reviewed: its score and its stratum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member {
    /// How sure the annotator was; what is not finite is a missing score.
    pub score: f64,
    /// The stratum: it must be known without a review, like the class that the annotator gave.
    pub stratum: u32,
}

/// What may go without review in one stratum.
#[derive(Debug, Clone, PartialEq)]
pub struct StratumVerdict {
    /// The stratum.
    pub stratum: u32,
    /// Its reviewed items.
    pub n_gold: u64,
    /// Its other items.
    pub n_pool: u64,
    /// Its verdict, at `delta` divided by the number of strata that were tested.
    pub verdict: Verdict,
}

/// Chooses what may go without review in each stratum, such that with confidence `1 - rule.delta` *every* stratum has an
/// error of at most `rule.max_error` among its accepted.
///
/// A promise about all items hides the rare class in which half is wrong; this one does not, and costs more gold. `delta`
/// is divided equally (Bonferroni) among the strata with at least `min_gold` reviewed items: counts may decide that, labels
/// may not. The others get [`Why::BelowMinimum`]. In ascending order of the strata.
///
/// # Errors
/// As [`choose`].
///
/// ```
/// use karat_stats::accept::{Member, Rule, Scored, choose_by_stratum};
/// // Stratum 0 is always right, stratum 1 never.
/// let gold: Vec<Scored> = (0..200)
///     .map(|i| Scored { score: 0.9, loss: f64::from(i % 2), stratum: i as u32 % 2 })
///     .collect();
/// let pool = [0, 1].map(|stratum| Member { score: 0.9, stratum });
/// let verdicts = choose_by_stratum(&gold, &pool, &Rule::new(0.1, 0.1).unwrap(), 30).unwrap();
/// assert!(verdicts[0].verdict.accepted().is_some() && verdicts[1].verdict.accepted().is_none());
/// ```
pub fn choose_by_stratum(
    gold: &[Scored],
    pool: &[Member],
    rule: &Rule,
    min_gold: u64,
) -> Result<Vec<StratumVerdict>, AcceptError> {
    rule.check()?;
    rule.check_losses(gold)?;
    let mut strata: BTreeMap<u32, (Vec<Scored>, Vec<f64>)> = BTreeMap::new();
    gold.iter().for_each(|it| strata.entry(it.stratum).or_default().0.push(*it));
    pool.iter().for_each(|it| strata.entry(it.stratum).or_default().1.push(it.score));
    let is_tested = |gold: &[Scored]| gold.len() as u64 >= min_gold;
    let n_tested = strata.values().filter(|(gold, _)| is_tested(gold)).count();
    let of_stratum = Rule { delta: rule.delta / n_tested.max(1) as f64, ..*rule };
    strata
        .into_iter()
        .map(|(stratum, (gold, pool))| {
            let verdict = if is_tested(&gold) {
                choose(&gold, &pool, &of_stratum)?
            } else {
                let n = gold.len() as u64;
                let why = Why::BelowMinimum { n, minimum: min_gold };
                Verdict::Nothing(Nothing { why, more_gold: Some(min_gold - n) })
            };
            Ok(StratumVerdict { stratum, n_gold: gold.len() as u64, n_pool: pool.len() as u64, verdict })
        })
        .collect()
}

/// What one annotator of a cascade answered to a reviewed item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// How sure it was; what is not finite is a missing score.
    pub score: f64,
    /// 0 where it was right, 1 where it was wrong; between them only with [`Loss::Graded`](super::Loss::Graded).
    pub loss: f64,
}

/// Which annotator's label stands, item by item.
#[derive(Debug, Clone, PartialEq)]
pub struct Cascade {
    /// The verdict on each tier, on the items that the tiers before it passed on.
    pub tiers: Vec<Verdict>,
    /// For each item of the pool, the tier whose label needs no review; `None` where people must look.
    pub tier_of: Vec<Option<u32>>,
    /// The share of the pool that needs no review; `None` where it is empty.
    pub coverage: Option<f64>,
}

/// Chooses thresholds for several annotators, the cheapest first: what one is not sure of goes on to the next.
///
/// `gold[i]` holds the answers of all tiers to one reviewed item, `pool[i]` the scores of all tiers for another item; a tier
/// that was not asked is a missing score. Each tier is tested at `delta` divided by the number of tiers, on the reviewed
/// items the tiers before it passed on, so with confidence `1 - rule.delta` each tier's error is at most
/// `rule.max_error`, and hence that of all accepted. What a tier passes on depends on the labels that set its threshold;
/// where annotators err together this makes later tiers look worse than they are, never better, and simulations agree.
/// J. Jung and others, "Trust or Escalate: LLM Judges with Provable Guarantees for Human Agreement", 2024; but where no
/// threshold passes, none is returned.
///
/// # Errors
/// As [`choose`], and items with another number of answers than the first has.
///
/// ```
/// use karat_stats::accept::{Answer, Rule, choose_cascade};
/// // The first annotator is right where it is sure; the second is always right.
/// let of = |i: u32| [Answer { score: f64::from(i % 2), loss: f64::from(1 - i % 2) }, Answer { score: 1.0, loss: 0.0 }];
/// let gold: Vec<_> = (0..400).map(|i| of(i).to_vec()).collect();
/// let pool = vec![vec![1.0, 1.0], vec![0.0, 1.0]];
/// let cascade = choose_cascade(&gold, &pool, &Rule::new(0.1, 0.1).unwrap()).unwrap();
/// assert_eq!(cascade.tier_of, [Some(0), Some(1)]);
/// ```
pub fn choose_cascade(gold: &[Vec<Answer>], pool: &[Vec<f64>], rule: &Rule) -> Result<Cascade, AcceptError> {
    rule.check()?;
    let n_tiers = gold.first().map(Vec::len).or(pool.first().map(Vec::len)).unwrap_or(0);
    let lengths = gold.iter().map(Vec::len).chain(pool.iter().map(Vec::len));
    for got in lengths {
        if got != n_tiers {
            return Err(AcceptError::WrongTiers { got, want: n_tiers });
        }
    }
    let of_tier = Rule { delta: rule.delta / n_tiers.max(1) as f64, ..*rule };
    let mut open_gold: Vec<&[Answer]> = gold.iter().map(Vec::as_slice).collect();
    let mut tier_of = vec![None; pool.len()];
    let mut tiers = Vec::with_capacity(n_tiers);
    for tier in 0..n_tiers {
        let scored = |it: &&[Answer]| Scored { score: it[tier].score, loss: it[tier].loss, stratum: 0 };
        let scored: Vec<Scored> = open_gold.iter().map(scored).collect();
        let open_pool: Vec<usize> = (0..pool.len()).filter(|idx| tier_of[*idx].is_none()).collect();
        let scores: Vec<f64> = open_pool.iter().map(|idx| pool[*idx][tier]).collect();
        let verdict = choose(&scored, &scores, &of_tier)?;
        if let Verdict::Accept(accepted) = &verdict {
            let takes = |score: f64| score.is_finite() && score >= accepted.threshold;
            open_gold.retain(|it| !takes(it[tier].score));
            for idx in open_pool.into_iter().filter(|idx| takes(pool[*idx][tier])) {
                tier_of[idx] = Some(tier as u32);
            }
        }
        tiers.push(verdict);
    }
    let n_taken = tier_of.iter().flatten().count();
    let coverage = (!pool.is_empty()).then(|| n_taken as f64 / pool.len() as f64);
    Ok(Cascade { tiers, tier_of, coverage })
}
