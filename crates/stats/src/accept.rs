//! Which items may go without review, with a guarantee on the error among them.
