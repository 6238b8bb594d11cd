//! Where bytes come from: a file, standard input or memory, decompressed.
//!
//! In: a path. Out: a [`Source`] whose first bytes can be looked at before anything is consumed. Compression is told by the
//! first bytes, not by the name. Formats that need to jump about get a real file, copied to a temporary one where the
//! source cannot jump.

mod stdin;

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use karat_core::{Error, ErrorKind, Result};

/// How many bytes are looked at before a format is chosen.
const HEAD_BYTES: usize = 64 * 1024;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// An open input, decompressed, nothing of it consumed yet.
pub struct Source {
    name: String,
    head: Vec<u8>,
    rest: Box<dyn Read + Send>,
    /// The same bytes as a file that can jump, where there is one.
    file: Option<File>,
}

impl Source {
    /// Opens a file; `name` is what messages call it.
    ///
    /// # Errors
    /// Where it is missing, a folder or not readable, or its compression is broken.
    pub fn open(path: &Path, name: &str) -> Result<Self> {
        let metadata = std::fs::metadata(path).map_err(|error| cannot_open(name, error))?;
        if metadata.is_dir() {
            return Err(Error::invalid(format!("`{name}` is a folder"))
                .hint(format!("name its files, for example `{name}/*.csv`")));
        }
        let file = File::open(path).map_err(|error| cannot_open(name, error))?;
        // A pipe given by its path is a file that cannot jump.
        let jumps = if metadata.is_file() {
            Some(file.try_clone().map_err(|error| cannot_open(name, error))?)
        } else {
            None
        };
        Self::begin(name, Box::new(file), jumps)
    }

    /// Standard input, called `-`. It is copied to a temporary file when it is opened first, so that it can be opened as
    /// often as a file can.
    ///
    /// # Errors
    /// Where it cannot be read or copied, or its compression is broken.
    pub fn stdin() -> Result<Self> {
        Self::begin("-", Box::new(stdin::copy()?), None)
    }

    /// Bytes in memory.
    ///
    /// # Errors
    /// Where their compression is broken.
    pub fn bytes(name: &str, bytes: impl Into<Vec<u8>>) -> Result<Self> {
        Self::begin(name, Box::new(Cursor::new(bytes.into())), None)
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first bytes, at most 64 KiB.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// All bytes from the first on, as a stream.
    pub fn into_reader(self) -> Box<dyn BufRead + Send> {
        let all = Cursor::new(self.head).chain(self.rest);
        Box::new(BufReader::with_capacity(HEAD_BYTES, all))
    }

    /// All bytes as a file that can jump, standing at its beginning.
    ///
    /// # Errors
    /// Where the source had to be copied and could not be.
    pub fn into_file(mut self) -> Result<File> {
        let failed = |error: std::io::Error| cannot_read(&self.name, error);
        if let Some(mut file) = self.file {
            file.seek(SeekFrom::Start(0)).map_err(failed)?;
            return Ok(file);
        }
        let mut copy = temporary()?;
        std::io::copy(&mut self.head.as_slice().chain(&mut self.rest), &mut copy).map_err(failed)?;
        copy.seek(SeekFrom::Start(0)).map_err(failed)?;
        Ok(copy)
    }

    fn begin(name: &str, mut raw: Box<dyn Read + Send>, file: Option<File>) -> Result<Self> {
        let head = read_head(name, &mut raw)?;
        let name = name.to_owned();
        let rest: Box<dyn Read + Send> = if head.starts_with(GZIP) {
            Box::new(flate2::read::MultiGzDecoder::new(Cursor::new(head).chain(raw)))
        } else if head.starts_with(ZSTD) {
            let decoder = zstd::stream::read::Decoder::new(Cursor::new(head).chain(raw));
            Box::new(decoder.map_err(|error| cannot_read(&name, error))?)
        } else {
            refuse_false_ending(&name, &head)?;
            return Ok(Self { name, head, rest: raw, file });
        };
        let mut rest = rest;
        let head = read_head(&name, &mut rest)?;
        Ok(Self { name, head, rest, file: None })
    }
}

/// A file that is gone with its last handle.
fn temporary() -> Result<File> {
    tempfile::tempfile().map_err(|error| {
        Error::external("cannot make a temporary file").because(error).hint("is `TMPDIR` full or read-only?")
    })
}

/// The path without the ending of its compression.
pub(crate) fn without_compression(path: &str) -> &str {
    [".gz", ".zst"].iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(path)
}

/// An input failed while it was read.
pub(crate) fn cannot_read(name: &str, error: std::io::Error) -> Error {
    Error::external(format!("cannot read `{name}`")).because(error)
}

fn cannot_open(name: &str, error: std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Error::new(ErrorKind::NotFound, format!("there is no file `{name}`")).hint("check the path");
    }
    Error::external(format!("cannot open `{name}`")).because(error)
}

fn read_head(name: &str, input: &mut dyn Read) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut input = input.take(HEAD_BYTES as u64);
    input.read_to_end(&mut head).map_err(|error| cannot_read(name, error))?;
    Ok(head)
}

fn refuse_false_ending(name: &str, head: &[u8]) -> Result<()> {
    let lower = name.to_ascii_lowercase();
    if head.is_empty() || without_compression(&lower).len() == lower.len() {
        return Ok(());
    }
    Err(Error::invalid(format!("`{name}` is not compressed, though its name says so"))
        .hint("take the last ending off its name"))
}
