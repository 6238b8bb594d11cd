//! Planted strengths, ties and sides that must come back.

use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};

use super::{
    BradleyTerryOptions, Elo, Glicko, Glicko2, NoisyOptions, Order, OrderOptions, PairRanking, PairVote,
    Preference, Prior, RankingError, RankingRemark, Ties, bradley_terry, elo, glicko2, noisy_bradley_terry,
    plackett_luce, sigmoid,
};
use crate::bootstrap::IntervalOptions;
use crate::interval::{Interval, Level};
use crate::random::SplitMix64;

const PLAIN: BradleyTerryOptions = BradleyTerryOptions {
    ties: Ties::Davidson,
    position: false,
    prior: Prior::None,
    intervals: IntervalOptions { level: Level::P95, n_resamples: 0, seed: 1 },
};
const GAUSSIAN: BradleyTerryOptions = BradleyTerryOptions { prior: Prior::Gaussian { sd: 2.0 }, ..PLAIN };
const ORDERS: OrderOptions =
    OrderOptions { virtual_ties: 0.5, level: Level::P95, n_rounds: 100_000, tolerance: 1e-12 };
const NOISY: NoisyOptions = NoisyOptions {
    strength_sd: 1.0,
    reliability: 0.8,
    reliability_sd: 1.5,
    position_sd: 1.5,
    level: Level::P95,
};

/// Votes as a list of "first, sign, second": `>` the first, `<` the second, `=` a tie.
fn votes(text: &str) -> Vec<PairVote> {
    let vote = |word: &str| {
        let [first, sign, second] = word.as_bytes() else { panic!("`{word}` is no vote") };
        let outcome = match sign {
            b'>' => Preference::First,
            b'<' => Preference::Second,
            _ => Preference::Tie,
        };
        PairVote { first: u32::from(first - b'0'), second: u32::from(second - b'0'), annotator: 0, outcome }
    };
    text.split_whitespace().map(vote).collect()
}

fn order(best_first: &[u32]) -> Order {
    Order { best_first: best_first.to_vec(), rest: Vec::new() }
}

#[track_caller]
fn check_error(n_items: u32, text: &str, options: &BradleyTerryOptions, want: RankingError) {
    assert_eq!(bradley_terry(n_items, &votes(text), options), Err(want));
}

#[test]
fn no_votes_are_no_ranking() {
    check_error(3, "", &PLAIN, RankingError::NoVotes);
}

#[test]
fn an_item_cannot_beat_itself() {
    check_error(3, "0>1 2>2", &PLAIN, RankingError::SameItem { item: 2, at: 1 });
}

#[test]
fn an_item_that_does_not_exist_is_refused() {
    check_error(1, "0>1", &PLAIN, RankingError::OutOfRange { what: "item", got: 1, end: 1 });
}

#[test]
fn groups_that_never_met_have_no_common_scale() {
    check_error(4, "0>1 1>0 2>3 3>2", &PLAIN, RankingError::Disconnected { n_groups: 2 });
}

#[test]
fn who_never_lost_is_infinitely_strong() {
    check_error(2, "0>1 0>1", &PLAIN, RankingError::OneSided { n_groups: 2 });
}

#[test]
fn ties_alone_say_nothing_of_how_often_equals_tie() {
    check_error(2, "0=1 0=1", &PLAIN, RankingError::AllTies);
}

#[test]
fn a_tie_and_a_win_of_one_pair_have_no_finite_strengths() {
    // The tie leads back, but strength and ties can grow together without end.
    check_error(2, "0>1 0=1", &PLAIN, RankingError::NotIdentified);
}

#[test]
fn a_chain_shown_in_one_order_leaves_position_and_strength_alike() {
    let options = BradleyTerryOptions { position: true, ..PLAIN };
    check_error(2, "0>1 0<1", &options, RankingError::NotIdentified);
}

#[test]
fn a_prior_of_no_width_is_refused() {
    let options = BradleyTerryOptions { prior: Prior::Gaussian { sd: 0.0 }, ..PLAIN };
    let what = "the standard deviation of the prior";
    check_error(2, "0>1", &options, RankingError::BadNumber { what, got: 0.0 });
}

#[test]
fn half_wins_make_equals_of_those_who_only_tie() {
    let fit =
        bradley_terry(2, &votes("0=1 0=1"), &BradleyTerryOptions { ties: Ties::HalfWin, ..PLAIN }).unwrap();
    assert_eq!(fit.ranking.order(), [[0, 1]]);
    assert_eq!(fit.ties, None);
}

#[test]
fn a_prior_ranks_what_is_one_sided_disconnected_or_unseen_and_says_so() {
    for prior in [Prior::Gaussian { sd: 2.0 }, Prior::VirtualTies { weight: 0.5 }] {
        let fit = bradley_terry(5, &votes("0>1 0>1 2>3"), &BradleyTerryOptions { prior, ..PLAIN }).unwrap();
        let remarks = [
            RankingRemark::WithoutVotes { n_items: 1 },
            RankingRemark::Disconnected { n_groups: 2 },
            RankingRemark::NoTies,
        ];
        assert_eq!(fit.ranking.remarks, remarks);
        assert_eq!(fit.ranking.order(), [vec![0], vec![2], vec![4], vec![3], vec![1]]);
        assert_eq!(fit.ranking.strengths[4].n, 0);
    }
}

#[test]
fn an_unseen_item_is_as_uncertain_as_the_prior() {
    let fit = bradley_terry(100, &votes("0>1"), &GAUSSIAN).unwrap();
    // Against the mean of 100, of which it is one.
    assert!((fit.ranking.strengths[5].standard_error - 2.0 * 0.99_f64.sqrt()).abs() < 1e-3);
}

#[test]
fn the_next_pair_is_the_one_least_settled() {
    let many = "0>1 0<1 ".repeat(20) + &"1>2 1<2 ".repeat(20) + "0>3 0<3";
    let fit = bradley_terry(4, &votes(&many), &PLAIN).unwrap();
    let next = fit.ranking.next_pairs(10);
    assert_eq!((next.len(), next[0].a, next[0].b), (6, 2, 3));
    assert!(next.windows(2).all(|pair| pair[0].worth >= pair[1].worth));
}

#[test]
fn a_lopsided_pair_teaches_less_than_a_close_one_of_like_variance() {
    let fit = bradley_terry(3, &[], &GAUSSIAN);
    assert_eq!(fit, Err(RankingError::NoVotes));
    let many = "0>1 ".repeat(30) + "0<1 1>2 1<2 0>2";
    let fit = bradley_terry(3, &votes(&many), &GAUSSIAN).unwrap();
    let next = fit.ranking.next_pairs(1)[0];
    assert_eq!((next.a, next.b), (1, 2));
}

#[test]
fn resamples_give_about_the_intervals_of_the_curvature() {
    let mut random = SplitMix64::new(8);
    let votes = planted(&mut random, &[0.5, 0.0, -0.5], 600, 0.5, 0.3);
    let options = BradleyTerryOptions { position: true, ..PLAIN };
    let smooth = bradley_terry(3, &votes, &options).unwrap();
    let intervals = IntervalOptions { n_resamples: 400, ..PLAIN.intervals };
    let drawn = bradley_terry(3, &votes, &BradleyTerryOptions { intervals, ..options }).unwrap();
    let near = |a: Interval, b: Interval| {
        let width = a.high - a.low;
        (a.low - b.low).abs() < 0.2 * width && (a.high - b.high).abs() < 0.2 * width
    };
    for (a, b) in smooth.ranking.strengths.iter().zip(&drawn.ranking.strengths) {
        assert!(a.value == b.value && near(a.interval, b.interval), "{a:?} {b:?}");
    }
    assert!(near(smooth.position.unwrap().interval, drawn.position.unwrap().interval));
    assert!(near(smooth.ties.unwrap().interval, drawn.ties.unwrap().interval));
}

#[test]
fn resamples_without_a_ranking_leave_a_remark() {
    let intervals = IntervalOptions { n_resamples: 50, ..PLAIN.intervals };
    let fit = bradley_terry(3, &votes("0>1 1>2 2>0"), &BradleyTerryOptions { intervals, ..PLAIN }).unwrap();
    assert!(fit.ranking.remarks.contains(&RankingRemark::ResamplesUndefined));
}

/// Votes in random places from Davidson's model with position.
fn planted(random: &mut SplitMix64, strengths: &[f64], n: usize, nu: f64, delta: f64) -> Vec<PairVote> {
    let n_items = strengths.len() as u64;
    let vote = |_| {
        let first = random.below(n_items);
        let second = (first + 1 + random.below(n_items - 1)) % n_items;
        let (a, b) = (strengths[first as usize], strengths[second as usize]);
        let (one, other) = ((a + delta / 2.0).exp(), (b - delta / 2.0).exp());
        let at = random.unit() * (one + other + nu * (f64::midpoint(a, b)).exp());
        let outcome = match at {
            at if at < one => Preference::First,
            at if at < one + other => Preference::Second,
            _ => Preference::Tie,
        };
        PairVote { first: first as u32, second: second as u32, annotator: 0, outcome }
    };
    (0..n).map(vote).collect()
}

/// The share of intervals that hold what was planted is the level's, within four standard errors of independent trials.
#[track_caller]
fn check_coverage(what: &str, inside: &[bool], tolerance: f64) {
    let share = inside.iter().filter(|it| **it).count() as f64 / inside.len() as f64;
    assert!((share - 0.95).abs() < tolerance, "{what}: {share}");
}

#[test]
fn intervals_hold_planted_strengths_ties_and_position_at_their_level() {
    let (mut strengths, mut ties, mut positions) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 0..300 {
        let mut random = SplitMix64::new(seed);
        let planted_strengths: Vec<f64> = (0..6).map(|_| random.normal()).collect();
        let mean = planted_strengths.iter().sum::<f64>() / 6.0;
        let votes = planted(&mut random, &planted_strengths, 500, 0.6, -0.5);
        let fit = bradley_terry(6, &votes, &BradleyTerryOptions { position: true, ..PLAIN }).unwrap();
        for (found, planted) in fit.ranking.strengths.iter().zip(&planted_strengths) {
            strengths.push(found.interval.contains(planted - mean));
        }
        ties.push(fit.ties.unwrap().interval.contains(0.6));
        positions.push(fit.position.unwrap().interval.contains(-0.5));
    }
    check_coverage("strengths", &strengths, 0.02);
    check_coverage("ties", &ties, 0.05);
    check_coverage("positions", &positions, 0.05);
}

#[test]
fn intervals_hold_planted_bias_of_noisy_judges_at_their_level() {
    let (mut strengths, mut shares) = (Vec::new(), Vec::new());
    for seed in 0..80 {
        let mut random = SplitMix64::new(seed);
        let planted: Vec<f64> = (0..6).map(|_| random.normal()).collect();
        let mean = planted.iter().sum::<f64>() / 6.0;
        let judges: Vec<(f64, f64)> = (0..3)
            .map(|_| (sigmoid(4_f64.ln() + 1.5 * random.normal()), sigmoid(1.5 * random.normal())))
            .collect();
        let votes: Vec<PairVote> = (0..1_500)
            .map(|n| {
                let first = random.below(6);
                let second = (first + 1 + random.below(5)) % 6;
                let (r, blind) = judges[n % 3];
                let p = r * sigmoid(planted[first as usize] - planted[second as usize]) + (1.0 - r) * blind;
                let outcome = if random.unit() < p { Preference::First } else { Preference::Second };
                PairVote { first: first as u32, second: second as u32, annotator: (n % 3) as u32, outcome }
            })
            .collect();
        let fit = noisy_bradley_terry(6, 3, &votes, &NOISY).unwrap();
        for (found, planted) in fit.ranking.strengths.iter().zip(&planted) {
            strengths.push(found.interval.contains(planted - mean));
        }
        for (found, (r, blind)) in fit.annotators.iter().zip(&judges) {
            shares.push(found.unwrap().first_share.interval.contains(0.5 * r + (1.0 - r) * blind));
        }
    }
    check_coverage("strengths", &strengths, 0.045);
    check_coverage("shares of firsts", &shares, 0.055);
}

#[test]
fn a_judge_without_votes_has_no_quality() {
    let fit = noisy_bradley_terry(2, 2, &votes("0>1 1>0"), &NOISY).unwrap();
    assert!(fit.annotators[0].is_some() && fit.annotators[1].is_none());
    let late = [PairVote { annotator: 2, ..votes("0>1")[0] }];
    let want = RankingError::OutOfRange { what: "annotator", got: 2, end: 2 };
    assert_eq!(noisy_bradley_terry(2, 2, &late, &NOISY), Err(want));
    let options = NoisyOptions { reliability: 1.0, ..NOISY };
    assert!(noisy_bradley_terry(2, 2, &votes("0>1"), &options).is_err());
}

#[test]
fn orders_of_two_are_comparisons() {
    let text = "0>1 1>0 1>2 2>0 0>2 0>1";
    let pairs = bradley_terry(3, &votes(text), &PLAIN).unwrap().ranking;
    let orders: Vec<Order> = votes(text).iter().map(|it| order(&[it.first, it.second])).collect();
    let ranking = plackett_luce(3, &orders, &OrderOptions { virtual_ties: 0.0, ..ORDERS }).unwrap();
    for (a, b) in pairs.strengths.iter().zip(&ranking.strengths) {
        assert!((a.value - b.value).abs() < 1e-8 && (a.standard_error - b.standard_error).abs() < 1e-8);
        assert_eq!(a.n, b.n);
    }
}

#[test]
fn orders_that_name_an_item_twice_or_nothing_are_refused() {
    assert_eq!(plackett_luce(3, &[], &ORDERS), Err(RankingError::NoVotes));
    assert_eq!(plackett_luce(3, &[order(&[1])], &ORDERS), Err(RankingError::NoVotes));
    let twice = [order(&[0, 1]), Order { best_first: vec![0, 1], rest: vec![0] }];
    assert_eq!(plackett_luce(3, &twice, &ORDERS), Err(RankingError::SameItem { item: 0, at: 1 }));
    let far = plackett_luce(3, &[order(&[0, 3])], &ORDERS);
    assert_eq!(far, Err(RankingError::OutOfRange { what: "item", got: 3, end: 3 }));
    let certain = plackett_luce(2, &[order(&[0, 1])], &OrderOptions { virtual_ties: 0.0, ..ORDERS });
    assert_eq!(certain, Err(RankingError::OneSided { n_groups: 2 }));
}

#[test]
fn rounds_that_end_too_early_are_remarked() {
    let options = OrderOptions { n_rounds: 1, ..ORDERS };
    let ranking = plackett_luce(2, &[order(&[0, 1])], &options).unwrap();
    assert_eq!(ranking.remarks, [RankingRemark::NotConverged]);
}

#[test]
fn live_boards_refuse_rules_that_are_no_numbers() {
    let one = votes("0>1");
    assert!(elo(2, &one, &Elo { start: 1500.0, k: f64::NAN, scale: 400.0 }).is_err());
    assert!(glicko2(2, &[&one], &Glicko2 { start: Glicko::START, tau: 0.0 }).is_err());
    assert_eq!(glicko2(2, &[&[]], &Glicko2 { start: Glicko::START, tau: 0.5 }), Err(RankingError::NoVotes));
}

fn any_votes() -> impl Strategy<Value = Vec<PairVote>> {
    let vote =
        (0_u32..5, 1_u32..5, 0_u32..3, 0_u32..3).prop_map(|(first, step, annotator, outcome)| PairVote {
            first,
            second: (first + step) % 5,
            annotator,
            outcome: [Preference::First, Preference::Second, Preference::Tie][outcome as usize],
        });
    proptest::collection::vec(vote, 1..40)
}

fn fit(votes: &[PairVote]) -> Option<PairRanking> {
    // All ties have no answer, and nothing else fails with a prior.
    bradley_terry(5, votes, &BradleyTerryOptions { position: true, ..GAUSSIAN }).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..Default::default() })]

    #[test]
    fn the_order_of_votes_changes_nothing_and_swapping_places_mirrors_the_position(
        votes in any_votes(), seed in 0_u64..1_000,
    ) {
        let Some(one) = fit(&votes) else {
            prop_assert!(votes.iter().all(|it| it.outcome == Preference::Tie));
            return Ok(());
        };
        let mut shuffled = votes.clone();
        SplitMix64::new(seed).shuffle(&mut shuffled);
        prop_assert_eq!(Some(one.clone()), fit(&shuffled));
        let swapped: Vec<PairVote> = votes.iter().map(|it| PairVote {
            first: it.second,
            second: it.first,
            outcome: match it.outcome {
                Preference::First => Preference::Second,
                Preference::Second => Preference::First,
                Preference::Tie => Preference::Tie,
            },
            ..*it
        }).collect();
        let other = fit(&swapped).unwrap();
        prop_assert!((one.position.unwrap().value + other.position.unwrap().value).abs() < 1e-8);
        for (a, b) in one.ranking.strengths.iter().zip(&other.ranking.strengths) {
            prop_assert!((a.value - b.value).abs() < 1e-8 && a.n == b.n);
        }
        let sum: f64 = one.ranking.strengths.iter().map(|it| it.value).sum();
        prop_assert!(sum.abs() < 1e-9);
    }

    #[test]
    fn renaming_the_items_renames_the_ranking(votes in any_votes(), seed in 0_u64..1_000) {
        let mut names: Vec<u32> = (0..5).collect();
        SplitMix64::new(seed).shuffle(&mut names);
        let renamed: Vec<PairVote> = votes.iter().map(|it| PairVote {
            first: names[it.first as usize], second: names[it.second as usize], ..*it
        }).collect();
        if let (Some(one), Some(other)) = (fit(&votes), fit(&renamed)) {
            for (item, strength) in one.ranking.strengths.iter().enumerate() {
                let there = other.ranking.strengths[names[item] as usize];
                prop_assert!((strength.value - there.value).abs() < 1e-8);
                prop_assert!((strength.standard_error - there.standard_error).abs() < 1e-8);
            }
        }
    }

    #[test]
    fn no_votes_make_a_fit_panic_or_a_number_infinite(votes in any_votes()) {
        for prior in [Prior::None, Prior::VirtualTies { weight: 0.1 }] {
            for ties in [Ties::Davidson, Ties::HalfWin] {
                let options = BradleyTerryOptions { prior, ties, position: true, ..PLAIN };
                if let Ok(fit) = bradley_terry(5, &votes, &options) {
                    prop_assert!(fit.ranking.strengths.iter().all(|it| it.value.is_finite() && it.standard_error > 0.0));
                }
            }
        }
        let fit = noisy_bradley_terry(5, 3, &votes, &NOISY).unwrap();
        prop_assert!(fit.ranking.strengths.iter().all(|it| it.value.is_finite() && it.standard_error > 0.0));
        for judge in fit.annotators.iter().flatten() {
            prop_assert!(judge.first_share.interval.contains(judge.first_share.value));
        }
    }
}
