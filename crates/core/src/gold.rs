//! Values settled by people, in two parts of two types: whoever tunes cannot read the sealed one.

use crate::{Hasher, ItemId, Value};

/// The part of the gold set that prompts, examples and the consensus may be learned from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DevGold<V = Value>(pub Vec<(ItemId, V)>);

/// The sealed part: only what judges reads it, and no prompt ever does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TestGold<V = Value>(Vec<(ItemId, V)>);

impl<V> TestGold<V> {
    /// Seals these values.
    pub fn seal(values: Vec<(ItemId, V)>) -> Self {
        Self(values)
    }

    /// Breaks the seal, to judge. What was judged with it is kept as a decision.
    pub fn open_for_evaluation(&self) -> &[(ItemId, V)] {
        &self.0
    }
}

impl<V> DevGold<V> {
    /// Splits gold by the hash of seed and id: the same item always falls on the same side, however many there are.
    /// `test_share` in [0, 1] goes to the sealed part.
    ///
    /// ```
    /// use karat_core::{DevGold, ItemId, LabelSchema, Value};
    /// let yes = LabelSchema::of(&["yes"]).unwrap().by_name("yes").unwrap();
    /// let gold = (0..1000).map(|n| (ItemId::new(n.to_string()), Value::Choice(yes))).collect();
    /// let (dev, test) = DevGold::split(gold, 0.5, 7);
    /// assert_eq!(dev.0.len() + test.open_for_evaluation().len(), 1000);
    /// assert!((450..550).contains(&dev.0.len()));
    /// ```
    pub fn split(gold: Vec<(ItemId, V)>, test_share: f64, seed: u64) -> (Self, TestGold<V>) {
        let sealed = |id: &ItemId| {
            let hash = Hasher::default().part(seed.to_le_bytes()).part(id.as_str()).finish();
            let mut head = [0; 8];
            head.copy_from_slice(&hash.0[..8]);
            (u64::from_le_bytes(head) as f64) < test_share * u64::MAX as f64
        };
        let (test, dev) = gold.into_iter().partition(|(id, _)| sealed(id));
        (Self(dev), TestGold::seal(test))
    }
}
