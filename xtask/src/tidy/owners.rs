//! Powers that one file or one crate owns: sockets, SQL, printing, foreign file formats, the command line.
//!
//! Each row of [`OWNERS`] says who may name what. A row whose owner no longer names its power is a finding: the table tells
//! the truth or is mended. Not here: what nobody in a crate may do (`purity.rs`).

use super::Finding;
use crate::repo::{File, Repo};
use crate::rust::{Mention, Source};

/// One power.
struct Power {
    what: &'static str,
    /// Files or folders (with a closing `/`) that may name it.
    owners: &'static [&'static str],
    /// Rust paths that are the power.
    paths: &'static [&'static str],
    /// Macros that are the power.
    macros: &'static [&'static str],
    /// Beginnings of string literals that are the power.
    strings: &'static [&'static str],
}

const NONE: Power = Power { what: "", owners: &[], paths: &[], macros: &[], strings: &[] };

const OWNERS: &[Power] = &[
    Power {
        what: "opening a socket",
        owners: &["crates/llm/src/http.rs", "crates/llm/src/http/", "crates/llm/src/doctor.rs"],
        paths: &["reqwest", "hyper", "TcpStream", "TcpListener", "UdpSocket", "tokio::net"],
        ..NONE
    },
    Power {
        what: "SQL",
        owners: &["crates/store/"],
        paths: &["sqlx", "rusqlite"],
        strings: &[
            "SELECT ",
            "INSERT INTO ",
            "INSERT OR ",
            "UPDATE ",
            "DELETE FROM ",
            "CREATE TABLE ",
            "PRAGMA ",
        ],
        ..NONE
    },
    Power {
        what: "printing",
        owners: &["crates/cli/src/voice.rs", "crates/cli/src/voice/", "crates/cli/src/progress.rs"],
        paths: &["io::stdout", "io::stderr"],
        macros: &["print", "println", "eprint", "eprintln"],
        ..NONE
    },
    Power { what: "reading arguments", owners: &["crates/cli/"], paths: &["clap"], ..NONE },
    Power { what: "rendering prompts", owners: &["crates/task/"], paths: &["minijinja"], ..NONE },
    Power {
        what: "foreign file formats",
        owners: &["crates/format/"],
        paths: &["parquet", "calamine", "rust_xlsxwriter"],
        ..NONE
    },
];

/// Tables of the journal whose rows are never changed and never taken out.
const APPEND_ONLY: [&str; 8] =
    ["annotator", "run", "run_end", "attempt", "annotation", "blob", "hold", "hold_end"];

/// Finds powers outside their owners, owners without their power, and SQL that changes the journal.
pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found: Vec<Finding> = OWNERS.iter().flat_map(|power| check_power(repo, power)).collect();
    found.extend(check_journal(repo));
    found
}

fn check_power(repo: &Repo, power: &Power) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut is_used = false;
    for (file, source) in repo.shipped() {
        let mut mentions = power.mentions(source);
        mentions.sort_unstable();
        mentions.dedup();
        if power.is_owner(file) {
            is_used |= !mentions.is_empty();
            continue;
        }
        for (line, name) in mentions {
            let what = format!("`{name}` is {}", power.what);
            let next = format!("only {} may; call that", power.owners.join(", "));
            found.push(Finding::new(&file.path, line, what, next).about(name));
        }
    }
    if !is_used {
        let what = format!("{} has no owner any more", power.what);
        found.push(Finding::new("xtask/src/tidy/owners.rs", 0, what, "correct its row of `OWNERS`"));
    }
    found
}

impl Power {
    fn is_owner(&self, file: &File) -> bool {
        self.owners
            .iter()
            .any(|owner| file.path == *owner || owner.ends_with('/') && file.path.starts_with(owner))
    }

    /// Where shipped code names this power, and by what name.
    fn mentions(&self, source: &Source) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for path in source.paths().iter().filter(|path| !path.in_test) {
            let named = self.paths.iter().find(|wanted| {
                // A lower-case first segment is a crate: it counts where a path starts, not as a field or a variable.
                if wanted.contains("::") || wanted.starts_with(char::is_uppercase) {
                    path.names(wanted)
                } else {
                    path.segments.len() > 1 && path.segments[0] == **wanted
                }
            });
            found.extend(named.map(|name| (path.line, (*name).to_owned())));
        }
        let called = source.macros().filter(|mention| self.macros.contains(&mention.text));
        found.extend(shipped(called).map(|mention| (mention.line, format!("{}!", mention.text))));
        let said = source
            .strings()
            .filter(|mention| self.strings.iter().any(|start| mention.text.trim_start().starts_with(start)));
        found.extend(
            shipped(said).map(|mention| (mention.line, mention.text.trim_start().chars().take(24).collect())),
        );
        found
    }
}

fn shipped<'a>(mentions: impl Iterator<Item = Mention<'a>>) -> impl Iterator<Item = Mention<'a>> {
    mentions.filter(|mention| !mention.in_test)
}

/// Finds SQL that would change or delete what was journalled.
fn check_journal(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut created = Vec::new();
    let in_store = repo.files.iter().filter(|file| file.crate_folder() == Some("crates/store"));
    for file in in_store {
        let statements: Vec<(String, usize)> = match &file.rust {
            Some(source) => shipped(source.strings()).map(|m| (m.text.to_owned(), m.line)).collect(),
            None if file.path.ends_with(".sql") => vec![(file.text.clone(), 1)],
            None => continue,
        };
        for (sql, line) in statements {
            let words: Vec<String> =
                sql.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_lowercase).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
            for table in APPEND_ONLY {
                let says = |wanted: &[&str]| words.windows(wanted.len()).any(|window| window == wanted);
                if says(&["create", "table", table])
                    || says(&["create", "table", "if", "not", "exists", table])
                {
                    created.push(table);
                }
                if says(&["update", table])
                    || says(&["delete", "from", table])
                    || says(&["insert", "or", "replace", "into", table])
                {
                    let what = format!("SQL changes `{table}`, which is append-only");
                    found.push(
                        Finding::new(&file.path, line, what, "append a row that supersedes the old one")
                            .about(table),
                    );
                }
            }
        }
    }
    for table in APPEND_ONLY.iter().filter(|table| !created.contains(table)) {
        let what = format!("the append-only table `{table}` is created nowhere");
        found.push(Finding::new(
            "crates/store",
            0,
            what,
            "correct `APPEND_ONLY` in xtask/src/tidy/owners.rs",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house(path: &str, code: &str) -> Repo {
        let schema: String =
            APPEND_ONLY.iter().map(|table| format!("CREATE TABLE {table} (id INTEGER);")).collect();
        Repo::sample(&[
            ("crates/llm/src/http.rs", "use reqwest::Client;"),
            ("crates/store/src/lib.rs", "fn f() { sqlx::query(\"SELECT 1\"); }"),
            ("crates/store/migrations/1.sql", &schema),
            ("crates/cli/src/voice.rs", "fn f() { println!(\"x\"); }"),
            ("crates/cli/src/main.rs", "use clap::Parser;"),
            ("crates/task/src/prompt.rs", "use minijinja::Environment;"),
            ("crates/format/src/lib.rs", "use parquet::file;"),
            (path, code),
        ])
    }

    #[track_caller]
    fn check_line(path: &str, code: &str, want: &[&str]) {
        let found = check(&house(path, code));
        let got: Vec<&str> = found.iter().map(|finding| finding.subject.as_str()).collect();
        assert_eq!(got, want, "{found:?}");
    }

    #[test]
    fn a_socket_outside_http_is_found() {
        check_line("crates/engine/src/run.rs", "use reqwest::Client;", &["reqwest"]);
        check_line("crates/llm/src/dialect.rs", "use std::net::TcpStream;", &["TcpStream"]);
        check_line("crates/llm/src/http/client.rs", "use std::net::TcpStream;", &[]);
        check_line("crates/engine/src/run.rs", "#[cfg(test)] mod tests { use std::net::TcpListener; }", &[]);
    }

    #[test]
    fn sql_outside_the_store_is_found() {
        check_line(
            "crates/engine/src/run.rs",
            "const A: &str = \"SELECT id FROM item\";",
            &["SELECT id FROM item"],
        );
        check_line("crates/engine/src/run.rs", "use sqlx::Row;", &["sqlx"]);
        check_line("crates/engine/src/run.rs", "const A: &str = \"select a label\";", &[]);
    }

    #[test]
    fn printing_outside_the_voice_is_found() {
        check_line("crates/cli/src/commands/plan.rs", "fn f() { println!(); }", &["println!"]);
        check_line("crates/engine/src/run.rs", "fn f() { std::io::stderr(); }", &["io::stderr"]);
        check_line("crates/engine/src/run.rs", "fn f() { writeln!(out); }", &[]);
    }

    #[test]
    fn a_variable_named_like_a_crate_passes() {
        check_line("crates/engine/src/run.rs", "fn f(parquet: bool) { if parquet {} }", &[]);
    }

    #[test]
    fn an_owner_without_its_power_is_found() {
        let mut repo = house("crates/cli/src/lib.rs", "");
        repo.files.retain(|file| file.path != "crates/cli/src/voice.rs");
        let found = check(&repo);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].what, "printing has no owner any more");
    }

    #[test]
    fn sql_that_changes_the_journal_is_found() {
        check_line("crates/store/src/a.rs", "const A: &str = \"UPDATE attempt SET a = 1\";", &["attempt"]);
        check_line("crates/store/migrations/2.sql", "delete  from\n annotation;", &["annotation"]);
        check_line("crates/store/src/a.rs", "const A: &str = \"UPDATE attempt_view SET a = 1\";", &[]);
    }

    #[test]
    fn a_journal_without_its_tables_is_found() {
        let mut repo = house("crates/store/src/a.rs", "");
        repo.files.retain(|file| !file.path.ends_with(".sql"));
        assert_eq!(check(&repo).len(), APPEND_ONLY.len());
    }
}
