//! Talks to a server in this process over real sockets.

use std::io::ErrorKind;

use clap::Parser;
use serde_json::Value;

use super::*;
use crate::ledger::Stats;
use crate::options::ServerOptions;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: ServerOptions,
}

/// Starts a server with `args` on a free port and sends it requests for `item-1`, one after the other on one connection.
struct Talk {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Talk {
    async fn with(args: &str) -> Talk {
        let options = Line::parse_from(format!("x --labels yes,no {args}").split_whitespace()).options;
        let model = Model::new(&options).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(Served::new(model, Duration::from_millis(1), Files::default()).serve(listener));
        Talk { stream: TcpStream::connect(address).await.unwrap(), buffer: Vec::new() }
    }

    /// One more connection to the same server.
    async fn again(&self) -> Talk {
        let stream = TcpStream::connect(self.stream.peer_addr().unwrap()).await.unwrap();
        Talk { stream, buffer: Vec::new() }
    }

    async fn send(&mut self, head: &str, body: &str) {
        let n = body.len();
        let request = format!("{head} HTTP/1.1\r\nhost: x\r\ncontent-length: {n}\r\n\r\n{body}");
        self.stream.write_all(request.as_bytes()).await.unwrap();
    }

    /// Status, head and body of the next response; what was read so far where the connection ends early.
    async fn receive(&mut self) -> (String, String) {
        loop {
            let text = String::from_utf8_lossy(&self.buffer).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length: usize =
                    head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
                if body.len() >= length {
                    self.buffer.clear();
                    return (head.to_owned(), body[..length].to_owned());
                }
            }
            if self.stream.read_buf(&mut self.buffer).await.unwrap_or(0) == 0 {
                let (head, body) = text.split_once("\r\n\r\n").unwrap_or(("", ""));
                return (head.to_owned(), body.to_owned());
            }
        }
    }

    async fn ask(&mut self) -> (String, String) {
        self.send("POST /v1/chat/completions", ASK).await;
        self.receive().await
    }

    async fn stats(&mut self) -> Stats {
        self.send("GET /stats", "").await;
        serde_json::from_str(&self.receive().await.1).unwrap()
    }
}

const ASK: &str = r#"{"model":"m","messages":[{"role":"user","content":"what is item-1?"}],"response_format":
{"type":"json_schema","json_schema":{"schema":{"type":"object","properties":{"label":{"enum":["yes","no"]}}}}}}"#;

fn content(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap();
    body["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
}

#[track_caller]
fn check_label(body: &str) {
    let answer: Value = serde_json::from_str(&content(body)).unwrap();
    assert!(["yes", "no"].contains(&answer["label"].as_str().unwrap()), "{answer}");
}

#[tokio::test]
async fn a_good_call_is_labeled_counted_and_paid() {
    let mut talk = Talk::with("").await;
    let (head, body) = talk.ask().await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    check_label(&body);
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["model"], "m");
    let stats = talk.stats().await;
    assert_eq!((stats.calls, stats.paid, stats.keys, stats.max_in_flight, stats.in_flight), (1, 1, 1, 1, 0));
    assert!(stats.prompt_tokens > 0 && stats.completion_tokens > 0);
    talk.send("GET /stats/keys", "").await;
    assert_eq!(talk.receive().await.1, r#"{"item-1":{"calls":1,"paid":1,"clean":1,"faults":0}}"#);
}

#[tokio::test]
async fn two_requests_in_one_write_get_two_answers() {
    let mut talk = Talk::with("").await;
    talk.send("GET /v1/models", "").await;
    talk.send("GET /nowhere", "").await;
    let mut all = String::new();
    while !all.contains("leads nowhere") {
        talk.stream.read_buf(&mut talk.buffer).await.unwrap();
        all = String::from_utf8_lossy(&talk.buffer).into_owned();
    }
    assert!(all.starts_with("HTTP/1.1 200") && all.contains("HTTP/1.1 404"), "{all}");
}

#[tokio::test]
async fn a_refusal_says_when_to_come_back_and_costs_nothing() {
    let mut talk = Talk::with("--fault rate_limited=1 --max-faults-per-key 1").await;
    let (head, _) = talk.ask().await;
    assert!(head.starts_with("HTTP/1.1 429") && head.contains("retry-after: 1"), "{head}");
    assert!(head.contains("retry-after-ms: 100"), "{head}");
    check_label(&talk.ask().await.1);
    let stats = talk.stats().await;
    assert_eq!((stats.calls, stats.paid, stats.faults["rate_limited"]), (2, 1, 1));
}

#[tokio::test]
async fn each_failure_has_its_status() {
    for (fault, status) in [("rate_limited_bare", 429), ("server_error", 500), ("unavailable", 503)] {
        let (head, body) = Talk::with(&format!("--fault {fault}=1")).await.ask().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
        assert!(!head.contains("retry-after") && body.contains("error"), "{head}");
    }
}

#[tokio::test]
async fn spoiled_answers_are_paid_and_hold_no_label() {
    for fault in ["garbled", "outside", "empty"] {
        let mut talk = Talk::with(&format!("--fault {fault}=1 --max-faults-per-key 1")).await;
        let (head, body) = talk.ask().await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let said = content(&body);
        assert!(!said.contains("yes") && !said.contains("\"no\""), "{fault} said `{said}`");
        check_label(&talk.ask().await.1);
        let stats = talk.stats().await;
        assert_eq!((stats.paid, stats.keys_paid_more_than_once, stats.answers_repaid), (2, 1, 0), "{fault}");
    }
}

#[tokio::test]
async fn a_cut_body_ends_early_and_an_invalid_one_is_complete() {
    let (head, body) = Talk::with("--fault cut=1").await.ask().await;
    assert!(
        head.starts_with("HTTP/1.1 200") && !head.contains(&format!("content-length: {}\r", body.len())),
        "{head}"
    );
    let (head, body) = Talk::with("--fault bad_json=1").await.ask().await;
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    assert!(serde_json::from_str::<Value>(&body).is_err());
}

#[tokio::test]
async fn a_slow_body_arrives_whole() {
    check_label(&Talk::with("--fault slow=1").await.ask().await.1);
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let mut talk = Talk::with("--fault reset=1").await;
    talk.send("POST /v1/chat/completions", ASK).await;
    let error = talk.stream.read_buf(&mut talk.buffer).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_call_that_hangs_stays_in_flight_until_the_client_leaves() {
    let mut talk = Talk::with("--fault hang=1").await;
    talk.send("POST /v1/chat/completions", ASK).await;
    let mut other = talk.again().await;
    while other.stats().await.faults.get("hang") != Some(&1) {}
    assert_eq!(other.stats().await.in_flight, 1);
    assert_eq!(talk.stream.try_read(&mut [0; 9]).unwrap_err().kind(), ErrorKind::WouldBlock);
    drop(talk);
    while other.stats().await.in_flight != 0 {}
    assert_eq!(other.stats().await.paid, 0);
}

#[tokio::test]
async fn the_rate_limit_is_announced_and_enforced() {
    let mut talk = Talk::with("--rate 0.001 --burst 2").await;
    let heads = [talk.ask().await.0, talk.ask().await.0, talk.ask().await.0];
    assert!(heads[0].contains("x-ratelimit-remaining-requests: 1"), "{}", heads[0]);
    assert!(heads[1].starts_with("HTTP/1.1 200") && heads[2].starts_with("HTTP/1.1 429"), "{}", heads[2]);
    assert!(heads[2].contains("retry-after-ms: "), "{}", heads[2]);
    assert_eq!(talk.stats().await.faults["limit"], 1);
}

#[tokio::test]
async fn a_body_that_is_no_json_is_a_bad_request() {
    let mut talk = Talk::with("").await;
    talk.send("POST /v1/chat/completions", "{").await;
    assert!(talk.receive().await.0.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn a_reset_of_the_counts_forgets_the_calls() {
    let mut talk = Talk::with("").await;
    talk.ask().await;
    talk.send("POST /reset", "").await;
    talk.receive().await;
    assert_eq!(talk.stats().await.calls, 0);
}

#[tokio::test]
async fn scored_prompts_and_vectors_are_counted_and_paid_like_calls() {
    let mut talk = Talk::with("").await;
    talk.send("POST /v1/completions", r#"{"model":"m","prompt":"item-1 is good","echo":true,"logprobs":1}"#)
        .await;
    let (head, body) = talk.receive().await;
    assert!(head.starts_with("HTTP/1.1 200") && body.contains("token_logprobs"), "{body}");
    talk.send("POST /v1/embeddings", r#"{"model":"m","input":["item-2","x"]}"#).await;
    assert!(talk.receive().await.1.contains("embedding"));
    let stats = talk.stats().await;
    assert_eq!((stats.calls, stats.paid, stats.keys), (2, 2, 2));
    let mut faulty = Talk::with("--fault server_error=1 --max-faults-per-key 1").await;
    let ask = r#"{"model":"m","prompt":"item-1 is good","echo":true}"#;
    faulty.send("POST /v1/completions", ask).await;
    assert!(faulty.receive().await.0.starts_with("HTTP/1.1 500"));
    faulty.send("POST /v1/completions", ask).await;
    assert!(faulty.receive().await.0.starts_with("HTTP/1.1 200"));
    assert_eq!(faulty.stats().await.paid, 1);
}
