//! Which crate may use which, which lints all of them inherit, and that each foreign crate has a written reason.
//!
//! In: the manifests and DESIGN.md. Not here: what a crate may do (`purity.rs`, `owners.rs`).

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::Finding;
use crate::repo::{File, Repo};

/// A crate and the crates of ours that it may use; ARCHITECTURE.md draws the same arrows.
struct Edges {
    folder: &'static str,
    may_use: &'static [&'static str],
}

const EDGES: &[Edges] = &[
    Edges { folder: "crates/stats", may_use: &[] },
    Edges { folder: "crates/core", may_use: &[] },
    Edges { folder: "crates/llm", may_use: &[] },
    Edges { folder: "crates/text", may_use: &[] },
    Edges { folder: "crates/task", may_use: &["karat-core", "karat-llm", "karat-text"] },
    Edges { folder: "crates/format", may_use: &["karat-core"] },
    Edges { folder: "crates/store", may_use: &["karat-core"] },
    Edges {
        folder: "crates/engine",
        may_use: &[
            "karat-stats",
            "karat-core",
            "karat-llm",
            "karat-task",
            "karat-text",
            "karat-format",
            "karat-store",
        ],
    },
    // The command line also names the nouns it shows; it holds no decision of its own.
    Edges {
        folder: "crates/cli",
        may_use: &[
            "karat-engine",
            "karat-core",
            "karat-llm",
            "karat-task",
            "karat-text",
            "karat-format",
            "karat-stats",
            "karat-store",
        ],
    },
    Edges {
        folder: "bench",
        may_use: &[
            "karat",
            "karat-engine",
            "karat-core",
            "karat-llm",
            "karat-task",
            "karat-text",
            "karat-format",
            "karat-stats",
            "karat-store",
        ],
    },
    Edges { folder: "xtask", may_use: &[] },
];

/// Edges that only tests have.
const TEST_EDGES: &[Edges] = &[
    Edges { folder: "crates/engine", may_use: &["karat-bench"] },
    Edges { folder: "crates/cli", may_use: &["karat-bench"] },
];

/// Lints that the workspace must set; clippy checks them, tidy checks that nobody takes them out.
const LINTS: &[(&str, &[&str])] = &[
    ("rust", &["unsafe_code", "missing_docs", "unreachable_pub"]),
    (
        "clippy",
        &[
            "unwrap_used",
            "expect_used",
            "panic",
            "todo",
            "dbg_macro",
            "print_stdout",
            "print_stderr",
            "allow_attributes",
        ],
    ),
];

const EDGE_TABLE: &str = "xtask/src/tidy/edges.rs";

/// One dependency as a manifest writes it.
struct Dependency {
    /// The name on the registry, renames undone.
    name: String,
    tests_only: bool,
    line: usize,
}

/// Finds dependencies between our crates that the table does not allow.
pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for (folder, manifest) in repo.crates() {
        let Some(allowed) = EDGES.iter().find(|edges| edges.folder == folder) else {
            let next = format!("add its row to `EDGES` in {EDGE_TABLE} and to ARCHITECTURE.md");
            found.push(Finding::new(
                &manifest.path,
                0,
                format!("`{folder}` has no place in the table of edges"),
                next,
            ));
            continue;
        };
        let in_tests =
            TEST_EDGES.iter().find(|edges| edges.folder == folder).map_or(&[][..], |edges| edges.may_use);
        let dependencies = match dependencies(manifest) {
            Ok(dependencies) => dependencies,
            Err(finding) => {
                found.push(finding);
                continue;
            }
        };
        for dependency in dependencies.iter().filter(|dependency| is_ours(&dependency.name)) {
            let name = dependency.name.as_str();
            if !(allowed.may_use.contains(&name) || dependency.tests_only && in_tests.contains(&name)) {
                let what = format!("`{folder}` may not use `{name}`");
                let next =
                    "move the code to the crate that may, or argue the edge in DESIGN.md and the table";
                found.push(Finding::new(&manifest.path, dependency.line, what, next).about(name));
            }
        }
    }
    for edges in EDGES.iter().filter(|edges| !repo.crates().any(|(folder, _)| folder == edges.folder)) {
        let what = format!("`{}` is in the table of edges and not in the repository", edges.folder);
        found.push(Finding::new(EDGE_TABLE, 0, what, "take its row out"));
    }
    found
}

fn is_ours(name: &str) -> bool {
    name == "karat" || name.starts_with("karat-")
}

/// Finds crates that do not inherit the workspace's lints, and lints that the workspace no longer sets.
pub(crate) fn check_lints(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for (folder, manifest) in repo.crates() {
        let inherits = manifest
            .text
            .parse::<Table>()
            .ok()
            .and_then(|table| table.get("lints")?.get("workspace")?.as_bool());
        if inherits != Some(true) {
            let what = format!("`{folder}` does not inherit the workspace's lints");
            found.push(Finding::new(&manifest.path, 0, what, "write `[lints]` with `workspace = true`"));
        }
    }
    let root = repo.file("Cargo.toml").and_then(|file| file.text.parse::<Table>().ok()).unwrap_or_default();
    for (tool, lints) in LINTS {
        for lint in *lints {
            let set = root.get("workspace").and_then(|w| w.get("lints")?.get(tool)?.get(lint));
            if set.is_none_or(|level| level.as_str() == Some("allow")) {
                let what = format!("the workspace no longer sets `{lint}`");
                found.push(Finding::new(
                    "Cargo.toml",
                    0,
                    what,
                    format!("set it in `[workspace.lints.{tool}]`"),
                ));
            }
        }
    }
    found
}

/// Finds foreign crates without a row in DESIGN.md, and rows without a crate.
pub(crate) fn check_reasons(repo: &Repo) -> Vec<Finding> {
    const HEAD: &str = "| Crate |";
    let Some(design) = repo.file("DESIGN.md") else {
        return vec![Finding::new(
            "DESIGN.md",
            0,
            "there is no DESIGN.md",
            "it holds the reason for each dependency",
        )];
    };
    let mut reasoned: Vec<(&str, usize)> = Vec::new();
    let mut in_table = false;
    for (n, line) in design.text.lines().enumerate() {
        in_table = line.starts_with(HEAD) || (in_table && line.starts_with('|'));
        if in_table {
            let cell = line.split('|').nth(1).unwrap_or_default();
            reasoned.extend(cell.split('`').skip(1).step_by(2).map(|name| (name, n + 1)));
        }
    }
    let mut found = Vec::new();
    let mut used = BTreeSet::new();
    for (_, manifest) in repo.crates() {
        for dependency in dependencies(manifest).unwrap_or_default().into_iter().filter(|d| !is_ours(&d.name))
        {
            if !reasoned.iter().any(|(name, _)| *name == dependency.name) {
                let what = format!("`{}` has no reason in DESIGN.md", dependency.name);
                let next = format!("add its row to the table `{HEAD}`, or do without it");
                found.push(Finding::new(&manifest.path, dependency.line, what, next).about(&dependency.name));
            }
            used.insert(dependency.name);
        }
    }
    for (name, line) in &reasoned {
        if !used.contains(*name) {
            let what = format!("`{name}` has a reason and no crate uses it");
            found.push(Finding::new("DESIGN.md", *line, what, "take its row out"));
        }
    }
    if reasoned.is_empty() {
        found.push(Finding::new(
            "DESIGN.md",
            0,
            format!("no table starts with `{HEAD}`"),
            "list the dependencies there",
        ));
    }
    found
}

/// The dependencies of one manifest, those of every target included.
fn dependencies(manifest: &File) -> Result<Vec<Dependency>, Finding> {
    let table: Table = manifest.text.parse().map_err(|error: toml::de::Error| {
        Finding::new(
            &manifest.path,
            0,
            format!("the manifest does not parse: {}", error.message()),
            "mend it",
        )
    })?;
    let mut found = Vec::new();
    let targets = table.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    for part in targets.filter_map(Value::as_table).chain([&table]) {
        for (section, tests_only) in
            [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
        {
            let entries = part.get(section).and_then(Value::as_table).into_iter().flatten();
            found.extend(entries.map(|(key, value)| {
                let name = value.get("package").and_then(Value::as_str).unwrap_or(key).to_owned();
                Dependency { name, tests_only, line: line_of(&manifest.text, key) }
            }));
        }
    }
    Ok(found)
}

fn line_of(text: &str, key: &str) -> usize {
    let is_key = |line: &str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with([' ', '.', '=']));
    text.lines().position(is_key).map_or(0, |n| n + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository in which every crate of the table exists, with `lines` added to the manifest in `folder`.
    fn house(folder: &str, lines: &str) -> Repo {
        let files: Vec<(String, String)> = EDGES
            .iter()
            .map(|edges| {
                let extra = if edges.folder == folder { lines } else { "" };
                (format!("{}/Cargo.toml", edges.folder), format!("[lints]\nworkspace = true\n{extra}"))
            })
            .collect();
        Repo::sample(&files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect::<Vec<_>>())
    }

    #[track_caller]
    fn check_edge(folder: &str, lines: &str, want: &[&str]) {
        let got: Vec<String> = check(&house(folder, lines)).into_iter().map(|finding| finding.what).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn an_allowed_edge_passes() {
        check_edge("crates/task", "[dependencies]\nkarat-core.workspace = true\nserde = \"1\"", &[]);
    }

    #[test]
    fn a_forbidden_edge_is_found() {
        check_edge(
            "crates/stats",
            "[dependencies]\nkarat-core.workspace = true",
            &["`crates/stats` may not use `karat-core`"],
        );
    }

    #[test]
    fn a_renamed_or_target_only_edge_is_found() {
        check_edge(
            "crates/core",
            "[target.'cfg(unix)'.dependencies]\nmodels = { package = \"karat-llm\", path = \"../llm\" }",
            &["`crates/core` may not use `karat-llm`"],
        );
    }

    #[test]
    fn an_edge_of_tests_is_for_tests_only() {
        check_edge("crates/cli", "[dev-dependencies]\nkarat-bench.workspace = true", &[]);
        check_edge(
            "crates/cli",
            "[dependencies]\nkarat-bench.workspace = true",
            &["`crates/cli` may not use `karat-bench`"],
        );
    }

    #[test]
    fn a_crate_without_a_row_and_a_row_without_a_crate_are_found() {
        let repo = Repo::sample(&[("crates/new/Cargo.toml", "")]);
        assert_eq!(check(&repo).len(), 1 + EDGES.len());
    }

    #[test]
    fn a_manifest_that_does_not_parse_is_found() {
        let found = check(&house("crates/core", "[[["));
        assert_eq!(found.len(), 1);
        assert!(found[0].what.starts_with("the manifest does not parse"), "{}", found[0]);
    }

    const ROOT: &str = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\nmissing_docs = \"warn\"\nunreachable_pub = \"warn\"\n
        [workspace.lints.clippy]\nunwrap_used = \"warn\"\nexpect_used = \"warn\"\npanic = \"warn\"\ntodo = \"warn\"
        dbg_macro = \"warn\"\nprint_stdout = \"warn\"\nprint_stderr = \"warn\"\nallow_attributes = \"warn\"";

    #[track_caller]
    fn check_lint(root: &str, manifest: &str, n_findings: usize) {
        let repo = Repo::sample(&[("Cargo.toml", root), ("crates/core/Cargo.toml", manifest)]);
        let found = check_lints(&repo);
        assert_eq!(found.len(), n_findings, "{found:?}");
    }

    #[test]
    fn lints_are_set_once_and_inherited() {
        check_lint(ROOT, "[lints]\nworkspace = true", 0);
        check_lint(ROOT, "[lints.rust]\nmissing_docs = \"warn\"", 1);
        check_lint(
            &ROOT.replace("missing_docs = \"warn\"", "missing_docs = \"allow\""),
            "[lints]\nworkspace = true",
            1,
        );
        check_lint(&ROOT.replace("panic = \"warn\"", ""), "[lints]\nworkspace = true", 1);
    }

    #[track_caller]
    fn check_reason(design: &str, manifest: &str, n_findings: usize) {
        let found =
            check_reasons(&Repo::sample(&[("DESIGN.md", design), ("crates/core/Cargo.toml", manifest)]));
        assert_eq!(found.len(), n_findings, "{found:?}");
    }

    #[test]
    fn each_foreign_crate_has_its_reason() {
        let design = "| Crate | Why |\n|---|---|\n| `serde`, `toml` | files |\n\n| Other |\n| `clap` |\n";
        check_reason(design, "[dependencies]\nserde = \"1\"\ntoml = \"1\"\nkarat-llm.workspace = true", 0);
        check_reason(
            design,
            "[dependencies]\nserde = \"1\"\ntoml = \"1\"\n[dev-dependencies]\nclap = \"4\"",
            1,
        );
        check_reason(design, "[dependencies]\nserde = \"1\"", 1);
        check_reason("no table", "", 1);
    }
}
