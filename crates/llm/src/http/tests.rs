//! Against a tiny server in the same process that plays prepared answers, one a connection.

mod cassettes;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use super::*;
use crate::{
    Settings,
    endpoints::{Auth, CUSTOM},
    layer::{Limit, Limiter, RetryPolicy},
    testing::Retry,
    testing::ask,
};

const ANSWER: &str = r#"{"model":"m-1","choices":[{"message":{"content":"spam"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":1}}"#;

/// What the server does with one request.
enum Play {
    /// Answers with status, further headers and body.
    Reply(u16, &'static str, String),
    /// Promises more bytes than it sends, then closes.
    Cut,
    /// Closes without a word.
    Reset,
    /// Never answers.
    Hang,
    /// Sends the body in two pieces.
    InPieces,
}

fn ok() -> Play {
    Play::Reply(200, "", ANSWER.to_owned())
}

fn refuses(message: &str) -> Play {
    Play::Reply(400, "", json!({"error": {"message": message}}).to_string())
}

/// Starts a server that plays `plays` in order; gives its address and the requests that it got, each its head and body.
async fn server(plays: Vec<Play>) -> (String, mpsc::UnboundedReceiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for play in plays {
            let (mut stream, _) = listener.accept().await.unwrap();
            let Some(request) = read_request(&mut stream).await else {
                continue;
            };
            tell.send(request).unwrap();
            perform(play, stream).await;
        }
    });
    (format!("http://{address}/v1"), told)
}

async fn read_request(stream: &mut TcpStream) -> Option<(String, Value)> {
    let (mut seen, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let n = stream.read(&mut piece).await.ok().filter(|n| *n > 0)?;
        seen.extend_from_slice(&piece[..n]);
        let text = String::from_utf8_lossy(&seen).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return Some((head.to_owned(), serde_json::from_str(body).unwrap_or(Value::Null)));
        }
    }
}

async fn perform(play: Play, mut stream: TcpStream) {
    let head = |status: u16, headers: &str, length: usize| {
        format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n")
    };
    match play {
        Play::Reply(status, headers, body) => {
            let whole = head(status, headers, body.len()) + &body;
            stream.write_all(whole.as_bytes()).await.unwrap();
        }
        Play::Cut => {
            let part = head(200, "", ANSWER.len()) + &ANSWER[..40];
            stream.write_all(part.as_bytes()).await.unwrap();
        }
        Play::Reset => {}
        Play::Hang => {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 16]).await;
            });
        }
        Play::InPieces => {
            stream.write_all((head(200, "", ANSWER.len()) + &ANSWER[..30]).as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            tokio::task::yield_now().await;
            stream.write_all(&ANSWER.as_bytes()[30..]).await.unwrap();
        }
    }
}

fn http(base_url: &str) -> Http {
    Http::new(CUSTOM, base_url, Some(Key::new("sk-very-secret-key")), Duration::from_secs(20)).unwrap()
}

/// Asks once with rich settings and gives the outcome and the bodies that arrived.
async fn once(plays: Vec<Play>) -> (Result<ModelAnswer, CallError>, Vec<Value>, Vec<Downgrade>) {
    let (base_url, mut told) = server(plays).await;
    let http = http(&base_url);
    let mut request = ask("a");
    request.format =
        AnswerFormat::JsonSchema { name: "s".into(), schema: Arc::new(json!({"type": "object"})) };
    request.settings =
        Arc::new(Settings { temperature: Some(0.0), seed: Some(1), logprobs: true, ..Settings::new(16) });
    let outcome = http.complete(&request).await;
    let mut bodies = Vec::new();
    while let Ok((_, body)) = told.try_recv() {
        bodies.push(body);
    }
    (outcome, bodies, http.downgrades())
}

#[track_caller]
fn check_class(outcome: &Result<ModelAnswer, CallError>, class: CallErrorClass) {
    assert_eq!(outcome.as_ref().map_err(|error| error.class), Err(class), "{outcome:?}");
}

#[tokio::test]
async fn an_answer_comes_back_with_its_usage_and_model() {
    let (outcome, bodies, downgrades) = once(vec![ok()]).await;
    let answer = outcome.unwrap();
    assert_eq!(
        (answer.text.as_str(), answer.tries, answer.served_model.as_deref()),
        ("spam", 1, Some("m-1"))
    );
    assert_eq!(answer.usage.unwrap().input, 5);
    assert_eq!(bodies[0]["response_format"]["json_schema"]["schema"], json!({"type": "object"}));
    assert!(downgrades.is_empty());
}

#[tokio::test]
async fn the_path_and_the_key_are_sent_as_the_endpoint_wants_them() {
    for (auth, line) in [
        (Auth::Bearer, "authorization: Bearer sk-very-secret-key"),
        (Auth::ApiKeyScheme, "authorization: Api-Key sk-very-secret-key"),
        (Auth::ApiKeyHeader, "api-key: sk-very-secret-key"),
    ] {
        let (base_url, mut told) = server(vec![ok()]).await;
        let endpoint = Endpoint { auth, ..CUSTOM };
        let key = Some(Key::new("sk-very-secret-key"));
        let http = Http::new(endpoint, &format!("{base_url}/"), key, Duration::from_secs(20)).unwrap();
        http.complete(&ask("a")).await.unwrap();
        let (head, _) = told.recv().await.unwrap();
        assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1"), "{head}");
        assert!(head.lines().any(|got| got == line), "{head}");
    }
}

#[tokio::test]
async fn a_body_in_pieces_is_put_together() {
    assert_eq!(once(vec![Play::InPieces]).await.0.unwrap().text, "spam");
}

#[tokio::test]
async fn being_told_to_slow_down_carries_the_wait() {
    let body = r#"{"error":{"message":"slow down"}}"#.to_owned();
    let (outcome, ..) = once(vec![Play::Reply(429, "retry-after: 7\r\n", body.clone())]).await;
    let error = outcome.unwrap_err();
    assert_eq!((error.class, error.retry_after), (CallErrorClass::RateLimited, Some(Duration::from_secs(7))));
    let (outcome, ..) = once(vec![Play::Reply(429, "retry-after: 1\r\nretry-after-ms: 20\r\n", body)]).await;
    assert_eq!(outcome.unwrap_err().retry_after, Some(Duration::from_millis(20)));
}

#[tokio::test]
async fn failures_of_the_other_side_have_their_class() {
    check_class(&once(vec![Play::Reply(500, "", "oops".into())]).await.0, CallErrorClass::Server);
    check_class(&once(vec![Play::Reset]).await.0, CallErrorClass::Connection);
    check_class(&once(vec![Play::Cut]).await.0, CallErrorClass::Connection);
    check_class(&once(vec![Play::Reply(200, "", ANSWER[..40].into())]).await.0, CallErrorClass::BadBody);
    check_class(
        &once(vec![Play::Reply(302, "location: http://127.0.0.1:1/\r\n", String::new())]).await.0,
        CallErrorClass::BadRequest,
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_connection_error_with_its_address() {
    let error = http("http://127.0.0.1:1/v1").complete(&ask("a")).await.unwrap_err();
    assert_eq!(error.class, CallErrorClass::Connection);
    assert!(error.message.contains("no connection to `http://127.0.0.1:1/v1`"), "{}", error.message);
}

#[tokio::test]
async fn a_call_that_never_answers_is_a_time_out() {
    let (base_url, _told) = server(vec![Play::Hang]).await;
    let http = Http::new(CUSTOM, &base_url, None, Duration::from_millis(30)).unwrap();
    check_class(&http.complete(&ask("a")).await, CallErrorClass::Timeout);
}

#[tokio::test]
async fn a_key_that_is_echoed_is_taken_out() {
    let body = json!({"error": {"message": "Incorrect API key provided: sk-very-secret-key", "code": "invalid_api_key"}});
    let (outcome, ..) = once(vec![Play::Reply(401, "", body.to_string())]).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.class, CallErrorClass::Auth);
    assert!(error.message.contains("[key]") && !error.message.contains("secret"), "{}", error.message);
}

#[tokio::test]
async fn a_refused_format_steps_down_once_for_the_whole_provider() {
    let (base_url, mut told) =
        server(vec![refuses("response_format json_schema is not supported"), ok(), ok()]).await;
    let http = http(&base_url);
    let mut request = ask("a");
    request.format = AnswerFormat::JsonSchema { name: "s".into(), schema: Arc::new(json!({})) };
    for _ in 0..2 {
        assert_eq!(http.complete(&request).await.unwrap().text, "spam");
    }
    let mut formats = Vec::new();
    while let Ok((_, body)) = told.try_recv() {
        formats.push(body["response_format"]["type"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(formats, ["json_schema", "json_object", "json_object"]);
    let downgrades = http.downgrades();
    assert_eq!((downgrades.len(), downgrades[0].asked, downgrades[0].sent), (1, "json_schema", "json"));
    assert!(downgrades[0].why.contains("is not supported"));
}

#[tokio::test]
async fn one_part_after_another_is_left_out() {
    let plays = vec![
        refuses("response_format is not supported"),
        refuses("json_object is not supported"),
        refuses("logprobs are not supported"),
        refuses("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."),
        refuses(
            "Unsupported value: 'temperature' does not support 0. Only the default (1) value is supported.",
        ),
        refuses("seed: Extra inputs are not permitted"),
        ok(),
    ];
    let (outcome, bodies, downgrades) = once(plays).await;
    assert_eq!(outcome.unwrap().text, "spam");
    let mut names: Vec<&str> = bodies[6].as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["max_completion_tokens", "messages", "model"]);
    assert_eq!(downgrades.len(), 6);
}

#[tokio::test]
async fn a_part_that_was_not_sent_is_not_left_out() {
    let (base_url, _told) = server(vec![refuses("logprobs are not supported")]).await;
    let outcome = http(&base_url).complete(&ask("a")).await;
    check_class(&outcome, CallErrorClass::BadRequest);
}

#[tokio::test]
async fn a_blocked_question_is_an_answer_that_says_so() {
    let body = json!({"error": {"code": "content_filter", "message": "filtered"}});
    let answer = once(vec![Play::Reply(400, "", body.to_string())]).await.0.unwrap();
    assert_eq!(
        (answer.stop, answer.refusal.as_deref(), answer.text.as_str()),
        (Stop::ContentFilter, Some("filtered"), "")
    );
}

#[tokio::test]
async fn announced_limits_reach_the_limiter() {
    let headers = "x-ratelimit-limit-requests: 60\r\nx-ratelimit-remaining-requests: 29\r\nx-ratelimit-reset-requests: 31s\r\n";
    let (base_url, _told) = server(vec![Play::Reply(200, headers, ANSWER.into())]).await;
    let limiter = Limiter::new(4);
    let http = Arc::new(http(&base_url).announcing_to(limiter.clone()));
    Limit::new(http, limiter.clone()).complete(&ask("a")).await.unwrap();
    assert_eq!(limiter.snapshot().requests_per_second, Some(1.0));
}

#[tokio::test]
async fn faults_pass_through_the_stack_without_losing_the_call() {
    let faults = vec![
        Play::Reply(500, "", "oops".into()),
        Play::Reset,
        Play::Cut,
        Play::Reply(200, "", "{".into()),
        ok(),
    ];
    let (base_url, _told) = server(faults).await;
    let policy = RetryPolicy { first_wait: Duration::from_millis(1), ..RetryPolicy::default() };
    let answer = Retry::new(Arc::new(http(&base_url)), policy).complete(&ask("a")).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.tries), ("spam", 5));
}

#[tokio::test]
async fn the_models_of_an_endpoint_are_listed() {
    let body = json!({"object": "list", "data": [{"id": "a"}, {"id": "b"}]}).to_string();
    let (base_url, mut told) = server(vec![Play::Reply(200, "", body)]).await;
    assert_eq!(http(&base_url).models().await.unwrap(), ["a", "b"]);
    assert!(told.recv().await.unwrap().0.starts_with("GET /v1/models "));
}

#[tokio::test]
async fn other_resources_are_reached_with_the_key_and_the_right_path() {
    for (path, want) in [("files/a?b=1", "/v1/files/a?b=1"), ("/upload/x:y", "/upload/x:y")] {
        let (base_url, mut told) = server(vec![Play::Reply(404, "x-a: b\r\n", "no".into())]).await;
        let got = http(&base_url).send(Method::Get, path, Body::Empty).await.unwrap();
        assert_eq!((got.status, got.header("x-a"), got.body.as_slice()), (404, Some("b"), &b"no"[..]));
        let (head, _) = told.recv().await.unwrap();
        assert!(head.starts_with(&format!("GET {want} HTTP/1.1")), "{head}");
        assert!(head.contains("authorization: Bearer sk-very-secret-key"), "{head}");
    }
}

#[tokio::test]
async fn a_form_is_sent_with_its_boundary() {
    let (base_url, mut told) = server(vec![Play::Reply(200, "", r#"{"id":"f"}"#.into())]).await;
    let file = FilePart {
        field: "file",
        name: "a.jsonl".into(),
        content_type: "application/jsonl",
        bytes: b"{}".to_vec(),
    };
    let body = Body::Multipart { fields: vec![("purpose", "batch".into())], file };
    let got: Value = http(&base_url).send(Method::Post, "files", body).await.unwrap().json("file").unwrap();
    assert_eq!(got["id"], "f");
    let (head, _) = told.recv().await.unwrap();
    assert!(head.contains("content-type: multipart/form-data; boundary=karat-form-"), "{head}");
    assert!(!head.contains("application/json"), "{head}");
}

#[tokio::test]
async fn the_key_goes_to_no_other_origin_and_is_blotted_out_of_failures() {
    let (base_url, _told) = server(vec![Play::Reply(401, "", "wrong: sk-very-secret-key".into())]).await;
    let http = http(&base_url);
    let error = http.send(Method::Get, "https://evil.example/x", Body::Empty).await.unwrap_err();
    assert_eq!((error.class, error.tries), (CallErrorClass::BadRequest, 0));
    assert!(error.message.contains("the key is not sent elsewhere"), "{}", error.message);
    let got = http.send(Method::Post, "x", Body::Json(b"{}".to_vec())).await.unwrap();
    assert_eq!(got.body, b"wrong: [key]");
    assert_eq!(got.ok().unwrap_err().class, CallErrorClass::Auth);
}

#[tokio::test]
async fn a_large_file_is_read_piece_by_piece_and_a_cut_one_is_an_error() {
    let large = "x".repeat(100_000);
    let plays = vec![Play::Reply(200, "", large.clone()), Play::Cut, Play::Reply(404, "", "gone".into())];
    let (base_url, _told) = server(plays).await;
    let http = http(&base_url);
    let mut got = Vec::new();
    http.download("files/a/content", |piece| got.extend_from_slice(piece)).await.unwrap();
    assert_eq!(got.len(), large.len());
    let cut = http.download("files/a/content", |_| ()).await.unwrap_err();
    assert_eq!(cut.class, CallErrorClass::Connection);
    let mut n = 0;
    let gone = http.download("files/b/content", |_| n += 1).await.unwrap_err();
    assert_eq!((gone.class, gone.status, n), (CallErrorClass::BadRequest, Some(404), 0));
}

#[tokio::test]
async fn the_users_headers_go_with_every_request_and_are_never_shown() {
    let echo = json!({"error": {"message": "no such team: team-very-secret-1"}}).to_string();
    let (base_url, mut told) = server(vec![ok(), Play::Reply(404, "", echo)]).await;
    let headers = vec![
        ("X-Team".to_owned(), "team-very-secret-1".to_owned()),
        ("Authorization".to_owned(), "Basic mine-instead-of-the-key".to_owned()),
    ];
    let transport = Transport { headers, ..Transport::from(Duration::from_secs(20)) };
    let http = Http::new(CUSTOM, &base_url, Some(Key::new("sk-very-secret-key")), transport).unwrap();
    http.complete(&ask("a")).await.unwrap();
    let (head, _) = told.recv().await.unwrap();
    for line in ["x-team: team-very-secret-1", "authorization: Basic mine-instead-of-the-key"] {
        assert!(head.lines().any(|got| got == line), "{head}");
    }
    assert!(!head.contains("sk-very-secret-key"), "{head}");
    let error = http.complete(&ask("a")).await.unwrap_err();
    assert_eq!(error.message, "no such team: [key]");
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_whole_address() {
    let (proxy, mut told) = server(vec![ok()]).await;
    let transport = Transport {
        proxy: Some(proxy.trim_end_matches("/v1").replace("http://", "http://me:long-password-1@")),
        ..Transport::from(Duration::from_secs(20))
    };
    let http = Http::new(CUSTOM, "http://models.invalid/v1", None, transport).unwrap();
    assert_eq!(http.complete(&ask("a")).await.unwrap().text, "spam");
    let (head, _) = told.recv().await.unwrap();
    assert!(head.starts_with("POST http://models.invalid/v1/chat/completions HTTP/1.1"), "{head}");
    assert!(head.contains("proxy-authorization: Basic bWU6bG9uZy1wYXNzd29yZC0x"), "{head}");
}

#[tokio::test]
async fn without_a_proxy_an_address_that_is_none_is_a_connection_error() {
    let transport = Transport { proxy: Some("none".into()), ..Transport::from(Duration::from_secs(20)) };
    let http = Http::new(CUSTOM, "http://models.invalid/v1", None, transport).unwrap();
    check_class(&http.complete(&ask("a")).await, CallErrorClass::Connection);
}
