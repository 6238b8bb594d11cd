//! A fitted calibrator: plain numbers that can be stored, and what they say of a score.
//!
//! In: a score. Out: the probability that its label is right.
//!
//! Not here: how the numbers are found (one file for each method).

use super::scored::{inside, log_odds, sigmoid};

/// A point of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Knot {
    /// The score.
    pub score: f64,
    /// The probability.
    pub probability: f64,
}

/// What isotonic regression says of a score when the item itself is counted as wrong, and as right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bracket {
    /// The score.
    pub score: f64,
    /// Counted as wrong.
    pub p0: f64,
    /// Counted as right.
    pub p1: f64,
}

/// A curve from scores to probabilities that does not fall.
///
/// The fields are public so that it can be stored in any form; [`parameters`](Self::parameters) gives them as one list.
#[derive(Debug, Clone, PartialEq)]
pub enum Calibrator {
    /// `sigmoid(log-odds / temperature)`.
    Temperature {
        /// Above 0; above 1 where the annotator was too sure.
        temperature: f64,
    },
    /// `sigmoid(slope · log-odds + intercept)`.
    Platt {
        /// 0 or more.
        slope: f64,
        /// Log-odds at a score of one half.
        intercept: f64,
    },
    /// `sigmoid(a ln s - b ln (1 - s) + c)`.
    Beta {
        /// 0 or more.
        a: f64,
        /// 0 or more.
        b: f64,
        /// Any number.
        c: f64,
    },
    /// Straight lines between knots, level outside of them.
    Isotonic {
        /// In ascending order of score; the probabilities do not fall.
        knots: Vec<Knot>,
    },
    /// Steps: the probability of the last knot at or below the score.
    Histogram {
        /// In ascending order of score, the first at 0; the probabilities do not fall.
        knots: Vec<Knot>,
    },
    /// Two probabilities for each score of the gold.
    VennAbers {
        /// In ascending order of score.
        brackets: Vec<Bracket>,
    },
}

impl Calibrator {
    /// The name of its method in [`CALIBRATORS`](super::CALIBRATORS).
    pub fn name(&self) -> &'static str {
        match self {
            Self::Temperature { .. } => "temperature",
            Self::Platt { .. } => "platt",
            Self::Beta { .. } => "beta",
            Self::Isotonic { .. } => "isotonic",
            Self::Histogram { .. } => "histogram",
            Self::VennAbers { .. } => "venn_abers",
        }
    }

    /// The probability that a label with this score is right.
    ///
    /// It lies in [1e-6, 1 - 1e-6] and does not fall where the score rises; scores outside [0, 1] are read as the nearer
    /// end. NaN stays NaN. It is true of items like the gold: same annotator, same prompt, same kind of text.
    ///
    /// ```
    /// let too_sure = karat_stats::calibrate::Calibrator::Temperature { temperature: 2.0 };
    /// assert!((too_sure.apply(0.8) - 2.0 / 3.0).abs() < 1e-12);
    /// assert!(too_sure.apply(1.0) < 1.0);
    /// ```
    pub fn apply(&self, score: f64) -> f64 {
        if score.is_nan() {
            return score;
        }
        inside(match self {
            Self::Temperature { temperature } => sigmoid(log_odds(score) / temperature),
            Self::Platt { slope, intercept } => sigmoid(slope * log_odds(score) + intercept),
            Self::Beta { a, b, c } => {
                let score = inside(score);
                sigmoid(a * score.ln() - b * (-score).ln_1p() + c)
            }
            Self::Isotonic { knots } => between(knots, score),
            Self::Histogram { knots } => {
                let above = knots.partition_point(|it| it.score <= score);
                knots.get(above.saturating_sub(1)).map_or(f64::NAN, |it| it.probability)
            }
            Self::VennAbers { brackets } => {
                let (p0, p1) = bracket(brackets, score);
                p1 / (1.0 - p0 + p1)
            }
        })
    }

    /// The two probabilities of Venn-Abers; `None` for the other calibrators.
    ///
    /// One of the two is calibrated, and nobody knows which. A wide range says that there is little gold near this score;
    /// it is no confidence interval.
    ///
    /// ```
    /// use karat_stats::calibrate::{Scored, calibrator};
    /// let gold: Vec<Scored> = (0..10).map(|it| Scored::new(0.7, it < 6)).collect();
    /// let fitted = (calibrator("venn_abers").unwrap().fit)(&gold).unwrap();
    /// let (p0, p1) = fitted.range(0.7).unwrap();
    /// assert!((p0 - 6.0 / 11.0).abs() < 1e-12 && (p1 - 7.0 / 11.0).abs() < 1e-12);
    /// ```
    pub fn range(&self, score: f64) -> Option<(f64, f64)> {
        match self {
            Self::VennAbers { brackets } if !score.is_nan() => Some(bracket(brackets, score)),
            Self::VennAbers { .. }
            | Self::Temperature { .. }
            | Self::Platt { .. }
            | Self::Beta { .. }
            | Self::Isotonic { .. }
            | Self::Histogram { .. } => None,
        }
    }

    /// All its numbers in one list, in the order of the fields; knots and brackets one after the other.
    pub fn parameters(&self) -> Vec<f64> {
        match self {
            Self::Temperature { temperature } => vec![*temperature],
            Self::Platt { slope, intercept } => vec![*slope, *intercept],
            Self::Beta { a, b, c } => vec![*a, *b, *c],
            Self::Isotonic { knots } | Self::Histogram { knots } => {
                knots.iter().flat_map(|it| [it.score, it.probability]).collect()
            }
            Self::VennAbers { brackets } => brackets.iter().flat_map(|it| [it.score, it.p0, it.p1]).collect(),
        }
    }

    /// The calibrator of this name with these parameters; `None` where they are none of it: too few, no numbers, a curve
    /// that falls.
    ///
    /// ```
    /// use karat_stats::calibrate::Calibrator;
    /// let stored = Calibrator::Platt { slope: 0.5, intercept: -0.1 };
    /// assert_eq!(Calibrator::from_parameters(stored.name(), &stored.parameters()), Some(stored));
    /// assert_eq!(Calibrator::from_parameters("temperature", &[-1.0]), None);
    /// ```
    pub fn from_parameters(name: &str, parameters: &[f64]) -> Option<Self> {
        if parameters.iter().any(|it| !it.is_finite()) {
            return None;
        }
        let fitted = match (name, parameters) {
            ("temperature", [temperature]) => Self::Temperature { temperature: *temperature },
            ("platt", [slope, intercept]) => Self::Platt { slope: *slope, intercept: *intercept },
            ("beta", [a, b, c]) => Self::Beta { a: *a, b: *b, c: *c },
            ("isotonic", list) => Self::Isotonic { knots: knots(list)? },
            ("histogram", list) => Self::Histogram { knots: knots(list)? },
            ("venn_abers", list) => {
                let (rows, rest) = list.as_chunks::<3>();
                let brackets = rows.iter().map(|&[score, p0, p1]| Bracket { score, p0, p1 });
                rest.is_empty().then_some(Self::VennAbers { brackets: brackets.collect() })?
            }
            _ => return None,
        };
        fitted.is_sound().then_some(fitted)
    }

    fn is_sound(&self) -> bool {
        let share = |p: f64| (0.0..=1.0).contains(&p);
        match self {
            Self::Temperature { temperature } => *temperature > 0.0,
            Self::Platt { slope, .. } => *slope >= 0.0,
            Self::Beta { a, b, .. } => *a >= 0.0 && *b >= 0.0,
            Self::Isotonic { knots } | Self::Histogram { knots } => {
                !knots.is_empty()
                    && knots.iter().all(|it| share(it.probability))
                    && knots.is_sorted_by(|a, b| a.score < b.score && a.probability <= b.probability)
            }
            Self::VennAbers { brackets } => {
                !brackets.is_empty()
                    && brackets.iter().all(|it| share(it.p0) && share(it.p1))
                    && brackets.is_sorted_by(|a, b| a.score < b.score && a.p0 <= b.p0 && a.p1 <= b.p1)
            }
        }
    }
}

fn knots(list: &[f64]) -> Option<Vec<Knot>> {
    let (rows, rest) = list.as_chunks::<2>();
    rest.is_empty().then(|| rows.iter().map(|&[score, probability]| Knot { score, probability }).collect())
}

/// The height at this score of straight lines between knots.
fn between(knots: &[Knot], score: f64) -> f64 {
    let above = knots.partition_point(|it| it.score < score);
    match (above.checked_sub(1).and_then(|idx| knots.get(idx)), knots.get(above)) {
        (Some(low), Some(high)) => {
            let part = (score - low.score) / (high.score - low.score);
            low.probability + part * (high.probability - low.probability)
        }
        (Some(end), None) | (None, Some(end)) => end.probability,
        (None, None) => f64::NAN,
    }
}

/// The two probabilities at this score.
///
/// Between two scores of the gold, an item counted as wrong falls in with the lower one and an item counted as right with
/// the upper one; beyond the ends it stands alone, and is 0 or 1.
fn bracket(brackets: &[Bracket], score: f64) -> (f64, f64) {
    let below = brackets.partition_point(|it| it.score <= score);
    let above = brackets.partition_point(|it| it.score < score);
    let p0 = below.checked_sub(1).and_then(|idx| brackets.get(idx)).map_or(0.0, |it| it.p0);
    let p1 = brackets.get(above).map_or(1.0, |it| it.p1);
    (p0, p1)
}
