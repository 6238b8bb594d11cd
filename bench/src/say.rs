//! The only file of this crate that prints: results on stdout, everything else on stderr.

use std::io::Write;

/// Writes one line of a result to stdout. A closed pipe ends nothing.
pub fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Tells the person who watches, on stderr.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
