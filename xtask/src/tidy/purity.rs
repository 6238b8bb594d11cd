//! The pure crates have no file, no socket, no clock, no environment, no randomness, no async.
//!
//! Said twice on purpose: clippy resolves names and reads the crate's `clippy.toml`, this check reads the text and the
//! `clippy.toml` itself, so that deleting it is seen.

use toml::{Table, Value};

use super::Finding;
use crate::repo::Repo;

/// The crates whose functions depend on their arguments alone.
const PURE: [&str; 4] = ["crates/stats", "crates/core", "crates/text", "crates/task"];

/// What no shipped line of a pure crate may name, and what to do instead.
const BANNED: &[(&str, &str)] = &[
    ("std::fs", "take the text as an argument"),
    ("std::env", "take the value as an argument"),
    ("std::net", "only `karat-llm` opens sockets"),
    ("std::process", "the command line starts and ends processes"),
    ("std::io::stdin", "take the text as an argument"),
    ("std::thread::sleep", "waiting belongs to the caller"),
    ("SystemTime", "take the time as an argument"),
    ("Instant", "take the time as an argument"),
    ("Timestamp::now", "take the time as an argument"),
    ("Zoned::now", "take the time as an argument"),
    ("rand::rng", "take a seed as an argument"),
    ("thread_rng", "take a seed as an argument"),
    ("rand::random", "take a seed as an argument"),
    ("tokio", "async belongs to `llm`, `store`, `engine` and `cli`"),
    ("futures", "async belongs to `llm`, `store`, `engine` and `cli`"),
    ("async", "async belongs to `llm`, `store`, `engine` and `cli`"),
    ("await", "async belongs to `llm`, `store`, `engine` and `cli`"),
];

/// What the `clippy.toml` of a pure crate must list, by key.
const LISTED: &[(&str, &[&str])] = &[
    (
        "disallowed-methods",
        &[
            "std::env::args",
            "std::env::current_dir",
            "std::env::var",
            "std::env::vars",
            "std::fs::read",
            "std::fs::read_dir",
            "std::fs::read_to_string",
            "std::fs::write",
            "std::io::stdin",
            "std::thread::sleep",
            "std::thread::spawn",
            "std::time::Instant::now",
            "std::time::SystemTime::now",
        ],
    ),
    (
        "disallowed-types",
        &[
            "std::fs::File",
            "std::net::TcpListener",
            "std::net::TcpStream",
            "std::net::UdpSocket",
            "std::process::Command",
        ],
    ),
];

/// Finds impure code in the pure crates, and pure crates whose `clippy.toml` went away.
pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    PURE.iter().flat_map(|folder| [check_code(repo, folder), check_clippy(repo, folder)].concat()).collect()
}

fn check_code(repo: &Repo, folder: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut n_files = 0;
    for (file, source) in repo.shipped().filter(|(file, _)| file.crate_folder() == Some(folder)) {
        n_files += 1;
        for path in source.paths().iter().filter(|path| !path.in_test) {
            if let Some((banned, instead)) = BANNED.iter().find(|(banned, _)| path.names(banned)) {
                let what = format!("`{banned}` in the pure crate `{folder}`");
                found.push(Finding::new(&file.path, path.line, what, *instead).about(*banned));
            }
        }
    }
    if n_files == 0 {
        found.push(Finding::new(
            folder,
            0,
            "the pure crate has no source",
            "correct `PURE` in xtask/src/tidy/purity.rs",
        ));
    }
    found
}

fn check_clippy(repo: &Repo, folder: &str) -> Vec<Finding> {
    let path = format!("{folder}/clippy.toml");
    let read = |path: &str| repo.file(path).and_then(|file| file.text.parse::<Table>().ok());
    let (Some(own), Some(root)) = (read(&path), read("clippy.toml")) else {
        let what = "a pure crate needs its own `clippy.toml`, and the root needs one, both in TOML";
        return vec![Finding::new(&path, 0, what, "write it as in crates/stats")];
    };
    let mut found = Vec::new();
    // Clippy reads one file only, the nearest: what the root says must be said again.
    for key in root.keys().filter(|key| own.get(*key) != root.get(*key)) {
        let next = "repeat it: clippy reads the nearest file only";
        found.push(Finding::new(&path, 0, format!("`{key}` differs from the root's `clippy.toml`"), next));
    }
    for (key, wanted) in LISTED {
        let rows = own.get(*key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for wanted in *wanted {
            let row = rows.iter().find(|row| row.get("path").and_then(Value::as_str) == Some(wanted));
            if row.and_then(|row| row.get("reason")).and_then(Value::as_str).is_none_or(str::is_empty) {
                let what = format!("`{wanted}` is not in `{key}` with a reason");
                found.push(Finding::new(&path, 0, what, "write it as in crates/stats"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "allow-unwrap-in-tests = true\n";

    fn clippy_toml() -> String {
        let rows = |(key, paths): &(&str, &[&str])| {
            let rows: Vec<String> =
                paths.iter().map(|path| format!("{{ path = \"{path}\", reason = \"r\" }}")).collect();
            format!("{key} = [{}]\n", rows.join(", "))
        };
        format!("{ROOT}{}", LISTED.iter().map(rows).collect::<String>())
    }

    fn house(code: &str, clippy: &str) -> Repo {
        let good = clippy_toml();
        Repo::sample(&[
            ("clippy.toml", ROOT),
            ("crates/stats/src/lib.rs", code),
            ("crates/core/src/lib.rs", ""),
            ("crates/text/src/lib.rs", ""),
            ("crates/text/clippy.toml", &good),
            ("crates/task/src/lib.rs", ""),
            ("crates/llm/src/http.rs", "use std::net::TcpStream;"),
            ("crates/stats/clippy.toml", clippy),
            ("crates/core/clippy.toml", &good),
            ("crates/task/clippy.toml", &good),
        ])
    }

    #[track_caller]
    fn check_line(code: &str, want: &[&str]) {
        let found = check(&house(code, &clippy_toml()));
        let got: Vec<&str> = found.iter().map(|finding| finding.subject.as_str()).collect();
        assert_eq!(got, want, "{found:?}");
    }

    #[test]
    fn files_clocks_randomness_and_async_are_found() {
        check_line("use std::{fs, str};", &["std::fs"]);
        check_line("fn f() { std::env::var(\"X\"); }", &["std::env"]);
        check_line("use std::time::Instant;", &["Instant"]);
        check_line("fn f() { rand::rng(); }", &["rand::rng"]);
        check_line("async fn f() {}", &["async"]);
    }

    #[test]
    fn words_in_comments_strings_and_tests_pass() {
        check_line(
            "// std::fs\nconst A: &str = \"std::env\";\n#[cfg(test)]\nmod tests { use std::fs; }",
            &[],
        );
        check_line("use std::time::Duration; const B: &str = env!(\"CARGO_PKG_VERSION\");", &[]);
    }

    #[test]
    fn a_missing_clippy_toml_is_found() {
        let mut repo = house("", &clippy_toml());
        repo.files.retain(|file| file.path != "crates/core/clippy.toml");
        assert_eq!(check(&repo).len(), 1);
    }

    #[test]
    fn a_weakened_clippy_toml_is_found() {
        let weak = clippy_toml().replace("std::time::Instant::now", "std::time::Instant::elapsed");
        assert_eq!(check(&house("", &weak)).len(), 1);
        assert_eq!(check(&house("", &clippy_toml().replace(ROOT, ""))).len(), 1);
        assert_eq!(check(&house("", &clippy_toml().replacen("reason = \"r\"", "reason = \"\"", 1))).len(), 1);
    }

    #[test]
    fn a_pure_crate_that_is_gone_is_found() {
        let mut repo = house("", &clippy_toml());
        repo.files.retain(|file| !file.path.starts_with("crates/task"));
        assert_eq!(check(&repo).len(), 2);
    }
}
