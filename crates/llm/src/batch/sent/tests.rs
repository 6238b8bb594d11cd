//! Against a tiny server in the same process that plays prepared answers in order: which calls each step takes.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::endpoints::endpoint;

/// Answers one request after the other with these bodies; gives the address, and each request's first line and body.
async fn server(bodies: Vec<String>) -> (String, mpsc::UnboundedReceiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for body in bodies {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut seen, mut piece) = (Vec::new(), [0; 4096]);
            let (line, sent) = loop {
                let n = stream.read(&mut piece).await.unwrap();
                seen.extend_from_slice(&piece[..n]);
                let text = String::from_utf8_lossy(&seen).into_owned();
                let Some((head, sent)) = text.split_once("\r\n\r\n") else { continue };
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if sent.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                    let line = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
                    break (line, sent.to_owned());
                }
            };
            tell.send((line, sent)).unwrap();
            let head =
                format!("HTTP/1.1 200 X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all((head + &body).as_bytes()).await.unwrap();
        }
    });
    (format!("http://{address}/v1"), told)
}

async fn batches(name: &str, bodies: &[&str]) -> (SentBatches, mpsc::UnboundedReceiver<(String, String)>) {
    let (url, told) = server(bodies.iter().map(|body| (*body).to_owned()).collect()).await;
    let http = Http::new(endpoint(name).unwrap().clone(), &url, None, Duration::from_secs(30)).unwrap();
    (SentBatches::of(Arc::new(http)).unwrap(), told)
}

fn requests() -> Vec<BatchRequest> {
    vec![BatchRequest { id: "a".into(), body: b"{\"x\":1}".to_vec() }]
}

/// The first lines of the requests so far.
fn lines(told: &mut mpsc::UnboundedReceiver<(String, String)>) -> Vec<String> {
    std::iter::from_fn(|| told.try_recv().ok()).map(|(line, _)| line).collect()
}

async fn read(batches: &SentBatches, id: &str) -> Vec<(String, String)> {
    let mut got = Vec::new();
    let mut sink = |line: Result<BatchLine, String>| {
        let line = line.unwrap();
        got.push((line.id, line.outcome.unwrap().text));
    };
    batches.results(id, &mut sink).await.unwrap();
    got
}

fn wanted(key: &str) -> Wanted<'_> {
    Wanted { key, n: 1, since: 0, known: &[] }
}

const CHAT: &str = r#"{"custom_id":"a","response":{"status_code":200,"body":{"choices":[{"message":{"content":"yes"},"finish_reason":"stop"}]}},"error":null}"#;

#[tokio::test]
async fn mistral_uploads_makes_a_job_reads_its_file_and_is_canceled() {
    let job = r#"{"id":"j1","status":"SUCCESS","output_file":"f2","error_file":null,"total_requests":1,"input_files":["f1"],"metadata":{"karat":"k1"}}"#;
    let queued = r#"{"id":"j1","status":"QUEUED","total_requests":1}"#;
    let list = format!(r#"{{"data":[{job}],"total":1}}"#);
    let bodies = [r#"{"id":"f1"}"#, queued, queued, job, CHAT, &list, "{}"];
    let (batches, mut told) = batches("mistral", &bodies).await;
    assert_eq!(batches.submit("k1", "small", &requests()).await.unwrap(), "j1");
    assert!(!batches.state("j1").await.unwrap().is_over());
    assert_eq!(read(&batches, "j1").await, [("a".to_owned(), "yes".to_owned())]);
    assert_eq!(batches.find(wanted("k1")).await.unwrap().as_deref(), Some("j1"));
    batches.cancel("j1").await.unwrap();
    let want = [
        "POST /v1/files",
        "POST /v1/batch/jobs",
        "GET /v1/batch/jobs/j1",
        "GET /v1/batch/jobs/j1",
        "GET /v1/files/f2/content",
        "GET /v1/batch/jobs?page_size=100&page=0",
        "POST /v1/batch/jobs/j1/cancel",
    ];
    assert_eq!(lines(&mut told), want);
}

#[tokio::test]
async fn gemini_makes_an_operation_that_holds_its_answers() {
    let running = r#"{"name":"batches/b1","metadata":{"displayName":"k1","state":"BATCH_STATE_PENDING"}}"#;
    let over = r#"{"name":"batches/b1","metadata":{"displayName":"k1","state":"BATCH_STATE_SUCCEEDED"},"done":true,"response":
        {"inlinedResponses":{"inlinedResponses":[{"metadata":{"key":"a"},"response":{"candidates":[{"content":{"parts":[{"text":
        "yes"}]},"finishReason":"STOP"}]}}]}}}"#;
    let list = format!(r#"{{"operations":[{running}]}}"#);
    let (batches, mut told) = batches("gemini", &[running, over, over, &list, "{}"]).await;
    assert_eq!(batches.submit("k1", "gemini-2.5-flash", &requests()).await.unwrap(), "batches/b1");
    assert_eq!(batches.state("batches/b1").await.unwrap(), BatchState::Ended);
    assert_eq!(read(&batches, "batches/b1").await, [("a".to_owned(), "yes".to_owned())]);
    assert_eq!(batches.find(wanted("k2")).await.unwrap(), None);
    batches.cancel("batches/b1").await.unwrap();
    let want = [
        "POST /v1/models/gemini-2.5-flash:batchGenerateContent",
        "GET /v1/batches/b1",
        "GET /v1/batches/b1",
        "GET /v1/batches?pageSize=100",
        "POST /v1/batches/b1:cancel",
    ];
    assert_eq!(lines(&mut told), want);
}

#[tokio::test]
async fn a_vendor_that_keeps_no_key_is_searched_by_the_name_of_the_file() {
    let files = r#"{"data":[{"id":"f1","filename":"k1.jsonl"},{"id":"f2","filename":"k2.jsonl"}]}"#;
    let list = r#"[{"id":"b1","status":"IN_PROGRESS","input_file_id":"f1"},{"id":"b2","status":"IN_PROGRESS","input_file_id":"f2"}]"#;
    let (found, mut told) = batches("together", &[files, list]).await;
    assert_eq!(found.find(wanted("k2")).await.unwrap().as_deref(), Some("b2"));
    assert_eq!(lines(&mut told), ["GET /v1/files", "GET /v1/batches?limit=100"]);
    let (missing, mut told) = batches("together", &[files]).await;
    assert_eq!(missing.find(wanted("k3")).await.unwrap(), None);
    assert_eq!(lines(&mut told), ["GET /v1/files"], "without its file there is no batch");
}

#[tokio::test]
async fn both_files_of_an_openai_batch_are_read_and_the_list_is_turned() {
    let batch = r#"{"id":"b1","status":"expired","output_file_id":"f2","error_file_id":"f3"}"#;
    let other = CHAT.replace("\"a\"", "\"b\"");
    let first = r#"{"data":[{"id":"b0","status":"completed","metadata":{"karat":"k0"}}],"has_more":true}"#;
    let second =
        r#"{"data":[{"id":"b1","status":"in_progress","metadata":{"karat":"k1"}}],"has_more":false}"#;
    let (batches, mut told) = batches("openai", &[batch, CHAT, &other, first, second]).await;
    let got = read(&batches, "b1").await;
    assert_eq!(got, [("a".to_owned(), "yes".to_owned()), ("b".to_owned(), "yes".to_owned())]);
    assert_eq!(batches.find(wanted("k1")).await.unwrap().as_deref(), Some("b1"));
    let want = [
        "GET /v1/batches/b1",
        "GET /v1/files/f2/content",
        "GET /v1/files/f3/content",
        "GET /v1/batches?limit=100",
        "GET /v1/batches?limit=100&after=b0",
    ];
    assert_eq!(lines(&mut told), want);
}
