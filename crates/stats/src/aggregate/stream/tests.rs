//! One vote at a time against all at once.

use super::RunningDawidSkene;
use crate::Class;
use crate::aggregate::{
    DawidSkeneModel, DawidSkenePriors, FitOptions, RowPrior, Vote, Voter, Votes, fit_dawid_skene,
};
use crate::random::SplitMix64;

fn vote(item: u32, annotator: u32, class: u32) -> Vote {
    Vote { item, annotator, class: Class(class) }
}

/// Votes of annotators right in 60 to 95 of 100 cases, in an order of chance.
fn simulate(n_items: u32, voters: &[Voter], n_classes: u32, seed: u64) -> Vec<Vote> {
    let mut random = SplitMix64::new(seed);
    let n_annotators = voters.len() as u32;
    let skills: Vec<f64> = voters.iter().map(|_| 0.6 + 0.35 * random.unit()).collect();
    let mut votes = Vec::new();
    for item in 0..n_items {
        let truth = random.below(u64::from(n_classes)) as u32;
        let first = random.below(u64::from(n_annotators)) as u32;
        for more in 0..5 {
            let annotator = (first + more * 3) % n_annotators;
            let right = random.unit() < skills[annotator as usize];
            let shift = 1 + random.below(u64::from(n_classes) - 1) as u32;
            votes.push(vote(item, annotator, if right { truth } else { (truth + shift) % n_classes }));
        }
    }
    random.shuffle(&mut votes);
    votes
}

fn running(n_items: usize, n_classes: usize, voters: &[Voter]) -> RunningDawidSkene {
    RunningDawidSkene::new(n_items, n_classes, DawidSkenePriors::for_voters(voters)).unwrap()
}

fn first(row: &[f64]) -> usize {
    (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap()
}

/// Streams votes and gold; at least `share` of the labels are those of the batch fit, and all after a refresh.
#[track_caller]
fn check_stream(voters: &[Voter], n_classes: u32, n_gold: u32, share: f64) {
    let n_items = 2_000;
    let list = simulate(n_items, voters, n_classes, 5);
    let mut running = running(n_items as usize, n_classes as usize, voters);
    let gold: Vec<Option<Class>> =
        (0..n_items).map(|it| (it < n_gold).then_some(Class(it % n_classes))).collect();
    for (item, gold) in (0..).zip(&gold) {
        running.set_gold(item, *gold).unwrap();
    }
    list.iter().for_each(|it| running.add(*it).unwrap());

    let votes = Votes::new(n_items as usize, voters.len(), n_classes as usize, &list).unwrap();
    let options =
        FitOptions { voters, gold: &gold, n_rounds: 2_000, tolerance: 1e-10, n_restarts: 1, seed: 0 };
    let (batch, _) = fit_dawid_skene(&votes, &options, &DawidSkenePriors::for_voters(voters)).unwrap();
    let label = |running: &RunningDawidSkene, item| first(&running.posterior(item).unwrap());
    let same = (0..n_items as usize)
        .filter(|item| label(&running, *item) == first(batch.posterior(*item).unwrap()))
        .count();
    assert!(same as f64 > share * f64::from(n_items), "{same} of {n_items}");

    let refreshed = running.refresh(2_000, 1e-10).unwrap();
    assert_eq!(refreshed, batch);
    for item in 0..n_items as usize {
        let pairs = running.posterior(item).unwrap().into_iter().zip(batch.posterior(item).unwrap().to_vec());
        pairs.for_each(|(got, want)| assert!((got - want).abs() < 1e-6, "item {item}: {got} {want}"));
    }
}

#[test]
fn people_one_by_one_are_nearly_those_at_once() {
    check_stream(&[Voter::Person; 20], 3, 0, 0.99);
}

#[test]
fn models_one_by_one_are_nearly_those_at_once() {
    check_stream(&[Voter::Model; 12], 4, 0, 0.99);
}

#[test]
fn a_mixed_panel_with_gold_is_nearly_that_at_once() {
    let mut voters = [Voter::Person; 14];
    voters[9..].fill(Voter::Model);
    check_stream(&voters, 2, 50, 0.99);
}

#[test]
fn a_vote_taken_back_leaves_no_trace() {
    let voters = [Voter::Person; 3];
    let mut with = running(2, 2, &voters);
    with.add(vote(0, 0, 1)).unwrap();
    let mut without = with.clone();
    with.add(vote(1, 2, 0)).unwrap();
    with.add(vote(0, 2, 0)).unwrap();
    assert!(with.remove(vote(1, 2, 0)).unwrap() && with.remove(vote(0, 2, 0)).unwrap());
    assert!(!with.remove(vote(1, 2, 0)).unwrap());
    assert_eq!(with.posterior(1), None);
    assert!(with.totals[4..].iter().all(|n| n.abs() < 1e-12), "{:?}", with.totals);
    assert_eq!(with.refresh(50, 1e-9), without.refresh(50, 1e-9));
}

#[test]
fn gold_teaches_and_can_be_opened_again() {
    let mut running = running(10, 2, &[Voter::Model; 2]);
    for item in 0..9 {
        running.add(vote(item, 0, 0)).unwrap();
        running.set_gold(item, Some(Class(1))).unwrap();
    }
    running.add(vote(9, 0, 0)).unwrap();
    assert!(running.posterior(9).unwrap()[1] > 0.8);
    assert!(running.confusion(0).unwrap()[2] > 0.8);
    assert_eq!(running.posterior(3), Some(vec![0.0, 1.0]));
    running.set_gold(3, None).unwrap();
    assert!(running.posterior(3).unwrap()[0] > 0.0);
}

#[test]
fn the_model_of_a_stream_scores_as_the_stream_does() {
    let voters = [Voter::Person; 20];
    let mut running = running(300, 3, &voters);
    simulate(300, &voters, 3, 8).iter().for_each(|it| running.add(*it).unwrap());
    let model = DawidSkeneModel::from(&running);
    for item in 0..300 {
        let scored = model.posterior_of(&running.items[item].votes).unwrap();
        let pairs = scored.iter().zip(running.posterior(item).unwrap());
        pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-12, "{a} {b}"));
    }
}

#[test]
fn annotators_and_items_join_later() {
    let mut running = running(0, 2, &[]);
    assert!(running.add(vote(0, 0, 0)).is_err());
    running.add_items(1);
    assert_eq!(running.add_annotator(RowPrior::WeakDiagonal, 0.5).unwrap(), 0);
    running.add(vote(0, 0, 1)).unwrap();
    assert!(running.posterior(0).unwrap()[1] > 0.5);
    assert_eq!(running.n_items(), 1);
}

#[track_caller]
fn check_refused(vote: Vote, want: &str) {
    let mut running = running(1, 2, &[Voter::Person]);
    assert_eq!(running.add(vote).unwrap_err().to_string(), want);
    assert_eq!(running.remove(vote).unwrap_err().to_string(), want);
}

#[test]
fn an_unknown_item_is_refused() {
    check_refused(vote(u32::MAX, 0, 0), "item 4294967295 is out of range: they are below 1");
}

#[test]
fn an_unknown_annotator_is_refused() {
    check_refused(vote(0, 1, 0), "annotator 1 is out of range: they are below 1");
}

#[test]
fn an_unknown_class_is_refused() {
    check_refused(vote(0, 0, 2), "class 2 is out of range: they are below 2");
    assert!(running(1, 2, &[]).set_gold(0, Some(Class(2))).is_err());
    assert!(running(1, 2, &[]).set_gold(1, Some(Class(1))).is_err());
}

#[test]
fn a_stream_of_nothing_is_refused() {
    assert!(RunningDawidSkene::new(1, 0, DawidSkenePriors::for_voters(&[])).is_err());
    assert!(running(1, 2, &[Voter::Person]).refresh(10, 1e-6).is_err());
    let mut one = running(1, 2, &[Voter::Person]);
    assert!(one.add_annotator(RowPrior::Nothing, 1.0).is_err());
    assert!(one.add_annotator(RowPrior::Cells(vec![1.0]), 1.0).is_err());
    assert!(one.add_annotator(RowPrior::Skill, f64::NAN).is_err());
    one.add(vote(0, 0, 0)).unwrap();
    assert!(one.refresh(10, f64::NAN).is_err());
}
