//! `cargo xtask codegen`: writes the pages that the binary itself can tell.

use std::path::Path;
use std::process::Command;

use super::{Stop, cargo, root, run_quiet};

/// A generated page: where it lies, and what it should say.
pub(crate) struct Page {
    pub(crate) path: &'static str,
    pub(crate) text: String,
}

/// Each page, and the arguments of `karat` that print it.
const PAGES: &[(&str, &[&str])] =
    &[("docs/reference/cli.md", &["help-markdown"]), ("docs/reference/karat.schema.json", &["schema"])];

/// Writes every page.
pub(crate) fn run(_: &[String]) -> Result<(), Stop> {
    let pages = generate(&root()).map_err(Stop::Problems)?;
    for page in pages {
        let path = root().join(page.path);
        std::fs::write(&path, page.text)
            .map_err(|error| Stop::CannotRun(format!("`{}`: {error}", page.path)))?;
        println!("wrote {}", page.path);
    }
    Ok(())
}

/// Names a `karat` that is already built, so that it need not be built with other features once more.
pub(crate) const BUILT: &str = "KARAT_BIN";

/// What the pages should say now, by asking the binary.
pub(crate) fn generate(root: &Path) -> Result<Vec<Page>, String> {
    let ask = |args: &[&str]| {
        let mut command = match std::env::var_os(BUILT) {
            Some(built) => Command::new(built),
            None => cargo(&["run", "--quiet", "--package", "karat", "--"]),
        };
        match run_quiet(command.args(args).current_dir(root)) {
            Ok(text) if text.trim().is_empty() => {
                Err(format!("let `karat {}` print something", args.join(" ")))
            }
            Ok(text) => Ok(format!("{}\n", text.trim_end())),
            Err(Stop::Problems(said) | Stop::CannotRun(said)) => Err(said),
        }
    };
    PAGES.iter().map(|(path, args)| Ok(Page { path, text: ask(args)? })).collect()
}
