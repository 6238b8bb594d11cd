//! Nothing of one machine and nothing secret is committed: home folders, keys, package sources other than the public ones.

use super::Finding;
use crate::repo::Repo;

/// Beginnings of keys, with the least number of key characters that must follow.
const KEYS: &[(&str, usize)] = &[
    ("sk-", 24),
    ("gsk_", 32),
    ("hf_", 30),
    ("ghp_", 30),
    ("github_pat_", 40),
    ("glpat-", 20),
    ("xoxb-", 20),
    ("xoxp-", 20),
    ("AKIA", 16),
    ("AIza", 35),
    ("AQVN", 30),
    ("Bearer ", 24),
];

/// Beginnings of paths that only one machine has. Written in halves: this file is checked as well.
const MACHINE_PATHS: [&str; 6] = [
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("C:\\Us", "ers\\"),
];

/// Where the packages of a lock file may come from.
const SOURCES: [&str; 2] =
    ["registry+https://github.com/rust-lang/crates.io-index", "https://registry.npmjs.org/"];

/// Finds keys, machine paths and foreign package sources.
pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &repo.files {
        for (n, line) in file.text.lines().enumerate() {
            let finding = |what: String, next: &str| Finding::new(&file.path, n + 1, what, next);
            if let Some(key) = key_in(line) {
                found.push(finding(format!("`{key}…` has the shape of a key"), "take it out and revoke it"));
            }
            // Data hold what people wrote, and a page may well be called `/home/`.
            if !is_data(&file.path)
                && let Some(path) = machine_path_in(line)
            {
                found.push(finding(
                    format!("`{path}` is a path of one machine"),
                    "write a path relative to the project",
                ));
            }
            if let Some(source) = foreign_source(&file.path, line) {
                found.push(finding(format!("packages come from `{source}`"), "use the public registry"));
            }
        }
        if file.path.ends_with(".env") || file.path.ends_with("/.netrc") || file.path.ends_with(".pem") {
            found.push(Finding::new(
                &file.path,
                0,
                "a file of secrets is tracked",
                "take it out and ignore it",
            ));
        }
    }
    found
}

fn is_data(path: &str) -> bool {
    [".csv", ".tsv", ".json", ".jsonl", ".txt"].iter().any(|end| path.ends_with(end))
}

/// The beginning of something that looks like a key.
fn key_in(line: &str) -> Option<&'static str> {
    if line.contains("-----BEGIN ") && line.contains(concat!("PRIVATE", " KEY-----")) {
        return Some("-----BEGIN");
    }
    let found = KEYS.iter().find(|(start, min_len)| {
        line.match_indices(start).any(|(at, _)| {
            let is_inside_a_word = line[..at].ends_with(|c: char| c.is_alphanumeric());
            let rest = &line[at + start.len()..];
            let key = &rest[..rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')
                .unwrap_or(rest.len())];
            let has = |is: fn(char) -> bool| key.contains(is);
            // A key mixes letters and digits; a name in prose or a row of `x` does not.
            let is_random = has(|c| c.is_ascii_digit()) && has(|c| c.is_ascii_alphabetic());
            !is_inside_a_word && key.len() >= *min_len && is_random
        })
    });
    found.map(|(start, _)| *start)
}

/// A path that only one machine has: it starts where a path can start, and a name follows it.
fn machine_path_in(line: &str) -> Option<&'static str> {
    MACHINE_PATHS.into_iter().find(|start| {
        line.match_indices(start).any(|(at, _)| {
            let starts = !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-~/}$*".contains(c));
            starts && line[at + start.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '.')
        })
    })
}

fn foreign_source<'a>(path: &str, line: &'a str) -> Option<&'a str> {
    let line = line.trim();
    let source = if path.ends_with("Cargo.lock") {
        line.strip_prefix("source = \"")?
    } else if path.ends_with("package-lock.json") {
        line.strip_prefix("\"resolved\": \"")?
    } else if path.ends_with(".cargo/config.toml")
        && (line.starts_with("[source") || line.starts_with("[registries"))
    {
        return Some(line);
    } else {
        return None;
    };
    let source = source.split('"').next().unwrap_or(source);
    (!SOURCES.iter().any(|public| source.starts_with(public))).then_some(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_line(path: &str, line: &str, n_findings: usize) {
        let found = check(&Repo::sample(&[(path, line)]));
        assert_eq!(found.len(), n_findings, "{line}: {found:?}");
    }

    #[test]
    fn keys_are_found() {
        check_line("a.jsonl", concat!("{\"k\": \"s", "k-proj-a1b2c3d4e5f6a7b8c9d0e1f2\"}"), 1);
        check_line("a.rs", concat!("AK", "IAABCDEFGH12345678"), 1);
        check_line("a.md", concat!("Authorization: Bea", "rer abcdef0123456789abcdef0123"), 1);
        check_line("k.txt", concat!("-----BEGIN RSA PRI", "VATE KEY-----"), 1);
        check_line(".env", "", 1);
    }

    #[test]
    fn words_and_short_samples_are_no_keys() {
        check_line("a.rs", "sk-test-1", 0);
        check_line("a.rs", "task-specific-and-very-long-name-0123456789", 0);
        check_line("a.rs", "Bearer xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0);
        check_line("a.rs", "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0);
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        check_line("a.rs", concat!("let a = \"/ho", "me/ann/a.csv\";"), 1);
        check_line("a.md", concat!("in `/ro", "ot/.cargo`"), 1);
        check_line("a.md", concat!("/Us", "ers/ann"), 1);
    }

    #[test]
    fn parts_of_other_paths_pass() {
        check_line("a.md", "docs/home/index.md and ~/home/x and https://a.org/home/", 0);
        check_line("a.csv", concat!("see /ho", "me/index"), 0);
    }

    #[test]
    fn packages_come_from_the_public_registries() {
        check_line("Cargo.lock", "source = \"registry+https://github.com/rust-lang/crates.io-index\"", 0);
        check_line("Cargo.lock", "source = \"registry+https://mirror.example/index\"", 1);
        check_line("Cargo.lock", "source = \"git+https://github.com/a/b\"", 1);
        check_line("ui/package-lock.json", "  \"resolved\": \"https://mirror.example/a.tgz\",", 1);
        check_line(".cargo/config.toml", "[source.crates-io]", 1);
    }
}
