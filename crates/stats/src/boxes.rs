//! One set of boxes from the boxes of several annotators.
