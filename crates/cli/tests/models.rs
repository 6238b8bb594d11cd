//! `karat models` against small servers: what can be done is found by asking, and what cannot has a reason.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// A request: its path and body. An answer: status and body.
type Play = fn(&str, &Value) -> (u16, Value);

/// What a server was asked: path and body.
type Asks = Arc<Mutex<Vec<(String, Value)>>>;

/// A server with a model `m`; gives its address and what it was asked.
fn server(play: Play) -> (String, Asks) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let asks = Arc::new(Mutex::new(Vec::new()));
    let book = Arc::clone(&asks);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let book = Arc::clone(&book);
            std::thread::spawn(move || serve(stream.unwrap(), play, &book));
        }
    });
    (url, asks)
}

fn serve(stream: TcpStream, play: Play, book: &Mutex<Vec<(String, Value)>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    let mut out = stream;
    while let Some((path, body)) = read_request(&mut lines) {
        let (status, answer) = play(&path, &body);
        book.lock().unwrap().push((path, body));
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        if out.write_all((head + &answer).as_bytes()).is_err() {
            return;
        }
    }
}

fn read_request(lines: &mut impl BufRead) -> Option<(String, Value)> {
    let mut first = String::new();
    lines.read_line(&mut first).ok().filter(|n| *n > 0)?;
    let path = first.split(' ').nth(1)?.trim_start_matches("/v1/").to_owned();
    let mut length = 0;
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(bytes) = line.strip_prefix("content-length: ") {
            length = bytes.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    Some((path, serde_json::from_slice(&body).unwrap_or_default()))
}

/// A server that can do all: like vLLM with a model for chats and for vectors.
fn able(path: &str, body: &Value) -> (u16, Value) {
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 2});
    let answer = match path {
        "chat/completions" => {
            let n = body["top_logprobs"].as_u64().unwrap_or(0);
            let top: Vec<Value> =
                (0..n).map(|n| json!({"token": format!("t{n}"), "logprob": -1.0})).collect();
            let content = [json!({"token": "yes", "logprob": -0.1, "top_logprobs": top})];
            let logprobs = if body["logprobs"] == true { json!({ "content": content }) } else { Value::Null };
            let choice = json!({"message": {"content": "{\"word\": \"yes\"}"}, "logprobs": logprobs, "finish_reason": "stop"});
            json!({"model": "m", "choices": [choice], "usage": usage})
        }
        "completions" => {
            let prompt = body["prompt"].as_str().unwrap();
            let logprobs = json!({"tokens": ["<s>", prompt, "!"], "token_logprobs": [null, -3.0, -0.5]});
            json!({"model": "m", "choices": [{"text": prompt, "logprobs": logprobs}], "usage": usage})
        }
        "embeddings" => {
            json!({"data": [{"index": 0, "embedding": [0.6, 0.8]}], "usage": {"prompt_tokens": 4}})
        }
        "models" => json!({"data": [{"id": "m"}]}),
        _ => return (404, json!({"error": {"message": "not found"}})),
    };
    (200, answer)
}

/// A server that can do little: like a llama-server that answers chats.
fn unable(path: &str, body: &Value) -> (u16, Value) {
    let fails = |status, message: &str| (status, json!({"error": {"message": message}}));
    match path {
        "chat/completions" if !body["response_format"].is_null() => {
            fails(400, "response_format is not supported")
        }
        "chat/completions" if body["top_logprobs"].as_u64() > Some(5) => {
            fails(400, "top_logprobs must be at most 5")
        }
        "completions" => fails(500, "Only no echo is supported"),
        "embeddings" => fails(501, "This server does not support embeddings. Start it with `--embeddings`"),
        _ => able(path, body),
    }
}

/// A server that lets nobody in.
fn closed(_: &str, _: &Value) -> (u16, Value) {
    (401, json!({"error": {"message": "wrong key"}}))
}

#[track_caller]
fn karat(line: &str, code: i32) -> (String, String) {
    karat_in(tempfile::tempdir().unwrap().path(), line, code)
}

#[track_caller]
fn karat_in(folder: &Path, line: &str, code: i32) -> (String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_karat"))
        .args(line.split_whitespace())
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (told, said) = (text(&out.stdout), text(&out.stderr));
    assert_eq!(out.status.code(), Some(code), "{told}\n{said}");
    (told, said)
}

#[track_caller]
fn check_row(told: &str, model: &str, want: &[&str]) {
    let line = told.lines().find(|line| line.trim().starts_with(model)).unwrap();
    let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    assert_eq!(cells[1..], *want, "{told}");
}

#[test]
fn what_a_model_can_do_is_found_by_asking_and_the_cost_is_said_before() {
    let (url, asks) = server(able);
    let (told, said) = karat(&format!("models vllm/m --probe --base-url {url}"), 0);
    check_row(&told, "vllm/m", &["yes", "yes", "yes", "yes, 20", "yes", "yes, 2 numbers", "says no"]);
    assert!(said.starts_with("asking 1 model: at most 7 requests, "), "{said}");
    assert!(said.contains("asked: 6 requests, 54 tokens in"), "{said}");
    assert_eq!(asks.lock().unwrap().len(), 6, "one request for each ability");
}

#[test]
fn what_a_model_cannot_do_has_a_reason_and_a_next_step() {
    let (url, _) = server(unable);
    let (told, _) = karat(&format!("models llamacpp/m --probe --base-url {url}"), 0);
    check_row(&told, "llamacpp/m", &["yes", "no", "yes", "yes, 5", "no", "no", "says no"]);
    assert!(told.contains("json_schema: no, response_format is not supported"), "{told}");
    assert!(told.contains("echo: no, bad_request: Only no echo is supported; take a server that"), "{told}");
    assert!(told.contains("embeddings: no, "), "{told}");
}

#[test]
fn where_nobody_is_let_in_one_request_is_sent_and_nothing_is_known() {
    let (url, asks) = server(closed);
    let (told, _) = karat(&format!("models vllm/m --probe --json --base-url {url}"), 1);
    let events: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["event"], "cost");
    let model = &events[1]["models"][0];
    assert_eq!((&model["model"], &model["n_calls"]), (&json!("vllm/m"), &json!(1)));
    let abilities = model["abilities"].as_object().unwrap();
    assert!(abilities.values().all(|it| it["state"] == "untried"), "{model}");
    assert!(abilities["echo"]["why"].as_str().unwrap().contains("wrong key"), "{model}");
    assert_eq!(asks.lock().unwrap().len(), 1);
}

#[test]
fn an_endpoint_alone_is_asked_for_its_first_model() {
    let (url, asks) = server(able);
    let (told, _) = karat(&format!("models vllm --probe --base-url {url}"), 0);
    assert!(told.contains("vllm/m "), "{told}");
    assert_eq!(asks.lock().unwrap()[0].0, "models");
}

#[test]
fn without_asking_nothing_is_sent_and_the_table_speaks() {
    let (told, said) = karat("models", 0);
    for name in ["openai", "anthropic", "vllm", "gigachat"] {
        assert!(told.lines().any(|line| line.trim().starts_with(name)), "{name}: {told}");
    }
    check_row(
        &told,
        "anthropic",
        &["says no", "says yes", "says no", "says no", "untried", "untried", "says yes"],
    );
    assert!(said.contains("`karat models MODEL --probe`"), "{said}");
    let (told, _) = karat("models vllm anthropic", 0);
    assert_eq!(told.lines().count(), 3, "{told}");
    let (_, said) = karat("models vlm", 2);
    assert!(said.contains("did it mean `vllm`?"), "{said}");
}

#[test]
fn a_project_shows_its_annotators_and_stand_ins_are_free() {
    let folder = tempfile::tempdir().unwrap();
    let (url, _) = server(able);
    let toml = format!(
        "[data]\nfiles = [\"t.csv\"]\ntext = \"text\"\n[task]\nkind = \"classify\"\nlabels = [\"a\", \"b\"]\n\
         [[annotators]]\nmodel = \"vllm/m\"\nbase_url = \"{url}\"\n[[annotators]]\nmodel = \"scripted/accuracy=1\"\n"
    );
    std::fs::write(folder.path().join("karat.toml"), toml).unwrap();
    std::fs::write(folder.path().join("t.csv"), "text\nx\n").unwrap();
    let (told, _) = karat_in(folder.path(), "models", 0);
    check_row(
        &told,
        "vllm/m",
        &["says yes", "says yes", "says yes", "says yes", "untried", "untried", "says no"],
    );
    check_row(&told, "scripted/accuracy=1", &["untried"; 7]);
    let (told, said) = karat_in(folder.path(), "models --probe", 0);
    assert!(said.contains("asking 2 models") && said.contains("nothing is charged"), "{said}");
    check_row(&told, "vllm/m", &["yes", "yes", "yes", "yes, 20", "yes", "yes, 2 numbers", "says no"]);
}
