//! From values that are compared as a whole to one for each item: numbers, rankings, relations, texts, fields, forms.
//!
//! In: a panel and the distance of its kind. Out: for each item a value, or those that tie. No gold is learned from. An annotator
//! counts by how like its answers are to those of the others, where the method weighs at all.

use karat_core::{Error, LabelId, Number, Result, Shape, Value};
use karat_stats::ranking::borda;
use karat_stats::text::{MedoidOptions, Similarity, TextItem, WeightedMedoids, weighted_medoids};
use karat_stats::values::{
    ItemValue, PrecisionOptions, ValueVote, mean_values, median_values, precision_weighted_values,
};
use karat_task::Vote;

use super::merged::{Merged, calibrate_scores, count_votes, keep_gold};
use super::{Agreed, ConsensusOptions};
use crate::measure::Measure;
use crate::panel::{Panel, Plain, number_of};
use crate::plain::{plain, whole as as_plain};

/// A method for values that are compared as a whole.
pub(super) struct WholeMethod {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// What it does.
    pub(super) about: &'static str,
}

const MEDOID: WholeMethod = WholeMethod {
    name: "medoid",
    about: "the answer most like the others, annotators weighed by how like the others they are",
};
const VOTE: WholeMethod =
    WholeMethod { name: "vote", about: "part by part what most annotators say, each counting the same" };
const BORDA: WholeMethod = WholeMethod {
    name: "borda",
    about: "the options by their mean place, annotators weighed by how like the others they are",
};
const MEDIAN: WholeMethod =
    WholeMethod { name: "median", about: "the middle of the numbers: wild answers move it little" };
const MEAN: WholeMethod = WholeMethod { name: "mean", about: "the mean of the numbers" };
const PRECISION: WholeMethod = WholeMethod {
    name: "precision",
    about: "the mean of the numbers, annotators weighed by their estimated precision",
};

/// The methods for a shape, the usual one first; none for shapes that are counted label by label.
pub(super) fn methods(shape: Shape) -> &'static [WholeMethod] {
    match shape {
        Shape::Choice | Shape::Choices | Shape::Spans => &[],
        Shape::Number => &[MEDIAN, MEAN, PRECISION],
        Shape::Ranking => &[BORDA, MEDOID],
        Shape::Relations | Shape::Text | Shape::Fields | Shape::Form => &[MEDOID, VOTE],
    }
}

/// How annotators are weighed.
const WEIGHED: MedoidOptions = MedoidOptions { n_prior: 10.0, n_rounds: 20, tolerance: 1e-6 };
/// How precisions are estimated.
const PRECISE: PrecisionOptions = PrecisionOptions { n_prior: 4.0, n_rounds: 100, tolerance: 1e-9 };
/// The score of a lone answer of an annotator that could be compared with nobody.
const UNKNOWN: f64 = 0.5;

/// The votes on one item: who, and what.
type Votes<'a> = Vec<(u32, &'a Plain)>;

/// One value an item.
pub(super) fn whole(panel: &Panel, gold: &[Option<Plain>], options: &ConsensusOptions) -> Result<Merged> {
    let measure = panel.measure.as_ref().ok_or_else(|| Error::bug("values without a measure"))?;
    let methods = methods(panel.shape);
    let named = |name: &String| methods.iter().find(|it| it.name == name.as_str());
    let method = options.method.as_ref().and_then(named).or(methods.first());
    let method = method.ok_or_else(|| Error::bug("a shape without a method"))?;
    let votes: Vec<Votes<'_>> = (0..panel.n_items()).map(|item| votes_on(panel, item)).collect();
    if votes.iter().all(Vec::is_empty) {
        return Err(Error::invalid("there are no votes")
            .hint("label first: `karat label`; `karat status` says how far it is"));
    }
    let mut items = match method.name {
        "medoid" => of_medoids(measure, &votes, &weigh(panel, measure, &votes)?),
        "borda" => of_borda(measure, &votes, &weigh(panel, measure, &votes)?),
        "vote" => votes.iter().map(|votes| by_vote(measure, votes)).collect(),
        _ => of_numbers(panel, measure, &votes, method.name)?,
    };
    let estimated = estimated(panel, &votes, &items);
    for (item, votes) in items.iter_mut().zip(&votes) {
        item.score = score(panel, item, votes, &estimated);
    }
    let mut held: Vec<Option<Agreed>> =
        items.iter().zip(gold).map(|(item, gold)| gold.as_ref().map(|_| item.clone())).collect();
    count_votes(panel, &mut items, &mut held);
    let calibrated = calibrate_scores(panel, &mut items, &mut held, options.seed);
    keep_gold(gold, &mut items);
    let n_voters = panel.members.iter().filter(|it| it.n_labeled() > 0).count();
    let is_even = n_voters == 2 && items.iter().any(|it| !it.tied.is_empty());
    let remark = "of two annotators neither is nearer to the other: where they differ they tie";
    Ok(Merged {
        method: method.name.to_owned(),
        about: method.about.to_owned(),
        posteriors: vec![None; panel.n_items()],
        items,
        held,
        estimated,
        calibrated,
        remarks: is_even.then(|| remark.to_owned()).into_iter().collect(),
    })
}

fn votes_on(panel: &Panel, item: usize) -> Votes<'_> {
    let members = panel.members.iter().enumerate();
    members.filter_map(|(n, member)| Some((n as u32, member.given[item].as_ref().ok()?))).collect()
}

/// Medoids, and the weight of each annotator.
fn weigh(panel: &Panel, measure: &Measure, votes: &[Votes<'_>]) -> Result<WeightedMedoids> {
    let told = |error: karat_stats::text::TextError| Error::bug(error.to_string());
    let item = |votes: &Votes<'_>| {
        let alike = |a: &Plain, b: &Plain| (1.0 - measure.distance(a, b)).clamp(0.0, 1.0);
        let mut values = vec![1.0; votes.len() * votes.len()];
        for one in 0..votes.len() {
            for other in 0..one {
                let alike = alike(votes[one].1, votes[other].1);
                (values[one * votes.len() + other], values[other * votes.len() + one]) = (alike, alike);
            }
        }
        let similarity = Similarity::new(votes.len(), values).map_err(told)?;
        Ok(TextItem { annotators: votes.iter().map(|it| it.0).collect(), similarity })
    };
    let items = votes.iter().map(item).collect::<Result<Vec<_>>>()?;
    weighted_medoids(&items, panel.members.len() as u32, &WEIGHED).map_err(told)
}

fn of_medoids(measure: &Measure, votes: &[Votes<'_>], found: &WeightedMedoids) -> Vec<Agreed> {
    let one = |(votes, medoid): (&Votes<'_>, &Option<karat_stats::text::Medoid>)| {
        let best = medoid.iter().flat_map(|it| &it.best).map(|at| votes[*at].1);
        winner_or_tie(measure, best)
    };
    votes.iter().zip(&found.medoids).map(one).collect()
}

/// The value that is left where all are equal; else all that differ tie.
fn winner_or_tie<'a>(measure: &Measure, best: impl Iterator<Item = &'a Plain>) -> Agreed {
    let mut distinct: Vec<&Plain> = Vec::new();
    for value in best {
        if !distinct.iter().any(|it| measure.equal(it, value)) {
            distinct.push(value);
        }
    }
    match distinct[..] {
        [] => Agreed::nothing(),
        [value] => Agreed { value: Some(value.clone()), ..Agreed::nothing() },
        _ => Agreed { tied: distinct.into_iter().cloned().collect(), ..Agreed::nothing() },
    }
}

fn of_borda(measure: &Measure, votes: &[Votes<'_>], found: &WeightedMedoids) -> Vec<Agreed> {
    let allows_ties = measure.task().spec.ties;
    let weight = |member: u32| found.annotators[member as usize].map_or(1.0, |it| it.weight);
    let labels: Vec<LabelId> = measure.task().schema.ids().collect();
    let one = |votes: &Votes<'_>| {
        let orders: Vec<(Vec<Vec<u32>>, f64)> =
            votes.iter().filter_map(|(member, value)| Some((groups(value)?, weight(*member)))).collect();
        let orders: Vec<(&[Vec<u32>], f64)> = orders.iter().map(|it| (it.0.as_slice(), it.1)).collect();
        // An item need not have all options: those that nobody names are none of its own.
        let is_named =
            |n: &u32| orders.iter().any(|(groups, _)| groups.iter().any(|group| group.contains(n)));
        let mut order = borda(labels.len() as u32, &orders);
        order.iter_mut().for_each(|group| group.retain(is_named));
        order.retain(|group| !group.is_empty());
        if order.is_empty() {
            return Agreed::nothing();
        }
        // Where no two options may be equal, there is no order that all can be given: the votes tie.
        if !allows_ties && order.iter().any(|group| group.len() > 1) {
            return winner_or_tie(measure, votes.iter().map(|it| it.1));
        }
        let label = |n: u32| labels.get(n as usize).copied();
        let order = order.into_iter().map(|group| group.into_iter().filter_map(label).collect());
        Agreed { value: Some(as_plain(Value::ranking(order.collect()))), ..Agreed::nothing() }
    };
    votes.iter().map(one).collect()
}

/// The groups of a ranking, by the numbers of their options.
fn groups(plain: &Plain) -> Option<Vec<Vec<u32>>> {
    let Plain::Whole(whole) = plain else { return None };
    let Value::Ranking(groups) = whole.value() else { return None };
    Some(groups.iter().map(|group| group.iter().map(|it| it.index() as u32).collect()).collect())
}

/// What the kind makes of several values.
fn by_vote(measure: &Measure, votes: &Votes<'_>) -> Agreed {
    let value = |plain: &&Plain| match plain {
        Plain::Whole(whole) => Some(whole.value().clone()),
        _ => None,
    };
    let values: Vec<Value> = votes.iter().filter_map(|(_, plain)| value(plain)).collect();
    match measure.kind().vote(measure.task(), &values) {
        Vote::Winner { value, .. } => Agreed { value: Some(plain(&value)), ..Agreed::nothing() },
        Vote::Tie(values) => Agreed { tied: values.iter().map(plain).collect(), ..Agreed::nothing() },
        Vote::None => Agreed::nothing(),
    }
}

fn of_numbers(panel: &Panel, measure: &Measure, votes: &[Votes<'_>], method: &str) -> Result<Vec<Agreed>> {
    let all = (0_u32..).zip(votes).flat_map(|(item, votes)| {
        let vote = move |(annotator, plain): &(u32, &Plain)| {
            Some(ValueVote { item, annotator: *annotator, value: number_of(plain)? })
        };
        votes.iter().filter_map(vote)
    });
    let (all, n_items): (Vec<ValueVote>, u32) = (all.collect(), votes.len() as u32);
    let found: Result<Vec<Option<ItemValue>>, _> = match method {
        "mean" => mean_values(n_items, &all),
        "precision" => {
            precision_weighted_values(n_items, panel.members.len() as u32, &all, &PRECISE).map(|it| it.items)
        }
        _ => median_values(n_items, &all),
    };
    let found = found.map_err(|error| Error::invalid(error.to_string()))?;
    let one = |found: Option<ItemValue>| {
        let value = found.and_then(|it| Number::new(on_scale(measure, it.value)));
        Agreed { value: value.map(|it| as_plain(Value::Number(it))), ..Agreed::nothing() }
    };
    Ok(found.into_iter().map(one).collect())
}

/// The nearest number that the scale has.
fn on_scale(measure: &Measure, number: f64) -> f64 {
    match &measure.task().spec.scale {
        Some(scale) => match scale.step {
            Some(step) if step > 0.0 => {
                (scale.min + ((number - scale.min) / step).round() * step).clamp(scale.min, scale.max)
            }
            _ => number,
        },
        None => number,
    }
}

/// How like the consensus each annotator's answers are, over items that others answered too.
fn estimated(panel: &Panel, votes: &[Votes<'_>], items: &[Agreed]) -> Vec<Option<f64>> {
    let mut sums = vec![(0.0, 0_u32); panel.members.len()];
    for (votes, item) in votes.iter().zip(items).filter(|(votes, _)| votes.len() > 1) {
        let Some(value) = &item.value else { continue };
        for (member, given) in votes {
            let sum = &mut sums[*member as usize];
            *sum = (sum.0 + panel.likeness(given, value), sum.1 + 1);
        }
    }
    sums.into_iter().map(|(sum, n)| (n > 0).then(|| sum / f64::from(n))).collect()
}

/// How like the value the votes are on average; of a lone answer, how good its annotator is elsewhere.
fn score(panel: &Panel, item: &Agreed, votes: &Votes<'_>, estimated: &[Option<f64>]) -> f64 {
    let Some(value) = &item.value else { return 0.0 };
    match votes[..] {
        [] => 0.0,
        [(member, _)] => estimated[member as usize].unwrap_or(UNKNOWN),
        _ => votes.iter().map(|(_, it)| panel.likeness(it, value)).sum::<f64>() / votes.len() as f64,
    }
}
