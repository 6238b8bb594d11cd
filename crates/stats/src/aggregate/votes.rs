//! Who said what of which item, packed.

use super::{AggregateError, Remark};
use crate::Class;

/// One annotator's class for one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Vote {
    /// The item, from 0.
    pub item: u32,
    /// The annotator, from 0.
    pub annotator: u32,
    /// The class.
    pub class: Class,
}

/// Votes, kept by item: 8 bytes each.
///
/// Several votes of one annotator on one item are allowed, and each counts. The order in which votes are given changes
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Votes {
    n_annotators: usize,
    n_classes: usize,
    /// Where the votes of each item begin; one entry more than there are items.
    starts: Vec<u32>,
    /// Annotator and class of each vote; sorted within an item.
    votes: Vec<(u32, u32)>,
}

impl Votes {
    /// Packs votes on items `0..n_items` by annotators `0..n_annotators` for classes `0..n_classes`.
    ///
    /// # Errors
    /// No votes at all, or a number out of range.
    ///
    /// ```
    /// use karat_stats::{Class, aggregate::{Vote, Votes}};
    /// let votes = [(0, 0, 1), (0, 1, 1), (1, 0, 0)];
    /// let votes = votes.map(|(item, annotator, class)| Vote { item, annotator, class: Class(class) });
    /// let votes = Votes::new(2, 2, 2, &votes).unwrap();
    /// assert_eq!(votes.of(0), [(0, 1), (1, 1)]);
    /// assert!(Votes::new(2, 2, 2, &[]).is_err());
    /// ```
    pub fn new(
        n_items: usize,
        n_annotators: usize,
        n_classes: usize,
        votes: &[Vote],
    ) -> Result<Self, AggregateError> {
        if votes.is_empty() {
            return Err(AggregateError::NoVotes);
        }
        let check = |what, got: u32, end: usize| {
            let out = (got as usize) >= end;
            if out {
                Err(AggregateError::OutOfRange { what, got: u64::from(got), end: end as u64 })
            } else {
                Ok(())
            }
        };
        let mut starts = vec![0_u32; n_items + 1];
        for vote in votes {
            check("item", vote.item, n_items)?;
            check("annotator", vote.annotator, n_annotators)?;
            check("class", vote.class.0, n_classes)?;
            starts[vote.item as usize + 1] += 1;
        }
        for item in 0..n_items {
            starts[item + 1] += starts[item];
        }
        let mut next = starts.clone();
        let mut packed = vec![(0, 0); votes.len()];
        for vote in votes {
            let place = &mut next[vote.item as usize];
            packed[*place as usize] = (vote.annotator, vote.class.0);
            *place += 1;
        }
        for item in 0..n_items {
            packed[starts[item] as usize..starts[item + 1] as usize].sort_unstable();
        }
        Ok(Self { n_annotators, n_classes, starts, votes: packed })
    }

    /// The number of items.
    pub fn n_items(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of annotators.
    pub fn n_annotators(&self) -> usize {
        self.n_annotators
    }

    /// The number of classes.
    pub fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// The number of votes.
    pub fn n_votes(&self) -> usize {
        self.votes.len()
    }

    /// The votes of an item: annotator and class, in ascending order.
    pub fn of(&self, item: usize) -> &[(u32, u32)] {
        &self.votes[self.starts[item] as usize..self.starts[item + 1] as usize]
    }

    /// The votes of all items, item by item.
    pub fn by_item(&self) -> impl Iterator<Item = &[(u32, u32)]> {
        (0..self.n_items()).map(|item| self.of(item))
    }

    /// How many votes each annotator gave.
    pub fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.n_annotators];
        self.votes.iter().for_each(|(annotator, _)| counts[*annotator as usize] += 1);
        counts
    }

    /// What these votes cannot bear, whatever the method.
    pub fn remarks(&self) -> Vec<Remark> {
        let mut remarks = Vec::new();
        if self.counts().iter().filter(|n| **n > 0).count() == 1 {
            remarks.push(Remark::OneAnnotator);
        } else if self.by_item().all(|of| of.len() < 2) {
            remarks.push(Remark::NoOverlap);
        } else {
            let n_groups = self.n_groups();
            if n_groups > 1 {
                remarks.push(Remark::Disconnected { n_groups });
            }
        }
        if self.n_classes == 1 {
            remarks.push(Remark::OneClass);
        } else if self.by_item().all(|of| of.is_empty() || is_tie(of)) {
            remarks.push(Remark::AllTies);
        }
        let n_items = self.by_item().filter(|of| of.is_empty()).count() as u64;
        if n_items > 0 {
            remarks.push(Remark::WithoutVotes { n_items });
        }
        remarks
    }

    /// Into how many groups the annotators fall, of which no two share an item.
    fn n_groups(&self) -> u32 {
        let mut leader: Vec<u32> = (0..self.n_annotators as u32).collect();
        fn find(leader: &mut [u32], mut of: u32) -> u32 {
            while leader[of as usize] != of {
                leader[of as usize] = leader[leader[of as usize] as usize];
                of = leader[of as usize];
            }
            of
        }
        // Nearly always one group, known after a few items.
        let mut n_groups = self.counts().iter().filter(|n| **n > 0).count() as u32;
        for of in self.by_item() {
            for (annotator, _) in of {
                let (a, b) = (find(&mut leader, of[0].0), find(&mut leader, *annotator));
                n_groups -= u32::from(a != b);
                leader[a as usize] = b;
            }
            if n_groups == 1 {
                break;
            }
        }
        n_groups
    }
}

/// Whether several classes share the most votes.
fn is_tie(of: &[(u32, u32)]) -> bool {
    let votes: Vec<Class> = of.iter().map(|(_, class)| Class(*class)).collect();
    matches!(crate::majority(&votes), crate::Majority::Tie(_))
}

#[cfg(test)]
mod tests {
    use super::{Remark, Vote, Votes};
    use crate::Class;

    #[track_caller]
    fn check_remarks(votes: &[(u32, u32, u32)], want: &[Remark]) {
        let votes = votes.iter().map(|it| Vote { item: it.0, annotator: it.1, class: Class(it.2) });
        let votes = Votes::new(4, 5, 2, &votes.collect::<Vec<_>>()).unwrap();
        let remarks = votes.remarks();
        let remarks: Vec<Remark> =
            remarks.into_iter().filter(|it| !matches!(it, Remark::WithoutVotes { .. })).collect();
        assert_eq!(remarks, want);
    }

    #[test]
    fn annotators_who_share_items_with_somebody_are_one_group() {
        check_remarks(&[(0, 0, 0), (0, 1, 0), (1, 1, 1), (1, 2, 1), (2, 2, 0), (2, 3, 0)], &[]);
    }

    #[test]
    fn annotators_who_share_no_item_are_groups() {
        let votes = [(0, 0, 0), (0, 1, 0), (1, 3, 1), (1, 2, 1), (2, 0, 0), (3, 4, 0)];
        check_remarks(&votes, &[Remark::Disconnected { n_groups: 3 }]);
    }

    #[test]
    fn one_annotator_is_said() {
        check_remarks(&[(0, 3, 0), (1, 3, 0)], &[Remark::OneAnnotator]);
    }

    #[test]
    fn votes_on_different_items_are_said() {
        check_remarks(&[(0, 3, 0), (1, 2, 0)], &[Remark::NoOverlap]);
    }

    #[test]
    fn ties_throughout_are_said() {
        check_remarks(&[(0, 3, 0), (0, 2, 1)], &[Remark::AllTies]);
    }
}
