//! From a score to a probability that can be trusted, and how far it can.
