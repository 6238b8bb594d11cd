//! Shares, means, differences and slopes of a whole data set, from model labels and a small sample of human ones.
