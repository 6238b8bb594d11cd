//! Who rated which item how: any value, at most one for each annotator and item.
//!
//! In: ratings in any order, or packed votes. Out: the ratings of each item; subsets by item and annotator.
//!
//! Not here: what the values mean.

use std::cmp::Ordering;

use super::Undefined;
use crate::Class;
use crate::aggregate::Votes;

/// One annotator's value for one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rating<T> {
    /// The item, from 0.
    pub item: u32,
    /// The annotator, from 0.
    pub annotator: u32,
    /// What the annotator said: a class, a number, a set, a list of spans. An annotator who looked and marked nothing
    /// gave an empty list; one who did not look gave no rating.
    pub value: T,
}

/// Ratings, kept by item. An item may have any number of them, none included; an annotator rates an item once.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratings<T> {
    n_annotators: usize,
    /// Where the ratings of each item begin; one entry more than there are items.
    starts: Vec<usize>,
    /// Annotator and value; in the order of the annotators within an item.
    ratings: Vec<(u32, T)>,
}

impl<T> Ratings<T> {
    /// Packs ratings of items `0..n_items` by annotators `0..n_annotators`. Their order changes nothing.
    ///
    /// # Errors
    /// [`Undefined::OutOfRange`], and [`Undefined::RatedTwice`] where an annotator rated an item again.
    ///
    /// ```
    /// use karat_stats::agreement::{Rating, Ratings, Undefined};
    /// let rating = |item, annotator, value| Rating { item, annotator, value };
    /// let ratings = Ratings::new(2, 2, vec![rating(1, 0, 2.5), rating(0, 1, 4.0), rating(0, 0, 3.0)]).unwrap();
    /// assert_eq!(ratings.of(0), [(0, 3.0), (1, 4.0)]);
    /// let twice = Ratings::new(1, 1, vec![rating(0, 0, 1.0), rating(0, 0, 1.0)]);
    /// assert_eq!(twice, Err(Undefined::RatedTwice { item: 0, annotator: 0 }));
    /// ```
    pub fn new(n_items: usize, n_annotators: usize, mut ratings: Vec<Rating<T>>) -> Result<Self, Undefined> {
        let check = |what, got: u32, end: usize| {
            let out = got as usize >= end;
            if out {
                Err(Undefined::OutOfRange { what, got: u64::from(got), end: end as u64 })
            } else {
                Ok(())
            }
        };
        let mut starts = vec![0; n_items + 1];
        for rating in &ratings {
            check("item", rating.item, n_items)?;
            check("annotator", rating.annotator, n_annotators)?;
            starts[rating.item as usize + 1] += 1;
        }
        for item in 0..n_items {
            starts[item + 1] += starts[item];
        }
        ratings.sort_unstable_by_key(|rating| (rating.item, rating.annotator));
        let packed = ratings.into_iter().map(|rating| (rating.annotator, rating.value)).collect();
        Self { n_annotators, starts, ratings: packed }.checked()
    }

    fn checked(self) -> Result<Self, Undefined> {
        for item in 0..self.n_items() {
            if let Some(twice) = self.of(item).windows(2).find(|two| two[0].0 == two[1].0) {
                return Err(Undefined::RatedTwice { item: item as u32, annotator: twice[0].0 });
            }
        }
        Ok(self)
    }

    /// The number of items, rated or not.
    pub fn n_items(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of annotators, whether they rated or not.
    pub fn n_annotators(&self) -> usize {
        self.n_annotators
    }

    /// The number of ratings.
    pub fn n_ratings(&self) -> usize {
        self.ratings.len()
    }

    /// The ratings of an item: annotator and value, in the order of the annotators.
    pub fn of(&self, item: usize) -> &[(u32, T)] {
        &self.ratings[self.starts[item]..self.starts[item + 1]]
    }

    /// The ratings of all items, item by item.
    pub fn by_item(&self) -> impl Iterator<Item = &[(u32, T)]> {
        self.starts.windows(2).map(|ends| &self.ratings[ends[0]..ends[1]])
    }

    /// The most ratings that an item has.
    pub(super) fn most(&self) -> usize {
        self.by_item().map(<[_]>::len).max().unwrap_or(0)
    }

    /// The same items and annotators with the values as `change` makes them.
    pub(super) fn map<'a, U>(&'a self, change: impl Fn(&'a T) -> U) -> Ratings<U> {
        let ratings = self.ratings.iter().map(|(annotator, value)| (*annotator, change(value))).collect();
        Ratings { n_annotators: self.n_annotators, starts: self.starts.clone(), ratings }
    }

    /// The distinct values in ascending order, and the ratings as positions in that list.
    pub(super) fn coded(&self, order: impl Fn(&T, &T) -> Ordering) -> (Vec<&T>, Ratings<u32>) {
        if let Some(coded) = self.coded_by_looking_up(&order) {
            return coded;
        }
        let mut values: Vec<&T> = self.ratings.iter().map(|(_, value)| value).collect();
        values.sort_unstable_by(|a, b| order(a, b));
        values.dedup_by(|a, b| order(a, b).is_eq());
        let coded = self.map(|value| values.partition_point(|other| order(other, value).is_lt()) as u32);
        (values, coded)
    }

    /// The same where there are few values: numbered as they come, then numbered anew.
    fn coded_by_looking_up(&self, order: impl Fn(&T, &T) -> Ordering) -> Option<(Vec<&T>, Ratings<u32>)> {
        let mut values: Vec<(&T, u32)> = Vec::new();
        let mut ratings = Vec::with_capacity(self.ratings.len());
        for (annotator, value) in &self.ratings {
            let place = values.partition_point(|(other, _)| order(other, value).is_lt());
            if values.get(place).is_none_or(|(other, _)| order(other, value).is_ne()) {
                values.insert(place, (value, values.len() as u32));
            }
            if values.len() > FEW {
                return None;
            }
            ratings.push((*annotator, values[place].1));
        }
        let mut codes = vec![0; values.len()];
        values.iter().zip(0..).for_each(|((_, came), code)| codes[*came as usize] = code);
        ratings.iter_mut().for_each(|(_, code)| *code = codes[*code as usize]);
        let coded = Ratings { n_annotators: self.n_annotators, starts: self.starts.clone(), ratings };
        Some((values.into_iter().map(|(value, _)| value).collect(), coded))
    }
}

/// Up to as many distinct values, it is faster to look each rating up than to sort all of them.
const FEW: usize = 256;

impl<T: Clone> Ratings<T> {
    /// The ratings for which `keep` of item and annotator is true: one week, one group of annotators. Items and
    /// annotators keep their numbers.
    ///
    /// ```
    /// use karat_stats::agreement::{Rating, Ratings};
    /// let ratings = [(0, 0), (0, 1), (1, 0)].map(|(item, annotator)| Rating { item, annotator, value: 1.0 });
    /// let ratings = Ratings::new(2, 2, ratings.to_vec()).unwrap();
    /// assert_eq!(ratings.filter(|_item, annotator| annotator == 0).n_ratings(), 2);
    /// ```
    pub fn filter(&self, keep: impl Fn(u32, u32) -> bool) -> Self {
        let mut starts = vec![0];
        let mut ratings = Vec::new();
        for (item, of) in (0_u32..).zip(self.by_item()) {
            ratings.extend(of.iter().filter(|(annotator, _)| keep(item, *annotator)).cloned());
            starts.push(ratings.len());
        }
        Self { n_annotators: self.n_annotators, starts, ratings }
    }
}

impl Ratings<Class> {
    /// The ratings that votes are.
    ///
    /// # Errors
    /// [`Undefined::RatedTwice`] where an annotator voted on an item again.
    ///
    /// ```
    /// use karat_stats::{Class, aggregate::{Vote, Votes}, agreement::Ratings};
    /// let votes = [(0, 0, 1), (0, 1, 1)].map(|(item, annotator, class)| Vote { item, annotator, class: Class(class) });
    /// let ratings = Ratings::from_votes(&Votes::new(1, 2, 2, &votes).unwrap()).unwrap();
    /// assert_eq!(ratings.of(0), [(0, Class(1)), (1, Class(1))]);
    /// ```
    pub fn from_votes(votes: &Votes) -> Result<Self, Undefined> {
        let mut starts = Vec::with_capacity(votes.n_items() + 1);
        starts.push(0);
        let mut ratings = Vec::with_capacity(votes.n_votes());
        for of in votes.by_item() {
            ratings.extend(of.iter().map(|(annotator, class)| (*annotator, Class(*class))));
            starts.push(ratings.len());
        }
        Self { n_annotators: votes.n_annotators(), starts, ratings }.checked()
    }

    /// An error where a class is not below the number of classes.
    pub(super) fn check_classes(&self, n_classes: u32) -> Result<(), Undefined> {
        let most = self.ratings.iter().map(|(_, class)| class.0).max();
        match most {
            Some(got) if got >= n_classes => {
                Err(Undefined::OutOfRange { what: "class", got: u64::from(got), end: u64::from(n_classes) })
            }
            _ => Ok(()),
        }
    }
}
