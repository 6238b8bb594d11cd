//! Whether a promise is kept: a random audit of what went without review, watched item by item.
//!
//! In: a certificate; later the gold of the items that were drawn. Out: the items to look at, in the order in which they
//! were drawn; then the evidence against the promise, which may be looked at after every item. Where it is strong enough the
//! promise is taken back.

use karat_core::{Error, Result};
use karat_format::ColumnKind;
use karat_stats::accept::{Claim, EProcess};
use karat_stats::sample::{SampleError, simple_in_order};
use karat_store::Store;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::certificate::withdraw;
use super::{AcceptOptions, Certificate, Standing, accept, certificates, inside, standing};
use crate::beside::write_beside;
use crate::judged::gold_hash;
use crate::now_ms;
use crate::panel::Panel;
use crate::sample::gold_column;
use crate::setup::Setup;

/// The kind of decision.
const DRAW: &str = "audit";

/// How an audit stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    /// The certificate.
    pub certificate: Certificate,
    /// Whether it holds.
    pub standing: Standing,
    /// Items drawn so far.
    pub n_drawn: u64,
    /// Of these, items with gold.
    pub n_audited: u64,
    /// Of these, wrong labels.
    pub n_wrong: u64,
    /// The evidence against the promise: at `1 / (1 - confidence)` it is taken back.
    pub e_value: f64,
    /// The largest it ever was.
    pub e_peak: f64,
    /// Whether it was taken back just now.
    pub withdrawn_now: bool,
}

/// The certificate of this number, or the last one.
pub async fn find(store: &Store, id: Option<i64>) -> Result<Certificate> {
    let all = certificates(store).await?;
    let known: Vec<String> = all.iter().map(|it| it.id.to_string()).collect();
    let found = match id {
        None => all.into_iter().next_back(),
        Some(id) => all.into_iter().find(|it| it.id == id),
    };
    found.ok_or_else(|| match id {
        None => {
            Error::not_found("nothing was accepted yet").hint("`karat accept --error 0.05` makes a promise")
        }
        Some(id) if known.is_empty() => Error::not_found(format!("there is no certificate {id}"))
            .hint("nothing was accepted yet; `karat accept --error 0.05` makes a promise"),
        Some(id) => Error::not_found(format!("there is no certificate {id}"))
            .hint(format!("there are {}", known.join(", "))),
    })
}

/// Draws `n` of the accepted items that were not drawn before, writes them to `to` without their labels, and keeps what
/// was drawn. Returns how many there are.
pub async fn draw(
    store: &Store,
    panel: &Panel,
    setup: Option<&Setup>,
    certificate: &Certificate,
    (n, to): (u64, &str),
) -> Result<u64> {
    if let Standing::Withdrawn(why) = standing(store, certificate, panel).await? {
        return Err(Error::invalid(format!("certificate {} was withdrawn: {why}", certificate.id))
            .hint("find the cause (`karat errors`), then make a new promise with `karat accept`"));
    }
    if gold_hash(panel).to_string() != certificate.gold {
        return Err(Error::invalid(format!(
            "the gold is not that of certificate {}: what was accepted cannot be found again",
            certificate.id
        ))
        .hint("draw the audit with the gold of the certificate, or make a new promise with `karat accept`"));
    }
    let options = AcceptOptions {
        error: certificate.error,
        confidence: certificate.confidence,
        by: Some(certificate.by.clone()),
        per_label: certificate.per_label,
        for_source: certificate.for_source,
        teach: certificate.teach,
        inside: match certificate.sample {
            Some(_) => inside(store, panel).await?,
            None => None,
        },
        seed: certificate.seed,
    };
    let report = accept(panel, &options)?;
    let before = drawn(store, certificate).await?;
    let is_new = |item: &usize| before.iter().all(|(id, _)| **id != *panel.ids[*item]);
    let left: Vec<usize> =
        (0..panel.n_items()).filter(|item| report.accepted[*item]).filter(is_new).collect();
    let n = (n as usize).min(left.len());
    let told = |error: SampleError| Error::invalid(error.to_string());
    // Each draw has a seed of its own: the same one would favor the same places.
    let seed = certificate.seed.wrapping_add(1 + before.len() as u64);
    let chosen: Vec<usize> =
        simple_in_order(left.len(), n, seed).map_err(told)?.into_iter().map(|at| left[at]).collect();
    let label = |item: &usize| report.labels[*item].as_ref().map_or(Json::Null, |plain| panel.to_json(plain));
    let items: Vec<Json> =
        chosen.iter().map(|item| json!({"item": &*panel.ids[*item], "label": label(item)})).collect();
    let place = |item: usize| chosen.iter().position(|it| *it == item);
    let added = [
        ("karat_audit_order".to_owned(), ColumnKind::Number),
        (gold_column(setup)?.to_owned(), ColumnKind::Text),
    ];
    let first = before.len();
    let cells = |item: Option<usize>| place(item?).map(|at| vec![json!(first + at + 1), Json::Null]);
    let n = write_beside(panel, setup, to, &added, cells).await?;
    store.decide(DRAW, &json!({"certificate": certificate.id, "items": items}), now_ms()).await?;
    Ok(n)
}

/// Everything drawn for a certificate, in the order of drawing: the item, and the label under which it went.
async fn drawn(store: &Store, certificate: &Certificate) -> Result<Vec<(String, Json)>> {
    let mut drawn = Vec::new();
    for decision in store.decisions(DRAW).await? {
        if decision.body["certificate"].as_i64() != Some(certificate.id) {
            continue;
        }
        for it in decision.body["items"].as_array().into_iter().flatten() {
            drawn.push((it["item"].as_str().unwrap_or_default().to_owned(), it["label"].clone()));
        }
    }
    Ok(drawn)
}

/// Compares the drawn items with their gold, in the order of drawing, and takes the promise back where the evidence against
/// it is strong enough.
pub async fn check(store: &Store, panel: &Panel, certificate: &Certificate) -> Result<Audit> {
    let (mut audit, broken) = watched(store, panel, certificate).await?;
    if broken && !matches!(audit.standing, Standing::Withdrawn(_)) {
        let why = format!(
            "an audit found {} wrong among {}, where {:.1} % were promised",
            audit.n_wrong,
            audit.n_audited,
            certificate.error * 100.0
        );
        withdraw(store, certificate, &why).await?;
        audit.standing = Standing::Withdrawn(why);
        audit.withdrawn_now = true;
    }
    Ok(audit)
}

/// How an audit stands. As [`check`], but nothing is taken back.
pub async fn look(store: &Store, panel: &Panel, certificate: &Certificate) -> Result<Audit> {
    Ok(watched(store, panel, certificate).await?.0)
}

/// How an audit stands, and whether its evidence breaks the promise.
async fn watched(store: &Store, panel: &Panel, certificate: &Certificate) -> Result<(Audit, bool)> {
    let standing = standing(store, certificate, panel).await?;
    let drawn = drawn(store, certificate).await?;
    let by_id = panel.by_id();
    let mut watch =
        EProcess::new(Claim::AtMost, certificate.error).map_err(|error| Error::bug(error.to_string()))?;
    for (id, label) in &drawn {
        let gold = by_id.get(id.as_str()).and_then(|item| panel.gold[*item].as_ref());
        if let Some(gold) = gold {
            let wrong = !panel.json_fits(label, gold);
            watch.observe(f64::from(u8::from(wrong))).map_err(|error| Error::bug(error.to_string()))?;
        }
    }
    let audit = Audit {
        certificate: certificate.clone(),
        standing,
        n_drawn: drawn.len() as u64,
        n_audited: watch.n,
        n_wrong: watch.loss_sum as u64,
        e_value: watch.e_value(),
        e_peak: watch.log_peak.exp(),
        withdrawn_now: false,
    };
    Ok((audit, watch.rejects(1.0 - certificate.confidence)))
}
