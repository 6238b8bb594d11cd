//! Whether something is there, from who drew a box and who looked and drew none.
//!
//! In: for each group of boxes, who looked and whether each is in it. Out: the probability that something is there, and
//! each annotator's recall and rate of false alarms.
//!
//! The model of Dawid and Skene with two states. A group exists because somebody drew a box: what nobody drew is not
//! seen, so recall is that among the things that anybody found.
//!
//! Not here: where the box is.

/// What a fit found.
pub(super) struct Presence {
    /// For each candidate the probability that something is there.
    pub(super) posterior: Vec<f64>,
    /// For each annotator, the probability that it draws what is there.
    pub(super) recall: Vec<f64>,
    /// For each annotator, the probability that it is in a group where nothing is.
    pub(super) false_alarm: Vec<f64>,
}

/// Votes believed beforehand: an annotator finds four of five things and joins one false group of five; two candidates
/// of three are real. They also settle which of the two states is "there".
const RECALL: (f64, f64) = (4.0, 1.0);
const FALSE_ALARM: (f64, f64) = (1.0, 4.0);
const SHARE: (f64, f64) = (2.0, 1.0);

/// Fits by expectation-maximization from the shares of those who drew a box. Each candidate is a list of an annotator that
/// looked and whether it drew.
pub(super) fn presence(
    candidates: &[Vec<(u32, bool)>],
    n_annotators: u32,
    n_rounds: u32,
    tolerance: f64,
) -> Presence {
    let share = |votes: &Vec<(u32, bool)>| {
        votes.iter().filter(|vote| vote.1).count() as f64 / votes.len().max(1) as f64
    };
    let mut posterior: Vec<f64> = candidates.iter().map(share).collect();
    let (mut recall, mut false_alarm, mut there) = rates(candidates, &posterior, n_annotators);
    for _ in 0..n_rounds {
        let mut moved: f64 = 0.0;
        for (votes, p) in candidates.iter().zip(&mut posterior) {
            let mut log_odds = (there / (1.0 - there)).ln();
            for (annotator, drew) in votes {
                let (r, f) = (recall[*annotator as usize], false_alarm[*annotator as usize]);
                log_odds += if *drew { (r / f).ln() } else { ((1.0 - r) / (1.0 - f)).ln() };
            }
            let next = 1.0 / (1.0 + (-log_odds).exp());
            moved = moved.max((next - *p).abs());
            *p = next;
        }
        (recall, false_alarm, there) = rates(candidates, &posterior, n_annotators);
        if moved <= tolerance {
            break;
        }
    }
    Presence { posterior, recall, false_alarm }
}

fn rates(candidates: &[Vec<(u32, bool)>], posterior: &[f64], n_annotators: u32) -> (Vec<f64>, Vec<f64>, f64) {
    let mut found = vec![RECALL; n_annotators as usize];
    let mut alarms = vec![FALSE_ALARM; n_annotators as usize];
    let mut there = SHARE;
    for (votes, p) in candidates.iter().zip(posterior) {
        there = (there.0 + p, there.1 + 1.0 - p);
        for (annotator, drew) in votes {
            let (found, alarms) = (&mut found[*annotator as usize], &mut alarms[*annotator as usize]);
            if *drew {
                (found.0, alarms.0) = (found.0 + p, alarms.0 + 1.0 - p);
            } else {
                (found.1, alarms.1) = (found.1 + p, alarms.1 + 1.0 - p);
            }
        }
    }
    let share = |(yes, no): (f64, f64)| yes / (yes + no);
    (found.into_iter().map(share).collect(), alarms.into_iter().map(share).collect(), share(there))
}
