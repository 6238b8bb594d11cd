//! How the bytes of prompts and answers are kept: compressed where it pays, under the name of their content.

use karat_core::Hash;

/// As they are.
pub(crate) const RAW: i64 = 0;
/// One zstd frame.
pub(crate) const ZSTD: i64 = 1;

/// Shorter texts are kept as they are: the header of a frame would eat what is won.
const COMPRESS_FROM: usize = 256;

/// The level of compression: the fastest, since answers are short and written once.
const LEVEL: i32 = 1;

/// Stored bytes and how to read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) codec: i64,
    /// Of the original.
    pub(crate) size: i64,
    pub(crate) bytes: Vec<u8>,
}

/// Compresses, with a context that is made once.
pub(crate) struct Packer(Option<zstd::bulk::Compressor<'static>>);

impl Packer {
    pub(crate) fn new() -> Self {
        Self(zstd::bulk::Compressor::new(LEVEL).ok())
    }

    /// Without a compressor, or where compressing wins nothing, the bytes stay as they are.
    pub(crate) fn pack(&mut self, bytes: &[u8]) -> Stored {
        let packed = match &mut self.0 {
            Some(zstd) if bytes.len() >= COMPRESS_FROM => zstd.compress(bytes).ok(),
            _ => None,
        };
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        match packed {
            Some(packed) if packed.len() < bytes.len() => Stored { codec: ZSTD, size, bytes: packed },
            _ => Stored { codec: RAW, size, bytes: bytes.to_vec() },
        }
    }
}

/// Reads stored bytes, with a context that is made once.
pub(crate) struct Unpacker(Option<zstd::bulk::Decompressor<'static>>);

impl Unpacker {
    pub(crate) fn new() -> Self {
        Self(zstd::bulk::Decompressor::new().ok())
    }

    /// The original bytes; the message says what is wrong with the stored ones.
    pub(crate) fn unpack(&mut self, stored: &Stored) -> Result<Vec<u8>, String> {
        let size = usize::try_from(stored.size).map_err(|_| format!("its size is {}", stored.size))?;
        match stored.codec {
            RAW => Ok(stored.bytes.clone()),
            ZSTD => {
                let zstd = self.0.as_mut().ok_or("no memory for decompressing")?;
                zstd.decompress(&stored.bytes, size).map_err(|error| error.to_string())
            }
            other => Err(format!("its codec {other} is unknown")),
        }
    }

    /// As [`Unpacker::unpack`], and the bytes must have the name under which they are kept.
    pub(crate) fn check(&mut self, name: Hash, stored: &Stored) -> Result<(), String> {
        let bytes = self.unpack(stored)?;
        if i64::try_from(bytes.len()) != Ok(stored.size) {
            return Err(format!("it has {} bytes and not {}", bytes.len(), stored.size));
        }
        match Hash::of(&bytes) {
            of if of == name => Ok(()),
            other => Err(format!("its content has the hash `{other}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], codec: i64) {
        let stored = Packer::new().pack(bytes);
        assert_eq!(stored.codec, codec);
        assert_eq!(Unpacker::new().unpack(&stored).unwrap(), bytes);
        assert_eq!(Unpacker::new().check(Hash::of(bytes), &stored), Ok(()));
        assert!(Unpacker::new().check(Hash::of(b"other"), &stored).is_err());
    }

    #[test]
    fn short_bytes_stay_as_they_are() {
        check(b"", RAW);
        check(&[b'a'; 255], RAW);
    }

    #[test]
    fn long_bytes_are_compressed() {
        check(&[b'a'; 256], ZSTD);
        check("Оцените отзыв: ".repeat(1000).as_bytes(), ZSTD);
    }

    #[test]
    fn what_cannot_be_compressed_stays_as_it_is() {
        let noise: Vec<u8> = (0..64u64).flat_map(|n| Hash::of(&n.to_le_bytes()).0).collect();
        check(&noise, RAW);
    }

    #[test]
    fn damaged_bytes_are_told_and_not_returned() {
        let mut stored = Packer::new().pack(&[b'a'; 1000]);
        stored.bytes.truncate(4);
        assert!(Unpacker::new().unpack(&stored).is_err());
        stored.codec = 9;
        assert_eq!(Unpacker::new().unpack(&stored), Err("its codec 9 is unknown".into()));
    }
}
