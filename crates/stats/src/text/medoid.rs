//! The answer that is most like the others.
//!
//! In: similarities. Out: [`Medoid`]s, and what was learned of the annotators.
//!
//! Not here: new texts (`rover.rs`).

use super::{Similarity, TextError, at_least_zero, check_annotator, check_length, largest};

/// The answer that stands for all.
#[derive(Debug, Clone, PartialEq)]
pub struct Medoid {
    /// The places of the best answers: one, or several that tie (two equal answers always do).
    pub best: Vec<usize>,
    /// How alike each answer is to the others on average, in [0, 1]; `None` for a lone answer.
    pub scores: Vec<Option<f64>>,
}

/// The answer that is most like the others: its mean similarity to them is the largest.
///
/// `weights` are how much each answer counts as a neighbor, 0 or more, and not all 0; empty, all count the same. An
/// answer's own weight does not help itself. The medoid is a whole answer that somebody wrote, so it reads well; where
/// most are wrong in the same way, it is wrong with them. A lone answer is its own medoid.
///
/// ```
/// use karat_stats::text::{Similarity, medoid};
/// let similarity = Similarity::by_gleu(&[&[1, 2, 3], &[1, 2, 4], &[7, 8]]);
/// let found = medoid(&similarity, &[]).unwrap();
/// assert_eq!(found.best, [0, 1]); // two alike, and each as much like the third
/// ```
pub fn medoid(similarity: &Similarity, weights: &[f64]) -> Result<Medoid, TextError> {
    let n = similarity.n_answers();
    if n == 0 {
        return Err(TextError::NoAnswers);
    }
    if !weights.is_empty() {
        check_length("weights", weights.len(), n)?;
    }
    for weight in weights {
        at_least_zero("a weight, of 0 or more", *weight)?;
    }
    let weight = |idx: usize| weights.get(idx).copied().unwrap_or(1.0);
    let scores: Vec<Option<f64>> = (0..n)
        .map(|one| {
            let others = || (0..n).filter(|other| *other != one);
            let sum: f64 = others().map(weight).sum();
            let alike: f64 = others().map(|other| weight(other) * similarity.of(one, other)).sum();
            (sum > 0.0).then(|| alike / sum)
        })
        .collect();
    if n > 1 && (0..n).all(|idx| weight(idx) == 0.0) {
        return Err(TextError::BadNumber { what: "the sum of the weights, above 0", got: 0.0 });
    }
    // An answer whose neighbors all weigh nothing is the only one that counts.
    let filled: Vec<f64> = scores.iter().map(|score| score.unwrap_or(1.0)).collect();
    Ok(Medoid { best: largest(&filled), scores })
}

/// The answers to one item.
#[derive(Debug, Clone, PartialEq)]
pub struct TextItem {
    /// Who wrote each answer.
    pub annotators: Vec<u32>,
    /// How alike they are.
    pub similarity: Similarity,
}

/// How the annotators are weighed. Every field changes the result, so none has a default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MedoidOptions {
    /// How many answers of average quality every annotator is believed to have given before the first: 10 is right for
    /// annotators with few answers. With 0 a few lucky answers make an annotator decide everything.
    pub n_prior: f64,
    /// The most rounds; 20 is enough.
    pub n_rounds: u32,
    /// The rounds end when no weight moves by more than this share of itself.
    pub tolerance: f64,
}

/// What was learned of an annotator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextQuality {
    /// The mean similarity of its answers to those of others, weighed, in [0, 1].
    pub similarity: f64,
    /// How much it counts; the average annotator's mean distance to others counts 1.
    pub weight: f64,
    /// Its answers that could be compared with another.
    pub n: u64,
}

/// Medoids with good annotators counting more.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedMedoids {
    /// For each item; `None` without answers. The scores are mean similarities to all answers, the answer's own at its
    /// weight included.
    pub medoids: Vec<Option<Medoid>>,
    /// For each annotator; `None` where no answer of it could be compared with another.
    pub annotators: Vec<Option<TextQuality>>,
    /// The rounds it took.
    pub n_rounds: u32,
    /// Whether the rounds ended by themselves.
    pub converged: bool,
}

/// The medoid of each item, with annotators weighed by how alike their answers are to those of others.
///
/// An annotator's mean distance (1 - similarity) to the other answers, drawn towards the mean of all by `n_prior`
/// answers, is the inverse of its weight; with these weights the distances are taken again, until they stand still. An
/// answer's own annotator is left out of its distance, so nobody makes itself reliable, but counts in the medoid: a
/// reliable annotator's answer is a good one. It rewards being alike, which is not being right: annotators that copy one
/// another gain weight. The weights of J. Li, F. Fukumoto, "A Dataset of Crowdsourced Word Sequences", 2019, in the space of similarities,
/// with shrinkage.
///
/// ```
/// use karat_stats::text::{MedoidOptions, Similarity, TextItem, weighted_medoids};
/// let item = |answers: &[&[u32]]| TextItem {
///     annotators: vec![0, 1, 2],
///     similarity: Similarity::by_gleu(answers),
/// };
/// let items = [item(&[&[1, 2], &[1, 2], &[9]]), item(&[&[3, 4], &[3, 4], &[8]])];
/// let options = MedoidOptions { n_prior: 10.0, n_rounds: 20, tolerance: 1e-6 };
/// let found = weighted_medoids(&items, 3, &options).unwrap();
/// assert_eq!(found.medoids[0].as_ref().unwrap().best, [0, 1]);
/// assert!(found.annotators[0].unwrap().weight > found.annotators[2].unwrap().weight);
/// ```
pub fn weighted_medoids(
    items: &[TextItem],
    n_annotators: u32,
    options: &MedoidOptions,
) -> Result<WeightedMedoids, TextError> {
    check(items, n_annotators, options)?;
    let mut weights = vec![1.0; n_annotators as usize];
    let mut learned = learn(items, &weights, options);
    let (mut n_rounds, mut converged) = (0, false);
    while n_rounds < options.n_rounds && !converged {
        let next: Vec<f64> = learned.iter().map(|it| it.map_or(1.0, |it| it.weight)).collect();
        converged = next.iter().zip(&weights).all(|(a, b)| (a - b).abs() <= options.tolerance * b);
        weights = next;
        learned = learn(items, &weights, options);
        n_rounds += 1;
    }
    let medoids = items.iter().map(|item| {
        let n = item.annotators.len();
        let weight = |idx: usize| weights[item.annotators[idx] as usize];
        let sum: f64 = (0..n).map(weight).sum();
        let scores: Vec<f64> = (0..n)
            .map(|one| {
                let alike = |other| if one == other { 1.0 } else { item.similarity.of(one, other) };
                (0..n).map(|other| weight(other) * alike(other)).sum::<f64>() / sum
            })
            .collect();
        (n > 0).then(|| Medoid {
            best: largest(&scores),
            scores: scores.into_iter().map(|it| (n > 1).then_some(it)).collect(),
        })
    });
    Ok(WeightedMedoids { medoids: medoids.collect(), annotators: learned, n_rounds, converged })
}

fn check(items: &[TextItem], n_annotators: u32, options: &MedoidOptions) -> Result<(), TextError> {
    at_least_zero("the number of prior answers, of 0 or more", options.n_prior)?;
    at_least_zero("the tolerance, of 0 or more", options.tolerance)?;
    for item in items {
        check_length("annotators", item.annotators.len(), item.similarity.n_answers())?;
        for annotator in &item.annotators {
            check_annotator(*annotator, n_annotators)?;
        }
    }
    if items.iter().all(|item| item.annotators.is_empty()) { Err(TextError::NoAnswers) } else { Ok(()) }
}

/// An annotator that never differs from others still has a finite weight.
const LEAST_DISTANCE: f64 = 1e-6;

/// Each annotator's mean distance to others under these weights, and the weight that follows.
fn learn(items: &[TextItem], weights: &[f64], options: &MedoidOptions) -> Vec<Option<TextQuality>> {
    let mut distances = vec![(0.0, 0_u64); weights.len()];
    for item in items {
        let n = item.annotators.len();
        for (one, annotator) in item.annotators.iter().enumerate() {
            let others = || (0..n).filter(|other| item.annotators[*other] != *annotator);
            let weight = |other: usize| weights[item.annotators[other] as usize];
            let sum: f64 = others().map(weight).sum();
            if sum > 0.0 {
                let alike: f64 = others().map(|other| weight(other) * item.similarity.of(one, other)).sum();
                let (distance, n) = &mut distances[*annotator as usize];
                *distance += (1.0 - alike / sum).max(0.0);
                *n += 1;
            }
        }
    }
    let n_all: u64 = distances.iter().map(|it| it.1).sum();
    let mean = distances.iter().map(|it| it.0).sum::<f64>() / (n_all as f64).max(1.0);
    let quality = |(distance, n): &(f64, u64)| {
        let shrunk = (distance + options.n_prior * mean) / (*n as f64 + options.n_prior);
        let weight = mean.max(LEAST_DISTANCE) / shrunk.max(LEAST_DISTANCE);
        (*n > 0).then(|| TextQuality { similarity: 1.0 - distance / *n as f64, weight, n: *n })
    };
    distances.iter().map(quality).collect()
}
