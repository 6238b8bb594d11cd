//! `cargo xtask demo`: the main job on real data, offline.
//!
//! In: the projects in `examples/`, each a folder with a `karat.toml` whose annotators replay recorded answers. Each is
//! copied to `target/demo/` first, so that every demo starts from nothing and the repository stays clean. Out: what
//! `karat label` and `karat evaluate` print, and a report in HTML for each project.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::{Stop, cargo, root, run_shown, said, target_folder};

/// Builds `karat` and runs the projects named in `args`, or all of them.
pub(crate) fn run(args: &[String]) -> Result<(), Stop> {
    let examples = examples(&root().join("examples"), args)?;
    run_shown(&mut cargo(&["build", "--release", "--package", "karat"]))?;
    let target = target_folder()?;
    let karat = target.join("release/karat");
    let start = Instant::now();
    // Backwards, so that the one to read, the first by its name, stands at the end.
    for example in examples.iter().rev() {
        let name = example.file_name().unwrap_or_default();
        let copy = target.join("demo").join(name);
        copy_afresh(example, &copy)
            .map_err(|error| Stop::CannotRun(format!("`{}`: {error}", copy.display())))?;
        println!("\n== {}", name.to_string_lossy());
        karat_in(&karat, &["label"], &copy)?;
        karat_in(&karat, &["evaluate", "--html", "report.html"], &copy)?;
    }
    println!(
        "\n{} projects in {:.1} s after the build; their pages:",
        examples.len(),
        start.elapsed().as_secs_f64()
    );
    for example in &examples {
        let page = target.join("demo").join(example.file_name().unwrap_or_default()).join("report.html");
        println!("  {}", page.display());
    }
    Ok(())
}

/// Runs `karat` in a folder. Exit code 1 is no failure here: some recorded answers hold no label.
fn karat_in(karat: &Path, args: &[&str], folder: &Path) -> Result<(), Stop> {
    let mut command = Command::new(karat);
    command.args(args).current_dir(folder);
    let status = command
        .status()
        .map_err(|error| Stop::CannotRun(format!("{} did not start: {error}", said(&command))))?;
    match status.code() {
        Some(0 | 1) => Ok(()),
        _ => Err(Stop::Problems(format!("{} ended with {status}", said(&command)))),
    }
}

/// The folders with a `karat.toml`, in order of their names.
fn examples(folder: &Path, wanted: &[String]) -> Result<Vec<PathBuf>, Stop> {
    let entries =
        fs::read_dir(folder).map_err(|error| Stop::CannotRun(format!("`{}`: {error}", folder.display())))?;
    let is_wanted = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.join("karat.toml").is_file()
            && (wanted.is_empty() || wanted.iter().any(|wanted| *wanted == name))
    };
    let mut found: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| is_wanted(path)).collect();
    found.sort();
    if found.is_empty() {
        return Err(Stop::CannotRun(format!("no project with a `karat.toml` in `{}`", folder.display())));
    }
    Ok(found)
}

/// Copies the folder `from` to `to`, in place of what was there; a store left in `from` is not taken along.
fn copy_afresh(from: &Path, to: &Path) -> std::io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    copy(from, to)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_name() == ".karat" {
            continue;
        }
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { copy(&path, &target)? } else { fs::copy(&path, &target).map(drop)? }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_with_a_project_are_examples() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a", "none"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in ["b", "a"] {
            fs::write(folder.path().join(name).join("karat.toml"), "").unwrap();
        }
        let names = |wanted: &[String]| -> Vec<String> {
            let found = examples(folder.path(), wanted).unwrap();
            found.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
        };
        assert_eq!(names(&[]), ["a", "b"]);
        assert_eq!(names(&["b".to_owned()]), ["b"]);
        assert!(examples(folder.path(), &["none".to_owned()]).is_err());
    }

    #[test]
    fn exit_code_1_is_no_failure_and_2_is() {
        let sh = |script: &str| karat_in(Path::new("sh"), &["-c", script], Path::new("."));
        assert!(sh("exit 1").is_ok());
        assert!(sh("exit 2").is_err());
    }

    #[test]
    fn a_copy_starts_from_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join(".karat")).unwrap();
        fs::create_dir_all(from.join("data")).unwrap();
        fs::write(from.join("data/a.csv"), "a").unwrap();
        fs::create_dir_all(&to).unwrap();
        fs::write(to.join("old.csv"), "a").unwrap();
        copy_afresh(&from, &to).unwrap();
        assert!(
            to.join("data/a.csv").is_file() && !to.join(".karat").exists() && !to.join("old.csv").exists()
        );
    }
}
