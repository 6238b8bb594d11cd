//! The consensus on spans: readings out, spans in.

use karat_core::{Error, Result};
use karat_stats::Span;
use karat_stats::spans::{Reading, Readings, SpanAggregate, SpanItem, SpanMethod, SpanOptions, span_method};
use unicode_segmentation::UnicodeSegmentation;

use super::merged::{Merged, calibrate_scores, count_votes, keep_gold};
use super::{Agreed, ConsensusOptions};
use crate::panel::{Panel, Plain, Voter};

/// For people: what an annotator says of a token depends on what it said of the one before.
const FOR_PEOPLE: &str = "previous_tag";
/// For models, whose spans are right or wrong as a whole, and of which there are few: nothing is learned of them.
const FOR_MODELS: &str = "span_vote";
/// Into how many parts the gold is divided to score each part without its gold.
const N_FOLDS: usize = 5;

/// Finds the spans of each item.
pub(super) fn spans(panel: &Panel, gold: &[Option<Plain>], options: &ConsensusOptions) -> Result<Merged> {
    let has_models = panel.members.iter().any(|it| it.voter == Voter::Model);
    let usual = if has_models || panel.overlap { FOR_MODELS } else { FOR_PEOPLE };
    let name = options.method.as_deref().unwrap_or(usual);
    let method = span_method(name).ok_or_else(|| Error::bug(format!("no span method is called `{name}`")))?;
    let readings = readings(panel)?;
    let settled: Vec<Option<Vec<Span>>> = gold.iter().map(|it| it.as_ref().and_then(spans_of)).collect();
    let found = fit(method, &readings, &settled, panel.overlap)?;
    let mut items: Vec<Agreed> = (0..panel.n_items()).map(|item| agreed(&found, item)).collect();
    let mut held = vec![None; panel.n_items()];
    let known: Vec<usize> = (0..settled.len()).filter(|item| settled[*item].is_some()).collect();
    let n_folds = if method.reads_gold { N_FOLDS.min(known.len()) } else { known.len().min(1) };
    for fold in 0..n_folds {
        let of_fold: Vec<usize> = known.iter().copied().skip(fold).step_by(n_folds).collect();
        let mut rest = settled.clone();
        // A method that reads no gold still gives it back: it must not see any.
        let hidden = if method.reads_gold { &of_fold } else { &known };
        hidden.iter().for_each(|item| rest[*item] = None);
        let found = fit(method, &readings, &rest, panel.overlap)?;
        of_fold.iter().for_each(|item| held[*item] = Some(agreed(&found, *item)));
    }
    count_votes(panel, &mut items, &mut held);
    for agreed in items.iter_mut().chain(held.iter_mut().flatten()) {
        // Nothing found: as sure as the annotators that found nothing either.
        if agreed.value == Some(Plain::Spans(Vec::new())) {
            agreed.score = agreed.agreement.unwrap_or(0.0);
        }
    }
    let calibrated = calibrate_scores(panel, &mut items, &mut held, options.seed);
    keep_gold(gold, &mut items);
    Ok(Merged {
        method: method.name.to_owned(),
        about: method.about.to_owned(),
        posteriors: vec![None; panel.n_items()],
        items,
        held,
        estimated: found.annotators.iter().map(|it| it.precision).collect(),
        calibrated,
        remarks: found.remarks.iter().map(ToString::to_string).collect(),
    })
}

fn fit(
    method: &SpanMethod,
    readings: &Readings,
    gold: &[Option<Vec<Span>>],
    allow_overlap: bool,
) -> Result<SpanAggregate> {
    let options = SpanOptions { gold, allow_overlap, ..SpanOptions::default() };
    (method.fit)(readings, &options).map_err(|error| Error::invalid(error.to_string()))
}

fn spans_of(plain: &Plain) -> Option<Vec<Span>> {
    match plain {
        Plain::Spans(spans) => Some(spans.clone()),
        _ => None,
    }
}

/// What each annotator that has a label found in each item.
fn readings(panel: &Panel) -> Result<Readings> {
    let item = |item: usize| {
        let given = panel.members.iter().enumerate().filter_map(|(n, member)| {
            let spans = spans_of(member.given[item].as_ref().ok()?)?;
            Some(Reading { annotator: n as u32, spans, unread: Vec::new() })
        });
        SpanItem {
            tokens: panel.texts.get(item).map(|text| tokens(text)).unwrap_or_default(),
            readings: given.collect(),
        }
    };
    let items = (0..panel.n_items()).map(item).collect();
    Readings::new(panel.members.len(), panel.labels.len(), items)
        .map_err(|error| Error::invalid(error.to_string()))
}

/// The words and signs of a text by Unicode's rules, as code points; white space is between them.
fn tokens(text: &str) -> Vec<(u32, u32)> {
    let mut at = 0;
    let mut tokens = Vec::new();
    for word in text.split_word_bounds() {
        let end = at + word.chars().count() as u32;
        if !word.trim().is_empty() {
            tokens.push((at, end));
        }
        at = end;
    }
    tokens
}

/// The spans of an item; it is as sure as its least sure span.
fn agreed(found: &SpanAggregate, item: usize) -> Agreed {
    match &found.items[item] {
        None => Agreed::nothing(),
        Some(spans) => Agreed {
            value: Some(Plain::Spans(spans.iter().map(|it| it.span).collect())),
            score: spans.iter().map(|it| it.posterior).fold(1.0, f64::min),
            ..Agreed::nothing()
        },
    }
}
