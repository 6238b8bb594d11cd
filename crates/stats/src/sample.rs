//! Which items people should look at: samples with known probabilities.
