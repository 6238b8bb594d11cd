//! Agreement on single labels, and on sets of labels.

use std::collections::BTreeMap;

use karat_stats::Class;
use karat_stats::agreement::{
    Coefficient, Measure, Rating, Ratings, Scale, Undefined, Weights, agree, alpha_by, alpha_of_numbers,
    by_annotator, by_group, by_pair, class_agreement, jaccard_distance, masi_distance,
};

use super::{
    AgreeOptions, AgreementReport, Between, GROUPS, LabelAgreement, LabelScale, Row, estimate, group, row,
};
use crate::evaluate::RATING;
use crate::panel::{Panel, Plain};

const PERCENT: &str = "of two labels on an item, how often they are the same; chance is not taken out";
const ALPHA: &str = "agreement beyond chance, any number of annotators; report its lower end";
const FLEISS: &str = "beyond chance, where every item has as many labels";
const AC1: &str = "beyond chance, steady where one label prevails";
const PART: &str = "alpha of a quarter of the items, in the order of time";
/// Into how many parts the items are divided over time.
const N_PARTS: usize = 4;

/// Agreement on single labels.
pub(super) fn of_labels(panel: &Panel, options: &AgreeOptions) -> Result<AgreementReport, Undefined> {
    let ratings = classes(panel, |plain| match plain {
        Plain::Choice(class) => Some(*class),
        _ => None,
    })?;
    let n_classes = panel.labels.len() as u32;
    let intervals = options.intervals();
    let all = class_agreement(&ratings, n_classes, &intervals)?;
    let mut overall = vec![
        row("percent", PERCENT, all.percent.map(|it| it.estimate)),
        row("Krippendorff's alpha", ALPHA, all.alpha.map(|it| it.estimate)),
        row("Fleiss' kappa", FLEISS, all.fleiss_kappa.map(|it| it.estimate)),
        row("Gwet's AC1", AC1, all.gwet_ac1.map(|it| it.estimate)),
    ];
    overall.extend(scaled(panel, &ratings, options)?);
    let labels = all.classes.iter().map(|it| LabelAgreement {
        label: panel.labels[it.class.0 as usize].clone(),
        share: it.share,
        specific: estimate(it.specific),
        alpha: estimate(it.alpha),
    });
    Ok(AgreementReport {
        n_compared: all.n_compared,
        n_labels: all.n_ratings,
        overall,
        labels: labels.collect(),
        over_time: over_time(panel, &ratings, n_classes, options),
        ..between(panel, &ratings, n_classes, options)?
    })
}

/// Agreement on sets: as whole sets, by distance, and for each label whether it is in the set.
pub(super) fn of_sets(panel: &Panel, options: &AgreeOptions) -> Result<AgreementReport, Undefined> {
    let mut sets = Vec::new();
    for (annotator, member) in panel.members.iter().enumerate() {
        for (item, given) in member.given.iter().enumerate() {
            if let Ok(Plain::Choices(set)) = given {
                sets.push(Rating { item: item as u32, annotator: annotator as u32, value: set.clone() });
            }
        }
    }
    let distinct: BTreeMap<Vec<Class>, u32> = {
        let mut distinct: BTreeMap<Vec<Class>, u32> = sets.iter().map(|it| (it.value.clone(), 0)).collect();
        distinct.values_mut().zip(0..).for_each(|(number, n)| *number = n);
        distinct
    };
    let whole = classes(panel, |plain| match plain {
        Plain::Choices(set) => distinct.get(set).copied().map(Class),
        _ => None,
    })?;
    let n_classes = distinct.len() as u32;
    let intervals = options.intervals();
    let sets = Ratings::new(panel.n_items(), panel.members.len(), sets)?;
    let percent = Measure { coefficient: Coefficient::Percent, weights: Weights::Identity, n_classes };
    let same = agree(&whole, &percent, &intervals)?;
    let masi = alpha_by(&sets, |a, b| masi_distance(a, b), &intervals);
    let jaccard = alpha_by(&sets, |a, b| jaccard_distance(a, b), &intervals);
    let overall = vec![
        row("percent", "of two sets on an item, how often they are the same", Ok(same.estimate)),
        row("alpha (MASI)", "beyond chance; a part of a set agrees in part", masi.map(|it| it.estimate)),
        row("alpha (Jaccard)", "beyond chance; by the share of common labels", jaccard.map(|it| it.estimate)),
    ];
    let label = |n: usize| {
        let class = Class(n as u32);
        let binary = classes(panel, |plain| match plain {
            Plain::Choices(set) => Some(Class(u32::from(set.contains(&class)))),
            _ => None,
        });
        let found = class_agreement(&binary?, 2, &intervals)?;
        let has = &found.classes[1];
        Ok(LabelAgreement {
            label: panel.labels[n].clone(),
            share: has.share,
            specific: estimate(has.specific),
            alpha: estimate(has.alpha),
        })
    };
    Ok(AgreementReport {
        n_compared: same.estimate.n,
        n_labels: whole.n_ratings() as u64,
        overall,
        labels: (0..panel.labels.len()).map(label).collect::<Result<_, Undefined>>()?,
        over_time: over_time(panel, &whole, n_classes, options),
        ..between(panel, &whole, n_classes, options)?
    })
}

/// The labels of all members as classes.
fn classes(panel: &Panel, class: impl Fn(&Plain) -> Option<Class>) -> Result<Ratings<Class>, Undefined> {
    let mut ratings = Vec::new();
    for (annotator, member) in panel.members.iter().enumerate() {
        for (item, given) in member.given.iter().enumerate() {
            if let Some(value) = given.as_ref().ok().and_then(&class) {
                ratings.push(Rating { item: item as u32, annotator: annotator as u32, value });
            }
        }
    }
    Ratings::new(panel.n_items(), panel.members.len(), ratings)
}

/// The coefficients of an order or of numbers, where that is what the labels are.
fn scaled(panel: &Panel, ratings: &Ratings<Class>, options: &AgreeOptions) -> Result<Vec<Row>, Undefined> {
    let usual = if panel.kind == RATING { LabelScale::Ordinal } else { LabelScale::Nominal };
    let wanted = options.scale.unwrap_or(usual);
    let (scale, name) = match wanted {
        LabelScale::Nominal => return Ok(Vec::new()),
        LabelScale::Ordinal => (Scale::Ordinal, "alpha (ordinal)"),
        LabelScale::Interval => (Scale::Interval, "alpha (interval)"),
        LabelScale::Ratio => (Scale::Ratio, "alpha (ratio)"),
    };
    let value = |class: Class| match wanted {
        LabelScale::Ordinal => f64::from(class.0),
        _ => panel.labels[class.0 as usize].trim().parse().unwrap_or(f64::NAN),
    };
    let of_item = |(item, of): (usize, &[(u32, Class)])| -> Vec<Rating<f64>> {
        of.iter()
            .map(|(annotator, class)| Rating {
                item: item as u32,
                annotator: *annotator,
                value: value(*class),
            })
            .collect()
    };
    let numbers = ratings.by_item().enumerate().flat_map(of_item).collect();
    let numbers = Ratings::new(ratings.n_items(), ratings.n_annotators(), numbers)?;
    let alpha = alpha_of_numbers(&numbers, scale, &options.intervals());
    let n_classes = panel.labels.len() as u32;
    let measure = Measure { coefficient: Coefficient::GwetAc, weights: Weights::Quadratic, n_classes };
    let ac2 = agree(ratings, &measure, &options.intervals());
    Ok(vec![
        row(name, "alpha in which near labels differ less", alpha.map(|it| it.estimate)),
        row(
            "Gwet's AC2",
            "AC1 with quadratic weights over the order of the labels",
            ac2.map(|it| it.estimate),
        ),
    ])
}

/// Groups, single annotators and pairs.
fn between(
    panel: &Panel,
    ratings: &Ratings<Class>,
    n_classes: u32,
    options: &AgreeOptions,
) -> Result<AgreementReport, Undefined> {
    let intervals = options.intervals();
    let name = |annotator: u32| panel.members[annotator as usize].name.clone();
    let kinds: Vec<u32> = panel.members.iter().map(|it| group(it.voter)).collect();
    let groups = if kinds.iter().any(|it| *it != kinds[0]) {
        by_group(ratings, &kinds, (Weights::Identity, n_classes), &intervals)?
    } else {
        Vec::new()
    };
    let groups = groups.into_iter().map(|it| Between {
        first: GROUPS[it.groups.0 as usize].to_owned(),
        second: GROUPS[it.groups.1 as usize].to_owned(),
        n_items: it.n_items,
        same: estimate(it.percent),
        kappa: estimate(it.kappa),
    });
    let members =
        by_annotator(ratings, (Weights::Identity, n_classes), &intervals)?.into_iter().map(|it| Between {
            first: name(it.annotator),
            second: "the others".to_owned(),
            n_items: it.n_items,
            same: estimate(it.percent),
            kappa: estimate(it.kappa),
        });
    let of = |coefficient| Measure { coefficient, weights: Weights::Identity, n_classes };
    let kappas = by_pair(ratings, &of(Coefficient::CohenKappa), &intervals)?;
    let shares = by_pair(ratings, &of(Coefficient::Percent), &intervals)?;
    let pairs = kappas.into_iter().zip(shares).map(|(kappa, share)| Between {
        first: name(kappa.first),
        second: name(kappa.second),
        n_items: kappa.n_items,
        same: estimate(share.agreement),
        kappa: estimate(kappa.agreement),
    });
    Ok(AgreementReport {
        groups: groups.collect(),
        members: members.collect(),
        pairs: pairs.collect(),
        ..AgreementReport::default()
    })
}

/// Alpha of equal parts of the items in the order in which they were labeled.
fn over_time(panel: &Panel, ratings: &Ratings<Class>, n_classes: u32, options: &AgreeOptions) -> Vec<Row> {
    let at = |item: usize| panel.members.iter().map(|it| it.at_ms[item]).max().unwrap_or(0);
    let mut order: Vec<(i64, usize)> = (0..panel.n_items())
        .filter(|item| ratings.of(*item).len() > 1)
        .map(|item| (at(item), item))
        .collect();
    let known = order.iter().all(|(at, _)| *at > 0) && order.iter().any(|(at, _)| *at != order[0].0);
    if !known || order.len() < N_PARTS * 10 {
        return Vec::new();
    }
    order.sort_unstable();
    let mut part_of = vec![N_PARTS; panel.n_items()];
    order.iter().enumerate().for_each(|(n, (_, item))| part_of[*item] = n * N_PARTS / order.len());
    let measure =
        Measure { coefficient: Coefficient::KrippendorffAlpha, weights: Weights::Identity, n_classes };
    let part = |part: usize| {
        let of_part = ratings.filter(|item, _| part_of[item as usize] == part);
        let alpha = agree(&of_part, &measure, &options.intervals());
        row(format!("part {} of {N_PARTS}", part + 1), PART, alpha.map(|it| it.estimate))
    };
    (0..N_PARTS).map(part).collect()
}
