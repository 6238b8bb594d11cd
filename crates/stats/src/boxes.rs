//! One set of boxes from the boxes of several annotators.
//!
//! In: who looked at each image, and the boxes they drew. Out: fused boxes with the probability that something is there,
//! and how good each annotator is.
//!
//! | to do | call |
//! |---|---|
//! | compare two boxes | [`Rect::iou`] |
//! | pair the boxes of two annotators | [`match_boxes`], on [`assignment`] |
//! | fuse the boxes of people, who give no scores | [`fuse_boxes`] |
//! | fuse the boxes of detectors, which score them | [`weighted_boxes_fusion`] |
//!
//! Not here: masks, and pixels of any kind.

mod assign;
mod cluster;
mod detectors;
mod fuse;
mod presence;

use crate::Class;
pub use assign::{assignment, match_boxes};
pub use detectors::{ScoredBox, weighted_boxes_fusion};
pub use fuse::{BoxItem, BoxQuality, FuseOptions, FusedBox, FusedBoxes, fuse_boxes};

/// An upright rectangle of some width and height, in any unit; `top` is the smaller of the vertical coordinates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Rect {
    /// A rectangle by its corners; `None` unless `left < right` and `top < bottom`, all of them finite.
    ///
    /// ```
    /// use karat_stats::boxes::Rect;
    /// assert!(Rect::new(0.0, 0.0, 2.0, 1.0).is_some());
    /// assert!(Rect::new(2.0, 0.0, 2.0, 1.0).is_none());
    /// ```
    pub fn new(left: f64, top: f64, right: f64, bottom: f64) -> Option<Self> {
        let is_finite = [left, top, right, bottom].iter().all(|it| it.is_finite());
        (is_finite && left < right && top < bottom).then_some(Self { left, top, right, bottom })
    }

    /// Left, top, right and bottom.
    pub fn corners(&self) -> [f64; 4] {
        [self.left, self.top, self.right, self.bottom]
    }

    /// Width times height.
    pub fn area(&self) -> f64 {
        (self.right - self.left) * (self.bottom - self.top)
    }

    /// Intersection over union, in [0, 1]: 1 is the same rectangle, 0 is no common area.
    ///
    /// Small boxes lose more by the same slip of the hand: two pixels off is little for a car and much for a lamp.
    ///
    /// ```
    /// use karat_stats::boxes::Rect;
    /// let one = Rect::new(0.0, 0.0, 2.0, 2.0).unwrap();
    /// let other = Rect::new(1.0, 0.0, 3.0, 2.0).unwrap();
    /// assert!((one.iou(&other) - 1.0 / 3.0).abs() < 1e-15);
    /// ```
    pub fn iou(&self, other: &Self) -> f64 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        if width <= 0.0 || height <= 0.0 {
            return 0.0;
        }
        let common = width * height;
        (common / (self.area() + other.area() - common)).clamp(0.0, 1.0)
    }
}

/// A box that an annotator drew.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoxVote {
    /// Who drew it.
    pub annotator: u32,
    /// What it says is there.
    pub class: Class,
    /// Where.
    pub rect: Rect,
}

/// Why boxes cannot be fused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BoxError {
    /// There is not a single item that anybody looked at.
    NoItems,
    /// The number of an annotator is not below the count that was given.
    OutOfRange {
        /// The number.
        annotator: u32,
        /// One above the largest that is allowed.
        end: u32,
    },
    /// A box by an annotator who is not among those that looked at the item, or is there twice.
    NotSeen {
        /// The item's place in the list.
        item: usize,
        /// The annotator.
        annotator: u32,
    },
    /// A list of costs that makes no table.
    WrongLength {
        /// How long it is.
        got: usize,
        /// The number of columns, of which it should be a multiple.
        n_columns: usize,
    },
    /// A number that is none, or outside its range.
    BadNumber {
        /// Of what, with its range.
        what: &'static str,
        /// The number.
        got: f64,
    },
}

impl std::fmt::Display for BoxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoItems => f.write_str("nobody looked at any item"),
            Self::OutOfRange { annotator, end } => {
                write!(f, "annotator {annotator} is out of range: they are below {end}")
            }
            Self::NotSeen { item, annotator } => write!(
                f,
                "annotator {annotator} drew a box on item {item} and must be once among those who looked at it"
            ),
            Self::WrongLength { got, n_columns } => {
                write!(f, "{got} costs make no table of {n_columns} columns")
            }
            Self::BadNumber { what, got } => write!(f, "{got} was given as {what}"),
        }
    }
}

impl std::error::Error for BoxError {}

fn check_iou(got: f64) -> Result<(), BoxError> {
    let what = "the least intersection over union, above 0 and at most 1";
    if got > 0.0 && got <= 1.0 { Ok(()) } else { Err(BoxError::BadNumber { what, got }) }
}

#[cfg(test)]
mod tests;
