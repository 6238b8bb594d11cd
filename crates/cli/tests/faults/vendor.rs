//! A vendor on 127.0.0.1 that takes batches as OpenAI or Anthropic do, misbehaves as a test says, and keeps the bill.
//!
//! A token is four bytes. A live call costs a millionth of a dollar for a token in and two for a token out; in a batch it is
//! half of that, rounded up for each row.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

use crate::server::Gate;

/// One question, live or of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// What stands between the item marks.
    pub(crate) item: String,
    /// The model that was named.
    pub(crate) model: String,
    /// How many questions for this item came before.
    pub(crate) nth: usize,
    /// The batch it came in, from 0; `None` for a live call.
    pub(crate) batch: Option<usize>,
}

/// What becomes of a question.
pub(crate) enum Line {
    /// An answer with this label.
    Label(&'static str),
    /// A failure with status and message.
    Fails(u16, &'static str),
    /// Not reached before the batch was over; only in batches.
    Expired,
    /// No line at all; only in batches.
    Missing,
    /// An answer, and a second line with another label; only in batches.
    Twice(&'static str, &'static str),
    /// An answer under an id that nobody sent; only in batches.
    Stranger,
    /// A line that breaks off; only in batches.
    Broken,
}

/// How the vendor misbehaves around the rows.
#[derive(Clone, Default)]
pub(crate) struct Manners {
    /// Looks at a batch that find it running.
    pub(crate) n_running: usize,
    /// Looks that fail with status 500 before that.
    pub(crate) n_broken_looks: usize,
    /// Uploads whose connection breaks when half of it is read.
    pub(crate) n_cut_uploads: usize,
    /// Batches that are made while the connection breaks before the answer.
    pub(crate) n_lost_answers: usize,
    /// Holds the answer to a made batch back.
    pub(crate) hold_made: Option<Gate>,
    /// Batches stay running until the gate is open: a look passes nothing, it is only told so.
    pub(crate) stays_running: Option<crate::server::Switch>,
    /// The word that a batch ends with, where it is not the usual one.
    pub(crate) ends_with: Option<&'static str>,
    /// How many batches end so; the later ones end well.
    pub(crate) n_end_so: usize,
}

struct Batch {
    key: Value,
    file: String,
    rows: Vec<(String, Value)>,
    n_looks: usize,
    canceled: bool,
    output: Option<(String, String)>,
}

#[derive(Default)]
struct Till {
    files: Vec<(String, Vec<u8>)>,
    batches: Vec<Batch>,
    asked: Vec<Asked>,
    seen: HashMap<String, usize>,
    micro_usd: u64,
    n_looks: usize,
    n_uploads: usize,
    n_made: usize,
}

type Play = dyn Fn(&Asked) -> Line + Send + Sync;

struct House {
    play: Box<Play>,
    manners: Manners,
    till: Mutex<Till>,
}

pub(crate) struct Vendor {
    pub(crate) url: String,
    house: Arc<House>,
}

/// A request as it came.
struct Request {
    method: String,
    path: String,
    content_type: String,
    body: Vec<u8>,
}

/// What is sent back; nothing where the connection is to break.
type Response = Option<(u16, String)>;

impl Vendor {
    pub(crate) fn new(manners: Manners, play: impl Fn(&Asked) -> Line + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let house = Arc::new(House { play: Box::new(play), manners, till: Mutex::default() });
        let kept = Arc::clone(&house);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let house = Arc::clone(&house);
                std::thread::spawn(move || house.serve(stream.unwrap()));
            }
        });
        Self { url, house: kept }
    }

    /// All that was sold, in millionths of a dollar.
    pub(crate) fn bill(&self) -> u64 {
        self.house.till().micro_usd
    }

    pub(crate) fn n_batches(&self) -> usize {
        self.house.till().batches.len()
    }

    /// The rows of each batch.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.house.till().batches.iter().map(|it| it.rows.len()).collect()
    }

    /// How often somebody looked at a batch.
    pub(crate) fn n_looks(&self) -> usize {
        self.house.till().n_looks
    }

    /// How many live calls were made.
    pub(crate) fn n_live(&self) -> usize {
        self.house.till().asked.iter().filter(|it| it.batch.is_none()).count()
    }

    /// As if no batch had ever arrived.
    pub(crate) fn forget_batches(&self) {
        self.house.till().batches.clear();
    }

    /// Waits until something is so.
    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..20_000 {
            if is_so(self) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
        panic!("it never came to this: {what}");
    }
}

impl House {
    fn till(&self) -> MutexGuard<'_, Till> {
        self.till.lock().unwrap()
    }

    fn serve(&self, stream: TcpStream) {
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        let mut out = stream;
        while let Some(request) = self.read_request(&mut lines) {
            let Some((status, body)) = self.answer(&request) else {
                return;
            };
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nretry-after: 0\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            if out.write_all(head.as_bytes()).and_then(|()| out.write_all(body.as_bytes())).is_err() {
                return;
            }
        }
    }

    fn read_request(&self, lines: &mut impl BufRead) -> Option<Request> {
        let mut line = String::new();
        lines.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let (mut length, mut content_type) = (0, String::new());
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let lower = line.trim_end().to_ascii_lowercase();
            if lower.is_empty() {
                break;
            }
            if let Some(bytes) = lower.strip_prefix("content-length: ") {
                length = bytes.parse().ok()?;
            }
            if lower.starts_with("content-type: ") {
                content_type = line.trim_end()["content-type: ".len()..].to_owned();
            }
        }
        if path.starts_with("/v1/files") && method == "POST" {
            let mut till = self.till();
            till.n_uploads += 1;
            if till.n_uploads <= self.manners.n_cut_uploads {
                length /= 2;
                drop(till);
                lines.read_exact(&mut vec![0; length]).ok()?;
                return None;
            }
        }
        let mut body = vec![0; length];
        lines.read_exact(&mut body).ok()?;
        Some(Request { method, path, content_type, body })
    }

    fn answer(&self, request: &Request) -> Response {
        let path = request.path.trim_start_matches("/v1/");
        let (path, _) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.split('/').collect();
        let ok = |body: Value| Some((200, body.to_string()));
        match (request.method.as_str(), parts.as_slice()) {
            ("POST", ["chat", "completions"]) => self.live(&request.body, false),
            ("POST", ["messages"]) => self.live(&request.body, true),
            ("POST", ["files"]) => {
                let (name, bytes) = read_form(request);
                let mut till = self.till();
                till.files.push((name, bytes));
                ok(json!({"id": format!("file-{}", till.files.len() - 1), "object": "file"}))
            }
            ("GET", ["files", id, "content"]) => Some((200, self.content(id))),
            ("POST", ["batches"]) => self.make_of_file(&serde_json::from_slice(&request.body).unwrap()),
            ("POST", ["messages", "batches"]) => {
                let body: Value = serde_json::from_slice(&request.body).unwrap();
                let rows = body["requests"].as_array().unwrap().iter();
                let rows = rows.map(|row| (text(&row["custom_id"]), row["params"].clone())).collect();
                self.make(
                    Batch {
                        key: Value::Null,
                        file: String::new(),
                        rows,
                        n_looks: 0,
                        canceled: false,
                        output: None,
                    },
                    true,
                )
            }
            ("GET", ["batches"]) => self.list(false),
            ("GET", ["messages", "batches"]) => self.list(true),
            ("GET", ["batches", id]) => self.look(id, false),
            ("GET", ["messages", "batches", id]) => self.look(id, true),
            ("GET", ["messages", "batches", id, "results"]) => {
                Some((200, self.content(&format!("out-{id}"))))
            }
            ("POST", ["batches", id, "cancel"]) | ("POST", ["messages", "batches", id, "cancel"]) => {
                let n = number(id);
                self.till().batches[n].canceled = true;
                self.look(id, parts[0] == "messages")
            }
            _ => Some((404, json!({"error": {"message": "no such path"}}).to_string())),
        }
    }

    fn live(&self, body: &[u8], anthropic: bool) -> Response {
        let body: Value = serde_json::from_slice(body).unwrap();
        let asked = self.note(&body, None);
        let answer = match (self.play)(&asked) {
            Line::Label(label) | Line::Twice(label, _) => json!({ "label": label }).to_string(),
            Line::Fails(status, message) => {
                return Some((status, json!({"error": {"message": message}}).to_string()));
            }
            Line::Expired | Line::Missing | Line::Stranger | Line::Broken => "not asked live".to_owned(),
        };
        Some((200, self.sell(&body, &answer, anthropic, false).to_string()))
    }

    fn note(&self, body: &Value, batch: Option<usize>) -> Asked {
        let user = body["messages"].as_array().unwrap().iter().find(|it| it["role"] == "user").unwrap();
        let user = match &user["content"] {
            Value::Array(parts) => text(&parts[0]["text"]),
            content => text(content),
        };
        let inside = user.split_once("<item>\n").and_then(|(_, rest)| rest.split_once("\n</item>"));
        let item = inside.map_or(user.as_str(), |(item, _)| item).to_owned();
        let mut till = self.till();
        let seen = till.seen.entry(item.clone()).or_default();
        *seen += 1;
        let asked = Asked { item, model: text(&body["model"]), nth: *seen - 1, batch };
        till.asked.push(asked.clone());
        asked
    }

    fn sell(&self, body: &Value, answer: &str, anthropic: bool, in_batch: bool) -> Value {
        let tokens_in = body["messages"].to_string().len().div_ceil(4) as u64;
        let tokens_out = answer.len().div_ceil(4) as u64;
        let price = tokens_in + 2 * tokens_out;
        self.till().micro_usd += if in_batch { price.div_ceil(2) } else { price };
        if anthropic {
            return json!({
                "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"],
                "content": [{"type": "text", "text": answer}], "stop_reason": "end_turn",
                "usage": {"input_tokens": tokens_in, "output_tokens": tokens_out},
            });
        }
        json!({
            "model": body["model"],
            "choices": [{"message": {"content": answer}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out},
        })
    }

    fn make_of_file(&self, body: &Value) -> Response {
        let file = text(&body["input_file_id"]);
        let bytes = self.till().files[number(&file)].1.clone();
        let rows = String::from_utf8(bytes).unwrap();
        let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let rows = rows.map(|row| (text(&row["custom_id"]), row["body"].clone())).collect();
        let key = body["metadata"]["karat"].clone();
        self.make(Batch { key, file, rows, n_looks: 0, canceled: false, output: None }, false)
    }

    fn make(&self, batch: Batch, anthropic: bool) -> Response {
        let mut till = self.till();
        till.batches.push(batch);
        till.n_made += 1;
        let (n, n_made) = (till.batches.len() - 1, till.n_made);
        drop(till);
        let shown = self.shown(n, "validating", anthropic).to_string();
        if let Some(gate) = &self.manners.hold_made {
            gate.pass();
        }
        if n_made <= self.manners.n_lost_answers {
            return None;
        }
        Some((200, shown))
    }

    fn list(&self, anthropic: bool) -> Response {
        let n = self.till().batches.len();
        let data: Vec<Value> = (0..n).rev().map(|n| self.shown(n, "in_progress", anthropic)).collect();
        Some((200, json!({"object": "list", "data": data, "has_more": false}).to_string()))
    }

    fn look(&self, id: &str, anthropic: bool) -> Response {
        let n = number(id);
        let mut till = self.till();
        if n >= till.batches.len() {
            return Some((404, json!({"error": {"message": "no such batch"}}).to_string()));
        }
        till.n_looks += 1;
        let looks = till.n_looks;
        till.batches[n].n_looks += 1;
        let (n_looks, canceled) = (till.batches[n].n_looks, till.batches[n].canceled);
        drop(till);
        if looks <= self.manners.n_broken_looks {
            return Some((500, json!({"error": {"message": "out of order"}}).to_string()));
        }
        let stays = self.manners.stays_running.as_ref().is_some_and(crate::server::Switch::is_on);
        if !canceled && (stays || n_looks <= self.manners.n_running) {
            return Some((200, self.shown(n, "in_progress", anthropic).to_string()));
        }
        let word = match self.manners.ends_with.filter(|_| n < self.manners.n_end_so) {
            _ if canceled => "cancelled",
            Some(word) => word,
            None => "completed",
        };
        if word != "failed" {
            self.work(n, canceled, anthropic);
        }
        Some((200, self.shown(n, word, anthropic).to_string()))
    }

    /// A batch as it is shown with this status.
    fn shown(&self, n: usize, status: &str, anthropic: bool) -> Value {
        let till = self.till();
        let batch = &till.batches[n];
        let n_rows = batch.rows.len();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        if anthropic {
            let over = !matches!(status, "validating" | "in_progress");
            let expired = if status == "expired" { 1 } else { 0 };
            return json!({
                "id": format!("msgbatch_{n}"), "type": "message_batch",
                "processing_status": if over { "ended" } else { "in_progress" },
                "request_counts": {
                    "processing": if over { 0 } else { n_rows }, "errored": 0, "canceled": 0, "expired": expired,
                    "succeeded": if over { n_rows - expired } else { 0 },
                },
                "created_at": "2999-01-01T00:00:00Z",
                "cancel_initiated_at": if batch.canceled { json!("2999-01-01T00:00:00Z") } else { Value::Null },
                "results_url": if over { json!(format!("/v1/messages/batches/msgbatch_{n}/results")) } else { Value::Null },
            });
        }
        let id = |what: &str| batch.output.as_ref().map(|_| format!("{what}-batch_{n}"));
        json!({
            "id": format!("batch_{n}"), "object": "batch", "status": status, "created_at": now,
            "input_file_id": batch.file, "metadata": {"karat": batch.key},
            "request_counts": {"total": n_rows, "completed": 0, "failed": 0},
            "output_file_id": id("out"), "error_file_id": id("err"),
            "errors": {"data": [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached", "line": null}]},
        })
    }

    /// Answers the rows of a batch, once, and puts them in another order.
    fn work(&self, n: usize, canceled: bool, anthropic: bool) {
        let till = self.till();
        if till.batches[n].output.is_some() {
            return;
        }
        let rows = till.batches[n].rows.clone();
        drop(till);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        for (at, (id, body)) in rows.iter().enumerate() {
            if canceled && at % 2 == 1 {
                err.push(unreached(id, "batch_cancelled", anthropic));
                continue;
            }
            let asked = self.note(body, Some(n));
            let mut answer = |id: &str, label: &str| {
                let said = self.sell(body, &json!({ "label": label }).to_string(), anthropic, true);
                out.push(answered(id, said, anthropic));
            };
            match (self.play)(&asked) {
                Line::Label(label) => answer(id, label),
                Line::Twice(label, other) => {
                    answer(id, label);
                    let said =
                        json!({"choices": [{"message": {"content": json!({ "label": other }).to_string()}}]});
                    err.push(answered(id, said, anthropic));
                }
                Line::Stranger => {
                    let said = json!({"choices": [{"message": {"content": "{}"}}]});
                    out.push(answered("00000000000000000000000000000000", said, anthropic));
                }
                Line::Fails(status, message) => err.push(failed(id, status, message, anthropic)),
                Line::Expired => err.push(unreached(id, "batch_expired", anthropic)),
                Line::Missing => {}
                Line::Broken => out.push(format!(r#"{{"custom_id": "{id}", "resp"#)),
            }
        }
        out.reverse();
        let (out, err) = if anthropic {
            out.extend(err);
            (out.join("\n"), String::new())
        } else {
            (out.join("\n") + "\n", err.join("\n"))
        };
        self.till().batches[n].output = Some((out, err));
    }

    fn content(&self, file: &str) -> String {
        let till = self.till();
        let output = till.batches[number(file)].output.clone().unwrap_or_default();
        if file.starts_with("err-") { output.1 } else { output.0 }
    }
}

fn answered(id: &str, said: Value, anthropic: bool) -> String {
    match anthropic {
        true => json!({"custom_id": id, "result": {"type": "succeeded", "message": said}}).to_string(),
        false => {
            let response = json!({"status_code": 200, "request_id": "r", "body": said});
            json!({"id": "batch_req_1", "custom_id": id, "response": response, "error": null}).to_string()
        }
    }
}

fn failed(id: &str, status: u16, message: &str, anthropic: bool) -> String {
    if anthropic {
        let kind = if status == 400 { "invalid_request_error" } else { "api_error" };
        let error = json!({"type": "error", "error": {"type": kind, "message": message}});
        return json!({"custom_id": id, "result": {"type": "errored", "error": error}}).to_string();
    }
    let body = json!({"error": {"message": message}});
    let response = json!({"status_code": status, "request_id": "r", "body": body});
    json!({"id": "batch_req_1", "custom_id": id, "response": response, "error": null}).to_string()
}

fn unreached(id: &str, code: &str, anthropic: bool) -> String {
    if anthropic {
        let kind = if code == "batch_expired" { "expired" } else { "canceled" };
        return json!({"custom_id": id, "result": {"type": kind}}).to_string();
    }
    let error = json!({"code": code, "message": "This request was not reached."});
    json!({"id": "batch_req_1", "custom_id": id, "response": null, "error": error}).to_string()
}

/// The name and the bytes of the file in a form.
fn read_form(request: &Request) -> (String, Vec<u8>) {
    let boundary = format!("--{}", request.content_type.split_once("boundary=").unwrap().1);
    let body = String::from_utf8(request.body.clone()).unwrap();
    let part = body.split(&boundary).find(|part| part.contains("filename=")).unwrap();
    let (head, rest) = part.split_once("\r\n\r\n").unwrap();
    let name = head.split_once("filename=\"").unwrap().1.split('"').next().unwrap();
    (name.to_owned(), rest.strip_suffix("\r\n").unwrap().as_bytes().to_vec())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The number at the end of an id.
fn number(id: &str) -> usize {
    let at = id.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    id[at..].parse().unwrap_or(usize::MAX)
}
