//! Which given labels are probably wrong.
