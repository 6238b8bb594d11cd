//! Where bytes go: a file that is there whole or not at all, or standard output.
//!
//! A file is written beside its place under another name, brought to the disk and then renamed, so that an interrupted
//! export leaves what was there before. By its ending `.gz` or `.zst` it is compressed on the way.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use karat_core::{Error, Result};
use tempfile::NamedTempFile;

const BUFFER_BYTES: usize = 64 * 1024;

/// An open output.
pub struct Target {
    name: String,
    squeeze: Squeeze,
    place: Option<PathBuf>,
}

/// The stream, as it is compressed.
enum Squeeze {
    Plain(BufWriter<Output>),
    Gzip(flate2::write::GzEncoder<BufWriter<Output>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<Output>>),
}

/// Where the bytes end up.
enum Output {
    /// A file beside its place.
    Beside(NamedTempFile),
    /// What cannot be renamed into its place: standard output, a pipe, a device.
    Direct(Box<dyn Write + Send>),
}

impl Target {
    /// A file at `path`, or standard output for `-`.
    ///
    /// # Errors
    /// Where its folder is missing or cannot be written.
    pub fn create(path: &str) -> Result<Self> {
        if path == "-" {
            return Self::wrap("-", Output::Direct(Box::new(std::io::stdout())), None);
        }
        // Through a link, so that the link stays one.
        let place = std::fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
        let metadata = std::fs::metadata(&place);
        match &metadata {
            Ok(there) if there.is_dir() => {
                return Err(Error::invalid(format!("`{path}` is a folder")).hint("name a file in it"));
            }
            Ok(there) if !there.is_file() => {
                let file =
                    File::options().write(true).open(&place).map_err(|error| cannot_create(path, error))?;
                return Self::wrap(path, Output::Direct(Box::new(file)), None);
            }
            Ok(_) | Err(_) => {}
        }
        let beside = beside(&place).map_err(|error| cannot_create(path, error))?;
        if let Ok(there) = metadata {
            let kept = beside.as_file().set_permissions(there.permissions());
            kept.map_err(|error| cannot_create(path, error))?;
        }
        Self::wrap(path, Output::Beside(beside), Some(place))
    }

    /// Any writer; `name` is what messages call it, and its ending says how to compress.
    ///
    /// # Errors
    /// Where the compression cannot begin.
    pub fn writer(name: &str, writer: impl Write + Send + 'static) -> Result<Self> {
        Self::wrap(name, Output::Direct(Box::new(writer)), None)
    }

    /// What messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Ends the compression, brings all to the disk and puts the file in its place.
    ///
    /// # Errors
    /// Where that fails; then the file that was there before is still there.
    pub fn commit(self) -> Result<()> {
        let name = self.name;
        commit(self.squeeze, self.place.as_deref()).map_err(|error| cannot_write(&name, error))
    }

    /// The error of a write that failed.
    pub(crate) fn cannot_write(&self, error: std::io::Error) -> Error {
        cannot_write(&self.name, error)
    }

    fn wrap(name: &str, output: Output, place: Option<PathBuf>) -> Result<Self> {
        let output = BufWriter::with_capacity(BUFFER_BYTES, output);
        let lower = name.to_ascii_lowercase();
        let squeeze = if lower.ends_with(".gz") {
            Squeeze::Gzip(flate2::write::GzEncoder::new(output, flate2::Compression::default()))
        } else if lower.ends_with(".zst") {
            let encoder = zstd::stream::write::Encoder::new(output, zstd::DEFAULT_COMPRESSION_LEVEL);
            Squeeze::Zstd(encoder.map_err(|error| cannot_create(name, error))?)
        } else {
            Squeeze::Plain(output)
        };
        Ok(Self { name: name.to_owned(), squeeze, place })
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match &mut self.squeeze {
            Squeeze::Plain(out) => out.write(bytes),
            Squeeze::Gzip(out) => out.write(bytes),
            Squeeze::Zstd(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match &mut self.squeeze {
            Squeeze::Plain(out) => out.flush(),
            Squeeze::Gzip(out) => out.flush(),
            Squeeze::Zstd(out) => out.flush(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Beside(file) => file.write(bytes),
            Self::Direct(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Beside(file) => file.flush(),
            Self::Direct(writer) => writer.flush(),
        }
    }
}

fn commit(squeeze: Squeeze, place: Option<&Path>) -> std::io::Result<()> {
    let buffered = match squeeze {
        Squeeze::Plain(out) => out,
        Squeeze::Gzip(out) => out.finish()?,
        Squeeze::Zstd(out) => out.finish()?,
    };
    let mut output = buffered.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    output.flush()?;
    let (Output::Beside(file), Some(place)) = (output, place) else {
        return Ok(());
    };
    file.as_file().sync_all()?;
    file.persist(place).map_err(|error| error.error)?;
    // The rename itself is on the disk only when its folder is; a system that cannot do that has done what it can.
    let _synced = File::open(folder_of(place)).and_then(|folder| folder.sync_all());
    Ok(())
}

fn beside(place: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".karat-").suffix(".part");
    // A temporary file is its owner's alone; this one is to become an ordinary file under the user's umask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder_of(place))
}

fn folder_of(place: &Path) -> &Path {
    match place.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn cannot_create(name: &str, error: std::io::Error) -> Error {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => "is its folder there?",
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            "may you write to its folder?"
        }
        _ => "write to another place",
    };
    Error::external(format!("cannot create `{name}`")).because(error).hint(hint)
}

fn cannot_write(name: &str, error: std::io::Error) -> Error {
    Error::external(format!("cannot write `{name}`")).because(error).hint("is the disk full?")
}

#[cfg(test)]
mod tests;
