//! GLAD: annotators differ in skill and items in difficulty.
//!
//! In: votes, gold. Out: a posterior for each item, and with [`glad`] also the difficulty of each item and the skill of
//! each annotator.
//!
//! Not here: annotators that confuse certain classes (the Dawid-Skene family).

use super::latent::{self, Found};
use super::{Aggregate, AggregateError, FitOptions, Method, Votes};
use crate::minimize::minimize;

pub(super) const METHOD: Method = Method {
    name: "glad",
    title: "GLAD",
    about: "one skill an annotator, one difficulty an item, errors spread evenly; for people where items differ in \
            difficulty, not for models, which err by class",
    paper: "Whitehill et al., \"Whose Vote Should Count More\", 2009",
    reads_gold: true,
    fit: |votes, options| Ok(glad(votes, options)?.aggregate),
};

/// Quasi-Newton steps in one round.
const STEPS: usize = 25;

/// The mean of the priors of skills and of (minus log) difficulties; their variance is 1.
const PRIOR_MEAN: f64 = 1.0;

/// What GLAD found.
#[derive(Debug, Clone, PartialEq)]
pub struct Glad {
    /// The posteriors; they have no confusion matrices.
    pub aggregate: Aggregate,
    /// The difficulty of each item, above 0: annotators of any skill guess as it grows. `None` without votes.
    pub difficulty: Vec<Option<f64>>,
    /// The skill of each annotator: 0 guesses, below 0 is wrong on purpose. `None` without votes.
    pub skill: Vec<Option<f64>>,
}

/// Fits GLAD: annotator j is right on item i with probability `1 / (1 + exp(-skill_j / difficulty_i))` and otherwise names
/// each other class equally often.
///
/// The classes are equally frequent beforehand; skills and negative logarithms of difficulties have the prior N(1, 1).
/// Skills and difficulties maximize the posterior density with the classes summed out, which is what the EM of the paper
/// climbs to; a round is 25 quasi-Newton steps. Nothing is random.
///
/// A difficulty rests on the few votes of one item: it ranks items for review and is no measurement. It does not tell a
/// hard item from one that is labeled by poor annotators only.
///
/// J. Whitehill et al., "Whose Vote Should Count More: Optimal Integration of Labels from Labelers of Unknown Expertise",
/// 2009.
///
/// # Errors
/// Options that do not fit the votes.
///
/// ```
/// use karat_stats::{Class, aggregate::{FitOptions, Top, Vote, Voter, Votes, glad}};
/// // Three annotators agree on item 0 and differ on item 1.
/// let votes = [(0, 0, 0), (0, 1, 0), (0, 2, 0), (1, 0, 1), (1, 1, 1), (1, 2, 0)];
/// let votes = votes.map(|(item, annotator, class)| Vote { item, annotator, class: Class(class) });
/// let votes = Votes::new(2, 3, 2, &votes).unwrap();
/// let voters = [Voter::Person; 3];
/// let options = FitOptions { voters: &voters, gold: &[], n_rounds: 50, tolerance: 1e-6, n_restarts: 1, seed: 1 };
/// let found = glad(&votes, &options).unwrap();
/// assert!(matches!(found.aggregate.top(1), Top::Winner(Class(1), _)));
/// assert!(found.difficulty[1] > found.difficulty[0]);
/// ```
pub fn glad(votes: &Votes, options: &FitOptions<'_>) -> Result<Glad, AggregateError> {
    latent::check(votes, options)?;
    let n_annotators = votes.n_annotators();
    let mut x = vec![PRIOR_MEAN; n_annotators + votes.n_items()];
    let mut gradient = vec![0.0; x.len()];
    let mut posterior = latent::shares(votes, options);
    let mut objective = Vec::new();
    let (mut n_rounds, mut converged) = (0, false);
    while n_rounds < options.n_rounds && !converged {
        let mut scratch = posterior.clone();
        x = minimize(&x, STEPS, 1e-9, |x, gradient| -density(votes, options, x, gradient, &mut scratch));
        objective.push(density(votes, options, &x, &mut gradient, &mut scratch));
        converged = latent::furthest(&scratch, &posterior) <= options.tolerance;
        posterior = scratch;
        n_rounds += 1;
    }
    let mut voted = vec![false; x.len()];
    for (item, of) in votes.by_item().enumerate() {
        voted[n_annotators + item] = !of.is_empty();
        of.iter().for_each(|(annotator, _)| voted[*annotator as usize] = true);
    }
    let known = |idx: usize| voted[idx].then(|| x[idx]);
    Ok(Glad {
        difficulty: (n_annotators..x.len()).map(|idx| known(idx).map(|it| (-it).exp())).collect(),
        skill: (0..n_annotators).map(known).collect(),
        aggregate: latent::finish(
            METHOD.name,
            votes,
            Found { posterior, confusion: Vec::new(), n_rounds, converged, objective },
        ),
    })
}

/// The log posterior density at `x` (skills, then negative log difficulties), but for a constant; writes the negative
/// gradient and the posteriors of the items.
///
/// With `s` the logistic function of skill over difficulty, a class that a vote names gains `ln s` and the others
/// `ln((1 - s) / (K - 1))`. The difference of the two is skill over difficulty plus `ln(K - 1)`: one number a vote.
fn density(
    votes: &Votes,
    options: &FitOptions<'_>,
    x: &[f64],
    gradient: &mut [f64],
    posterior: &mut [f64],
) -> f64 {
    let (skills, ease) = x.split_at(votes.n_annotators());
    let (of_skills, of_ease) = gradient.split_at_mut(votes.n_annotators());
    let mut density = 0.0;
    let pull = |x: &[f64], gradient: &mut [f64]| {
        x.iter().zip(gradient).fold(0.0, |sum, (x, gradient)| {
            *gradient = x - PRIOR_MEAN;
            sum + 0.5 * *gradient * *gradient
        })
    };
    density -= pull(skills, of_skills) + pull(ease, of_ease);
    let k = votes.n_classes();
    let log_others = (k.max(2) as f64 - 1.0).ln();
    let log_classes = (k as f64).ln();
    for (item, row) in posterior.chunks_exact_mut(k).enumerate() {
        let of = votes.of(item);
        if of.is_empty() {
            continue;
        }
        let scale = ease[item].exp();
        row.fill(0.0);
        // ln(1 - s) is -max(x, 0) - ln(1 + exp(-|x|)): the logarithm is taken of many factors at once.
        let mut factors = 1.0;
        for (annotator, class) in of {
            let x = skills[*annotator as usize] * scale;
            row[*class as usize] += x + log_others;
            density -= x.max(0.0) + log_others;
            factors *= 1.0 + (-x.abs()).exp();
            if factors > 1e200 {
                density -= f64::ln(factors);
                factors = 1.0;
            }
        }
        if let Some(gold) = options.gold_of(item) {
            latent::only(row, gold);
        }
        density += latent::normalize(row) - factors.ln() - log_classes;
        for (annotator, class) in of {
            let x = skills[*annotator as usize] * scale;
            let off = 1.0 / (1.0 + (-x).exp()) - row[*class as usize];
            of_skills[*annotator as usize] += off * scale;
            of_ease[item] += off * x;
        }
    }
    density
}
