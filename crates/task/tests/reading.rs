//! The bounds that the reading of recorded answers must keep. Without the recordings it says so and passes.

#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads files")]

mod recorded;

use recorded::{Row, Set};

/// Of the answers that hold the recorded label, so many must be read, over each set.
const LEAST_READ: f64 = 0.99;

/// Sets, and how many of their answers are read as another label than recorded. Each was looked at: docs/reading.md says
/// why they differ.
const DIFFER: &[(&str, usize)] = &[
    ("rusentne-ru", 47),
    ("rusentne-en", 22),
    ("boolq", 0),
    ("imdb", 0),
    ("imdb-prompts", 0),
    ("pandalm", 0),
    ("ner-biodiv tokens", 3),
    ("ner-biodiv strings", 0),
];

#[test]
fn recorded_answers_are_read_and_not_as_something_else() {
    let Some(sets) = recorded::read_all() else {
        println!("no recorded answers at {}: nothing was tested", recorded::folder().display());
        return;
    };
    assert_eq!(sets.len(), DIFFER.len(), "a set is missing");
    for (set, (name, n_differ)) in sets.iter().zip(DIFFER) {
        assert_eq!(set.name, *name);
        assert!(
            set.differences.len() <= *n_differ,
            "{name}: {} differ:\n{}",
            set.differences.len(),
            set.differences.join("\n\n")
        );
        let sum = |of: fn(&Row) -> usize| set.rows.iter().map(of).sum::<usize>();
        let share = sum(|it| it.n_read) as f64 / sum(|it| it.n_holding) as f64;
        assert!(share >= LEAST_READ, "{name}: only {share:.4} are read:\n{}", unread(set));
    }
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reading.md")).unwrap();
    let tables = recorded::markdown(&sets);
    assert!(page.contains(tables.trim()), "put these into docs/reading.md:\n{tables}");
}

fn unread(set: &Set) -> String {
    set.unread.iter().take(20).cloned().collect::<Vec<_>>().join("\n\n")
}
