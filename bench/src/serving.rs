//! Carries the model's replies over sockets.
//!
//! In: a listener and a [`Model`]. Out: bytes, delays, resets. Not here: any decision; see `model.rs`.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::http1::{self, Progress};
use crate::ledger::Bill;
use crate::model::{Delivery, Model, Reply};
use crate::say;

/// A model with what it needs from the outside: time and files.
pub struct Served {
    model: Model,
    start: Instant,
    drip: Duration,
    paid_log: Option<Mutex<File>>,
    capture: Option<Mutex<File>>,
    has_captured: AtomicBool,
}

/// Files that the server writes.
#[derive(Default)]
pub struct Files {
    /// Gets a line for each paid call.
    pub paid_log: Option<File>,
    /// Gets the body of the first chat request.
    pub capture: Option<File>,
}

impl Served {
    /// A model that drips slow bodies over `drip`.
    pub fn new(model: Model, drip: Duration, files: Files) -> Served {
        Served {
            model,
            start: Instant::now(),
            drip,
            paid_log: files.paid_log.map(Mutex::new),
            capture: files.capture.map(Mutex::new),
            has_captured: AtomicBool::new(false),
        }
    }

    /// Serves until the task is dropped or no connection can be accepted any more.
    ///
    /// # Errors
    /// What the listener reports.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let served = std::sync::Arc::new(self);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            served.model.ledger().connected();
            let served = served.clone();
            tokio::spawn(async move {
                // A client that goes away is no failure of the server.
                let _ = served.connection(stream).await;
            });
        }
    }

    async fn connection(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut buffer = Vec::with_capacity(16 << 10);
        let mut has_said_continue = false;
        loop {
            let (reply, n_bytes, wants_close) = match http1::parse(&buffer) {
                Err(message) => {
                    let body = json!({ "error": { "message": message } }).to_string();
                    return stream.write_all(&http1::response(400, "connection: close\r\n", &body)).await;
                }
                Ok(Progress::Partial { waits_for_continue }) => {
                    if waits_for_continue && !has_said_continue {
                        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
                        has_said_continue = true;
                    }
                    if stream.read_buf(&mut buffer).await? == 0 {
                        return Ok(());
                    }
                    continue;
                }
                Ok(Progress::Whole(request)) => {
                    let reply = self.model.reply(&request, self.now());
                    if reply.is_call {
                        self.capture(&request.body)?;
                    }
                    (reply, request.n_bytes, request.wants_close)
                }
            };
            buffer.drain(..n_bytes);
            has_said_continue = false;
            if !self.deliver(&mut stream, reply).await? || wants_close {
                // Dropping the stream closes it, with a reset where its linger time was set to zero.
                return Ok(());
            }
        }
    }

    /// Lets a reply leave; false where the connection ends with it.
    async fn deliver(&self, stream: &mut TcpStream, reply: Reply) -> io::Result<bool> {
        if !reply.delay.is_zero() {
            tokio::time::sleep(reply.delay).await;
        }
        let sent = match reply.bill.as_ref().map_or(Ok(()), |bill| self.pay(bill)) {
            Ok(()) => self.send(stream, &reply).await,
            Err(error) => Err(error),
        };
        if reply.is_call {
            self.model.ledger().left(self.now());
        }
        sent
    }

    async fn send(&self, stream: &mut TcpStream, reply: &Reply) -> io::Result<bool> {
        match reply.delivery {
            Delivery::Whole => {
                stream.write_all(&reply.bytes).await?;
                return Ok(true);
            }
            Delivery::Half => {
                let half = reply.head_len + (reply.bytes.len() - reply.head_len) / 2;
                stream.write_all(&reply.bytes[..half]).await?;
            }
            Delivery::Drip => {
                let n_pieces = 10;
                for piece in reply.bytes.chunks(reply.bytes.len().div_ceil(n_pieces as usize).max(1)) {
                    stream.write_all(piece).await?;
                    tokio::time::sleep(self.drip / n_pieces).await;
                }
                return Ok(true);
            }
            Delivery::Reset => stream.set_zero_linger()?,
            Delivery::Never => {
                let mut ignored = [0; 1024];
                while stream.read(&mut ignored).await? > 0 {}
            }
        }
        Ok(false)
    }

    /// Counts the payment and writes it down before its answer leaves.
    fn pay(&self, bill: &Bill) -> io::Result<()> {
        self.model.ledger().pay(bill);
        let Some(log) = &self.paid_log else {
            return Ok(());
        };
        let line = json!({
            "key": bill.key, "n": bill.n, "prompt_tokens": bill.prompt_tokens,
            "completion_tokens": bill.completion_tokens, "fault": bill.fault.map(|fault| fault.name()),
        });
        let written = write_to(log, format!("{line}\n").as_bytes());
        if let Err(error) = &written {
            say::note(&format!("a paid call for `{}` could not be written down: {error}", bill.key));
        }
        written
    }

    fn capture(&self, body: &[u8]) -> io::Result<()> {
        match &self.capture {
            Some(file) if !self.has_captured.swap(true, Ordering::Relaxed) => write_to(file, body),
            _ => Ok(()),
        }
    }

    fn now(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}

fn write_to(file: &Mutex<File>, bytes: &[u8]) -> io::Result<()> {
    let mut file = file.lock().map_err(|_| io::Error::other("a write before this one failed"))?;
    file.write_all(bytes)?;
    file.flush()
}

#[cfg(test)]
mod tests;
