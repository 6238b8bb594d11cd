//! What may go without review, with a promise on the error among it.
//!
//! In: a panel with gold, the error that is allowed, the confidence that is wanted. Out: an [`AcceptReport`]: the items that
//! may go, the promise they go under, and the error of the whole; or that no threshold can promise that, and how many more
//! reviews would. A promise is kept as a [`Certificate`] with the hashes of all that it holds for, and [`audit`] watches it.
//!
//! Where the consensus labels, the gold is divided: one part teaches the consensus, the sealed other part tests it. Whoever
//! tests on what he learned from promises too much.

pub mod audit;
mod certificate;

use karat_core::{Error, Result};
use karat_format::ColumnKind;
use karat_stats::Level;
use karat_stats::accept::{
    AcceptError, AuditPlan, AuditRegion, CoverageRow, Member, Promise, Rule, Scored, Verdict, certify_audit,
    choose, choose_by_stratum, coverage_table, whole_error,
};
use karat_store::Store;
use serde::Serialize;
use serde_json::{Value as Json, json};

pub use certificate::{Certificate, Standing, certificates, issue, standing};

use crate::beside::write_beside;
use crate::compare::number;
use crate::evaluate::Number;
use crate::export::label_column;
use crate::judged::{CONSENSUS, Judged, gold_hash_without, judged, split, split_off, usual};
use crate::panel::{Panel, Plain};
use crate::sample::last;
use crate::setup::Setup;

/// What is to be promised.
#[derive(Debug, Clone)]
pub struct AcceptOptions {
    /// The largest share of wrong labels among the accepted, in (0, 1).
    pub error: f64,
    /// How sure the promise is, in (0, 1).
    pub confidence: f64,
    /// Whose labels: an annotator, or `consensus`.
    pub by: Option<String>,
    /// A promise for each label of its own.
    pub per_label: bool,
    /// Whether the promise is about items yet to come, too, and not about these items alone.
    pub for_source: bool,
    /// The share of the gold from which the consensus learns; the rest tests it.
    pub teach: f64,
    /// A sample that was drawn for this promise; the gold is then divided by it, and not by `teach`.
    pub inside: Option<Inside>,
    /// The seed of the division and of the consensus.
    pub seed: u64,
}

/// What may go without review.
#[derive(Debug, Clone, Serialize)]
pub struct AcceptReport {
    /// Whose labels.
    pub by: String,
    /// The error that is allowed.
    pub error: f64,
    /// How sure the promise is.
    pub confidence: f64,
    /// Items of the data.
    pub n_items: u64,
    /// Items without gold: those that may go or need a look.
    pub n_pool: u64,
    /// Gold items from which the consensus learned.
    pub n_taught: u64,
    /// Gold items that test.
    pub n_tested: u64,
    /// One answer, or one for each label.
    pub answers: Vec<Answer>,
    /// Items that may go.
    pub n_accepted: u64,
    /// Their share of the pool.
    pub coverage: Option<f64>,
    /// What each threshold would accept, and how much of it was wrong: to look at, no promise.
    pub table: Vec<Threshold>,
    /// The error among the accepted, of people, and of the whole.
    pub errors: Errors,
    /// Which items may go.
    #[serde(skip)]
    pub accepted: Vec<bool>,
    /// The label of each item.
    #[serde(skip)]
    pub labels: Vec<Option<Plain>>,
    /// The score of each item.
    #[serde(skip)]
    pub scores: Vec<Option<f64>>,
    /// Which items test.
    #[serde(skip)]
    pub tested: Vec<bool>,
}

/// The answer for all items, or for those with one label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The label; `None` for all.
    pub label: Option<String>,
    /// What may go, or why nothing.
    #[serde(flatten)]
    pub verdict: AnswerVerdict,
}

/// What may go, or why nothing.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerVerdict {
    /// Items with a score of at least the threshold may go.
    Accept {
        /// The threshold.
        threshold: f64,
        /// Tested items at or above it.
        n_gold: u64,
        /// Of these, the wrong ones.
        n_wrong: u64,
        /// What the error can be at most, with the confidence that was asked for.
        bound: f64,
        /// Items of the pool that may go.
        n_pool: u64,
    },
    /// Nothing may go.
    Nothing {
        /// Why.
        why: String,
        /// How many more tested items would probably be enough.
        more_gold: Option<u64>,
    },
}

/// A row of the coverage-error table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Threshold {
    /// Items with a score of at least this.
    pub threshold: f64,
    /// Their share of the pool.
    pub coverage: f64,
    /// Tested items among them.
    pub n_gold: u64,
    /// Of these, the wrong ones.
    pub n_wrong: u64,
    /// Their share.
    pub error: f64,
    /// What the error can be at most, had this row been the only one that was looked at.
    pub bound_alone: f64,
}

impl From<CoverageRow> for Threshold {
    fn from(it: CoverageRow) -> Self {
        let CoverageRow { threshold, coverage, n_gold, n_wrong, error, bound_alone } = it;
        Self { threshold, coverage, n_gold, n_wrong, error, bound_alone }
    }
}

/// The three errors that belong together.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Errors {
    /// Among the accepted, as seen on tested items.
    pub accepted: Option<Number>,
    /// Of the people, where their single labels are known.
    pub people: Option<Number>,
    /// Of the whole data set, if people label the rest as well as they did.
    pub whole: Option<Number>,
}

/// Items that were drawn inside of what may be accepted (`karat sample --design acceptance`) and have gold by now: they test,
/// and all other gold teaches.
#[derive(Debug, Clone)]
pub struct Inside {
    /// The number of the sample.
    pub sample: i64,
    items: Vec<usize>,
    thresholds: Vec<f64>,
}

/// The last sample inside of what may be accepted, where the gold holds any of it.
pub async fn inside(store: &Store, panel: &Panel) -> Result<Option<Inside>> {
    let Some(kept) = last(store, panel, true).await? else { return Ok(None) };
    let mut items: Vec<usize> =
        kept.items.keys().copied().filter(|item| panel.gold[*item].is_some()).collect();
    items.sort_unstable();
    let is_any = !items.is_empty() && !kept.thresholds.is_empty();
    // Other gold gives other scores, and the region that was drawn from is then another one.
    if is_any && gold_hash_without(panel, &items).to_string() != kept.gold {
        return Err(Error::invalid(format!(
            "beside that of sample {}, the gold is not what it was when the sample was drawn",
            kept.id
        ))
        .hint("name the gold of then and that of the sample: `--gold before.csv,sample.csv`"));
    }
    Ok(is_any.then_some(Inside { sample: kept.id, items, thresholds: kept.thresholds }))
}

/// Chooses what may go without review.
pub fn accept(panel: &Panel, options: &AcceptOptions) -> Result<AcceptReport> {
    let mut rule = rule(options.error, options.confidence)?;
    check(panel, options)?;
    rule.promise = if options.for_source { Promise::Source } else { Promise::Pool };
    let by = options.by.clone().unwrap_or_else(|| usual(panel));
    let teach = if by == CONSENSUS { options.teach } else { 0.0 };
    let parts = match &options.inside {
        None => split(panel, 1.0 - teach, options.seed),
        Some(inside) => split_off(panel, &inside.items),
    };
    let judged = judged(panel, &by, &parts.dev, options.seed)?;
    if judged.scores.iter().all(Option::is_none) {
        return Err(Error::invalid(format!("`{by}` gives no confidence: nothing tells sure labels from unsure ones"))
            .hint("ask for token probabilities or several samples, or name several annotators: their consensus has one"));
    }
    let tested: Vec<usize> = (0..panel.n_items()).filter(|item| parts.test[*item]).collect();
    let pool: Vec<usize> = (0..panel.n_items()).filter(|item| panel.gold[*item].is_none()).collect();
    let gold: Vec<Scored> = tested.iter().map(|item| scored(panel, &judged, *item)).collect();
    let (answers, accepted) = if let Some(inside) = &options.inside {
        certified(&judged, (&gold, &pool), inside, &rule)?
    } else if options.per_label {
        by_label(panel, &judged, (&gold, &pool), &rule)?
    } else {
        all_items(&judged, (&gold, &pool), &rule)?
    };
    let mut is_accepted = vec![false; panel.n_items()];
    accepted.iter().for_each(|item| is_accepted[*item] = true);
    let pool_scores: Vec<f64> = pool.iter().map(|item| score(&judged, *item)).collect();
    let table = coverage_table(&gold, &pool_scores, rule.delta).map_err(told)?;
    let coverage = (!pool.is_empty()).then(|| accepted.len() as f64 / pool.len() as f64);
    Ok(AcceptReport {
        error: options.error,
        confidence: options.confidence,
        n_items: panel.n_items() as u64,
        n_pool: pool.len() as u64,
        n_taught: parts.dev.iter().flatten().count() as u64,
        n_tested: tested.len() as u64,
        n_accepted: accepted.len() as u64,
        coverage,
        errors: errors(panel, &answers, coverage.unwrap_or(0.0)),
        answers,
        table: table.into_iter().map(Threshold::from).collect(),
        by,
        accepted: is_accepted,
        labels: judged.labels,
        scores: judged.scores,
        tested: parts.test,
    })
}

/// An error where the question has no answer.
fn check(panel: &Panel, options: &AcceptOptions) -> Result<()> {
    if !(0.0..=1.0).contains(&options.teach) {
        return Err(Error::invalid(format!("`--teach {}` is no share from 0 to 1", options.teach))
            .hint("`--teach 0.5` lets the consensus learn from half of the gold; the other half tests it"));
    }
    if panel.n_items() == panel.n_gold() {
        return Err(Error::invalid("every item has gold: there is nothing left to accept").hint(
            "`--rehearse 100` takes only 100 of them for known, and says how a promise would have held",
        ));
    }
    Ok(())
}

/// The rule of a promise, from shares as a person gives them.
pub(crate) fn rule(error: f64, confidence: f64) -> Result<Rule> {
    let is_share = |share: f64| share > 0.0 && share < 1.0;
    if !is_share(error) {
        return Err(Error::invalid(format!("`--error {error}` is no share between 0 and 1"))
            .hint("`--error 0.05` allows 5 wrong labels in 100"));
    }
    if !is_share(confidence) {
        return Err(Error::invalid(format!("`--confidence {confidence}` is no share between 0 and 1"))
            .hint("`--confidence 0.95` is wrong about one promise in 20"));
    }
    Rule::new(error, 1.0 - confidence).map_err(told)
}

fn told(error: AcceptError) -> Error {
    Error::invalid(error.to_string())
}

/// The score of an item; one without a label or a score is never accepted.
fn score(judged: &Judged, item: usize) -> f64 {
    judged.labels[item].as_ref().and(judged.scores[item]).unwrap_or(f64::NAN)
}

/// A tested item; one without a label is wrong, and counts as tested.
fn scored(panel: &Panel, judged: &Judged, item: usize) -> Scored {
    let wrong = !panel.is_right(judged.labels[item].as_ref(), item);
    let stratum = judged.labels[item].as_ref().map_or(u32::MAX, |plain| stratum_of(panel, plain));
    Scored { stratum, ..Scored::new(score(judged, item), wrong) }
}

/// The stratum of a label: its class, and for sets and spans 0.
fn stratum_of(_panel: &Panel, plain: &Plain) -> u32 {
    match plain {
        Plain::Choice(class) => class.0,
        _ => 0,
    }
}

fn all_items(
    judged: &Judged,
    (gold, pool): (&[Scored], &[usize]),
    rule: &Rule,
) -> Result<(Vec<Answer>, Vec<usize>)> {
    let scores: Vec<f64> = pool.iter().map(|item| score(judged, *item)).collect();
    let verdict = choose(gold, &scores, rule).map_err(told)?;
    let threshold = verdict.accepted().map_or(f64::INFINITY, |it| it.threshold);
    let accepted = pool.iter().zip(&scores).filter(|(_, score)| **score >= threshold).map(|(item, _)| *item);
    Ok((vec![Answer { label: None, verdict: told_verdict(&verdict) }], accepted.collect()))
}

/// The test of a sample that was drawn inside of what may be accepted.
fn certified(
    judged: &Judged,
    (gold, pool): (&[Scored], &[usize]),
    inside: &Inside,
    rule: &Rule,
) -> Result<(Vec<Answer>, Vec<usize>)> {
    let scores: Vec<f64> = pool.iter().map(|item| score(judged, *item)).collect();
    let plan = AuditPlan {
        region: AuditRegion::Inside(inside.thresholds.clone()),
        n_to_draw: gold.len() as u64,
        n_pool: pool.len() as u64,
        expected: None,
    };
    let verdict = certify_audit(&plan, gold, &scores, rule).map_err(|error| {
        told(error).hint("the scores are not those of the draw: give all gold that there was then, too (`--gold a.csv,b.csv`)")
    })?;
    let threshold = verdict.accepted().map_or(f64::INFINITY, |it| it.threshold);
    let accepted = pool.iter().zip(&scores).filter(|(_, score)| **score >= threshold).map(|(item, _)| *item);
    Ok((vec![Answer { label: None, verdict: told_verdict(&verdict) }], accepted.collect()))
}

/// A promise for each label, at an equal share of the risk each.
fn by_label(
    panel: &Panel,
    judged: &Judged,
    (gold, pool): (&[Scored], &[usize]),
    rule: &Rule,
) -> Result<(Vec<Answer>, Vec<usize>)> {
    if panel.shape != karat_core::Shape::Choice {
        return Err(
            Error::invalid("a promise for each label needs single labels").hint("leave out `--per-label`")
        );
    }
    let labeled = |item: &&usize| judged.labels[**item].is_some();
    let pool: Vec<usize> = pool.iter().filter(labeled).copied().collect();
    let of = |item: &usize| judged.labels[*item].as_ref().map_or(0, |plain| stratum_of(panel, plain));
    let members: Vec<Member> =
        pool.iter().map(|item| Member { score: score(judged, *item), stratum: of(item) }).collect();
    let gold: Vec<Scored> = gold.iter().filter(|it| it.stratum != u32::MAX).copied().collect();
    let verdicts = choose_by_stratum(&gold, &members, rule, 1).map_err(told)?;
    let threshold = |stratum: u32| {
        let own = verdicts.iter().find(|it| it.stratum == stratum);
        own.and_then(|it| it.verdict.accepted()).map_or(f64::INFINITY, |it| it.threshold)
    };
    let accepted =
        pool.iter().zip(&members).filter(|(_, it)| it.score >= threshold(it.stratum)).map(|(item, _)| *item);
    let accepted = accepted.collect();
    let answer = |it: &karat_stats::accept::StratumVerdict| Answer {
        label: panel.labels.get(it.stratum as usize).cloned(),
        verdict: told_verdict(&it.verdict),
    };
    Ok((verdicts.iter().map(answer).collect(), accepted))
}

fn told_verdict(verdict: &Verdict) -> AnswerVerdict {
    match verdict {
        Verdict::Accept(it) => AnswerVerdict::Accept {
            threshold: it.threshold,
            n_gold: it.n_gold,
            n_wrong: it.n_wrong as u64,
            bound: it.bound,
            n_pool: it.n_pool,
        },
        Verdict::Nothing(it) => AnswerVerdict::Nothing { why: it.why.to_string(), more_gold: it.more_gold },
    }
}

/// The error among the accepted, of the people against the settled gold, and of the whole.
fn errors(panel: &Panel, answers: &[Answer], coverage: f64) -> Errors {
    let seen = answers.iter().fold((0, 0), |(wrong, n), it| match it.verdict {
        AnswerVerdict::Accept { n_gold, n_wrong, .. } => (wrong + n_wrong, n + n_gold),
        AnswerVerdict::Nothing { .. } => (wrong, n),
    });
    let people = panel.members.iter().enumerate().filter(|(_, it)| it.voter == crate::panel::Voter::Person);
    let rights = people.flat_map(|(n, it)| {
        (0..panel.n_items())
            .filter(|item| it.given[*item].is_ok())
            .filter_map(move |item| panel.right(n, item))
    });
    let of_people = rights.fold((0, 0), |(wrong, n), right| (wrong + u64::from(!right), n + 1));
    match whole_error(coverage, seen, of_people, Level::P95) {
        None => Errors::default(),
        Some(it) => Errors {
            accepted: it.automatic.map(number),
            people: it.people.map(number),
            whole: it.whole.map(number),
        },
    }
}

/// Writes every row with its label, where it comes from, and where it goes. Returns how many there are.
pub async fn write_accepted(
    panel: &Panel,
    setup: Option<&Setup>,
    report: &AcceptReport,
    certificate: Option<i64>,
    to: &str,
) -> Result<u64> {
    let label = label_column(panel.shape);
    let added = [
        ("karat_label", label),
        ("karat_label_from", ColumnKind::Text),
        ("karat_score", ColumnKind::Number),
        ("karat_route", ColumnKind::Text),
    ]
    .map(|(name, kind)| (name.to_owned(), kind));
    let promise = certificate.map_or_else(String::new, |id| format!(" (certificate {id})"));
    let cells = |item: Option<usize>| {
        let Some(item) = item else {
            return Some(vec![Json::Null, Json::Null, Json::Null, json!("problem")]);
        };
        let show = |plain: Option<&Plain>| plain.map_or(Json::Null, |plain| panel.to_json(plain));
        Some(match &panel.gold[item] {
            Some(gold) => vec![show(Some(gold)), json!("gold"), Json::Null, json!("settled")],
            None => {
                let route = match (report.accepted[item], &report.labels[item]) {
                    (true, _) => format!("accept{promise}"),
                    (false, Some(_)) => "review: not under the promise".to_owned(),
                    (false, None) => "review: not labeled".to_owned(),
                };
                vec![
                    show(report.labels[item].as_ref()),
                    json!(report.by),
                    json!(report.scores[item]),
                    json!(route),
                ]
            }
        })
    };
    write_beside(panel, setup, to, &added, cells).await
}
