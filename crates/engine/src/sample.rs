//! Which items people should label, drawn so that the numbers made from them stay honest.
//!
//! In: a panel, how many items, a design. Out: a [`Sample`]: the items, each with the probability with which it was to be
//! drawn. The draw is kept as a decision: estimates look its probabilities up, nobody has to carry them in a file.
//!
//! Three streams are never mixed. What is drawn here feeds promises and estimates; the queue of suspects (`errors.rs`) and
//! what a model learns from do not: they look where the errors are, and everything counted on them is too bad.

use std::collections::HashMap;

use karat_core::{Error, Result};
use karat_format::ColumnKind;
use karat_stats::Class;
use karat_stats::accept::{AuditRegion, Promise, Scored, plan_audit};
use karat_stats::sample::{Allocation, Draw, Drawn, SampleError, active, simple, strata, stratified};
use karat_store::Store;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::beside::write_beside;
use crate::evaluate::OWN_GOLD;
use crate::judged::{Judged, gold_hash, judged, usual};
use crate::now_ms;
use crate::panel::{Panel, Plain};
use crate::setup::Setup;

/// The kind of decision.
const KIND: &str = "sample";
/// The name of the design for promises.
const ACCEPTANCE: &str = "acceptance";
/// Into how many bins of sureness the items of a label are divided.
const N_BINS: u32 = 5;
/// The fewest items of a stratum: with fewer there is no spread to see.
const LEAST: usize = 5;
/// The share of an active sample that is spread over all items alike.
const UNIFORM: f64 = 0.3;

/// How items are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Design {
    /// Each set of items equally likely. Promises and all estimates may stand on it.
    Simple,
    /// By label and sureness, more where labels are expected to be wrong. For estimates.
    Stratified,
    /// Each item by how probably its label is wrong. For estimates.
    Active,
    /// Inside of what may be accepted, as the gold so far expects it: the cheapest way to a promise of this error at this
    /// confidence.
    Acceptance {
        /// The error that is to be promised.
        error: f64,
        /// The confidence.
        confidence: f64,
    },
}

impl Design {
    /// The name in decisions and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Stratified => "stratified",
            Self::Active => "active",
            Self::Acceptance { .. } => ACCEPTANCE,
        }
    }
}

/// How to draw.
#[derive(Debug, Clone)]
pub struct SampleOptions {
    /// How many items.
    pub n: usize,
    /// How.
    pub design: Design,
    /// Whose labels say how sure they are; the usual one without it.
    pub by: Option<String>,
    /// The seed.
    pub seed: u64,
}

/// What was drawn.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    /// The design.
    pub design: &'static str,
    /// Items without gold: those that could be drawn.
    pub n_pool: u64,
    /// Items that were drawn.
    pub n: u64,
    /// What should be known of it.
    pub remark: Option<String>,
    /// The thresholds inside of which was drawn, for acceptance; empty where it was from all items.
    #[serde(skip)]
    pub thresholds: Vec<f64>,
    /// Their numbers in the panel, with their probabilities and strata.
    #[serde(skip)]
    pub drawn: Vec<Drawn>,
}

/// Draws items that have no gold yet.
pub fn sample(panel: &Panel, options: &SampleOptions) -> Result<Sample> {
    let pool: Vec<usize> = (0..panel.n_items()).filter(|item| panel.gold[*item].is_none()).collect();
    let n = options.n.min(pool.len());
    if options.n == 0 {
        return Err(
            Error::invalid("a sample of 0 items is none").hint("`karat sample 100 -o sample.csv` draws 100")
        );
    }
    if n == 0 {
        return Err(Error::invalid("there is nothing to draw: every item has gold")
            .hint("`karat estimate` and `karat accept` can use it as it is"));
    }
    let mut remark = (n < options.n).then(|| format!("there are {n} items without gold: all were drawn"));
    let told = |error: SampleError| Error::invalid(error.to_string());
    let mut thresholds = Vec::new();
    let drawn = match options.design {
        Design::Simple => simple(pool.len(), n, options.seed).map_err(told)?,
        Design::Stratified => {
            let judged = scores(panel, options)?;
            let (confidences, classes) = cells(&judged, &pool);
            let found = strata(&confidences, &classes, N_BINS).map_err(told)?;
            let spreads = spreads(&confidences, &found.of_item);
            let wanted = Allocation::Neyman(&spreads);
            stratified(&found.of_item, wanted, n, LEAST.min(n), options.seed).map_err(told)?
        }
        Design::Active => {
            let judged = scores(panel, options)?;
            let wrong = |item: &usize| (1.0 - judged.scores[*item].unwrap_or(0.5)).clamp(0.0, 1.0).sqrt();
            let expected: Vec<f64> = pool.iter().map(wrong).collect();
            active(&expected, n, UNIFORM, Draw::Systematic, options.seed).map_err(told)?
        }
        Design::Acceptance { error, confidence } => {
            let (drawn, region, why) = inside(panel, options, &pool, (error, confidence))?;
            (thresholds, remark) = (region, Some(why));
            drawn
        }
    };
    let drawn: Vec<Drawn> = drawn.into_iter().map(|it| Drawn { item: pool[it.item], ..it }).collect();
    Ok(Sample {
        design: options.design.name(),
        n_pool: pool.len() as u64,
        n: drawn.len() as u64,
        remark,
        thresholds,
        drawn,
    })
}

fn scores(panel: &Panel, options: &SampleOptions) -> Result<Judged> {
    let by = options.by.clone().unwrap_or_else(|| usual(panel));
    judged(panel, &by, &panel.gold, options.seed)
}

/// The sureness and the label of each item of the pool; sets and spans, and items without a label, are one class each.
fn cells(judged: &Judged, pool: &[usize]) -> (Vec<f64>, Vec<Class>) {
    let class = |item: &usize| match &judged.labels[*item] {
        None => Class(0),
        Some(Plain::Choice(class)) => Class(class.0 + 2),
        Some(_) => Class(1),
    };
    let confidence = |item: &usize| judged.scores[*item].unwrap_or(f64::NAN);
    (pool.iter().map(confidence).collect(), pool.iter().map(class).collect())
}

/// The expected standard deviation of "right" in each stratum.
fn spreads(confidences: &[f64], strata: &[u32]) -> Vec<f64> {
    let n_strata = strata.iter().max().map_or(0, |most| *most as usize + 1);
    let mut sums = vec![(0.0, 0_u32); n_strata];
    for (confidence, stratum) in confidences.iter().zip(strata) {
        let sum = &mut sums[*stratum as usize];
        *sum = (sum.0 + if confidence.is_finite() { *confidence } else { 0.5 }, sum.1 + 1);
    }
    // Scores are seldom as good as they look: nothing is taken for surer than 98 %.
    let spread = |(sum, n): (f64, u32)| {
        let p = (sum / f64::from(n.max(1))).clamp(0.02, 0.98);
        (p * (1.0 - p)).sqrt()
    };
    sums.into_iter().map(spread).collect()
}

/// A simple sample inside of what is expected to be accepted.
fn inside(
    panel: &Panel,
    options: &SampleOptions,
    pool: &[usize],
    (error, confidence): (f64, f64),
) -> Result<(Vec<Drawn>, Vec<f64>, String)> {
    let told = |error: karat_stats::accept::AcceptError| Error::invalid(error.to_string());
    let mut rule = crate::accept::rule(error, confidence)?;
    rule.promise = Promise::Source;
    let judged = scores(panel, options)?;
    let score = |item: usize| judged.labels[item].as_ref().and(judged.scores[item]).unwrap_or(f64::NAN);
    let known = (0..panel.n_items()).filter(|item| panel.gold[*item].is_some());
    // What was learned from keeps its gold as its label: for the pilot the label without it is what counts.
    let held = judged.consensus.as_ref().map(|it| &it.held);
    let pilot: Vec<Scored> = known
        .map(|item| match held.and_then(|held| held[item].as_ref()) {
            Some(seen) => Scored::new(seen.score, !panel.is_right(seen.value.as_ref(), item)),
            None => Scored::new(score(item), !panel.is_right(judged.labels[item].as_ref(), item)),
        })
        .collect();
    let scores: Vec<f64> = pool.iter().map(|item| score(*item)).collect();
    let plan = plan_audit(&pilot, &scores, options.n as u64, &rule).map_err(told)?;
    let allowed: Vec<usize> = (0..pool.len()).filter(|at| plan.takes(scores[*at])).collect();
    let n = options.n.min(allowed.len());
    let drawn = simple(allowed.len(), n, options.seed).map_err(|error| Error::invalid(error.to_string()))?;
    let drawn = drawn.into_iter().map(|it| Drawn { item: allowed[it.item], ..it }).collect();
    let why = match (&plan.region, plan.expected) {
        (AuditRegion::Everywhere, Some(share)) => {
            format!(
                "drawn from all items: about {:.0} % may be accepted, so nearly all reviews count",
                share * 100.0
            )
        }
        (AuditRegion::Everywhere, None) => {
            "drawn from all items: the gold so far expects nothing to be accepted".to_owned()
        }
        (AuditRegion::Inside(_), share) => format!(
            "drawn from the surest {} items, of which about {:.0} % of all may be accepted",
            plan.n_pool,
            share.unwrap_or(0.0) * 100.0
        ),
    };
    let thresholds = match plan.region {
        AuditRegion::Everywhere => Vec::new(),
        AuditRegion::Inside(thresholds) => thresholds,
    };
    Ok((drawn, thresholds, why))
}

/// The column in which people write their labels into a drawn file: `gold`, where the data has no column of that name.
pub fn gold_column(setup: Option<&Setup>) -> Result<&'static str> {
    let columns = setup.map(|setup| karat_format::scan_columns(&setup.read)).transpose()?.unwrap_or_default();
    Ok(if columns.iter().any(|it| it.name == "gold") { OWN_GOLD } else { "gold" })
}

/// Writes the rows that were drawn without any label, with an empty column for people, and keeps the draw. Returns its number.
pub async fn keep(
    store: &Store,
    panel: &Panel,
    setup: Option<&Setup>,
    sample: &Sample,
    to: &str,
) -> Result<i64> {
    let place: HashMap<usize, usize> = sample.drawn.iter().enumerate().map(|(n, it)| (it.item, n)).collect();
    let added = [
        ("karat_probability".to_owned(), ColumnKind::Number),
        ("karat_stratum".to_owned(), ColumnKind::Number),
        (gold_column(setup)?.to_owned(), ColumnKind::Text),
    ];
    let cells = |item: Option<usize>| {
        let it = &sample.drawn[*place.get(&item?)?];
        Some(vec![json!(it.probability), json!(it.stratum), Json::Null])
    };
    write_beside(panel, setup, to, &added, cells).await?;
    let items: Vec<Json> = sample
        .drawn
        .iter()
        .map(|it| json!({"item": &*panel.ids[it.item], "probability": it.probability, "stratum": it.stratum}))
        .collect();
    let body = json!({"design": sample.design, "n_pool": sample.n_pool, "data": panel.data.to_string(),
        "gold": gold_hash(panel).to_string(), "thresholds": sample.thresholds, "items": items});
    store.decide(KIND, &body, now_ms()).await
}

/// A sample that was kept.
pub(crate) struct Kept {
    pub(crate) id: i64,
    pub(crate) design: String,
    /// The hash of the gold that there was.
    pub(crate) gold: String,
    /// The thresholds inside of which was drawn.
    pub(crate) thresholds: Vec<f64>,
    /// The probability and the stratum of each drawn item, by its number in the panel.
    pub(crate) items: HashMap<usize, (f64, u32)>,
}

/// The last sample that was drawn from this data for estimates; with `acceptance` the last one for a promise, which tells
/// of the surest items alone.
pub(crate) async fn last(store: &Store, panel: &Panel, acceptance: bool) -> Result<Option<Kept>> {
    let by_id = panel.by_id();
    let data = panel.data.to_string();
    let decisions = store.decisions(KIND).await?;
    let is_wanted = |it: &karat_store::Decision| {
        let for_promise = it.body["design"].as_str() == Some(ACCEPTANCE);
        it.body["data"].as_str() == Some(&data) && for_promise == acceptance
    };
    let of_data = decisions.into_iter().rev().find(is_wanted);
    Ok(of_data.map(|it| {
        let row = |row: &Json| {
            let item = *by_id.get(row["item"].as_str()?)?;
            Some((item, (row["probability"].as_f64()?, row["stratum"].as_u64()? as u32)))
        };
        let items = it.body["items"].as_array().into_iter().flatten().filter_map(row).collect();
        let thresholds =
            it.body["thresholds"].as_array().into_iter().flatten().filter_map(Json::as_f64).collect();
        let text = |name: &str| it.body[name].as_str().unwrap_or_default().to_owned();
        Kept { id: it.id, design: text("design"), gold: text("gold"), thresholds, items }
    }))
}
