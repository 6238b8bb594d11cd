//! Whether something is there, from who drew a box and who looked and drew none.
//!
//! In: for each group of boxes, who looked and whether each is in it. Out: the probability that something is there, and
//! each annotator's recall and rate of invented boxes.
//!
//! Things come at a rate for each item, and each annotator that looks finds a thing with its own recall; what all of them
//! miss leaves no trace, and is made up for as in capture and recapture. Each annotator also invents boxes at a rate of
//! its own, which others join by chance only: two people do not imagine the same thing, so a second box says much. That
//! is where this model parts from Dawid and Skene's, for which every annotator has its false alarm independently.
//!
//! Not here: where the box is.

/// A group of boxes that may show one thing.
pub(super) struct Candidate {
    /// The item it is on.
    pub(super) item: usize,
    /// For each of those who looked at the item, in their order, whether they are part of it.
    pub(super) drew: Vec<bool>,
}

/// What a fit found.
pub(super) struct Presence {
    /// For each candidate the probability that something is there.
    pub(super) posterior: Vec<f64>,
    /// For each annotator, the probability that it draws what is there.
    pub(super) recall: Vec<f64>,
    /// For each annotator, the boxes that it invents on an item.
    pub(super) invented: Vec<f64>,
    /// The things that nobody drew, on all items.
    pub(super) n_missed: f64,
}

/// Found and missed things believed beforehand.
const RECALL: (f64, f64) = (4.0, 1.0);
/// Others that did and did not join an invented box by chance. Strong, for of three annotators the patterns of boxes
/// cannot tell joining from finding.
const JOIN: (f64, f64) = (2.0, 98.0);
/// The share of all boxes that is believed to be invented, with the weight of one box for each annotator.
const INVENTED: f64 = 0.1;

/// Fits by expectation-maximization, from the shares of those who drew a box.
pub(super) fn presence(
    seen_by: &[&[u32]],
    candidates: &[Candidate],
    n_annotators: u32,
    n_rounds: u32,
    tolerance: f64,
) -> Presence {
    let share = |candidate: &Candidate| {
        candidate.drew.iter().filter(|drew| **drew).count() as f64 / candidate.drew.len() as f64
    };
    let mut posterior: Vec<f64> = candidates.iter().map(share).collect();
    let mut rates = Rates::new(seen_by, candidates, n_annotators);
    rates.learn(seen_by, candidates, &posterior);
    for _ in 0..n_rounds {
        let mut moved: f64 = 0.0;
        for (candidate, p) in candidates.iter().zip(&mut posterior) {
            let next = rates.presence(candidate, seen_by[candidate.item]);
            moved = moved.max((next - *p).abs());
            *p = next;
        }
        rates.learn(seen_by, candidates, &posterior);
        if moved <= tolerance {
            break;
        }
    }
    let n_missed = seen_by.iter().map(|seen| rates.n_missed(seen)).sum();
    Presence { posterior, recall: rates.recall, invented: rates.invented, n_missed }
}

struct Rates {
    recall: Vec<f64>,
    invented: Vec<f64>,
    join: f64,
    /// Things on an item.
    things: f64,
    /// The items that each annotator looked at.
    n_seen: Vec<f64>,
    /// The items on which an annotator is believed to have invented one box beforehand.
    prior_items: f64,
}

impl Rates {
    fn new(seen_by: &[&[u32]], candidates: &[Candidate], n_annotators: u32) -> Self {
        let mut n_seen = vec![0.0; n_annotators as usize];
        for annotator in seen_by.iter().copied().flatten() {
            n_seen[*annotator as usize] += 1.0;
        }
        let n_boxes = candidates.iter().flat_map(|it| &it.drew).filter(|drew| **drew).count();
        // Without boxes nothing is learned.
        let per_look = n_boxes.max(1) as f64 / n_seen.iter().sum::<f64>();
        Self {
            recall: vec![RECALL.0 / (RECALL.0 + RECALL.1); n_seen.len()],
            invented: vec![0.0; n_seen.len()],
            join: JOIN.0 / (JOIN.0 + JOIN.1),
            things: candidates.len() as f64 / seen_by.len() as f64,
            n_seen,
            prior_items: 1.0 / (INVENTED * per_look),
        }
    }

    /// The things on an item that all of those who looked are expected to have missed.
    fn n_missed(&self, seen: &[u32]) -> f64 {
        if seen.is_empty() {
            return 0.0;
        }
        self.things * seen.iter().map(|who| 1.0 - self.recall[*who as usize]).product::<f64>()
    }

    /// The probability that something is there.
    fn presence(&self, candidate: &Candidate, seen: &[u32]) -> f64 {
        let (mut there, mut inventors) = (self.things.ln(), 0.0);
        // Whoever invented the box did not join it by chance.
        let mut invented = -self.join.ln();
        for (who, drew) in seen.iter().zip(&candidate.drew) {
            let recall = self.recall[*who as usize];
            if *drew {
                there += recall.ln();
                invented += self.join.ln();
                inventors += self.invented[*who as usize];
            } else {
                there += (1.0 - recall).ln();
                invented += (1.0 - self.join).ln();
            }
        }
        1.0 / (1.0 + (invented + inventors.ln() - there).exp())
    }

    fn learn(&mut self, seen_by: &[&[u32]], candidates: &[Candidate], posterior: &[f64]) {
        let mut found = vec![RECALL; self.recall.len()];
        let mut invented = vec![1.0; self.recall.len()];
        let mut join = JOIN;
        let (mut n_things, mut n_looked) = (0.0, 0.0);
        for (candidate, p) in candidates.iter().zip(posterior) {
            let seen = seen_by[candidate.item];
            n_things += p;
            let authors =
                || seen.iter().zip(&candidate.drew).filter(|(_, drew)| **drew).map(|it| *it.0 as usize);
            let rate: f64 = authors().map(|who| self.invented[who]).sum();
            let n_authors = authors().count() as f64;
            for who in authors() {
                let part = if rate > 0.0 { self.invented[who] / rate } else { 1.0 / n_authors };
                invented[who] += (1.0 - p) * part;
                found[who].0 += p;
            }
            for (who, _) in seen.iter().zip(&candidate.drew).filter(|(_, drew)| !**drew) {
                found[*who as usize].1 += p;
            }
            join.0 += (1.0 - p) * (n_authors - 1.0);
            join.1 += (1.0 - p) * (seen.len() as f64 - n_authors);
        }
        for seen in seen_by.iter().filter(|seen| !seen.is_empty()) {
            let n_missed = self.n_missed(seen);
            n_things += n_missed;
            n_looked += 1.0;
            for who in *seen {
                found[*who as usize].1 += n_missed;
            }
        }
        self.recall = found.into_iter().map(|(yes, no)| yes / (yes + no)).collect();
        let rate = |(n, n_seen): (f64, &f64)| n / (n_seen + self.prior_items);
        self.invented = invented.into_iter().zip(&self.n_seen).map(rate).collect();
        self.join = join.0 / (join.0 + join.1);
        self.things = n_things / n_looked;
    }
}

#[cfg(test)]
mod tests {
    use super::{Candidate, Presence, presence};
    use crate::random::SplitMix64;

    fn fit(n_items: usize, n_annotators: u32, candidates: &[Candidate]) -> Presence {
        let everybody: Vec<u32> = (0..n_annotators).collect();
        presence(&vec![&everybody[..]; n_items], candidates, n_annotators, 5_000, 1e-10)
    }

    #[test]
    fn without_boxes_nobody_missed_anything() {
        let found = fit(5, 2, &[]);
        assert!(found.posterior.is_empty() && found.n_missed < 1e-6, "{}", found.n_missed);
    }

    #[test]
    fn of_a_lone_annotator_one_box_in_ten_is_believed_to_be_invented() {
        let boxes: Vec<Candidate> = (0..10).map(|item| Candidate { item, drew: vec![true] }).collect();
        assert!(fit(10, 1, &boxes).posterior.iter().all(|p| (p - 0.9).abs() < 1e-3));
    }

    /// 400 items with 3 things each, recalls .9, .7 and .5, and inventions .1, .5 and 1 an item.
    #[test]
    fn planted_recall_and_invention_are_recovered_and_so_is_what_nobody_saw() {
        let mut random = SplitMix64::new(3);
        let (recall, invented) = ([0.9, 0.7, 0.5], [0.1, 0.5, 1.0]);
        let (mut candidates, mut n_missed) = (Vec::new(), 0.0);
        for item in 0..400 {
            for _ in 0..3 {
                let drew: Vec<bool> = recall.iter().map(|recall| random.unit() < *recall).collect();
                if drew.contains(&true) {
                    candidates.push(Candidate { item, drew });
                } else {
                    n_missed += 1.0;
                }
            }
            for (who, invented) in invented.iter().enumerate() {
                if random.unit() < *invented {
                    candidates.push(Candidate { item, drew: (0..3).map(|it| it == who).collect() });
                }
            }
        }
        let found = fit(400, 3, &candidates);
        for who in 0..3 {
            assert!((found.recall[who] - recall[who]).abs() < 0.05, "{:?}", found.recall);
            assert!((found.invented[who] - invented[who]).abs() < 0.1, "{:?}", found.invented);
        }
        assert!((found.n_missed - n_missed).abs() < 20.0, "{} {n_missed}", found.n_missed);
    }
}
