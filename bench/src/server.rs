//! Starts a fault server: as the main part of its program, and as a child process of the harness.
//!
//! In: [`ServerOptions`]. Out: a line of JSON on stdout that names the port, then answers until the process ends; and for
//! the harness a [`ServerProcess`] that is asked for its counts.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};

use crate::ledger::{KeyCount, Stats};
use crate::model::Model;
use crate::options::ServerOptions;
use crate::say;
use crate::serving::{Files, Served};

/// Serves until the process is ended, or until stdin closes where the options say so.
///
/// # Errors
/// A wrong option, a port in use, a file that cannot be written.
pub fn run(options: &ServerOptions) -> Result<()> {
    let model = Model::new(options).map_err(|message| anyhow!(message))?;
    let files = Files { paid_log: open(&options.paid_log)?, capture: open(&options.capture)? };
    let served = Served::new(model, Duration::from_millis(options.drip_ms), files);
    let mut builder = match options.threads {
        0 | 1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(options.threads.max(1)).enable_all().build()?;
    if options.until_stdin_closes {
        std::thread::spawn(|| {
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
    }
    runtime.block_on(async {
        let address = ("127.0.0.1", options.port);
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on port {}; choose another or 0", options.port))?;
        let port = listener.local_addr()?.port();
        let base_url = format!("http://127.0.0.1:{port}/v1");
        say::line(&json!({ "port": port, "base_url": base_url, "pid": std::process::id() }).to_string());
        served.serve(listener).await.context("no more connections can be accepted")
    })
}

fn open(path: &Option<std::path::PathBuf>) -> Result<Option<std::fs::File>> {
    let Some(path) = path else {
        return Ok(None);
    };
    let file = OpenOptions::new().create(true).append(true).open(path);
    Ok(Some(file.with_context(|| format!("cannot write `{}`", path.display()))?))
}

/// A fault server in a process of its own; it ends when this value is dropped.
pub struct ServerProcess {
    child: Child,
    stdin: Option<ChildStdin>,
    /// The port on 127.0.0.1.
    pub port: u16,
}

impl ServerProcess {
    /// Starts the program at `program` with `args` and waits until it listens.
    ///
    /// # Errors
    /// When it does not start or does not say its port.
    pub fn start(program: &Path, args: &[String]) -> Result<ServerProcess> {
        let mut child = Command::new(program)
            .args(args)
            .arg("--until-stdin-closes")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| {
                format!("cannot start `{}`; build it with `cargo build -p karat-bench`", program.display())
            })?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("the server has no stdout")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line)
            .with_context(|| format!("the server did not name its port but said `{}`", line.trim()))?;
        let port = said["port"]
            .as_u64()
            .and_then(|port| u16::try_from(port).ok())
            .context("the server named no port")?;
        Ok(ServerProcess { child, stdin, port })
    }

    /// The base URL for a client.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The totals now.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn stats(&self) -> Result<Stats> {
        Ok(serde_json::from_slice(&fetch(self.port, "GET", "/stats")?)?)
    }

    /// The counts of each item.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn keys(&self) -> Result<std::collections::HashMap<String, KeyCount>> {
        Ok(serde_json::from_slice(&fetch(self.port, "GET", "/stats/keys")?)?)
    }

    /// Forgets all counts.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn reset(&self) -> Result<()> {
        fetch(self.port, "POST", "/reset").map(|_| ())
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.stdin.take();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of a small response from `127.0.0.1`, without an HTTP client.
///
/// # Errors
/// When nobody answers, or not with 200.
pub fn fetch(port: u16, method: &str, path: &str) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).context("the fault server is gone")?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    )?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response)?;
    let end = response.windows(4).position(|bytes| bytes == b"\r\n\r\n").context("the answer has no head")?;
    if !response.starts_with(b"HTTP/1.1 200") {
        bail!("`{method} {path}` was answered with `{}`", String::from_utf8_lossy(&response[..end]));
    }
    Ok(response.split_off(end + 4))
}
