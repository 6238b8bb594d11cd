//! Files that are there whole or not at all.

use super::*;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_unfinished_file_leaves_what_was_there_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "old").unwrap();
    let mut target = Target::create(path.to_str().unwrap()).unwrap();
    target.write_all(&[b'x'; 200_000]).unwrap();
    assert_eq!(names(folder.path()).len(), 2);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    drop(target);
    assert_eq!(names(folder.path()), ["a.csv"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
}

#[test]
fn a_finished_file_takes_the_place_of_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "old").unwrap();
    let mut target = Target::create(path.to_str().unwrap()).unwrap();
    target.write_all(b"new").unwrap();
    target.commit().unwrap();
    assert_eq!(names(folder.path()), ["a.csv"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
}

#[test]
fn a_missing_folder_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b/a.csv");
    let error = Target::create(path.to_str().unwrap()).err().unwrap();
    assert!(error.to_string().starts_with("cannot create `"), "{error}");
    assert_eq!(error.next_step(), Some("is its folder there?"));
    let error = Target::create(folder.path().to_str().unwrap()).err().unwrap();
    assert!(error.to_string().ends_with("is a folder"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_modes_stay_as_they_were() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (path, link) = (folder.path().join("a.csv"), folder.path().join("link.csv"));
    std::fs::write(&path, "old").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let mut target = Target::create(link.to_str().unwrap()).unwrap();
    target.write_all(b"new").unwrap();
    target.commit().unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}

#[cfg(unix)]
#[test]
fn a_full_device_is_an_error() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let mut target = Target::create("/dev/full").unwrap();
    target.write_all(b"x").unwrap();
    let error = target.commit().err().unwrap();
    assert!(error.to_string().starts_with("cannot write `/dev/full`: "), "{error}");
    assert_eq!(error.next_step(), Some("is the disk full?"));
}
