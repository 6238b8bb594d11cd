//! A folder with data and a server to ask: what each test starts from.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::server::{Ask, Reply, Server};

/// A command that takes longer hangs.
const HANGS: Duration = Duration::from_secs(120);

pub(crate) struct Place {
    pub(crate) dir: TempDir,
    pub(crate) server: Server,
    /// Flags of every command; without any, the folder's project is meant.
    pub(crate) flags: Vec<String>,
}

/// How a command ended.
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    /// Data of these texts, with the ids `0`, `1` and so on, and a server.
    pub(crate) fn new(texts: &[&str], play: impl Fn(&Ask) -> Reply + Send + Sync + 'static) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = Self { dir, server: Server::new(play), flags: Vec::new() };
        place.write_data(texts);
        let model = ["--model", "vllm/x", "--base-url", &place.server.url];
        let task = ["--labels", "positive,negative", "--id", "id", "--text", "text"];
        let flags = task.iter().chain(&model).map(|&flag| flag.to_owned()).collect();
        Self { flags, ..place }
    }

    /// A folder with a project: `toml` says what stands below `[data]`, and `URL` in it is the server's address.
    pub(crate) fn project(
        toml: &str,
        texts: &[&str],
        play: impl Fn(&Ask) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let place = Self { flags: Vec::new(), ..Self::new(texts, play) };
        place.write_project(toml);
        place
    }

    /// Writes `karat.toml`: what reads `data.csv`, then this.
    pub(crate) fn write_project(&self, toml: &str) {
        let head = "[data]\nfiles = [\"data.csv\"]\nid = \"id\"\ntext = \"text\"\n";
        let toml = toml.replace("URL", &self.server.url);
        fs::write(self.path().join("karat.toml"), format!("{head}{toml}")).unwrap();
    }

    /// Further flags for every command.
    pub(crate) fn with(mut self, flags: &str) -> Self {
        self.flags.extend(flags.split_whitespace().map(str::to_owned));
        self
    }

    pub(crate) fn write_data(&self, texts: &[&str]) {
        let rows: String = texts.iter().enumerate().map(|(n, text)| format!("{n},{text}\n")).collect();
        fs::write(self.path().join("data.csv"), format!("id,text\n{rows}")).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_karat"));
        let mut words = line.split_whitespace();
        command.arg(words.next().unwrap());
        if !self.flags.is_empty() {
            command.arg("data.csv");
        }
        command.args(&self.flags).args(words);
        command.current_dir(self.path()).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts a command in the background.
    pub(crate) fn start(&self, line: &str) -> Child {
        self.command(line).spawn().unwrap()
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, line: &str) -> Told {
        finish(self.start(line))
    }

    /// Runs a command and checks how it ended.
    #[track_caller]
    pub(crate) fn check(&self, line: &str, code: i32) -> Told {
        let told = self.run(line);
        assert_eq!(told.code, code, "{line}\n{}\n{}", told.out, told.err);
        told
    }

    /// What `karat status` tells machines.
    #[track_caller]
    pub(crate) fn status(&self) -> Value {
        event(&self.plain("status --json"), "status")
    }

    /// Runs a command of the folder, without the flags of the others.
    #[track_caller]
    pub(crate) fn plain(&self, line: &str) -> Told {
        let mut command = Command::new(env!("CARGO_BIN_EXE_karat"));
        command.args(line.split_whitespace()).current_dir(self.path()).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let told = finish(command.spawn().unwrap());
        assert_eq!(told.code, 0, "{line}\n{}\n{}", told.out, told.err);
        told
    }

    /// Looks from another process until the journal holds so many calls of a run that is under way.
    #[track_caller]
    pub(crate) fn wait_for_calls(&self, n: u64) {
        let held = |status: &Value| status["annotators"][0]["calls"].as_u64().unwrap_or(0);
        // Each look takes a process: this is far longer than any write.
        let seen = (0..500).map(|_| held(&self.status())).find(|held| *held >= n);
        assert!(seen.is_some(), "the journal never held {n} calls");
    }

    /// The rows with what was added to them.
    #[track_caller]
    pub(crate) fn rows(&self) -> Vec<Value> {
        let told = self.run("export -o -");
        assert!(told.code < 2, "{}", told.err);
        told.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// One added cell of all rows, empty where there is nothing.
    pub(crate) fn cells(&self, name: &str) -> Vec<String> {
        let cell = |row: Value| row[format!("karat_{name}")].as_str().unwrap_or_default().to_owned();
        self.rows().into_iter().map(cell).collect()
    }

    /// The short names of the notes of each row.
    pub(crate) fn notes(&self) -> Vec<Vec<String>> {
        let tag = |note: &Value| note["note"].as_str().unwrap().to_owned();
        let tags = |row: Value| row["karat_notes"].as_array().map(|all| all.iter().map(tag).collect());
        self.rows().into_iter().map(|row| tags(row).unwrap_or_default()).collect()
    }
}

/// Waits for a command to end; one that hangs is killed and fails the test.
#[track_caller]
pub(crate) fn finish(child: Child) -> Told {
    let pid = child.id();
    let (tell, told) = mpsc::channel::<Output>();
    std::thread::spawn(move || tell.send(child.wait_with_output().unwrap()));
    let Ok(output) = told.recv_timeout(HANGS) else {
        signal(pid, "KILL");
        panic!("the command hangs");
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Told { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

/// Sends a signal to a process.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// The last event of a name that was told with `--json`.
#[track_caller]
pub(crate) fn event(told: &Told, name: &str) -> Value {
    let mut events = told.out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events.rfind(|event| event["event"] == name).unwrap_or_else(|| panic!("no `{name}`: {}", told.out))
}
