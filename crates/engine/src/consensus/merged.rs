//! From fits over classes to one value an item: a label, a set of labels, spans.

use karat_core::Result;
use karat_stats::Class;
use karat_stats::calibrate::{CalibrateOptions, Rule, Scored, calibrate};

use super::fit::{Fit, fit};
use super::{Agreed, ConsensusOptions};
use crate::panel::{Panel, Plain};

/// What the fits say, item by item.
pub(super) struct Merged {
    pub(super) method: String,
    pub(super) about: String,
    pub(super) items: Vec<Agreed>,
    pub(super) held: Vec<Option<Agreed>>,
    pub(super) posteriors: Vec<Option<Box<[f64]>>>,
    /// How often each annotator is right, as estimated.
    pub(super) estimated: Vec<Option<f64>>,
    pub(super) calibrated: bool,
    pub(super) remarks: Vec<String>,
}

/// Folds of the gold, and bins of the error, where scores are calibrated.
const N_FOLDS: usize = 10;
const N_BINS: usize = 15;

/// Two probabilities nearer than this are equal.
const TIE: f64 = 1e-9;

/// One label an item.
pub(super) fn choice(panel: &Panel, gold: &[Option<Plain>], options: &ConsensusOptions) -> Result<Merged> {
    let votes = panel.votes(None)?;
    let fit = fit(&votes, &panel.voters(), &classes(gold, None), options)?;
    let mut items: Vec<Agreed> =
        fit.posteriors.iter().map(|row| one_label(row.as_deref(), fit.calibrated)).collect();
    let mut held = vec![None; panel.n_items()];
    let mut posteriors = fit.posteriors;
    for (item, posterior) in &fit.held {
        held[*item] = Some(one_label(Some(posterior), fit.calibrated));
        posteriors[*item] = Some(posterior.as_slice().into());
    }
    count_votes(panel, &mut items, &mut held);
    keep_gold(gold, &mut items);
    Ok(Merged {
        method: fit.method,
        about: fit.about,
        items,
        held,
        posteriors,
        estimated: fit.estimated,
        calibrated: fit.calibrated,
        remarks: fit.remarks,
    })
}

/// A set of labels: for each label its own question, in the set or not.
pub(super) fn choices(panel: &Panel, gold: &[Option<Plain>], options: &ConsensusOptions) -> Result<Merged> {
    let mut fits: Vec<Fit> = Vec::with_capacity(panel.labels.len());
    for label in 0..panel.labels.len() {
        let label = Some(Class(label as u32));
        fits.push(fit(&panel.votes(label)?, &panel.voters(), &classes(gold, label), options)?);
    }
    let of_item = |item: usize| set_of(fits.iter().map(|fit| fit.posteriors[item].as_deref()));
    let mut items: Vec<Agreed> = (0..panel.n_items()).map(of_item).collect();
    let mut held: Vec<Option<Agreed>> = vec![None; panel.n_items()];
    let n_held = fits.first().map_or(0, |fit| fit.held.len());
    for n in 0..n_held {
        let rows = fits.iter().map(|fit| fit.held.get(n).map(|(_, row)| row.as_slice()));
        held[fits[0].held[n].0] = Some(set_of(rows));
    }
    count_votes(panel, &mut items, &mut held);
    let calibrated = calibrate_scores(panel, &mut items, &mut held, options.seed);
    keep_gold(gold, &mut items);
    // How often an annotator is right about a label, over all labels.
    let estimated = |member: usize| {
        let of: Vec<f64> = fits.iter().filter_map(|fit| fit.estimated[member]).collect();
        (!of.is_empty()).then(|| of.iter().sum::<f64>() / of.len() as f64)
    };
    let mut remarks: Vec<String> = Vec::new();
    for remark in fits.iter().flat_map(|fit| &fit.remarks) {
        if !remarks.contains(remark) {
            remarks.push(remark.clone());
        }
    }
    let (method, about) =
        fits.first().map_or_else(Default::default, |it| (it.method.clone(), it.about.clone()));
    let estimated = (0..panel.members.len()).map(estimated).collect();
    let posteriors = vec![None; panel.n_items()];
    Ok(Merged { method, about, items, held, posteriors, estimated, calibrated, remarks })
}

/// The gold that may be learned from, as classes.
fn classes(gold: &[Option<Plain>], label: Option<Class>) -> Vec<Option<Class>> {
    gold.iter().map(|gold| gold.as_ref().and_then(|plain| crate::panel::class_of(plain, label))).collect()
}

/// The label at the top of a posterior, or the tie.
fn one_label(posterior: Option<&[f64]>, calibrated: bool) -> Agreed {
    let Some(row) = posterior else { return Agreed::nothing() };
    let most = row.iter().copied().fold(0.0, f64::max);
    let top: Vec<Class> =
        (0..row.len()).filter(|class| row[*class] >= most - TIE).map(|class| Class(class as u32)).collect();
    match top.as_slice() {
        [winner] => Agreed {
            value: Some(Plain::Choice(*winner)),
            confidence: calibrated.then_some(most),
            score: most,
            ..Agreed::nothing()
        },
        _ => Agreed { tied: top.into_iter().map(Plain::Choice).collect(), score: most, ..Agreed::nothing() },
    }
}

/// The labels that are more probably in the set than not; it is as sure as its least sure label.
fn set_of<'a>(posteriors: impl Iterator<Item = Option<&'a [f64]>>) -> Agreed {
    let (mut set, mut tied, mut sure) = (Vec::new(), Vec::new(), 1.0_f64);
    let mut any = false;
    for (label, row) in posteriors.enumerate() {
        let Some(row) = row else { continue };
        any = true;
        sure = sure.min(row[0].max(row[1]));
        if (row[1] - row[0]).abs() <= TIE {
            tied.push(Plain::Choice(Class(label as u32)));
        } else if row[1] > row[0] {
            set.push(Class(label as u32));
        }
    }
    if !any {
        return Agreed::nothing();
    }
    let value = tied.is_empty().then_some(Plain::Choices(set));
    Agreed { value, tied, score: sure, ..Agreed::nothing() }
}

/// An item that may be learned from keeps its gold: nothing is surer.
pub(super) fn keep_gold(gold: &[Option<Plain>], items: &mut [Agreed]) {
    for (item, gold) in items.iter_mut().zip(gold) {
        if let Some(gold) = gold {
            item.value = Some(gold.clone());
            item.tied.clear();
            item.confidence = Some(1.0);
            item.score = 1.0;
            item.settled = true;
        }
    }
}

/// Turns the scores of whole values into confidences, where there is gold enough. Returns whether there is.
pub(super) fn calibrate_scores(
    panel: &Panel,
    items: &mut [Agreed],
    held: &mut [Option<Agreed>],
    seed: u64,
) -> bool {
    let known: Vec<usize> =
        (0..held.len()).filter(|item| held[*item].as_ref().is_some_and(|it| it.value.is_some())).collect();
    let scored = |item: &usize| {
        let seen = held[*item].as_ref()?;
        Some(Scored::new(seen.score.clamp(0.0, 1.0), panel.is_right(seen.value.as_ref(), *item)))
    };
    let gold: Vec<Scored> = known.iter().filter_map(scored).collect();
    let options = CalibrateOptions { rule: Rule::BySize, n_folds: N_FOLDS, n_bins: N_BINS, seed };
    let Ok(fitted) = calibrate(&gold, &options) else { return false };
    for item in items.iter_mut().filter(|it| it.value.is_some()) {
        item.score = fitted.calibrator.apply(item.score.clamp(0.0, 1.0));
        item.confidence = Some(item.score);
    }
    for (item, score) in known.into_iter().zip(fitted.cross_fitted) {
        if let Some(seen) = &mut held[item] {
            (seen.score, seen.confidence) = (score, Some(score));
        }
    }
    true
}

/// Counts votes and agreement, the same for an item and for what is held of it.
pub(super) fn count_votes(panel: &Panel, items: &mut [Agreed], held: &mut [Option<Agreed>]) {
    for item in 0..panel.n_items() {
        let given: Vec<&Plain> = panel.members.iter().filter_map(|it| it.given[item].as_ref().ok()).collect();
        for agreed in std::iter::once(&mut items[item]).chain(held[item].as_mut()) {
            agreed.n_votes = given.len() as u32;
            let same = |value: &Plain| given.iter().filter(|it| panel.fits(it, value)).count();
            let share = |value: &Plain| same(value) as f64 / given.len() as f64;
            agreed.agreement = agreed.value.as_ref().filter(|_| !given.is_empty()).map(share);
        }
    }
}

impl Agreed {
    pub(super) fn nothing() -> Self {
        Self {
            value: None,
            tied: Vec::new(),
            confidence: None,
            score: 0.0,
            agreement: None,
            n_votes: 0,
            settled: false,
        }
    }
}
