//! The licences of everything that is linked in are on the list that the project may be given away with.
//!
//! In: `cargo metadata`. The expression of a crate passes if the terms we can choose from it are all on the list.

use std::process::Command;

use serde_json::Value;

use super::Finding;
use crate::repo::Repo;

/// Licences that ask for no more than notice, or whose terms stay inside the file.
const ALLOWED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Finds dependencies whose licence is not on the list.
pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--all-features", "--locked"])
        .current_dir(&repo.root)
        .output();
    match output {
        Ok(output) if output.status.success() => check_metadata(&String::from_utf8_lossy(&output.stdout)),
        Ok(output) => vec![cannot_tell(String::from_utf8_lossy(&output.stderr).trim())],
        Err(error) => vec![cannot_tell(&error.to_string())],
    }
}

fn cannot_tell(why: &str) -> Finding {
    let why = why.lines().next().unwrap_or_default();
    Finding::new(
        "Cargo.lock",
        0,
        format!("`cargo metadata --locked` failed: {why}"),
        "mend the manifests or the lock file",
    )
}

fn check_metadata(metadata: &str) -> Vec<Finding> {
    let metadata: Value = serde_json::from_str(metadata).unwrap_or_default();
    let packages = metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
    if packages.is_empty() {
        return vec![cannot_tell("it lists no package")];
    }
    let mut found = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or("?");
        let licence = package["license"].as_str().unwrap_or("");
        if !is_allowed(licence) {
            let what = format!("`{name}` is under `{licence}`, which is not on the list");
            let next = "do without it, or argue for the licence in xtask/src/tidy/licences.rs";
            found.push(Finding::new("Cargo.lock", 0, what, next).about(name));
        }
    }
    found
}

/// Whether an SPDX expression leaves a choice whose every term is allowed. `AND` binds tighter than `OR`.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    !words.is_empty() && any_of(&words, &mut at) && at == words.len()
}

fn any_of(words: &[&str], at: &mut usize) -> bool {
    let mut allowed = all_of(words, at);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        allowed |= all_of(words, at);
    }
    allowed
}

fn all_of(words: &[&str], at: &mut usize) -> bool {
    let mut allowed = one(words, at);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        allowed &= one(words, at);
    }
    allowed
}

fn one(words: &[&str], at: &mut usize) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let allowed = any_of(words, at);
        *at += usize::from(words.get(*at) == Some(&")"));
        return allowed;
    }
    if words.get(*at) == Some(&"WITH") {
        let full = format!("{word} WITH {}", words.get(*at + 1).unwrap_or(&""));
        *at += 2;
        return ALLOWED.contains(&full.as_str());
    }
    ALLOWED.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_licence(expression: &str, want: bool) {
        assert_eq!(is_allowed(expression), want, "{expression}");
    }

    #[test]
    fn a_choice_passes_with_one_allowed_term() {
        check_licence("MIT OR GPL-3.0", true);
        check_licence("MIT/Apache-2.0", true);
        check_licence("GPL-3.0 OR AGPL-3.0", false);
    }

    #[test]
    fn a_sum_passes_with_all_terms_allowed() {
        check_licence("(MIT OR Apache-2.0) AND Unicode-3.0", true);
        check_licence("MIT AND GPL-3.0", false);
        check_licence("MIT AND (GPL-3.0 OR ISC)", true);
        check_licence("MIT OR GPL-3.0 AND AGPL-3.0", true);
    }

    #[test]
    fn an_exception_is_part_of_the_licence() {
        check_licence("Apache-2.0 WITH LLVM-exception", true);
        check_licence("GPL-3.0 WITH Classpath-exception-2.0", false);
    }

    #[test]
    fn a_missing_or_broken_licence_fails() {
        check_licence("", false);
        check_licence("MIT )", false);
        check_licence("MIT AND", false);
    }

    #[test]
    fn the_package_is_named() {
        let found = check_metadata(
            r#"{"packages": [{"name": "a", "license": "MIT"}, {"name": "b", "license": null}]}"#,
        );
        let got: Vec<&str> = found.iter().map(|finding| finding.subject.as_str()).collect();
        assert_eq!(got, ["b"]);
    }

    #[test]
    fn metadata_without_packages_is_a_finding() {
        assert_eq!(check_metadata("{}").len(), 1);
        assert_eq!(check_metadata("not json").len(), 1);
    }
}
