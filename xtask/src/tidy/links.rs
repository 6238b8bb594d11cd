//! Links between the project's Markdown pages lead somewhere: the file is there, and so is the heading.
//!
//! Not here: links to other sites, which would need a network.

use super::Finding;
use crate::repo::{File, Repo};

/// One link, as written.
struct Link<'a> {
    target: &'a str,
    line: usize,
}

/// Finds relative links that lead nowhere.
pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for page in repo.markdown() {
        for link in links(&page.text) {
            if let Some(what) = problem(repo, page, link.target) {
                found.push(Finding::new(&page.path, link.line, what, "correct the link").about(link.target));
            }
        }
    }
    found
}

/// What is wrong with a link from `page`, if anything is.
fn problem(repo: &Repo, page: &File, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") || target.is_empty() {
        return None;
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let full = if path.is_empty() { Some(page.path.clone()) } else { resolve(&page.path, path) };
    let Some(full) = full else {
        return Some(format!("`{target}` leads out of the project"));
    };
    let folder = format!("{}/", full.trim_end_matches('/'));
    if full.is_empty() || repo.files.iter().any(|file| file.path.starts_with(&folder)) {
        return None;
    }
    let Some(file) = repo.file(&full) else {
        return Some(format!("`{target}` leads to no file"));
    };
    let anchor = anchor.filter(|_| file.path.ends_with(".md"))?;
    (!headings(&file.text).iter().any(|heading| heading == anchor))
        .then(|| format!("`{target}` names no heading of `{full}`"))
}

/// `path` as seen from the file `from`, relative to the root; nothing where it leaves the project.
fn resolve(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The lines of a page outside code blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fence: Option<&str> = None;
    text.lines().enumerate().filter_map(move |(n, line)| {
        let trimmed = line.trim_start();
        let mark = ["````", "```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => return Some((n + 1, line)),
            _ => {}
        }
        None
    })
}

/// The targets of `[text](target)` and `![text](target)`, code left out.
fn links(text: &str) -> Vec<Link<'_>> {
    let mut found = Vec::new();
    for (line, prose) in prose(text) {
        let outside_code = prose.split('`').step_by(2);
        // A link's text may itself hold code, which cuts the bracket off: `](` is enough to know a link by.
        for part in outside_code {
            for (at, _) in part.match_indices("](") {
                let rest = &part[at + 2..];
                let target =
                    rest.split(')').next().unwrap_or(rest).split_whitespace().next().unwrap_or_default();
                found.push(Link { target, line });
            }
        }
    }
    found
}

/// The anchors of a page's headings, as GitHub makes them.
fn headings(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for (_, line) in prose(text).filter(|(_, line)| line.starts_with('#')) {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let n_same = anchors.iter().filter(|other| **other == anchor).count();
        anchors.push(if n_same == 0 { anchor } else { format!("{anchor}-{n_same}") });
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_page(text: &str, want: &[&str]) {
        let repo = Repo::sample(&[
            ("docs/a/page.md", text),
            ("docs/b.md", "# One word\n## `code` & more\n## One word\n"),
            ("README.md", ""),
            ("img/x.svg", ""),
        ]);
        let got: Vec<String> = check(&repo).into_iter().map(|finding| finding.subject).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        check_page(
            "[b](../b.md) [r](../../README.md) ![x](../../img/x.svg) [d](../) [o](https://a.org)",
            &[],
        );
        check_page(
            "[b](../b.md#one-word) [c](../b.md#code--more) [d](../b.md#one-word-1) [`x`](../b.md \"title\")",
            &[],
        );
        check_page("# Here\n[h](#here)", &[]);
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        check_page("[b](b.md)", &["b.md"]);
        check_page("[b](../b.md#two)", &["../b.md#two"]);
        check_page("[h](#there)", &["#there"]);
        check_page("[out](../../../x.md)", &["../../../x.md"]);
    }

    #[test]
    fn links_in_code_are_not_links() {
        check_page("```\n[b](nowhere.md)\n```\n`[b](nowhere.md)`\n", &[]);
    }
}
