//! The append-only journal, over SQLite.
