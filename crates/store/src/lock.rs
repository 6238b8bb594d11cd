//! Who is at work: locks of the operating system in `.karat/locks`, which end with the process that holds them.
//!
//! In: an annotator or a run. Out: a lock held, or who holds it. A crash leaves a file and no lock, so nothing has to be
//! cleaned by hand.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use karat_core::{Error, ErrorKind, Hash, Result};

use crate::error::io;

/// The right to ask for the annotations of one annotator; given back when dropped, and when the process dies.
#[derive(Debug)]
pub struct Claim {
    _held: File,
}

/// Claims an annotator, or says which process has it.
pub(crate) fn claim(locks: &Path, annotator: Hash) -> Result<Claim> {
    let path = locks.join(format!("annotator-{annotator}"));
    match try_hold(&path) {
        Ok(held) => Ok(Claim { _held: held }),
        Err(TryLockError::WouldBlock) => Err(taken(&path)),
        Err(TryLockError::Error(error)) => Err(io("lock", &path, error)),
    }
}

fn taken(path: &Path) -> Error {
    let pid = read_pid(path).map_or_else(String::new, |pid| format!(" (pid {pid})"));
    let since = std::fs::metadata(path).and_then(|file| file.modified()).ok();
    let minutes = since.and_then(|at| at.elapsed().ok()).map(|for_| for_.as_secs() / 60);
    let since = minutes.map_or_else(String::new, |minutes| format!(" for {minutes} min"));
    Error::new(ErrorKind::Conflict, format!("another karat{pid} has been running this annotator{since}"))
        .hint("wait for it, or stop it and run the same command again: what it has paid for is kept")
}

fn read_pid(path: &Path) -> Option<u32> {
    let mut text = String::new();
    File::open(path).ok()?.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Locks the file, and writes the number of this process into it.
fn try_hold(path: &Path) -> Result<File, TryLockError> {
    let opened = OpenOptions::new().create(true).write(true).truncate(false).open(path);
    let mut file = opened.map_err(TryLockError::Error)?;
    file.try_lock()?;
    let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(TryLockError::Error)?;
    Ok(file)
}

/// The runs that this process is executing.
#[derive(Debug)]
pub(crate) struct RunLocks {
    locks: PathBuf,
    held: Mutex<HashMap<i64, File>>,
}

impl RunLocks {
    pub(crate) fn new(locks: PathBuf) -> Self {
        Self { locks, held: Mutex::default() }
    }

    /// Marks a run as alive. Called before the run is visible to others, so that none takes it for a crashed one.
    pub(crate) fn begin(&self, run: i64) -> Result<()> {
        let path = run_file(&self.locks, run);
        let file = try_hold(&path).map_err(|error| io("lock", &path, error.into()))?;
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(run, file);
        Ok(())
    }

    /// Ends what [`RunLocks::begin`] began.
    pub(crate) fn end(&self, run: i64) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
        if held.is_some() {
            // A file that stays does no harm: it is not locked.
            let _ = std::fs::remove_file(run_file(&self.locks, run));
        }
    }
}

fn run_file(locks: &Path, run: i64) -> PathBuf {
    locks.join(format!("run-{run}"))
}

/// The process that is executing a run; `None` where none is. The number is 0 where it cannot be read.
pub(crate) fn running(locks: &Path, run: i64) -> Option<u32> {
    let path = run_file(locks, run);
    let file = File::open(&path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Some(read_pid(&path).unwrap_or(0)),
        Ok(()) | Err(TryLockError::Error(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotator_is_claimed_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let annotator = Hash::of(b"model");
        let first = claim(folder.path(), annotator).unwrap();
        let error = claim(folder.path(), annotator).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Conflict);
        let expected =
            format!("another karat (pid {}) has been running this annotator for 0 min", std::process::id());
        assert_eq!(error.to_string(), expected);
        claim(folder.path(), Hash::of(b"another")).unwrap();
        drop(first);
        claim(folder.path(), annotator).unwrap();
    }

    #[test]
    fn a_run_is_alive_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let locks = RunLocks::new(folder.path().to_owned());
        assert_eq!(running(folder.path(), 7), None);
        locks.begin(7).unwrap();
        assert_eq!(running(folder.path(), 7), Some(std::process::id()));
        locks.end(7);
        assert_eq!(running(folder.path(), 7), None);
    }

    #[test]
    fn a_run_whose_process_died_is_not_alive() {
        let folder = tempfile::tempdir().unwrap();
        let locks = RunLocks::new(folder.path().to_owned());
        locks.begin(7).unwrap();
        drop(locks);
        assert!(run_file(folder.path(), 7).exists());
        assert_eq!(running(folder.path(), 7), None);
    }
}
