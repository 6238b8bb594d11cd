//! Standard input that can be read more than once: a plan, a run and an export each read the data from the beginning.
//!
//! In: whatever comes, until its end. Out: readers that each begin at the first byte. The copy is in a file without a name,
//! and goes with the process.

use std::fs::File;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use karat_core::Result;

static COPY: Mutex<Option<Arc<File>>> = Mutex::new(None);

/// A reader of all of standard input.
pub(super) fn copy() -> Result<CopyReader> {
    let mut copy = COPY.lock().unwrap_or_else(PoisonError::into_inner);
    let file = match copy.as_ref() {
        Some(file) => Arc::clone(file),
        None => {
            let file = Arc::new(copied(&mut std::io::stdin())?);
            *copy = Some(Arc::clone(&file));
            file
        }
    };
    Ok(CopyReader { file, at: 0 })
}

fn copied(input: &mut dyn Read) -> Result<File> {
    let mut file = super::temporary()?;
    std::io::copy(input, &mut file).map_err(|error| super::cannot_read("-", error))?;
    Ok(file)
}

/// Reads a shared file from its own place.
pub(super) struct CopyReader {
    file: Arc<File>,
    at: u64,
}

impl Read for CopyReader {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let n = read_at(&self.file, bytes, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> std::io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> std::io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, bytes, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reader_begins_at_the_first_byte() {
        let file = Arc::new(copied(&mut b"text\nx\n".as_slice()).unwrap());
        let reader = || CopyReader { file: Arc::clone(&file), at: 0 };
        let (mut one, mut two) = (reader(), reader());
        let mut first = [0; 2];
        one.read_exact(&mut first).unwrap();
        let (mut rest, mut all) = (String::new(), String::new());
        two.read_to_string(&mut all).unwrap();
        one.read_to_string(&mut rest).unwrap();
        assert_eq!((all.as_str(), rest.as_str()), ("text\nx\n", "xt\nx\n"));
    }
}
