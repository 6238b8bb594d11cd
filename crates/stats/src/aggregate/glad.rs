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
const STEPS: usize = 10;

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
/// EM climbs the posterior density of skills and difficulties with the classes summed out; a round takes up to 10
/// quasi-Newton steps. Nothing is random.
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
    let mut posterior = latent::shares(votes, options);
    let mut right = vec![0.0; votes.n_votes()];
    weigh(votes, options, &x, &mut posterior, &mut right);
    let mut objective = Vec::new();
    let (mut n_rounds, mut converged) = (0, false);
    while n_rounds < options.n_rounds && !converged {
        x = minimize(&x, STEPS, 1e-9, |x, gradient| expected_loss(votes, &right, x, gradient));
        let (moved, density) = weigh(votes, options, &x, &mut posterior, &mut right);
        objective.push(density);
        converged = moved <= options.tolerance;
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

/// The expected negative log density of skills and negative log difficulties `x`, but for a constant, where each vote is
/// right with the probability in `right`; writes the gradient.
///
/// With `t` skill over difficulty, a vote is right with probability `1 / (1 + exp(-t))`, and its expected log likelihood
/// is `right t - ln(1 + exp t)`.
fn expected_loss(votes: &Votes, right: &[f64], x: &[f64], gradient: &mut [f64]) -> f64 {
    let mut loss = 0.0;
    for (x, gradient) in x.iter().zip(&mut *gradient) {
        *gradient = x - PRIOR_MEAN;
        loss += 0.5 * *gradient * *gradient;
    }
    let (skills, ease) = x.split_at(votes.n_annotators());
    let (of_skills, of_ease) = gradient.split_at_mut(votes.n_annotators());
    let mut right = right.iter();
    for (item, of) in votes.by_item().enumerate().filter(|(_, of)| !of.is_empty()) {
        let scale = ease[item].exp();
        // The logarithm of a product of factors between 1 and 2, taken before it grows too large.
        let mut factors = 1.0;
        for ((annotator, _), right) in of.iter().zip(&mut right) {
            let t = skills[*annotator as usize] * scale;
            let small = (-t.abs()).exp();
            loss += t.max(0.0) - right * t;
            factors *= 1.0 + small;
            if factors > 1e200 {
                loss += f64::ln(factors);
                factors = 1.0;
            }
            let off = if t < 0.0 { small } else { 1.0 } / (1.0 + small) - right;
            of_skills[*annotator as usize] += off * scale;
            of_ease[item] += off * t;
        }
        loss += factors.ln();
    }
    loss
}

/// Updates the posteriors and the probability that each vote is right; returns how far a posterior moved and the log
/// density of the votes and of `x`, but for a constant.
///
/// A class that a vote names gains `t - ln(1 + exp t)`, every other `-ln(1 + exp t) - ln(K - 1)`: the posterior needs the
/// difference alone.
fn weigh(
    votes: &Votes,
    options: &FitOptions<'_>,
    x: &[f64],
    posterior: &mut [f64],
    right: &mut [f64],
) -> (f64, f64) {
    let k = votes.n_classes();
    let (skills, ease) = x.split_at(votes.n_annotators());
    let log_others = (k.max(2) as f64 - 1.0).ln();
    let mut density: f64 = x.iter().map(|x| -0.5 * (x - PRIOR_MEAN) * (x - PRIOR_MEAN)).sum();
    let mut moved = 0.0_f64;
    let mut new = vec![0.0; k];
    let mut right = right.iter_mut();
    for (item, row) in posterior.chunks_exact_mut(k).enumerate() {
        let of = votes.of(item);
        if of.is_empty() {
            continue;
        }
        let scale = ease[item].exp();
        new.fill(0.0);
        for (annotator, class) in of {
            let t = skills[*annotator as usize] * scale;
            new[*class as usize] += t + log_others;
            density -= t.max(0.0) + (-t.abs()).exp().ln_1p() + log_others;
        }
        if let Some(gold) = options.gold_of(item) {
            latent::only(&mut new, gold);
        }
        density += latent::normalize(&mut new) - (k as f64).ln();
        moved = moved.max(latent::furthest(&new, row));
        row.copy_from_slice(&new);
        for ((_, class), right) in of.iter().zip(&mut right) {
            *right = row[*class as usize];
        }
    }
    (moved, density)
}

#[cfg(test)]
mod tests {
    use super::glad;
    use crate::aggregate::planted::{options, planted};

    #[test]
    fn an_item_that_people_differ_on_is_harder() {
        // Everybody errs on every third class half of the time and elsewhere seldom.
        let (votes, truth) = planted(300, 10, 3, |_, truth| {
            let right = if truth == 2 { 0.5 } else { 0.95 };
            let mut answers = vec![(1.0 - right) / 2.0; 3];
            answers[truth] = right;
            answers
        });
        let found = glad(&votes, &options(&votes)).unwrap();
        let mean = |hard: bool| {
            let of = truth.iter().zip(&found.difficulty).filter(|(class, _)| (class.0 == 2) == hard);
            let of: Vec<f64> = of.map(|(_, difficulty)| difficulty.unwrap()).collect();
            of.iter().sum::<f64>() / of.len() as f64
        };
        assert!(mean(true) > 1.5 * mean(false), "{} {}", mean(true), mean(false));
    }

    #[test]
    fn who_is_wrong_on_purpose_has_a_skill_below_zero() {
        let (votes, _) = planted(200, 6, 2, |annotator, truth| {
            let right = if annotator == 5 { 0.1 } else { 0.85 };
            if truth == 0 { vec![right, 1.0 - right] } else { vec![1.0 - right, right] }
        });
        let found = glad(&votes, &options(&votes)).unwrap();
        assert!(found.skill[5].unwrap() < -0.3, "{:?}", found.skill);
        assert!(found.skill[..5].iter().all(|it| it.unwrap() > 0.3), "{:?}", found.skill);
    }
}
