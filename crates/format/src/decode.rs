//! Text of any encoding as UTF-8, while it streams.
//!
//! In: a [`Source`] and an encoding, or none. Out: a reader of UTF-8 without a byte order mark. Bytes that are wrong in
//! their encoding come out as `0xFF`, which is wrong in UTF-8 too: so the row that holds them is found where rows are read.

use std::io::{BufRead, BufReader, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};
use karat_core::{Error, Result};

use crate::Source;

const RAW_BYTES: usize = 16 * 1024;
const TEXT_BYTES: usize = 64 * 1024;

/// What stands for a byte that is wrong in its encoding.
const WRONG: u8 = 0xff;

/// The text of a source. A byte order mark wins over `encoding`.
pub(crate) fn text(source: Source, encoding: Option<&str>) -> Result<Box<dyn BufRead + Send>> {
    let named = encoding.map(by_name).transpose()?;
    let (encoding, mark_bytes) = match Encoding::for_bom(source.head()) {
        Some(found) => found,
        None => (named.unwrap_or(UTF_8), 0),
    };
    let name = source.name().to_owned();
    let mut input = source.into_reader();
    // The mark is part of the head, so that it is in the buffer whole.
    input.fill_buf().map_err(|error| crate::source::cannot_read(&name, error))?;
    input.consume(mark_bytes);
    if encoding == UTF_8 {
        return Ok(input);
    }
    let decoder = encoding.new_decoder_without_bom_handling();
    Ok(Box::new(BufReader::with_capacity(TEXT_BYTES, Transcode::new(input, decoder))))
}

fn by_name(name: &str) -> Result<&'static Encoding> {
    Encoding::for_label(name.as_bytes()).ok_or_else(|| {
        Error::invalid(format!("there is no encoding `{name}`"))
            .hint("for example `utf-8`, `utf-16le`, `windows-1251`, `windows-1252`, `gb18030`")
    })
}

/// Turns bytes of one encoding into UTF-8.
struct Transcode<R> {
    input: R,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_at: usize,
    raw_ended: bool,
    text: Vec<u8>,
    text_at: usize,
    ended: bool,
}

impl<R: Read> Transcode<R> {
    fn new(input: R, decoder: Decoder) -> Self {
        Self {
            input,
            decoder,
            raw: Vec::with_capacity(RAW_BYTES),
            raw_at: 0,
            raw_ended: false,
            text: Vec::with_capacity(TEXT_BYTES),
            text_at: 0,
            ended: false,
        }
    }

    fn refill_raw(&mut self) -> std::io::Result<()> {
        if self.raw_at < self.raw.len() || self.raw_ended {
            return Ok(());
        }
        self.raw.clear();
        self.raw_at = 0;
        let n = self.input.by_ref().take(RAW_BYTES as u64).read_to_end(&mut self.raw)?;
        self.raw_ended = n < RAW_BYTES;
        Ok(())
    }

    /// Decodes once more; afterwards there is text, or the end.
    fn refill_text(&mut self) -> std::io::Result<()> {
        self.text.clear();
        self.text_at = 0;
        self.text.resize(TEXT_BYTES, 0);
        let mut written = 0;
        while written == 0 && !self.ended {
            self.refill_raw()?;
            // One byte is kept free for the sign of a wrong one.
            let room = &mut self.text[..TEXT_BYTES - 1];
            let (result, n_read, n_written) = self.decoder.decode_to_utf8_without_replacement(
                &self.raw[self.raw_at..],
                room,
                self.raw_ended,
            );
            self.raw_at += n_read;
            written = n_written;
            match result {
                DecoderResult::InputEmpty => self.ended = self.raw_ended,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    self.text[written] = WRONG;
                    written += 1;
                }
            }
        }
        self.text.truncate(written);
        Ok(())
    }
}

impl<R: Read> Read for Transcode<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.text_at == self.text.len() && !self.ended {
            self.refill_text()?;
        }
        let ready = &self.text[self.text_at..];
        let n = ready.len().min(out.len());
        out[..n].copy_from_slice(&ready[..n]);
        self.text_at += n;
        Ok(n)
    }
}
