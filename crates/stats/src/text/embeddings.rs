//! The answer nearest to the center of all, in a space of embeddings.
//!
//! In: embeddings of the answers, made elsewhere. Out: a center for each item, the answer nearest to it, and how reliable
//! each annotator is.
//!
//! Not here: embedding.

use statrs::function::gamma::gamma_ur;

use super::{Similarity, TextError, at_least_zero, check_annotator, check_length, largest};

/// An answer as a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// Who wrote it.
    pub annotator: u32,
    /// Where it lies; all of one length.
    pub vector: Vec<f64>,
}

/// How to fit. Every field changes the result, so none has a default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RasaOptions {
    /// The upper tail of the chi-squared distribution, doubled, whose quantile weighs annotators by their number of
    /// answers, in (0, 1); 0.05 in the paper.
    pub alpha: f64,
    /// How many answers at average distance every annotator is believed to have given before; 0 in the paper, and 10 is
    /// safer, for with few answers an annotator's weight is luck.
    pub n_prior: f64,
    /// The most rounds; 100 is enough.
    pub n_rounds: u32,
    /// The rounds end when the centers move by less than this share of their squared length.
    pub tolerance: f64,
}

/// How HRRASA weighs the answers to one item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HrrasaOptions {
    /// As for [`rasa`].
    pub rasa: RasaOptions,
    /// What the likeness of the embeddings adds to an answer's own weight; 0.5 is usual.
    pub by_embedding: f64,
    /// What the likeness of the words adds; 0.5 is usual.
    pub by_words: f64,
}

/// Centers of the answers and what was learned on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Rasa {
    /// The weighted mean of each item's embeddings; `None` without answers.
    pub centers: Vec<Option<Vec<f64>>>,
    /// For each item the places of the answers nearest to its center: one, several that tie, or none without answers.
    pub best: Vec<Vec<usize>>,
    /// How much each annotator counts; only ratios mean anything. `None` without answers (in [`hrrasa`] without items
    /// that have another answer).
    pub reliability: Vec<Option<f64>>,
    /// The rounds it took.
    pub n_rounds: u32,
    /// Whether the rounds ended by themselves.
    pub converged: bool,
}

/// RASA: the center of each item's answers, with annotators weighed by how near they usually are to it.
///
/// Centers and weights are taken in turn. An annotator's weight is a chi-squared quantile over the sum of its squared
/// distances to the centers. Nearest is by Euclid's distance, which for vectors of length 1 is the order of cosines. It
/// is as good as the embeddings are. J. Li, F. Fukumoto, "A Dataset of Crowdsourced Word Sequences", 2019.
///
/// ```
/// use karat_stats::text::{Embedded, RasaOptions, rasa};
/// let answer = |annotator, x, y| Embedded { annotator, vector: vec![x, y] };
/// let items = [vec![answer(0, 1.0, 0.0), answer(1, 0.9, 0.1), answer(2, 0.0, 1.0)]];
/// let options = RasaOptions { alpha: 0.05, n_prior: 10.0, n_rounds: 100, tolerance: 1e-9 };
/// let found = rasa(&items, 3, &options).unwrap();
/// assert_eq!(found.best, [[1]]);
/// assert!(found.reliability[1] > found.reliability[2]);
/// ```
pub fn rasa(items: &[Vec<Embedded>], n_annotators: u32, options: &RasaOptions) -> Result<Rasa, TextError> {
    check(items, n_annotators, options)?;
    let locals: Vec<Vec<f64>> = items.iter().map(|answers| vec![1.0; answers.len()]).collect();
    Ok(fit(items, &locals, n_annotators, options))
}

/// HRRASA: as [`rasa`], and each answer also counts by how alike it is to the other answers to its item, in embedding
/// and in words.
///
/// `similarities` has one table for each item, as long as the item has answers. An item with one answer keeps it and
/// teaches nothing of its annotator. J. Li, "Crowdsourced Text Sequence Aggregation Based on Hybrid Reliability and
/// Representation", 2020.
///
/// ```
/// use karat_stats::text::{Embedded, HrrasaOptions, RasaOptions, Similarity, hrrasa};
/// let answer = |annotator, x, y| Embedded { annotator, vector: vec![x, y] };
/// let items = [vec![answer(0, 1.0, 0.0), answer(1, 0.9, 0.1), answer(2, 0.0, 1.0)]];
/// let words = [Similarity::by_gleu(&[&[1, 2], &[1, 2, 3], &[4]])];
/// let rasa = RasaOptions { alpha: 0.05, n_prior: 10.0, n_rounds: 100, tolerance: 1e-9 };
/// let options = HrrasaOptions { rasa, by_embedding: 0.5, by_words: 0.5 };
/// assert_eq!(hrrasa(&items, &words, 3, &options).unwrap().best, [[1]]);
/// ```
pub fn hrrasa(
    items: &[Vec<Embedded>],
    similarities: &[Similarity],
    n_annotators: u32,
    options: &HrrasaOptions,
) -> Result<Rasa, TextError> {
    check(items, n_annotators, &options.rasa)?;
    at_least_zero("the weight of the embeddings, of 0 or more", options.by_embedding)?;
    at_least_zero("the weight of the words, of 0 or more", options.by_words)?;
    check_length("tables of similarities", similarities.len(), items.len())?;
    let mut locals = Vec::with_capacity(items.len());
    for (answers, similarity) in items.iter().zip(similarities) {
        check_length("similarities", similarity.n_answers(), answers.len())?;
        locals.push(local_weights(answers, similarity, options));
    }
    if locals.iter().flatten().all(|weight| *weight == 0.0) && items.iter().any(|answers| answers.len() > 1) {
        return Err(TextError::BadNumber { what: "the weight of every answer, above 0", got: 0.0 });
    }
    Ok(fit(items, &locals, n_annotators, &options.rasa))
}

fn check(items: &[Vec<Embedded>], n_annotators: u32, options: &RasaOptions) -> Result<(), TextError> {
    if !(options.alpha > 0.0 && options.alpha < 1.0) {
        return Err(TextError::BadNumber { what: "alpha, between 0 and 1", got: options.alpha });
    }
    at_least_zero("the number of prior answers, of 0 or more", options.n_prior)?;
    at_least_zero("the tolerance, of 0 or more", options.tolerance)?;
    let answers = || items.iter().flatten();
    let Some(length) = answers().next().map(|answer| answer.vector.len()) else {
        return Err(TextError::NoAnswers);
    };
    for answer in answers() {
        check_annotator(answer.annotator, n_annotators)?;
        check_length("coordinates", answer.vector.len(), length)?;
        if let Some(got) = answer.vector.iter().find(|it| !it.is_finite()) {
            return Err(TextError::BadNumber { what: "a coordinate", got: *got });
        }
    }
    Ok(())
}

/// The weight of each answer among those to its item; 0 for a lone answer, which nothing speaks for or against.
fn local_weights(answers: &[Embedded], similarity: &Similarity, options: &HrrasaOptions) -> Vec<f64> {
    let n = answers.len();
    let weight = |one: usize| {
        let mut sum = 0.0;
        for other in (0..n).filter(|other| *other != one) {
            let (a, b) = (&answers[one].vector, &answers[other].vector);
            let lengths = squared_length(a) * squared_length(b);
            let apart = squared_distance(a, b);
            // Two zero vectors are the same vector.
            let near = if apart == 0.0 { 1.0 } else { (-apart / lengths).exp() };
            sum += options.by_embedding * near + options.by_words * similarity.of(one, other);
        }
        if n > 1 { sum / (n - 1) as f64 } else { 0.0 }
    };
    (0..n).map(weight).collect()
}

/// Sums of squared distances below this are taken for it, as in crowd-kit: an annotator at the center is not infinitely
/// reliable.
const LEAST_DISTANCE: f64 = 1e-5;

fn fit(items: &[Vec<Embedded>], locals: &[Vec<f64>], n_annotators: u32, options: &RasaOptions) -> Rasa {
    let mut n_answers = vec![0_u64; n_annotators as usize];
    for (answer, local) in items.iter().flatten().zip(locals.iter().flatten()) {
        n_answers[answer.annotator as usize] += u64::from(*local > 0.0);
    }
    let quantile = |n: &u64| upper_quantile(options.alpha / 2.0, *n as f64 + options.n_prior);
    let quantiles: Vec<f64> = n_answers.iter().map(|n| if *n > 0 { quantile(n) } else { 0.0 }).collect();
    let mut reliability = vec![1.0; n_annotators as usize];
    let mut centers: Vec<Option<Vec<f64>>> = Vec::new();
    let (mut n_rounds, mut converged) = (0, false);
    while n_rounds < options.n_rounds.max(1) && !converged {
        let next: Vec<Option<Vec<f64>>> =
            items.iter().zip(locals).map(|(answers, local)| center(answers, local, &reliability)).collect();
        converged = n_rounds > 0 && moved(&centers, &next) < options.tolerance;
        centers = next;
        let mut far = vec![0.0; n_annotators as usize];
        for ((answers, local), center) in items.iter().zip(locals).zip(&centers) {
            let Some(center) = center else { continue };
            for (answer, local) in answers.iter().zip(local).filter(|(_, local)| **local > 0.0) {
                far[answer.annotator as usize] += squared_distance(&answer.vector, center) / local;
            }
        }
        let n_all: u64 = n_answers.iter().sum();
        let prior = options.n_prior * far.iter().sum::<f64>() / (n_all as f64).max(1.0);
        reliability =
            far.iter().zip(&quantiles).map(|(far, q)| q / (far + prior).max(LEAST_DISTANCE)).collect();
        n_rounds += 1;
    }
    let best = items.iter().zip(&centers).map(|(answers, center)| {
        let nearness = |center: &Vec<f64>| -> Vec<f64> {
            answers.iter().map(|answer| -squared_distance(&answer.vector, center)).collect()
        };
        center.as_ref().map_or_else(Vec::new, |center| largest(&nearness(center)))
    });
    let best = best.collect();
    let reliability = reliability.iter().zip(&n_answers).map(|(it, n)| (*n > 0).then_some(*it)).collect();
    Rasa { centers, best, reliability, n_rounds, converged }
}

/// The weighted mean of the answers; their plain mean where none of them weighs anything.
fn center(answers: &[Embedded], local: &[f64], reliability: &[f64]) -> Option<Vec<f64>> {
    let first = answers.first()?;
    let weights = answers.iter().zip(local).map(|(it, local)| local * reliability[it.annotator as usize]);
    let mut weights: Vec<f64> = weights.collect();
    let mut sum: f64 = weights.iter().sum();
    if sum == 0.0 {
        weights.fill(1.0);
        sum = weights.len() as f64;
    }
    let mut center = vec![0.0; first.vector.len()];
    for (answer, weight) in answers.iter().zip(&weights) {
        center.iter_mut().zip(&answer.vector).for_each(|(to, it)| *to += weight / sum * it);
    }
    Some(center)
}

/// How far the centers moved, as a share of their squared length.
fn moved(before: &[Option<Vec<f64>>], after: &[Option<Vec<f64>>]) -> f64 {
    let pairs = before.iter().flatten().zip(after.iter().flatten());
    let apart: f64 = pairs.map(|(a, b)| squared_distance(a, b)).sum();
    let length: f64 = after.iter().flatten().map(|it| squared_length(it)).sum();
    if apart == 0.0 { 0.0 } else { apart / length }
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

fn squared_length(a: &[f64]) -> f64 {
    a.iter().map(|it| it * it).sum()
}

/// The value above which a share `p` of the chi-squared distribution lies, by bisection.
fn upper_quantile(p: f64, freedom: f64) -> f64 {
    let above = |x: f64| if x > 0.0 { gamma_ur(0.5 * freedom, 0.5 * x) } else { 1.0 };
    let (mut low, mut high) = (0.0, freedom.max(1.0));
    while above(high) > p && high < 1e300 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if above(middle) > p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}
