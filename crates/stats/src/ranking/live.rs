//! Ratings that move with every comparison: Elo and Glicko-2.
//!
//! In: ratings and results, in the order in which they came. Out: new ratings.
//!
//! For live boards only: the last comparisons weigh most and the order of arrival changes the numbers. Where all
//! comparisons are at hand, [`bradley_terry`](super::bradley_terry()) says more with fewer of them.
//!
//! Not here: position bias.

use super::{PairVote, Preference, RankingError, check_votes, positive};

/// The rules of an Elo board.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elo {
    /// The rating of an item before its first comparison; 1500 is usual.
    pub start: f64,
    /// The most that one comparison moves; 32 is usual.
    pub k: f64,
    /// The difference at which the stronger item wins ten times to one; 400 is usual.
    pub scale: f64,
}

impl Elo {
    /// What the first of two is expected to score: the probability of a win plus half that of a tie.
    ///
    /// ```
    /// let elo = karat_stats::ranking::Elo { start: 1500.0, k: 32.0, scale: 400.0 };
    /// assert_eq!(elo.expected(1500.0, 1500.0), 0.5);
    /// assert!((elo.expected(1900.0, 1500.0) - 10.0 / 11.0).abs() < 1e-12);
    /// ```
    pub fn expected(&self, first: f64, second: f64) -> f64 {
        1.0 / (1.0 + 10_f64.powf((second - first) / self.scale))
    }

    /// The ratings of two items after a comparison. What one wins, the other loses.
    ///
    /// ```
    /// use karat_stats::ranking::{Elo, Preference};
    /// let elo = Elo { start: 1500.0, k: 32.0, scale: 400.0 };
    /// assert_eq!(elo.after(1500.0, 1500.0, Preference::First), (1516.0, 1484.0));
    /// ```
    pub fn after(&self, first: f64, second: f64, outcome: Preference) -> (f64, f64) {
        let moved = self.k * (score_of_first(outcome) - self.expected(first, second));
        (first + moved, second - moved)
    }
}

fn score_of_first(outcome: Preference) -> f64 {
    match outcome {
        Preference::First => 1.0,
        Preference::Second => 0.0,
        Preference::Tie => 0.5,
    }
}

/// The Elo rating of each item after all comparisons, taken in the order given: another order gives other ratings.
///
/// An item without comparisons keeps the start. A. E. Elo, "The Rating of Chessplayers, Past and Present", 1978.
///
/// ```
/// use karat_stats::ranking::{Elo, PairVote, Preference, elo};
/// let rules = Elo { start: 1500.0, k: 32.0, scale: 400.0 };
/// let votes = [PairVote { first: 0, second: 1, annotator: 0, outcome: Preference::First }];
/// assert_eq!(elo(3, &votes, &rules).unwrap(), [1516.0, 1484.0, 1500.0]);
/// ```
pub fn elo(n_items: u32, votes: &[PairVote], rules: &Elo) -> Result<Vec<f64>, RankingError> {
    check_votes(n_items, votes)?;
    positive("the start of the ratings", rules.start)?;
    positive("the step of the ratings", rules.k)?;
    positive("the scale of the ratings", rules.scale)?;
    let mut ratings = vec![rules.start; n_items as usize];
    for vote in votes {
        let (first, second) = (vote.first as usize, vote.second as usize);
        (ratings[first], ratings[second]) = rules.after(ratings[first], ratings[second], vote.outcome);
    }
    Ok(ratings)
}

/// A Glicko-2 rating.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glicko {
    /// The rating, on the scale of Elo: 1500 at the start.
    pub rating: f64,
    /// Its deviation: about 95 % lie within two of them. 350 at the start.
    pub deviation: f64,
    /// How erratic the strength is, on the scale of the paper: 0.06 at the start.
    pub volatility: f64,
}

impl Glicko {
    /// The start that the paper proposes.
    pub const START: Self = Self { rating: 1500.0, deviation: 350.0, volatility: 0.06 };
}

/// The rules of a Glicko-2 board.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Glicko2 {
    /// Every item's rating before its first period.
    pub start: Glicko,
    /// τ: how far volatility may move from period to period; 0.3 to 1.2, less where upsets are rare.
    pub tau: f64,
}

/// One rating point of the inner scale.
const POINT: f64 = 173.7178;

impl Glicko2 {
    /// The rating of an item after one period with these results: each is the opponent's rating before the period and
    /// the score against it, 1, ½ or 0. Without results only the deviation grows.
    ///
    /// The paper's example:
    /// ```
    /// use karat_stats::ranking::{Glicko, Glicko2};
    /// let other = |rating, deviation| Glicko { rating, deviation, volatility: 0.06 };
    /// let rules = Glicko2 { start: Glicko::START, tau: 0.5 };
    /// let results = [(other(1400.0, 30.0), 1.0), (other(1550.0, 100.0), 0.0), (other(1700.0, 300.0), 0.0)];
    /// let after = rules.after(other(1500.0, 200.0), &results);
    /// assert!((after.rating - 1464.06).abs() < 0.02 && (after.deviation - 151.52).abs() < 0.005);
    /// assert!((after.volatility - 0.05999).abs() < 0.00001);
    /// ```
    pub fn after(&self, item: Glicko, results: &[(Glicko, f64)]) -> Glicko {
        let (mu, phi) = ((item.rating - 1500.0) / POINT, item.deviation / POINT);
        if results.is_empty() {
            return Glicko { deviation: POINT * phi.hypot(item.volatility), ..item };
        }
        let (mut information, mut surplus) = (0.0, 0.0);
        for (other, score) in results {
            let (other_mu, other_phi) = ((other.rating - 1500.0) / POINT, other.deviation / POINT);
            let g = 1.0 / (1.0 + 3.0 * (other_phi / std::f64::consts::PI).powi(2)).sqrt();
            let expected = 1.0 / (1.0 + (-g * (mu - other_mu)).exp());
            information += g * g * expected * (1.0 - expected);
            surplus += g * (score - expected);
        }
        let variance = 1.0 / information;
        let volatility = self.volatility(item.volatility, phi, variance, variance * surplus);
        let phi = 1.0 / (1.0 / (phi * phi + volatility * volatility) + information).sqrt();
        Glicko { rating: POINT * (mu + phi * phi * surplus) + 1500.0, deviation: POINT * phi, volatility }
    }

    /// The new volatility: step 5 of the paper, by the Illinois form of false position.
    fn volatility(&self, sigma: f64, phi: f64, variance: f64, delta: f64) -> f64 {
        let start = (sigma * sigma).ln();
        let f = |x: f64| {
            let e = x.exp();
            let spread = phi * phi + variance + e;
            e * (delta * delta - spread) / (2.0 * spread * spread) - (x - start) / (self.tau * self.tau)
        };
        let mut a = start;
        let mut b = if delta * delta > phi * phi + variance {
            (delta * delta - phi * phi - variance).ln()
        } else {
            // f grows without end to the left, so a few steps suffice.
            let mut b = start - self.tau;
            while f(b) < 0.0 && b > start - 1_000.0 * self.tau {
                b -= self.tau;
            }
            b
        };
        let (mut f_a, mut f_b) = (f(a), f(b));
        for _ in 0..200 {
            if (b - a).abs() <= 1e-12 {
                break;
            }
            let c = a + (a - b) * f_a / (f_b - f_a);
            let f_c = f(c);
            if f_c * f_b <= 0.0 {
                (a, f_a) = (b, f_b);
            } else {
                f_a /= 2.0;
            }
            (b, f_b) = (c, f_c);
        }
        (a / 2.0).exp()
    }
}

/// The Glicko-2 rating of each item after all periods. Within a period the order of the comparisons changes nothing;
/// the paper advises 10 to 15 comparisons an item and period.
///
/// M. E. Glickman, "Example of the Glicko-2 System", 2012.
///
/// ```
/// use karat_stats::ranking::{Glicko, Glicko2, PairVote, Preference, glicko2};
/// let vote = PairVote { first: 0, second: 1, annotator: 0, outcome: Preference::First };
/// let rules = Glicko2 { start: Glicko::START, tau: 0.5 };
/// let board = glicko2(3, &[&[vote, vote]], &rules).unwrap();
/// assert!(board[0].rating > 1500.0 && board[1].rating < 1500.0 && board[0].deviation < 350.0);
/// assert!(board[2].rating == 1500.0 && board[2].deviation > 350.0);
/// ```
pub fn glicko2(n_items: u32, periods: &[&[PairVote]], rules: &Glicko2) -> Result<Vec<Glicko>, RankingError> {
    positive("tau", rules.tau)?;
    positive("the deviation at the start", rules.start.deviation)?;
    positive("the volatility at the start", rules.start.volatility)?;
    if !rules.start.rating.is_finite() {
        return Err(RankingError::BadNumber { what: "the rating at the start", got: rules.start.rating });
    }
    if periods.iter().all(|period| period.is_empty()) {
        return Err(RankingError::NoVotes);
    }
    let mut board = vec![rules.start; n_items as usize];
    for period in periods.iter().filter(|period| !period.is_empty()) {
        check_votes(n_items, period)?;
        let mut results = vec![Vec::new(); n_items as usize];
        for vote in *period {
            let score = score_of_first(vote.outcome);
            results[vote.first as usize].push((board[vote.second as usize], score));
            results[vote.second as usize].push((board[vote.first as usize], 1.0 - score));
        }
        board = board.iter().zip(&results).map(|(item, results)| rules.after(*item, results)).collect();
    }
    Ok(board)
}
