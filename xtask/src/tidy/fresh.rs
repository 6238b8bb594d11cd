//! The generated references say what the binary says: the pages on disk are compared with new ones.

use super::Finding;
use crate::chores::codegen;
use crate::repo::Repo;

/// Finds generated files that are missing or no longer true.
pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    match codegen::generate(&repo.root) {
        Ok(pages) => pages.iter().filter_map(|page| compare(repo, page.path, &page.text)).collect(),
        Err(said) => vec![Finding::new("crates/cli", 0, "the references cannot be generated", said)],
    }
}

fn compare(repo: &Repo, path: &str, want: &str) -> Option<Finding> {
    let next = "run `cargo xtask codegen` and commit what it writes";
    let Some(file) = repo.file(path) else {
        return Some(Finding::new(path, 0, "the generated page is missing", next));
    };
    let mut pairs = file.text.lines().zip(want.lines()).enumerate();
    let differs = pairs.find(|(_, (got, want))| got != want).map(|(n, _)| n + 1);
    let line = differs.or((file.text.lines().count() != want.lines().count()).then_some(0))?;
    Some(Finding::new(path, line, "the generated page is no longer true", next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_page(on_disk: &[(&str, &str)], want: Option<usize>) {
        let got = compare(&Repo::sample(on_disk), "docs/cli.md", "a\nb\n");
        assert_eq!(got.map(|finding| finding.line), want);
    }

    #[test]
    fn a_page_is_fresh_when_it_is_the_same() {
        check_page(&[("docs/cli.md", "a\nb\n")], None);
    }

    #[test]
    fn an_old_a_shorter_and_a_missing_page_are_found() {
        check_page(&[("docs/cli.md", "a\nc\n")], Some(2));
        check_page(&[("docs/cli.md", "a\n")], Some(0));
        check_page(&[], Some(0));
    }
}
