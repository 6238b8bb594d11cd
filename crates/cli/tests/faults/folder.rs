//! Folders that cannot be worked in: a clear word, and nothing lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::place::{Place, finish};
use crate::server::Reply;

fn place() -> Place {
    Place::new(&["a", "b"], |_| Reply::Label("positive"))
}

#[track_caller]
fn check_refused(place: &Place, words: &str) {
    for line in ["label", "retry", "export -o -", "plan"] {
        let told = place.check(line, 2);
        assert!(told.err.starts_with("error: ") && told.err.contains(words), "{line}: {}", told.err);
    }
    assert_eq!(place.server.n(), 0);
}

#[test]
fn a_project_folder_that_is_a_file_is_refused() {
    let place = place();
    fs::write(place.path().join("file"), "x").unwrap();
    check_refused(&place.with("--project file"), "file");
}

#[test]
fn a_journals_folder_that_is_a_file_is_refused_and_kept() {
    let place = place();
    fs::write(place.path().join(".karat"), "mine").unwrap();
    check_refused(&place, ".karat");
    assert_eq!(fs::read_to_string(place.path().join(".karat")).unwrap(), "mine");
}

#[test]
fn a_file_that_is_no_journal_is_refused_and_kept() {
    let text = "not a database, and longer than the header of one: ".repeat(40);
    let place = place();
    fs::create_dir(place.path().join(".karat")).unwrap();
    fs::write(place.path().join(".karat/karat.db"), &text).unwrap();
    check_refused(&place, "karat.db");
    assert_eq!(fs::read_to_string(place.path().join(".karat/karat.db")).unwrap(), text);
}

#[test]
fn a_folder_that_may_not_be_written_is_refused() {
    let place = place();
    let sealed = place.path().join("sealed");
    fs::create_dir(&sealed).unwrap();
    fs::set_permissions(&sealed, fs::Permissions::from_mode(0o555)).unwrap();
    // The superuser may write everywhere, but not here.
    let project = if fs::write(sealed.join("probe"), "").is_ok() { "/proc/self" } else { "sealed" };
    check_refused(&place.with(&format!("--project {project}")), project);
}

#[test]
fn a_disk_that_fills_up_ends_the_run_and_loses_nothing() {
    let texts: Vec<String> =
        (0..2000).map(|n| format!("a text that takes some place and has the number {n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let place = Place::new(&texts, |_| Reply::Label("positive")).with("--concurrency 8");
    // No file may grow beyond 512 blocks of 512 bytes; the signal that would end the process is not heard.
    let plain = place.command("label");
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 512; exec \"$@\"", "sh"]).arg(plain.get_program());
    limited.args(plain.get_args()).current_dir(place.path());
    limited.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let told = finish(limited.spawn().unwrap());
    assert_eq!(told.code, 2, "{}", told.err);
    assert!(
        told.err.contains("error: the disk ") && told.err.contains("the same command again"),
        "{}",
        told.err
    );
    let sold = place.server.n();
    assert!(sold < 2000, "the run ended early");
    let kept = place.cells("outcome").iter().filter(|it| *it == "labeled").count();
    place.check("label", 0);
    assert_eq!(place.cells("outcome"), vec!["labeled"; 2000]);
    let again = place.server.n() - 2000;
    println!("{sold} sold before the disk was full, {kept} kept, {again} sold twice");
    assert!(again <= sold - kept && again <= 1500, "{again} sold twice");
}
