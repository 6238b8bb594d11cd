//! From comparisons of two to an order of all.
