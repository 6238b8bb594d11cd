//! The last step of every method: gold back in its place, what was learned of each annotator, remarks.
//!
//! In: the spans that a method found. Out: a [`SpanAggregate`].
//!
//! Not here: finding spans.

use super::{FoundSpan, Readings, SpanAggregate, SpanOptions, SpanRemark, SpanSkill};

/// What a method found, before gold and remarks.
pub(super) struct Found {
    /// The spans of each item.
    pub(super) items: Vec<Vec<FoundSpan>>,
    pub(super) n_rounds: u32,
    pub(super) converged: bool,
    pub(super) objective: Vec<f64>,
    pub(super) remarks: Vec<SpanRemark>,
}

impl Found {
    /// The result of a method that learns nothing.
    pub(super) fn settled(items: Vec<Vec<FoundSpan>>) -> Self {
        Self { items, n_rounds: 0, converged: true, objective: Vec::new(), remarks: Vec::new() }
    }
}

pub(super) fn finish(
    method: &'static str,
    readings: &Readings,
    options: &SpanOptions<'_>,
    found: Found,
) -> SpanAggregate {
    let mut items = Vec::with_capacity(found.items.len());
    for (number, (item, spans)) in readings.items().iter().zip(found.items).enumerate() {
        items.push(match options.gold_of(number) {
            Some(gold) => {
                let mut gold = gold.to_vec();
                gold.sort_unstable();
                gold.dedup();
                let settled = |span| FoundSpan { span, posterior: 1.0, tied: Vec::new() };
                Some(gold.into_iter().map(settled).collect())
            }
            None if item.readings.is_empty() => None,
            None => Some(spans),
        });
    }
    let mut remarks = remarks(readings, &items);
    remarks.extend(found.remarks);
    if !found.converged {
        remarks.push(SpanRemark::NotConverged);
    }
    SpanAggregate {
        method,
        annotators: skills(readings, &items),
        items,
        n_rounds: found.n_rounds,
        converged: found.converged,
        objective: found.objective,
        remarks,
    }
}

/// How each annotator compares with the result. What it could not see is left out on both sides.
fn skills(readings: &Readings, items: &[Option<Vec<FoundSpan>>]) -> Vec<SpanSkill> {
    #[derive(Clone, Default)]
    struct Counts {
        n_items: u64,
        n_spans: u64,
        n_whole: u64,
        n_found: u64,
        n_hits: u64,
    }
    let mut counts = vec![Counts::default(); readings.n_annotators()];
    for (item, found) in readings.items().iter().zip(items) {
        for reading in &item.readings {
            let counts = &mut counts[reading.annotator as usize];
            counts.n_items += 1;
            counts.n_spans += reading.spans.len() as u64;
            let seen = |start, end| !reading.has_unread(start, end);
            counts.n_whole += reading.spans.iter().filter(|it| seen(it.start, it.end)).count() as u64;
            for it in found.iter().flatten().filter(|it| seen(it.span.start, it.span.end)) {
                counts.n_found += 1;
                counts.n_hits += u64::from(reading.spans.contains(&it.span));
            }
        }
    }
    let share = |hits: u64, of: u64| (of > 0).then(|| hits as f64 / of as f64);
    let skill = |it: Counts| SpanSkill {
        n_items: it.n_items,
        n_spans: it.n_spans,
        precision: share(it.n_hits, it.n_whole),
        recall: share(it.n_hits, it.n_found),
    };
    counts.into_iter().map(skill).collect()
}

/// What the readings cannot bear, whatever the method.
fn remarks(readings: &Readings, items: &[Option<Vec<FoundSpan>>]) -> Vec<SpanRemark> {
    let mut remarks = Vec::new();
    let mut looked = vec![false; readings.n_annotators()];
    for reading in readings.items().iter().flat_map(|item| &item.readings) {
        looked[reading.annotator as usize] = true;
    }
    match looked.iter().filter(|it| **it).count() {
        0 => {}
        1 => remarks.push(SpanRemark::OneAnnotator),
        _ if readings.items().iter().all(|item| item.readings.len() < 2) => {
            remarks.push(SpanRemark::NoOverlap);
        }
        _ => {}
    }
    let n_items = items.iter().filter(|it| it.is_none()).count() as u64;
    if n_items > 0 {
        remarks.push(SpanRemark::NotLookedAt { n_items });
    }
    let n_spans = items.iter().flatten().flatten().filter(|it| !it.tied.is_empty()).count() as u64;
    if n_spans > 0 {
        remarks.push(SpanRemark::Tied { n_spans });
    }
    remarks
}
