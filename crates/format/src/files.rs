//! Which files are meant: names and globs, relative to a folder.

use std::path::{Path, PathBuf};

use karat_core::{Error, Result};

use crate::{ReadSpec, RowReader, Source, detect};

/// One file to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputFile {
    /// What messages call it: as the user wrote it, or relative to the folder; `-` is standard input.
    pub(crate) name: String,
    path: PathBuf,
}

impl InputFile {
    /// Opens its bytes.
    pub(crate) fn source(&self) -> Result<Source> {
        if self.name == "-" { Source::stdin() } else { Source::open(&self.path, &self.name) }
    }

    /// Opens its rows as `spec` says.
    pub(crate) fn open(&self, spec: &ReadSpec) -> Result<Box<dyn RowReader>> {
        let source = self.source()?;
        let format = detect::format_of(&source, spec.format.as_deref())?;
        format.read(source, &spec.options())
    }
}

/// The files that `patterns` mean, each once: in the order of the patterns, those of one glob sorted by path.
pub(crate) fn expand(patterns: &[String], base: &Path) -> Result<Vec<InputFile>> {
    let mut files: Vec<InputFile> = Vec::new();
    for pattern in patterns {
        for file in expand_one(pattern, base)? {
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    if files.is_empty() {
        return Err(
            Error::invalid("no file to read is named").hint("name at least one, or `-` for standard input")
        );
    }
    Ok(files)
}

fn expand_one(pattern: &str, base: &Path) -> Result<Vec<InputFile>> {
    let path = base.join(pattern);
    // A file may have a `[` or `*` in its name: what is there is meant.
    if pattern == "-" || !pattern.contains(['*', '?', '[']) || path.exists() {
        return Ok(vec![InputFile { name: pattern.to_owned(), path }]);
    }
    let folder = base.to_str().map(glob::Pattern::escape).ok_or_else(|| {
        Error::invalid(format!("the folder `{}` has a name that is not UTF-8", base.display()))
            .hint("name the files one by one")
    })?;
    let full = Path::new(&folder).join(pattern);
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let found = glob::glob_with(&full.to_string_lossy(), options)
        .map_err(|error| Error::invalid(format!("`{pattern}` is not a valid glob")).because(error.msg))?;
    let mut paths = Vec::new();
    for path in found {
        let path =
            path.map_err(|error| Error::external(format!("cannot look for `{pattern}`")).because(error))?;
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(Error::not_found(format!("no file matches `{pattern}`"))
            .hint(format!("it was looked for from `{}`", shown(base))));
    }
    let named = paths.into_iter().map(|path| {
        let name = path.strip_prefix(base).unwrap_or(&path).display().to_string();
        InputFile { name, path }
    });
    Ok(named.collect())
}

fn shown(base: &Path) -> String {
    let base = base.display().to_string();
    if base.is_empty() { ".".to_owned() } else { base }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::Builder::new().prefix("a[1]").tempdir().unwrap();
        for name in ["b.csv", "a.csv", ".hidden.csv", "c[1].csv", "d.txt"] {
            std::fs::write(folder.path().join(name), "text\nx\n").unwrap();
        }
        std::fs::create_dir(folder.path().join("e.csv")).unwrap();
        folder
    }

    #[track_caller]
    fn check(patterns: &[&str], want: &[&str]) {
        let folder = folder();
        let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let got: Vec<String> = match expand(&patterns, folder.path()) {
            Ok(files) => files.into_iter().map(|file| file.name).collect(),
            Err(error) => vec![error.to_string()],
        };
        assert_eq!(got, want);
    }

    #[test]
    fn a_glob_gives_its_files_sorted_without_folders_and_hidden_files() {
        check(&["*.csv"], &["a.csv", "b.csv", "c[1].csv"]);
    }

    #[test]
    fn files_keep_the_order_in_which_they_are_named_and_come_once() {
        check(&["b.csv", "*.csv"], &["b.csv", "a.csv", "c[1].csv"]);
    }

    #[test]
    fn a_name_that_is_there_is_no_glob() {
        check(&["c[1].csv"], &["c[1].csv"]);
    }

    #[test]
    fn a_glob_without_files_is_an_error_with_the_glob() {
        check(&["*.parquet"], &["no file matches `*.parquet`"]);
        check(&[], &["no file to read is named"]);
        check(&["a***"], &["`a***` is not a valid glob: wildcards are either regular `*` or recursive `**`"]);
    }
}
