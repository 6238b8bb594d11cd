//! Every Rust file opens by saying what it is for.
//!
//! Docs on public items are rustc's `missing_docs`; that every crate inherits that lint is checked in `edges.rs`.

use super::Finding;
use crate::repo::Repo;

/// Finds Rust files that do not start with `//!`.
pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found: Vec<Finding> = repo
        .rust()
        .filter(|(_, source)| !source.opens_with_doc)
        .map(|(file, _)| {
            let next = "open with `//!`: what the file is for, what goes in and out, what is not there";
            Finding::new(&file.path, 1, "the file does not say what it is for", next)
        })
        .collect();
    if repo.rust().next().is_none() {
        found.push(Finding::new(
            "Cargo.toml",
            0,
            "there is no Rust file to read",
            "run tidy in the repository",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_head_is_found() {
        let repo =
            Repo::sample(&[("a.rs", "//! Adds.\nfn f() {}"), ("b.rs", "// Adds.\nfn f() {}"), ("c.rs", "")]);
        let got: Vec<String> = check(&repo).into_iter().map(|finding| finding.file).collect();
        assert_eq!(got, ["b.rs", "c.rs"]);
    }
}
