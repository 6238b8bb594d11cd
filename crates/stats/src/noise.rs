//! Which given labels are probably wrong, by the probabilities of a model that has not seen them.
//!
//! In: the given class of each item and a distribution over the classes for each, out of sample. Out: the joint counts of
//! given and true labels, the items that are probably mislabeled, a quality for each label.
//!
//! It knows only what the probabilities know: a model that errs where the people erred finds nothing, and of the items
//! found between a fifth and nine tenths are wrong, by the model. They are a queue for people, never a correction.
//!
//! C. Northcutt, L. Jiang, I. Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", 2021.
//!
//! Not here: where the probabilities come from (`aggregate::cross_fit`, a student).

mod filter;

pub use filter::{FILTERS, Filter, FilterRow};

use crate::Class;

/// A probability this much below its threshold still reaches it.
const SLACK: f64 = 1e-6;

/// Why labels cannot be judged.
#[derive(Debug, Clone, PartialEq)]
pub enum NoiseError {
    /// No items, or no classes.
    Empty,
    /// The probabilities are not one row of classes for each item.
    WrongLength {
        /// How many there are.
        got: usize,
        /// How many there should be.
        want: usize,
    },
    /// A given class that the probabilities do not have.
    OutOfRange(Class),
    /// A probability that is no number from 0 to 1.
    BadProbability {
        /// The item.
        item: usize,
        /// The number.
        got: f64,
    },
}

impl std::fmt::Display for NoiseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("there are no labels to judge"),
            Self::WrongLength { got, want } => {
                write!(f, "{got} probabilities were given where {want} are needed")
            }
            Self::OutOfRange(class) => write!(f, "class {} has no probability", class.0),
            Self::BadProbability { item, got } => write!(f, "a probability of item {item} is {got}"),
        }
    }
}

impl std::error::Error for NoiseError {}

/// Given labels beside the probabilities of a model.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    given: &'a [Class],
    probabilities: &'a [f64],
    n_classes: usize,
}

/// How often a label was given (row) where another is true (column), as counted by confident learning.
#[derive(Debug, Clone, PartialEq)]
pub struct Joint {
    n_classes: usize,
    /// Row-major: given class, then true class. Each row sums to how often its class was given.
    pub counts: Vec<u64>,
    /// For each class the mean probability of that class where it was given: from there on a model is confident in it.
    /// `None` for a class that was never given.
    pub thresholds: Vec<Option<f64>>,
}

impl Joint {
    /// How often `given` was given where `truth` is true.
    pub fn count(&self, given: Class, truth: Class) -> u64 {
        self.counts[given.0 as usize * self.n_classes + truth.0 as usize]
    }

    /// How many labels are estimated to be wrong.
    pub fn n_wrong(&self) -> u64 {
        let k = self.n_classes;
        (0..k * k).filter(|cell| cell / k != cell % k).map(|cell| self.counts[cell]).sum()
    }
}

impl<'a> Judged<'a> {
    /// Puts labels and probabilities together: `probabilities` is row-major, `n_classes` for each item.
    ///
    /// # Errors
    /// Lengths that do not fit, a class out of range, a probability that is none.
    pub fn new(given: &'a [Class], probabilities: &'a [f64], n_classes: usize) -> Result<Self, NoiseError> {
        if given.is_empty() || n_classes == 0 {
            return Err(NoiseError::Empty);
        }
        let want = given.len() * n_classes;
        if probabilities.len() != want {
            return Err(NoiseError::WrongLength { got: probabilities.len(), want });
        }
        if let Some(class) = given.iter().find(|class| class.0 as usize >= n_classes) {
            return Err(NoiseError::OutOfRange(*class));
        }
        if let Some(at) = probabilities.iter().position(|p| !(-SLACK..=1.0 + SLACK).contains(p)) {
            return Err(NoiseError::BadProbability { item: at / n_classes, got: probabilities[at] });
        }
        Ok(Self { given, probabilities, n_classes })
    }

    fn row(&self, item: usize) -> &'a [f64] {
        &self.probabilities[item * self.n_classes..(item + 1) * self.n_classes]
    }

    /// The probability of the given label of each item: the lower, the more probably it is wrong.
    pub fn self_confidence(&self) -> Vec<f64> {
        self.given.iter().enumerate().map(|(item, given)| self.row(item)[given.0 as usize]).collect()
    }

    /// How far the given label is ahead of the most probable other one, from 0 (far behind) to 1.
    pub fn normalized_margin(&self) -> Vec<f64> {
        let margin = |(item, given): (usize, &Class)| {
            let given = given.0 as usize;
            let row = self.row(item);
            let others = (0..row.len()).filter(|class| *class != given).map(|class| row[class]);
            (row[given] - others.fold(f64::NEG_INFINITY, f64::max).max(0.0) + 1.0) / 2.0
        };
        self.given.iter().enumerate().map(margin).collect()
    }

    /// `ln(1 + w) / w` with `w` the entropy (1 at its largest) over the probability of the given label: low where the
    /// model is unsure of everything and does not believe the label.
    pub fn weighted_entropy(&self) -> Vec<f64> {
        const LEAST: f64 = 1e-6;
        let largest = (self.n_classes.max(2) as f64).ln();
        let score = |(item, given): (usize, &Class)| {
            let row = self.row(item);
            let entropy: f64 = row.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
            let w = entropy / largest / row[given.0 as usize].max(LEAST);
            (1.0 + w).ln() / w.max(LEAST)
        };
        self.given.iter().enumerate().map(score).collect()
    }

    /// The true class of each item as the model is confident of it; `None` where it is confident of none.
    fn confident(&self, thresholds: &[Option<f64>]) -> impl Iterator<Item = Option<usize>> {
        // A class that was never given has no threshold of its own: nothing is confident of it.
        let least: Vec<f64> =
            thresholds.iter().map(|it| it.unwrap_or(f64::INFINITY).max(2.0 * SLACK) - SLACK).collect();
        (0..self.given.len()).map(move |item| {
            let row = self.row(item);
            let (mut n, mut only, mut top) = (0, 0, 0);
            for class in 0..row.len() {
                if row[class] >= least[class] {
                    n += 1;
                    if n == 1 {
                        only = class;
                    }
                }
                if row[class] > row[top] {
                    top = class;
                }
            }
            match n {
                0 => None,
                1 => Some(only),
                _ => Some(top),
            }
        })
    }

    /// Counts given against true labels.
    ///
    /// An item counts for the class of which the model is confident (of several, for the most probable); each class counts
    /// at least one right label; then each row is brought to how often its class was given, in whole numbers.
    ///
    /// ```
    /// use karat_stats::{Class, noise::Judged};
    /// let given = [0, 0, 0, 1, 1, 1].map(Class);
    /// let p = [0.9, 0.1, 0.8, 0.2, 0.1, 0.9, 0.1, 0.9, 0.2, 0.8, 0.3, 0.7];
    /// let joint = Judged::new(&given, &p, 2).unwrap().joint();
    /// assert_eq!((joint.count(Class(0), Class(1)), joint.n_wrong()), (1, 1));
    /// ```
    pub fn joint(&self) -> Joint {
        let k = self.n_classes;
        let (mut sums, mut n_given) = (vec![0.0; k], vec![0_u64; k]);
        for (item, given) in self.given.iter().enumerate() {
            sums[given.0 as usize] += self.row(item)[given.0 as usize];
            n_given[given.0 as usize] += 1;
        }
        let thresholds: Vec<Option<f64>> =
            sums.iter().zip(&n_given).map(|(sum, n)| (*n > 0).then(|| sum / *n as f64)).collect();
        let mut raw = vec![0_u64; k * k];
        for (given, truth) in self.given.iter().zip(self.confident(&thresholds)) {
            if let Some(truth) = truth {
                raw[given.0 as usize * k + truth] += 1;
            }
        }
        let mut counts = vec![0; k * k];
        for class in 0..k {
            raw[class * k + class] = raw[class * k + class].max(1);
            let row = &raw[class * k..(class + 1) * k];
            let sum: u64 = row.iter().sum();
            let scaled: Vec<f64> =
                row.iter().map(|n| *n as f64 / sum as f64 * n_given[class] as f64).collect();
            counts[class * k..(class + 1) * k].copy_from_slice(&rounded(&scaled));
        }
        Joint { n_classes: k, counts, thresholds }
    }
}

/// Whole numbers near these, with the same (rounded) sum: what is over or missing goes to those rounded the furthest.
fn rounded(numbers: &[f64]) -> Vec<u64> {
    let mut whole: Vec<f64> = numbers.iter().map(|it| it.round_ties_even()).collect();
    let missing = (numbers.iter().sum::<f64>() - whole.iter().sum::<f64>()).round_ties_even();
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|a, b| (numbers[*a] - whole[*a]).total_cmp(&(numbers[*b] - whole[*b])));
    let steps = (missing.abs() as usize).min(numbers.len());
    if missing > 0.0 {
        order.iter().rev().take(steps).for_each(|idx| whole[*idx] += 1.0);
    } else {
        order.iter().take(steps).for_each(|idx| whole[*idx] -= 1.0);
    }
    whole.into_iter().map(|it| it.max(0.0) as u64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_keeps_the_sum() {
        assert_eq!(rounded(&[0.4, 0.4, 0.2]), [0, 1, 0]);
        assert_eq!(rounded(&[1.5, 1.5, 1.0]), [1, 2, 1]);
        assert_eq!(rounded(&[2.6, 2.6, 0.8]), [2, 3, 1]);
    }

    #[test]
    fn bad_probabilities_are_named() {
        let judged = |p: &[f64]| Judged::new(&[Class(0)], p, 2).map(|_| ());
        assert_eq!(judged(&[0.5]), Err(NoiseError::WrongLength { got: 1, want: 2 }));
        assert!(matches!(judged(&[f64::NAN, 0.5]), Err(NoiseError::BadProbability { item: 0, .. })));
        assert_eq!(Judged::new(&[], &[], 2).map(|_| ()), Err(NoiseError::Empty));
        assert_eq!(
            Judged::new(&[Class(2)], &[0.5, 0.5], 2).map(|_| ()),
            Err(NoiseError::OutOfRange(Class(2)))
        );
    }

    #[test]
    fn a_class_that_was_never_given_is_never_confident() {
        let given = [Class(0), Class(0)];
        let judged = Judged::new(&given, &[0.1, 0.9, 0.8, 0.2], 2).unwrap();
        let joint = judged.joint();
        assert_eq!(joint.thresholds[1], None);
        assert_eq!(joint.n_wrong(), 0);
    }

    #[test]
    fn scores_fall_with_the_probability_of_the_label() {
        let given = [Class(0), Class(0), Class(0)];
        let judged = Judged::new(&given, &[0.9, 0.1, 0.5, 0.5, 0.2, 0.8], 2).unwrap();
        for scores in [judged.self_confidence(), judged.normalized_margin(), judged.weighted_entropy()] {
            assert!(scores[0] > scores[1] && scores[1] > scores[2], "{scores:?}");
        }
    }
}
