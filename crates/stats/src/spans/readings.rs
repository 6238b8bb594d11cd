//! What several annotators found in several items, checked once.
//!
//! In: for each item its tokens and one [`Reading`] for each annotator that looked at it. Out: [`Readings`], whose
//! spans are not empty, whose numbers are in range, and which do not depend on the order they were given in.
//!
//! Not here: which tags the spans give (`tags.rs`), gold.

use crate::Span;
use crate::aggregate::AggregateError;

/// What one annotator that looked at an item found there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The number of the annotator, from 0.
    pub annotator: u32,
    /// Its spans, in code points. An empty list says that it looked and found nothing; an annotator that did not look
    /// has no reading.
    pub spans: Vec<Span>,
    /// Parts of the item that it did not see, as start and end in code points: text that was cut, tokens that could not be aligned. A
    /// span may reach into such a part where its border is not known: then it says something of the tokens outside it,
    /// and is no vote for a candidate.
    pub unread: Vec<(u32, u32)>,
}

impl Reading {
    /// Whether this annotator did not see a part of this range.
    pub(super) fn has_unread(&self, start: u32, end: u32) -> bool {
        self.unread.iter().any(|part| part.0 < end && start < part.1)
    }
}

/// An item and what was found in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpanItem {
    /// The start and the end of each token in code points, ascending, without overlap. Empty where there is no
    /// tokenization: methods over candidates do not need it.
    pub tokens: Vec<(u32, u32)>,
    /// One for each annotator that looked.
    pub readings: Vec<Reading>,
}

/// What several annotators found in several items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readings {
    n_annotators: usize,
    n_classes: usize,
    items: Vec<SpanItem>,
}

impl Readings {
    /// Checks and sorts. A span repeated in one reading counts once.
    ///
    /// # Errors
    /// [`AggregateError::OutOfRange`] for an annotator or a class that is not below its count;
    /// [`AggregateError::Unfit`] for an empty span or unread part, tokens that are empty, overlap or descend, and two readings of one
    /// item by the same annotator.
    ///
    /// ```
    /// use karat_stats::spans::{Reading, Readings, SpanItem};
    /// use karat_stats::{Class, Span};
    /// let spans = vec![Span { start: 0, end: 4, class: Class(0) }];
    /// let readings = vec![
    ///     Reading { annotator: 0, spans, unread: vec![] },
    ///     Reading { annotator: 1, ..Reading::default() },
    /// ];
    /// let items = vec![SpanItem { tokens: vec![(0, 4), (5, 9)], readings }];
    /// assert_eq!(Readings::new(2, 1, items.clone()).unwrap().items().len(), 1);
    /// assert!(Readings::new(1, 1, items).is_err());
    /// ```
    pub fn new(
        n_annotators: usize,
        n_classes: usize,
        mut items: Vec<SpanItem>,
    ) -> Result<Self, AggregateError> {
        for (number, item) in items.iter_mut().enumerate() {
            check_tokens(number, &item.tokens)?;
            item.readings.sort_by_key(|reading| reading.annotator);
            if let Some(twice) = item.readings.windows(2).find(|two| two[0].annotator == two[1].annotator) {
                let annotator = twice[0].annotator;
                return Err(AggregateError::Unfit(format!(
                    "item {number} has two readings by annotator {annotator}: give one"
                )));
            }
            for reading in &mut item.readings {
                if reading.annotator as usize >= n_annotators {
                    return Err(AggregateError::OutOfRange {
                        what: "annotator",
                        got: u64::from(reading.annotator),
                        end: n_annotators as u64,
                    });
                }
                check_spans("class", &reading.spans, n_classes)?;
                if let Some((start, end)) = reading.unread.iter().find(|part| part.0 >= part.1) {
                    return Err(AggregateError::Unfit(format!(
                        "the unread part from {start} to {end} is empty: it ends after it starts"
                    )));
                }
                reading.spans.sort_unstable();
                reading.spans.dedup();
            }
        }
        Ok(Self { n_annotators, n_classes, items })
    }

    /// The items, with the readings of each in ascending order of their annotators.
    pub fn items(&self) -> &[SpanItem] {
        &self.items
    }

    /// The number of annotators.
    pub fn n_annotators(&self) -> usize {
        self.n_annotators
    }

    /// The number of classes.
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }
}

/// An error where a span is empty or its class is out of range.
pub(super) fn check_spans(
    what: &'static str,
    spans: &[Span],
    n_classes: usize,
) -> Result<(), AggregateError> {
    for span in spans {
        if span.start >= span.end {
            return Err(AggregateError::Unfit(format!(
                "the span from {} to {} is empty: a span ends after it starts",
                span.start, span.end
            )));
        }
        if span.class.0 as usize >= n_classes {
            let (got, end) = (u64::from(span.class.0), n_classes as u64);
            return Err(AggregateError::OutOfRange { what, got, end });
        }
    }
    Ok(())
}

fn check_tokens(item: usize, tokens: &[(u32, u32)]) -> Result<(), AggregateError> {
    let empty = tokens.iter().any(|(start, end)| start >= end);
    if empty || tokens.windows(2).any(|two| two[0].1 > two[1].0) {
        return Err(AggregateError::Unfit(format!(
            "the tokens of item {item} are empty, overlap or descend: each must end after it starts and before the next one starts"
        )));
    }
    Ok(())
}
