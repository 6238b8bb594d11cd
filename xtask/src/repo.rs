//! The repository as the checks see it: every file that git would commit, read once.
//!
//! In: the root folder. Out: paths relative to it with their texts, Rust files already split into tokens.
//! Files that git ignores are not read; files not yet added are, so that tidy speaks before the commit.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::rust::Source;

/// One file that git tracks or would track.
pub(crate) struct File {
    /// Relative to the root, with `/` between folders.
    pub(crate) path: String,
    /// Empty for a file that is not UTF-8.
    pub(crate) text: String,
    /// Present for `.rs` files.
    pub(crate) rust: Option<Source>,
}

impl File {
    fn new(path: &str, text: String) -> Self {
        let rust = path.ends_with(".rs").then(|| Source::read(path, &text));
        Self { path: path.to_owned(), text, rust }
    }

    /// The folder of the crate that the file belongs to: `crates/core`, `xtask`, `bench`.
    pub(crate) fn crate_folder(&self) -> Option<&str> {
        let n_parts = if self.path.starts_with("crates/") { 2 } else { 1 };
        let (end, _) = self.path.match_indices('/').nth(n_parts - 1)?;
        Some(&self.path[..end])
    }

    /// The path inside the crate's folder: `src/lib.rs`.
    pub(crate) fn in_crate(&self) -> &str {
        self.crate_folder().map_or(&self.path, |folder| &self.path[folder.len() + 1..])
    }

    /// Whether this is code that ships: Rust under the `src` of a crate of `crates/`.
    pub(crate) fn is_shipped_code(&self) -> bool {
        self.path.starts_with("crates/") && self.in_crate().starts_with("src/") && self.rust.is_some()
    }
}

/// All files.
pub(crate) struct Repo {
    pub(crate) root: PathBuf,
    pub(crate) files: Vec<File>,
}

impl Repo {
    /// Reads what git tracks or would track under `root`.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let listing = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .map_err(|error| format!("`git ls-files` did not start: {error}; install git"))?;
        if !listing.status.success() {
            return Err(format!(
                "`git ls-files` failed: {}",
                String::from_utf8_lossy(&listing.stderr).trim()
            ));
        }
        let names = String::from_utf8_lossy(&listing.stdout);
        let mut paths: Vec<&str> = names.split('\0').filter(|path| !path.is_empty()).collect();
        paths.sort_unstable();
        paths.dedup();
        // A file that was deleted but not yet staged is still listed; it is not there to be checked.
        let present = paths.into_iter().filter(|path| root.join(path).is_file());
        let files: Vec<File> = present.map(|path| read_file(root, path)).collect::<Result<_, _>>()?;
        if files.is_empty() {
            return Err(format!("`{}` holds no file to check", root.display()));
        }
        Ok(Self { root: root.to_owned(), files })
    }

    /// A made-up repository for tests.
    #[cfg(test)]
    pub(crate) fn sample(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| File::new(path, (*text).to_owned())).collect();
        Self { root: PathBuf::new(), files }
    }

    /// The file at `path`.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The Rust files with their tokens.
    pub(crate) fn rust(&self) -> impl Iterator<Item = (&File, &Source)> {
        self.files.iter().filter_map(|file| Some((file, file.rust.as_ref()?)))
    }

    /// The Rust files under the `src` folders of `crates/`.
    pub(crate) fn shipped(&self) -> impl Iterator<Item = (&File, &Source)> {
        self.rust().filter(|(file, _)| file.is_shipped_code())
    }

    /// The files whose path ends with `.md`.
    pub(crate) fn markdown(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".md"))
    }

    /// The folders of the workspace's members, from their manifests.
    pub(crate) fn crates(&self) -> impl Iterator<Item = (&str, &File)> {
        let manifests = self.files.iter().filter(|file| file.in_crate() == "Cargo.toml");
        manifests.filter_map(|file| Some((file.crate_folder()?, file)))
    }
}

fn read_file(root: &Path, path: &str) -> Result<File, String> {
    let bytes =
        std::fs::read(root.join(path)).map_err(|error| format!("`{path}` cannot be read: {error}"))?;
    Ok(File::new(path, String::from_utf8(bytes).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_knows_its_crate() {
        let repo =
            Repo::sample(&[("crates/core/src/a/b.rs", ""), ("xtask/src/main.rs", ""), ("README.md", "")]);
        let folders: Vec<_> = repo.files.iter().map(|file| (file.crate_folder(), file.in_crate())).collect();
        assert_eq!(
            folders,
            [(Some("crates/core"), "src/a/b.rs"), (Some("xtask"), "src/main.rs"), (None, "README.md")]
        );
        assert_eq!(repo.shipped().count(), 1);
    }

    #[test]
    fn git_tells_the_files_and_ignored_ones_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).unwrap();
        assert!(
            Command::new("git").args(["init", "-q"]).current_dir(folder.path()).status().unwrap().success()
        );
        write("kept.rs", "//! a");
        write("left.rs", "//! b");
        write(".gitignore", "left.rs");
        let repo = Repo::read(folder.path()).unwrap();
        let paths: Vec<&str> = repo.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, [".gitignore", "kept.rs"]);
    }
}
