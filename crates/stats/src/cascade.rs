//! Whether an item is settled by the votes it has so far, and what a cascade of annotators did in all.
//!
//! In: the votes of the tiers that were asked, a [`SettleRule`]; later, who settled each item, at what cost. Out: a
//! [`Settlement`] for each item, a [`CascadeReport`] for all.
//!
//! A cascade asks the cheapest tier first and the next one only where [`settle`] finds nothing settled; what no tier settles
//! goes to a person. The rule promises nothing about errors: thresholds that do are chosen on gold by
//! [`choose_cascade`](crate::accept::choose_cascade).
//!
//! Not here: asking anyone, the order of the tiers, making confidences comparable (`calibrate`).

use crate::Class;
use crate::interval::{Estimate, Level};

/// Sums of weights nearer than this are equal.
const TIE: f64 = 1e-9;

/// One annotator's label of an item, as a cascade counts it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TierVote {
    /// The label.
    pub class: Class,
    /// How sure the annotator was, in [0, 1]; `None` where nothing is known. NaN counts as `None`.
    pub confidence: Option<f64>,
    /// How much the vote counts: 1 for one vote. What is not positive and finite counts nothing at all.
    pub weight: f64,
}

/// How far votes must agree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Agree {
    /// So many counted votes for the label; with weights, so much weight.
    Votes(f64),
    /// Such a share, in [0, 1], of the weight of *all* votes so far, also of those that were too unsure to count.
    Share(f64),
}

/// How sure votes must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sure {
    /// A vote counts only from this confidence on, and one without a confidence never: a sure second tier overrules an
    /// unsure first one.
    Each(f64),
    /// Every vote counts, and the weighted mean of the confidences that are stated for the label is at least this: an unsure
    /// first tier that says otherwise makes a tie, and one that says the same lowers the mean.
    Mean(f64),
}

/// When an item is settled. Each condition that is given must hold; with none, one label ahead of all others is enough.
///
/// That all who were asked say the same is `Agree::Share(1.0)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SettleRule {
    /// How far votes must agree.
    pub min_agree: Option<Agree>,
    /// How sure they must be; `None`: confidences are not looked at.
    pub min_confidence: Option<Sure>,
}

/// What the votes so far decide.
#[derive(Debug, Clone, PartialEq)]
pub enum Settlement {
    /// The label stands; nobody else need be asked.
    Settled(Class),
    /// The next tier is to be asked, or a person.
    Unsettled(Unsettled),
}

impl Settlement {
    /// The label, where one stands.
    pub fn class(&self) -> Option<Class> {
        match self {
            Self::Settled(class) => Some(*class),
            Self::Unsettled(_) => None,
        }
    }
}

/// Why nothing is settled.
#[derive(Debug, Clone, PartialEq)]
pub enum Unsettled {
    /// Nobody voted.
    NoVotes,
    /// No vote is sure enough to count, or those for the label ahead are not sure enough together.
    Unsure,
    /// At least two labels share the most weight, here in ascending order.
    Tie(Vec<Class>),
    /// One label is ahead, and too few agree on it.
    TooFew {
        /// The label that is ahead.
        class: Class,
        /// The weight of the counted votes for it.
        weight: f64,
        /// Its share of the weight of all votes.
        share: f64,
    },
}

/// Whether the votes so far settle an item: "two votes for the same label, each sure at 0.9".
///
/// Of the votes that count, the label with the most weight is settled if it is alone at the top, reaches `min_agree` and is
/// sure enough. With [`Sure::Each`] alone the first annotator that is sure settles the item by itself, whatever unsure ones
/// said before. One more vote for a settled label that is sure enough by itself never unsettles it, and the order of the
/// votes changes nothing.
///
/// Confidences of different annotators are compared with one number: calibrate them first. Votes of models that err
/// together agree on errors too; agreement is no probability.
///
/// ```
/// use karat_stats::Class;
/// use karat_stats::cascade::{Agree, SettleRule, Settlement, Sure, TierVote, settle};
/// let vote = |class, confidence| TierVote { class: Class(class), confidence: Some(confidence), weight: 1.0 };
/// let rule = SettleRule { min_agree: Some(Agree::Votes(2.0)), min_confidence: Some(Sure::Each(0.9)) };
/// let first = [vote(0, 0.95), vote(1, 0.7)];
/// assert_eq!(settle(&first, &rule).class(), None);
/// // The second tier agrees with the sure one of the first.
/// let both = [first[0], first[1], vote(0, 0.99)];
/// assert_eq!(settle(&both, &rule), Settlement::Settled(Class(0)));
/// ```
pub fn settle(votes: &[TierVote], rule: &SettleRule) -> Settlement {
    let mut valid: Vec<&TierVote> =
        votes.iter().filter(|it| it.weight > 0.0 && it.weight.is_finite()).collect();
    if valid.is_empty() {
        return Settlement::Unsettled(Unsettled::NoVotes);
    }
    // Sorted, so that sums are the same bits whatever the order.
    let confidence = |vote: &TierVote| vote.confidence.unwrap_or(f64::NAN);
    valid.sort_unstable_by(|a, b| {
        let same_class = a.weight.total_cmp(&b.weight).then(confidence(a).total_cmp(&confidence(b)));
        a.class.cmp(&b.class).then(same_class)
    });
    let all: f64 = valid.iter().map(|it| it.weight).sum();
    let counts = |vote: &&TierVote| match rule.min_confidence {
        Some(Sure::Each(least)) => vote.confidence.is_some_and(|it| it >= least),
        Some(Sure::Mean(_)) | None => true,
    };
    valid.retain(counts);
    let weights: Vec<(Class, f64)> = valid
        .chunk_by(|a, b| a.class == b.class)
        .map(|same| (same[0].class, same.iter().map(|it| it.weight).sum()))
        .collect();
    let most = weights.iter().map(|it| it.1).fold(0.0, f64::max);
    let top: Vec<Class> = weights.iter().filter(|it| it.1 >= most - TIE).map(|it| it.0).collect();
    let class = match top[..] {
        [] => return Settlement::Unsettled(Unsettled::Unsure),
        [class] => class,
        _ => return Settlement::Unsettled(Unsettled::Tie(top)),
    };
    let share = most / all;
    let agreed = match rule.min_agree {
        None => true,
        Some(Agree::Votes(least)) => most >= least - TIE,
        Some(Agree::Share(least)) => share >= least - TIE,
    };
    if !agreed {
        return Settlement::Unsettled(Unsettled::TooFew { class, weight: most, share });
    }
    match rule.min_confidence {
        Some(Sure::Mean(least)) if !mean_confidence(&valid, class).is_some_and(|it| it >= least - TIE) => {
            Settlement::Unsettled(Unsettled::Unsure)
        }
        Some(Sure::Mean(_) | Sure::Each(_)) | None => Settlement::Settled(class),
    }
}

/// The weighted mean of the confidences stated for a class; `None` where there is none.
fn mean_confidence(votes: &[&TierVote], class: Class) -> Option<f64> {
    let stated = |vote: &&&TierVote| vote.class == class && vote.confidence.is_some_and(|it| !it.is_nan());
    let of_class = || votes.iter().filter(stated);
    let weight: f64 = of_class().map(|it| it.weight).sum();
    let sum: f64 = of_class().filter_map(|it| Some(it.weight * it.confidence?)).sum();
    (weight > 0.0).then(|| sum / weight)
}

/// How one item went through a cascade.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Course {
    /// The tier after which the item was settled, from 0, and the label; `None` where no tier settled it.
    pub settled: Option<(u32, Class)>,
    /// The gold, where there is any.
    pub gold: Option<Class>,
    /// What all tiers that were asked cost for this item, in any unit.
    pub cost: f64,
}

/// Who decided how much, at what cost, and how well.
#[derive(Debug, Clone, PartialEq)]
pub struct CascadeReport {
    /// What each tier settled.
    pub tiers: Vec<CascadePart>,
    /// What no tier settled: the part of people. Its accuracy is unknown here.
    pub left: CascadePart,
    /// Everything that was settled by a tier, with the accuracy of it all.
    pub settled: CascadePart,
    /// All items.
    pub n_items: u64,
    /// What was spent on all of them, settled or not.
    pub cost: f64,
}

/// A part of the items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CascadePart {
    /// The number of items.
    pub n: u64,
    /// Their share of all items; `None` without items.
    pub share: Option<f64>,
    /// What they cost, the tiers before included.
    pub cost: f64,
    /// The share of right labels among those with gold, with its Wilson interval; `None` without gold or labels.
    pub accuracy: Option<Estimate>,
}

/// Adds up what became of the items of a cascade.
///
/// `n_tiers` is the number of tiers there are, so that one that settled nothing has its row; a higher tier in `courses` adds
/// rows. The accuracy of a part is that of the items with gold in it: it speaks of the rest only where gold is a random
/// sample, and not of people's part, whose labels are not here.
///
/// ```
/// use karat_stats::{Class, Level};
/// use karat_stats::cascade::{Course, cascade_report};
/// let cheap = Course { settled: Some((0, Class(1))), gold: Some(Class(1)), cost: 1.0 };
/// let dear = Course { settled: Some((1, Class(0))), gold: Some(Class(1)), cost: 21.0 };
/// let person = Course { settled: None, gold: Some(Class(0)), cost: 21.0 };
/// let report = cascade_report(2, &[cheap, cheap, dear, person], Level::P95);
/// assert_eq!((report.tiers[0].share, report.left.share, report.cost), (Some(0.5), Some(0.25), 44.0));
/// assert_eq!(report.settled.accuracy.unwrap().value, 2.0 / 3.0);
/// ```
pub fn cascade_report(n_tiers: usize, courses: &[Course], level: Level) -> CascadeReport {
    let tier_of = |course: &Course| course.settled.map(|(tier, _)| tier as usize);
    let n_rows = courses.iter().filter_map(tier_of).map(|it| it + 1).max().unwrap_or(0).max(n_tiers);
    let part = |belongs: &dyn Fn(Option<usize>) -> bool| {
        let (mut n, mut cost, mut n_gold, mut n_right) = (0, 0.0, 0, 0);
        for course in courses.iter().filter(|it| belongs(tier_of(it))) {
            n += 1;
            cost += course.cost;
            if let (Some((_, class)), Some(gold)) = (course.settled, course.gold) {
                n_gold += 1;
                n_right += u64::from(class == gold);
            }
        }
        let share = (!courses.is_empty()).then(|| n as f64 / courses.len() as f64);
        CascadePart { n, share, cost, accuracy: Estimate::share(n_right, n_gold, level) }
    };
    CascadeReport {
        tiers: (0..n_rows).map(|tier| part(&|of| of == Some(tier))).collect(),
        left: part(&|of| of.is_none()),
        settled: part(&|of| of.is_some()),
        n_items: courses.len() as u64,
        cost: courses.iter().map(|it| it.cost).sum(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};
    use proptest::{collection, option};

    use super::*;

    const ANY: SettleRule = SettleRule { min_agree: None, min_confidence: None };
    const TWO: SettleRule = SettleRule { min_agree: Some(Agree::Votes(2.0)), ..ANY };
    const MOST: SettleRule = SettleRule { min_agree: Some(Agree::Share(0.6)), ..ANY };
    const SURE: SettleRule = SettleRule { min_confidence: Some(Sure::Each(0.9)), ..ANY };
    const MEAN: SettleRule = SettleRule { min_confidence: Some(Sure::Mean(0.9)), ..ANY };
    const TWO_SURE: SettleRule = SettleRule { min_confidence: Some(Sure::Each(0.9)), ..TWO };

    /// Votes as `class` and confidence in percent, 0 for none.
    #[track_caller]
    fn check(votes: &[(u32, u32)], rule: SettleRule, want: Settlement) {
        let vote = |(class, percent): &(u32, u32)| TierVote {
            class: Class(*class),
            confidence: (*percent > 0).then(|| f64::from(*percent) / 100.0),
            weight: 1.0,
        };
        assert_eq!(settle(&votes.iter().map(vote).collect::<Vec<_>>(), &rule), want);
    }

    fn settled(class: u32) -> Settlement {
        Settlement::Settled(Class(class))
    }

    fn too_few(class: u32, weight: f64, share: f64) -> Settlement {
        Settlement::Unsettled(Unsettled::TooFew { class: Class(class), weight, share })
    }

    #[test]
    fn nobody_settles_nothing() {
        check(&[], ANY, Settlement::Unsettled(Unsettled::NoVotes));
    }

    #[test]
    fn without_a_condition_the_label_ahead_is_enough() {
        check(&[(1, 0)], ANY, settled(1));
        check(&[(1, 0), (0, 0), (1, 0)], ANY, settled(1));
    }

    #[test]
    fn a_tie_is_never_settled_in_secret() {
        check(&[(2, 99), (1, 0)], ANY, Settlement::Unsettled(Unsettled::Tie(vec![Class(1), Class(2)])));
    }

    #[test]
    fn one_vote_is_not_two() {
        check(&[(1, 99)], TWO, too_few(1, 1.0, 1.0));
        check(&[(1, 99), (1, 0)], TWO, settled(1));
    }

    #[test]
    fn the_share_itself_is_enough() {
        check(&[(0, 0), (0, 0), (0, 0), (1, 0), (2, 0)], MOST, settled(0));
        check(&[(0, 0), (0, 0), (1, 0), (2, 0)], MOST, too_few(0, 2.0, 0.5));
    }

    #[test]
    fn a_sure_vote_stands_against_unsure_ones() {
        check(&[(1, 60), (1, 0), (0, 90)], SURE, settled(0));
    }

    #[test]
    fn votes_without_a_confidence_are_not_sure() {
        check(&[(1, 0), (1, 0)], SURE, Settlement::Unsettled(Unsettled::Unsure));
    }

    #[test]
    fn two_sure_votes_are_two_votes_that_are_each_sure() {
        check(&[(1, 95), (1, 89)], TWO_SURE, too_few(1, 1.0, 0.5));
        check(&[(1, 95), (0, 89), (1, 90)], TWO_SURE, settled(1));
    }

    #[test]
    fn a_mean_is_that_of_the_votes_for_the_label_which_state_one() {
        check(&[(1, 95), (1, 85), (0, 10)], MEAN, settled(1));
        check(&[(1, 95), (1, 0)], MEAN, settled(1));
        check(&[(1, 95), (1, 84)], MEAN, Settlement::Unsettled(Unsettled::Unsure));
        check(&[(1, 0), (1, 0)], MEAN, Settlement::Unsettled(Unsettled::Unsure));
    }

    #[test]
    fn with_a_mean_an_unsure_vote_still_makes_a_tie() {
        let tie = Settlement::Unsettled(Unsettled::Tie(vec![Class(0), Class(1)]));
        check(&[(1, 60), (0, 99)], MEAN, tie);
    }

    #[test]
    fn a_share_is_one_of_all_votes() {
        let rule = SettleRule { min_confidence: Some(Sure::Each(0.9)), ..MOST };
        check(&[(1, 95), (0, 50)], rule, too_few(1, 1.0, 0.5));
    }

    #[test]
    fn a_weight_that_is_no_number_is_no_vote() {
        let vote = |weight| TierVote { class: Class(0), confidence: Some(f64::NAN), weight };
        for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(settle(&[vote(weight)], &ANY), Settlement::Unsettled(Unsettled::NoVotes));
        }
        assert_eq!(settle(&[vote(1.0)], &SURE), Settlement::Unsettled(Unsettled::Unsure));
    }

    #[test]
    fn a_report_without_items_has_rows_and_no_shares() {
        let report = cascade_report(2, &[], Level::P95);
        assert_eq!((report.tiers.len(), report.tiers[0].share, report.settled.accuracy), (2, None, None));
    }

    #[test]
    fn labels_without_gold_are_counted_and_not_judged() {
        let course = Course { settled: Some((2, Class(0))), gold: None, cost: 0.5 };
        let report = cascade_report(1, &[course], Level::P95);
        assert_eq!((report.tiers.len(), report.tiers[2].n, report.tiers[2].accuracy), (3, 1, None));
    }

    fn any_vote() -> impl Strategy<Value = TierVote> {
        (0_u32..4, option::of(0.0..1.0), 1_u32..4).prop_map(|(class, confidence, weight)| TierVote {
            class: Class(class),
            confidence,
            weight: f64::from(weight),
        })
    }

    fn any_rule() -> impl Strategy<Value = SettleRule> {
        let agree = (any::<bool>(), 0.0..1.0).prop_map(|(share, of)| {
            if share { Agree::Share(of) } else { Agree::Votes((of * 6.0_f64).round()) }
        });
        let sure = (any::<bool>(), 0.0..1.0)
            .prop_map(|(mean, it)| if mean { Sure::Mean(it) } else { Sure::Each(it) });
        (option::of(agree), option::of(sure))
            .prop_map(|(min_agree, min_confidence)| SettleRule { min_agree, min_confidence })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_order_of_votes_changes_nothing(votes in collection::vec(any_vote(), 0..8), rule in any_rule()) {
            let reversed: Vec<TierVote> = votes.iter().rev().copied().collect();
            prop_assert_eq!(settle(&votes, &rule), settle(&reversed, &rule));
        }

        #[test]
        fn one_more_sure_vote_for_it_never_unsettles(votes in collection::vec(any_vote(), 1..8), rule in any_rule()) {
            if let Settlement::Settled(class) = settle(&votes, &rule) {
                let mut more = votes.clone();
                more.push(TierVote { class, confidence: Some(1.0), weight: 1.0 });
                prop_assert_eq!(settle(&more, &rule), Settlement::Settled(class));
            }
        }

        #[test]
        fn what_settles_by_a_strict_rule_settles_by_a_lax_one(votes in collection::vec(any_vote(), 1..8), share in 0.0..1.0) {
            let strict = settle(&votes, &SettleRule { min_agree: Some(Agree::Share(share)), ..ANY });
            let lax = settle(&votes, &SettleRule { min_agree: Some(Agree::Share(share / 2.0)), ..ANY });
            prop_assert!(strict.class().is_none() || strict == lax);
        }

        #[test]
        fn the_parts_of_a_report_add_up(tiers in collection::vec(option::of(0_u32..3), 1..30)) {
            let course = |tier: &Option<u32>| Course {
                settled: tier.map(|it| (it, Class(it % 2))),
                gold: Some(Class(0)),
                cost: tier.map_or(9.0, f64::from),
            };
            let report = cascade_report(3, &tiers.iter().map(course).collect::<Vec<_>>(), Level::P95);
            let n: u64 = report.tiers.iter().map(|it| it.n).sum();
            prop_assert_eq!(n + report.left.n, report.n_items);
            prop_assert_eq!(n, report.settled.n);
            prop_assert_eq!(report.settled.cost + report.left.cost, report.cost);
        }
    }
}
