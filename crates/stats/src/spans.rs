//! One set of spans from the spans of several annotators.
//!
//! In: [`Readings`]: for each item its tokens and what each annotator that looked at it found; gold where there is some.
//! Out: a [`SpanAggregate`]: the spans of each item with their posteriors, how good each annotator is, and remarks on
//! what the data cannot bear.
//!
//! [`SPAN_METHODS`] lists the methods. Two families: methods over candidates (each distinct span is true or not) need no
//! tokens and bear nested spans; methods over tokens see that two annotators who differ by a word still agree on the
//! rest, find more, and never give spans that overlap. People and models miss more than they invent, so thresholds well
//! under one half are right. A posterior is no confidence until it is calibrated.
//!
//! Not here: one class for an item (`aggregate`), scores against gold (`score_spans`), text, tokenizers.

mod candidates;
mod chain;
mod clusters;
mod finish;
mod previous_tag;
mod readings;
mod sequence;
mod tags;
mod tokens;
mod two_state;
mod vote;

use crate::aggregate::AggregateError;
use crate::{Class, Span};
pub use readings::{Reading, Readings, SpanItem};

/// Every method for spans, in the order of the documentation. To add one: write its file, add its row.
pub const SPAN_METHODS: &[SpanMethod] = &[
    vote::METHOD,
    two_state::METHOD,
    clusters::METHOD,
    tokens::MAJORITY,
    tokens::DAWID_SKENE,
    previous_tag::METHOD,
];

/// A way to make one set of spans of several.
///
/// ```
/// use karat_stats::spans::{Reading, Readings, SpanItem, SpanOptions, span_method};
/// use karat_stats::{Class, Span};
/// let city = Span { start: 0, end: 5, class: Class(0) };
/// let reading = |annotator, spans| Reading { annotator, spans, unread: vec![] };
/// // Two annotators mark the city, one looks and finds nothing; the fourth did not look.
/// let readings = vec![reading(0, vec![city]), reading(1, vec![city]), reading(2, vec![])];
/// let items = vec![SpanItem { tokens: vec![(0, 5), (6, 9)], readings }];
/// let readings = Readings::new(4, 1, items).unwrap();
/// let vote = span_method("span_vote").unwrap();
/// let result = (vote.fit)(&readings, &SpanOptions::default()).unwrap();
/// let found = &result.items[0].as_ref().unwrap()[0];
/// assert_eq!((found.span, found.posterior), (city, 2.0 / 3.0));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SpanMethod {
    /// The name on the command line, in reports and in the store. Never changes once released.
    pub name: &'static str,
    /// The name in a sentence.
    pub title: &'static str,
    /// What it assumes and when to take it, in a sentence.
    pub about: &'static str,
    /// The paper.
    pub paper: &'static str,
    /// Whether it needs the tokens of each item that has spans.
    pub needs_tokens: bool,
    /// Whether it learns from gold. The others give gold items their gold spans and learn nothing from them.
    pub reads_gold: bool,
    /// Fits.
    pub fit: fn(&Readings, &SpanOptions<'_>) -> Result<SpanAggregate, AggregateError>,
}

/// The method of this name.
///
/// ```
/// use karat_stats::spans::span_method;
/// assert_eq!(span_method("span_vote").unwrap().title, "span vote");
/// assert!(span_method("oracle").is_none());
/// ```
pub fn span_method(name: &str) -> Option<&'static SpanMethod> {
    SPAN_METHODS.iter().find(|it| it.name == name)
}

/// What becomes of a span whose borders are not borders of tokens, in the methods over tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffTokens {
    /// It grows to the tokens that it touches, and loses white space at its ends.
    Snap,
    /// The tokens that it touches count as unread by this annotator: nothing is learned from them.
    Refuse,
}

/// How to fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpanOptions<'a> {
    /// The settled spans of each item, where they are known; empty, or as many as there are items. An empty list says
    /// that there is nothing to find. Gold spans are given back as they are, with posterior 1.
    pub gold: &'a [Option<Vec<Span>>],
    /// The least share of the annotators who looked, for the methods that count votes: in (0, 1].
    pub min_share: f64,
    /// The least posterior, for the methods that weigh candidates: in (0, 1]. Below one half it trades precision for
    /// recall; the F1 of a well calibrated posterior is highest near half of that F1.
    pub min_posterior: f64,
    /// Whether spans of the result may overlap or nest. Methods over tokens never give such spans.
    pub allow_overlap: bool,
    /// What becomes of spans that do not fit the tokens.
    pub off_tokens: OffTokens,
    /// The most rounds.
    pub n_rounds: u32,
    /// The rounds end when no posterior moves by more than this.
    pub tolerance: f64,
}

impl Default for SpanOptions<'_> {
    /// No gold, both thresholds at 0.3, no overlap, snapping, at most 200 rounds, tolerance 1e-4.
    fn default() -> Self {
        Self {
            gold: &[],
            min_share: 0.3,
            min_posterior: 0.3,
            allow_overlap: false,
            off_tokens: OffTokens::Snap,
            n_rounds: 200,
            tolerance: 1e-4,
        }
    }
}

impl SpanOptions<'_> {
    /// The settled spans of an item, where they are known.
    pub(crate) fn gold_of(&self, item: usize) -> Option<&[Span]> {
        self.gold.get(item).and_then(Option::as_deref)
    }

    /// An error where the options do not fit the readings.
    pub(crate) fn check(&self, readings: &Readings) -> Result<(), AggregateError> {
        let (got, want) = (self.gold.len(), readings.items().len());
        if got != 0 && got != want {
            return Err(AggregateError::WrongLength { what: "lists of gold spans", got, want });
        }
        for gold in self.gold.iter().flatten() {
            readings::check_spans("gold class", gold, readings.n_classes())?;
        }
        for (what, got) in [("the least share", self.min_share), ("the least posterior", self.min_posterior)]
        {
            if !(got > 0.0 && got <= 1.0) {
                return Err(AggregateError::Unfit(format!(
                    "{what} is {got}: it must be above 0 and at most 1"
                )));
            }
        }
        if self.tolerance.is_nan() || self.tolerance < 0.0 {
            return Err(AggregateError::BadNumber { what: "the tolerance", got: self.tolerance });
        }
        Ok(())
    }
}

/// A span of the result.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundSpan {
    /// The span.
    pub span: Span,
    /// What the method gives it, in (0, 1]: a share of votes for the methods that count votes, else the probability of
    /// exactly these borders and this class; 1 for gold. Not calibrated.
    pub posterior: f64,
    /// Other classes that the same borders have with the same posterior: the caller decides. Nearly always empty; where
    /// it is not, `span` has the lowest number among them.
    pub tied: Vec<Class>,
}

/// How an annotator compares with the result.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanSkill {
    /// The items that it looked at.
    pub n_items: u64,
    /// The spans that it marked.
    pub n_spans: u64,
    /// The share of its spans that the result has, borders and class; `None` without spans. It flatters those who err
    /// like the others.
    pub precision: Option<f64>,
    /// The share of the result's spans, in the items it looked at, that it marked; `None` where there are none. What
    /// nobody marked is not in the result, so this is above the truth.
    pub recall: Option<f64>,
}

/// What a method found.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanAggregate {
    /// The method's name.
    pub method: &'static str,
    /// The spans of each item, in ascending order; `None` for an item that nobody looked at and that has no gold. An
    /// empty list says that there is nothing to find.
    pub items: Vec<Option<Vec<FoundSpan>>>,
    /// What was learned of each annotator.
    pub annotators: Vec<SpanSkill>,
    /// The rounds it took; 0 where nothing is learned.
    pub n_rounds: u32,
    /// Whether the rounds ended by themselves.
    pub converged: bool,
    /// What was maximized, round by round: it never falls. Empty where nothing is.
    pub objective: Vec<f64>,
    /// What the data cannot bear.
    pub remarks: Vec<SpanRemark>,
}

/// What the data cannot bear: the result stands, and this should be read with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanRemark {
    /// One annotator: its spans are all there is.
    OneAnnotator,
    /// No item was looked at by two annotators: nobody can be compared with anybody.
    NoOverlap,
    /// Items that nobody looked at, left without an answer.
    NotLookedAt {
        /// How many.
        n_items: u64,
    },
    /// Spans whose borders are not borders of tokens, moved to the tokens that they touch.
    Snapped {
        /// How many.
        n_spans: u64,
    },
    /// Spans that do not fit the tokens, left out.
    Refused {
        /// How many.
        n_spans: u64,
    },
    /// Spans that overlap a longer one of the same annotator, left out: tags of tokens cannot hold them.
    Nested {
        /// How many.
        n_spans: u64,
    },
    /// Spans with the borders of another one of the same annotator and another class: their tokens count as unread.
    TwoClasses {
        /// How many.
        n_spans: u64,
    },
    /// Spans of the result whose class is one of several with the same posterior.
    Tied {
        /// How many.
        n_spans: u64,
    },
    /// The rounds ended before the posteriors stood still.
    NotConverged,
}

impl std::fmt::Display for SpanRemark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OneAnnotator => f.write_str("there is one annotator: its spans are all there is"),
            Self::NoOverlap => {
                f.write_str("no item was looked at by two annotators: nobody can be compared with anybody")
            }
            Self::NotLookedAt { n_items } => {
                write!(f, "nobody looked at {n_items} items: they have no answer")
            }
            Self::Snapped { n_spans } => write!(f, "{n_spans} spans were moved to the borders of tokens"),
            Self::Refused { n_spans } => {
                write!(f, "{n_spans} spans do not fit the tokens and were left out")
            }
            Self::Nested { n_spans } => write!(
                f,
                "{n_spans} spans overlap a longer one of the same annotator and were left out: methods over candidates keep them"
            ),
            Self::TwoClasses { n_spans } => {
                write!(
                    f,
                    "{n_spans} spans have the borders of another one of the same annotator and another class: their tokens count as unread"
                )
            }
            Self::Tied { n_spans } => {
                write!(f, "{n_spans} spans have several classes with the same posterior")
            }
            Self::NotConverged => {
                f.write_str("the rounds ended before the posteriors stood still: give more rounds")
            }
        }
    }
}

#[cfg(test)]
mod tests;
