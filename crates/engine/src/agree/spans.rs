//! Agreement on spans.

use karat_stats::Span;
use karat_stats::agreement::{Rating, Ratings, Undefined, position_agreement, span_agreement};

use super::{AgreeOptions, AgreementReport, Between, GROUPS, LabelAgreement, Row, group, row};
use crate::compare::number;
use crate::evaluate::Number;
use crate::panel::{Panel, Plain};

/// Exact and overlapping F1, and what the characters say.
pub(super) fn of_spans(panel: &Panel, options: &AgreeOptions) -> Result<AgreementReport, Undefined> {
    let intervals = options.intervals();
    let ratings = ratings(panel)?;
    let all = span_agreement(&ratings, &intervals)?;
    let mut overall = vec![
        row("exact F1", "same borders and label, each annotator in turn against each other", all.exact),
        row("overlapping F1", "same label, any overlap", all.overlap),
    ];
    overall.extend(by_character(panel, &ratings, options));
    let n_spans: usize = ratings.by_item().flat_map(|of| of.iter().map(|(_, spans)| spans.len())).sum();
    let share = |class: u32| {
        let all = ratings.by_item().flat_map(|of| of.iter().flat_map(|(_, spans)| spans));
        all.filter(|it| it.class.0 == class).count() as f64 / n_spans.max(1) as f64
    };
    let labels = all.classes.iter().map(|it| LabelAgreement {
        label: panel.labels[it.class.0 as usize].clone(),
        share: share(it.class.0),
        specific: it.exact.ok().map(number),
        alpha: it.overlap.ok().map(number),
    });
    let name = |annotator: u32| panel.members[annotator as usize].name.clone();
    let pairs = all.pairs.iter().map(|it| Between {
        first: name(it.first),
        second: name(it.second),
        n_items: it.n_items,
        // A pair has no interval of its own: the table would take minutes.
        same: it.exact.map(|value| Number { value, low: value, high: value, n: it.n_spans }),
        kappa: None,
    });
    Ok(AgreementReport {
        n_compared: all.n_items,
        n_labels: n_spans as u64,
        overall,
        labels: labels.collect(),
        groups: groups(panel, &ratings, options),
        pairs: pairs.collect(),
        ..AgreementReport::default()
    })
}

fn ratings(panel: &Panel) -> Result<Ratings<Vec<Span>>, Undefined> {
    let mut ratings = Vec::new();
    for (annotator, member) in panel.members.iter().enumerate() {
        for (item, given) in member.given.iter().enumerate() {
            if let Ok(Plain::Spans(spans)) = given {
                ratings.push(Rating { item: item as u32, annotator: annotator as u32, value: spans.clone() });
            }
        }
    }
    Ratings::new(panel.n_items(), panel.members.len(), ratings)
}

fn by_character(panel: &Panel, ratings: &Ratings<Vec<Span>>, options: &AgreeOptions) -> Vec<Row> {
    if panel.texts.is_empty() {
        return Vec::new();
    }
    let lengths: Vec<u32> = panel.texts.iter().map(|text| text.chars().count() as u32).collect();
    match position_agreement(ratings, &lengths, &options.intervals()) {
        Ok(found) => vec![
            row(
                "alpha by character",
                "beyond chance; most of it is agreement that nothing is there",
                found.all.map(|it| it.estimate),
            ),
            row(
                "alpha where somebody marked",
                "the same without the characters that nobody marked",
                found.marked.map(|it| it.estimate),
            ),
        ],
        Err(why) => vec![row("alpha by character", "beyond chance", Err(why))],
    }
}

/// The exact F1 within people and within models; across both there is the table of pairs.
fn groups(panel: &Panel, ratings: &Ratings<Vec<Span>>, options: &AgreeOptions) -> Vec<Between> {
    let kinds: Vec<u32> = panel.members.iter().map(|it| group(it.voter)).collect();
    if kinds.iter().all(|it| *it == kinds[0]) {
        return Vec::new();
    }
    let within = |kind: u32| {
        let own = ratings.filter(|_, annotator| kinds[annotator as usize] == kind);
        let found = span_agreement(&own, &options.intervals()).ok()?;
        let name = GROUPS[kind as usize].to_owned();
        let same = found.exact.ok().map(number);
        Some(Between { first: name.clone(), second: name, n_items: found.n_items, same, kappa: None })
    };
    [0, 1].into_iter().filter_map(within).collect()
}
