//! Names: of files, of public items, and the marks of unfinished work.
//!
//! The words that no public name may use are a column of GLOSSARY.md, so that the rule and its reason stand in one place.

use super::Finding;
use crate::repo::Repo;

/// The head of the glossary's column that holds the forbidden words.
const COLUMN: &str = "Not in a name";

/// Words that say nothing of what is in a file, or that it is one of two.
const FILE_WORDS: [&str; 9] = ["old", "v2", "new2", "utils", "util", "helpers", "helper", "misc", "common"];

/// Finds files whose name tells nothing.
pub(crate) fn check_files(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &repo.files {
        let is_code = [".rs", ".ts", ".svelte", ".py", ".sh", ".md", ".toml"]
            .iter()
            .any(|end| file.path.ends_with(end));
        for part in file.path.split('/').filter(|_| is_code) {
            let stem = part.split('.').next().unwrap_or(part);
            if let Some(word) =
                stem.split(['_', '-']).find(|word| FILE_WORDS.contains(&word.to_lowercase().as_str()))
            {
                let what = format!("`{word}` in a file name says nothing");
                found.push(Finding::new(&file.path, 0, what, "name it after what it holds").about(word));
            }
        }
    }
    found
}

/// Finds marks of unfinished work in code, scripts and documents.
pub(crate) fn check_unfinished(repo: &Repo) -> Vec<Finding> {
    // Written in halves: this file is checked as well.
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
    let mut found = Vec::new();
    for file in repo.files.iter().filter(|file| !is_data(&file.path)) {
        for (n, line) in file.text.lines().enumerate() {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            if let Some(mark) = words.find(|word| marks.contains(word)) {
                let what = format!("`{mark}` is left in the text");
                found.push(Finding::new(
                    &file.path,
                    n + 1,
                    what,
                    "finish it, or write it down where work is planned",
                ));
            }
        }
    }
    found
}

/// Data that people other than us wrote: it may hold any word.
fn is_data(path: &str) -> bool {
    let ends = [".csv", ".tsv", ".json", ".jsonl", ".txt", ".svg", ".lock", ".html"];
    ends.iter().any(|end| path.ends_with(end))
}

/// Finds public names that use a word the glossary forbids.
pub(crate) fn check_glossary(repo: &Repo) -> Vec<Finding> {
    let banned = match banned_words(repo) {
        Ok(banned) => banned,
        Err(finding) => return vec![finding],
    };
    let mut found = Vec::new();
    for (file, source) in repo.shipped() {
        for name in source.pub_names() {
            let words = words_of(&name.name);
            for (word, instead) in banned.iter().filter(|(word, _)| words.contains(word)) {
                let what = format!("public name `{}` uses `{word}`", name.name);
                let next = format!("GLOSSARY.md says {instead}");
                found.push(
                    Finding::new(&file.path, name.line, what, next).about(format!("name `{}`", name.name)),
                );
            }
        }
    }
    found
}

/// The forbidden words of GLOSSARY.md, each with the word of ours that its row is about.
fn banned_words(repo: &Repo) -> Result<Vec<(String, String)>, Finding> {
    let missing =
        |what: &str| Finding::new("GLOSSARY.md", 0, what, "the words it forbids are checked in public names");
    let glossary = repo.file("GLOSSARY.md").ok_or_else(|| missing("there is no glossary"))?;
    let mut column = None;
    let mut banned = Vec::new();
    for line in glossary.text.lines() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        if let Some(at) = cells.iter().position(|cell| *cell == COLUMN) {
            column = Some(at);
        } else if !line.trim_start().starts_with('|') {
            column = None;
        } else if let Some(cell) = column.and_then(|at| cells.get(at)) {
            banned.extend(
                cell.split('`').skip(1).step_by(2).map(|word| (word.to_owned(), cells[0].to_owned())),
            );
        }
    }
    if banned.is_empty() {
        return Err(missing(&format!("no table has a column `{COLUMN}` with words in backticks")));
    }
    Ok(banned)
}

/// The words of `CamelCase` and `snake_case`, in lower case.
fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut after_lower = false;
    for c in name.chars() {
        let starts = c.is_uppercase() && after_lower;
        if c == '_' || starts || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c != '_') {
            word.extend(c.to_lowercase());
        }
        after_lower = c.is_lowercase() || c.is_numeric();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLOSSARY: &str = "# Words\n| We say | means | Not in a name |\n|---|---|---|\n| **item** | a thing | `record`, `datapoint` |\n";

    #[track_caller]
    fn check_name(code: &str, n_findings: usize) {
        let repo = Repo::sample(&[("GLOSSARY.md", GLOSSARY), ("crates/core/src/a.rs", code)]);
        let found = check_glossary(&repo);
        assert_eq!(found.len(), n_findings, "{found:?}");
    }

    #[test]
    fn a_public_name_with_a_forbidden_word_is_found() {
        check_name("pub struct CsvRecord;", 1);
        check_name("pub fn next_record() {}", 1);
        check_name("pub enum A { Record(u8) }", 1);
    }

    #[test]
    fn private_names_and_longer_words_pass() {
        check_name("fn next_record() {} pub(crate) struct Record;", 0);
        check_name("pub struct RecordedAnswers; pub struct Item;", 0);
    }

    #[test]
    fn the_finding_names_our_word() {
        let repo = Repo::sample(&[("GLOSSARY.md", GLOSSARY), ("crates/core/src/a.rs", "pub struct Record;")]);
        assert_eq!(check_glossary(&repo)[0].next, "GLOSSARY.md says **item**");
    }

    #[test]
    fn a_glossary_without_the_column_is_found() {
        let repo = Repo::sample(&[("GLOSSARY.md", "| We say |\n|---|\n| item |\n")]);
        assert_eq!(check_glossary(&repo).len(), 1);
    }

    #[test]
    fn words_are_split_at_case_and_underscore() {
        assert_eq!(words_of("OpenAiChat"), ["open", "ai", "chat"]);
        assert_eq!(words_of("MAX_JOB_N"), ["max", "job", "n"]);
        assert_eq!(words_of("job_id2"), ["job", "id2"]);
    }

    #[track_caller]
    fn check_file_name(path: &str, n_findings: usize) {
        assert_eq!(check_files(&Repo::sample(&[(path, "")])).len(), n_findings, "{path}");
    }

    #[test]
    fn file_names_that_say_nothing_are_found() {
        check_file_name("crates/core/src/utils.rs", 1);
        check_file_name("crates/core/src/span_helpers.rs", 1);
        check_file_name("crates/core/src/common/span.rs", 1);
        check_file_name("docs/plan_old.md", 1);
    }

    #[test]
    fn file_names_that_say_something_pass() {
        check_file_name("crates/core/src/fold.rs", 0);
        check_file_name("crates/core/src/uncommon.rs", 0);
        check_file_name("examples/a/old.jsonl", 0);
    }

    #[test]
    fn marks_of_unfinished_work_are_found_in_code_and_not_in_data() {
        let mark = concat!("TO", "DO");
        let line = format!("let a = 1; // {mark}: b");
        let repo = Repo::sample(&[
            ("a.rs", &line),
            ("b.md", "to do"),
            ("c.csv", mark),
            ("d.rs", "struct TodoList;"),
        ]);
        let got: Vec<String> = check_unfinished(&repo).into_iter().map(|finding| finding.file).collect();
        assert_eq!(got, ["a.rs"]);
    }
}
