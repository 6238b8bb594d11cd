//! One set of spans from the spans of several annotators.
