//! A new text, voted word by word.
//!
//! In: answers as words by number. Out: the words with most votes, place by place.
//!
//! Not here: choosing among whole answers (`medoid.rs`).

use super::{TIE, TextError, at_least_zero, check_length, word_errors};

/// A text voted word by word.
#[derive(Debug, Clone, PartialEq)]
pub struct Rover {
    /// The words that won.
    pub words: Vec<u32>,
    /// The places that the answers were aligned to, in their order.
    pub slots: Vec<Slot>,
}

/// A place of the aligned answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// What stands here, and the weight of the answers that have it: `None` is no word. In the order of alignment: the
    /// word of the most central answer first. The weights of each slot sum to those of all answers.
    pub choices: Vec<(Option<u32>, f64)>,
    /// The places in `choices` of those with most weight: one, or several that tie. The first is the one that was taken.
    pub best: Vec<usize>,
}

/// ROVER: aligns the answers by edit distance and votes at each place, "no word" included.
///
/// `weights` say how much each answer counts, 0 or more and not all 0; empty, all count the same. The answers are
/// aligned one after the other into a network of words, the most central first (the least sum of word errors to the
/// others; among equals the longer, then the one with the lower words), so their order changes nothing. A tie at a place
/// goes to a word before no word, and to that of the more central answer; `best` shows it.
///
/// It has fewer word errors than the best single answer on transcripts. Where the answers are put in other words, as
/// translations are, it makes sentences that nobody would write: take a medoid there. The time is W² L² for W
/// answers of L words. J. G. Fiscus, "A Post-Processing System to Yield Reduced Word Error Rates", 1997.
///
/// ```
/// use karat_stats::text::rover;
/// let voted = rover(&[&[1, 2, 3], &[1, 3], &[1, 2, 9]], &[]).unwrap();
/// assert_eq!(voted.words, [1, 2, 3]);
/// assert_eq!(voted.slots[1].choices, [(Some(2), 2.0), (None, 1.0)]);
/// ```
pub fn rover(answers: &[&[u32]], weights: &[f64]) -> Result<Rover, TextError> {
    if answers.is_empty() {
        return Err(TextError::NoAnswers);
    }
    if !weights.is_empty() {
        check_length("weights", weights.len(), answers.len())?;
    }
    for weight in weights {
        at_least_zero("a weight, of 0 or more", *weight)?;
    }
    let weight = |idx: usize| weights.get(idx).copied().unwrap_or(1.0);
    let order = central_first(answers, weight);
    if order.is_empty() {
        return Err(TextError::BadNumber { what: "the sum of the weights, above 0", got: 0.0 });
    }
    let mut slots: Vec<Choices> = Vec::new();
    let mut weight_before = 0.0;
    for idx in order {
        slots = align(slots, answers[idx], weight_before, weight(idx));
        weight_before += weight(idx);
    }
    let slots: Vec<Slot> = slots.into_iter().map(vote).collect();
    Ok(Rover { words: slots.iter().filter_map(|slot| slot.choices[slot.best[0]].0).collect(), slots })
}

/// The answers that weigh anything, the most central first.
fn central_first(answers: &[&[u32]], weight: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..answers.len()).filter(|idx| weight(*idx) > 0.0).collect();
    let mut far = vec![0.0; answers.len()];
    for one in 0..answers.len() {
        for other in 0..one {
            let errors = word_errors(answers[one], answers[other]) as f64;
            far[one] += weight(other) * errors;
            far[other] += weight(one) * errors;
        }
    }
    order.sort_by(|a, b| {
        let longer = answers[*b].len().cmp(&answers[*a].len());
        let heavier = weight(*b).total_cmp(&weight(*a));
        far[*a].total_cmp(&far[*b]).then(longer).then(answers[*a].cmp(answers[*b])).then(heavier)
    });
    order
}

/// What stands in a slot, with the weight of those who have it.
type Choices = Vec<(Option<u32>, f64)>;

#[derive(Clone, Copy)]
enum Step {
    /// The word stands in the slot, or joins it.
    Both,
    /// The slot is passed: the answer has no word there.
    Slot,
    /// The word opens a slot: the answers before have no word there.
    Word,
}

/// Aligns an answer with the slots at the least cost: 0 for a word that the slot has or "no word" where it has that, else
/// 1. Of equal costs, both before slot before word.
fn align(slots: Vec<Choices>, words: &[u32], weight_before: f64, weight: f64) -> Vec<Choices> {
    let has = |slot: usize, choice: Option<u32>| slots[slot].iter().any(|it| it.0 == choice);
    let width = slots.len() + 1;
    let mut costs = vec![0_u32; width * (words.len() + 1)];
    let mut steps = vec![Step::Word; costs.len()];
    for slot in 0..slots.len() {
        // The edge of the table costs 1 for each slot, as in crowd-kit.
        (costs[slot + 1], steps[slot + 1]) = (slot as u32 + 1, Step::Slot);
    }
    for (place, word) in words.iter().enumerate() {
        costs[(place + 1) * width] = place as u32 + 1;
        for slot in 0..slots.len() {
            let at = (place + 1) * width + slot + 1;
            let both = costs[at - width - 1] + u32::from(!has(slot, Some(*word)));
            let pass = costs[at - 1] + u32::from(!has(slot, None));
            let open = costs[at - width] + 1;
            (costs[at], steps[at]) = if both <= pass && both <= open {
                (both, Step::Both)
            } else if pass <= open {
                (pass, Step::Slot)
            } else {
                (open, Step::Word)
            };
        }
    }
    join(slots, words, &steps, (weight_before, weight))
}

/// Walks the steps back from the end, and adds each word, or that there is none, to its slot.
fn join(
    mut slots: Vec<Choices>,
    words: &[u32],
    steps: &[Step],
    (weight_before, weight): (f64, f64),
) -> Vec<Choices> {
    let width = slots.len() + 1;
    let mut joined = Vec::with_capacity(slots.len() + words.len());
    let (mut place, mut slot) = (words.len(), slots.len());
    while place > 0 || slot > 0 {
        let (mut choices, choice) = match steps[place * width + slot] {
            Step::Both => {
                (place, slot) = (place - 1, slot - 1);
                (std::mem::take(&mut slots[slot]), Some(words[place]))
            }
            Step::Slot => {
                slot -= 1;
                (std::mem::take(&mut slots[slot]), None)
            }
            Step::Word => {
                place -= 1;
                (
                    if weight_before > 0.0 { vec![(None, weight_before)] } else { Vec::new() },
                    Some(words[place]),
                )
            }
        };
        match choices.iter_mut().find(|it| it.0 == choice) {
            Some(known) => known.1 += weight,
            None => choices.push((choice, weight)),
        }
        joined.push(choices);
    }
    joined.reverse();
    joined
}

fn vote(choices: Choices) -> Slot {
    let most = choices.iter().map(|it| it.1).fold(0.0, f64::max);
    let mut best: Vec<usize> =
        (0..choices.len()).filter(|idx| choices[*idx].1 >= most * (1.0 - TIE)).collect();
    best.sort_by_key(|idx| choices[*idx].0.is_none());
    Slot { choices, best }
}
