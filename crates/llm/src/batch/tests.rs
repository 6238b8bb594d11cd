//! Strings in the shapes of the vendors' published references, read in November 2026.

use serde_json::{Value, json};

use super::*;
use crate::{dialect::Dialect, endpoints::ENDPOINTS};

fn requests() -> Vec<BatchRequest> {
    let request = |id: &str, text: &str| BatchRequest {
        id: id.to_owned(),
        body: json!({"model": "m", "text": text}).to_string().into_bytes(),
    };
    vec![request("a", "one"), request("b", "two\n\"lines\"")]
}

fn chat(body: &[u8]) -> Result<ModelAnswer, CallError> {
    read_body(Dialect::OpenAiChat, body)
}

fn message(body: &[u8]) -> Result<ModelAnswer, CallError> {
    read_body(Dialect::Anthropic, body)
}

fn candidate(body: &[u8]) -> Result<ModelAnswer, CallError> {
    read_body(Dialect::Gemini, body)
}

/// What a line comes to: the id with the text, or with the class of the failure.
#[track_caller]
fn check_line(line: Result<BatchLine, String>, id: &str, want: Result<&str, CallErrorClass>) {
    let line = line.unwrap();
    let got = line.outcome.as_ref().map(|answer| answer.text.as_str()).map_err(|error| error.class);
    assert_eq!((line.id.as_str(), got), (id, want));
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

// ---- what all share

#[test]
fn lines_are_cut_whole_wherever_the_pieces_end() {
    let text = b"{\"a\":1}\n\n{\"b\":2}\r\n{\"c\":\"\xd1\x8f\"}";
    for size in 1..text.len() {
        let (mut lines, mut got) = (Lines::default(), Vec::new());
        for piece in text.chunks(size) {
            lines.push(piece, |line| got.push(line.to_vec()));
        }
        lines.finish(|line| got.push(line.to_vec()));
        let want: [&[u8]; 3] = [b"{\"a\":1}", b"{\"b\":2}", b"{\"c\":\"\xd1\x8f\"}"];
        assert_eq!(got, want, "pieces of {size}");
    }
}

#[test]
fn a_batch_that_is_over_will_bring_nothing_more() {
    assert!(!BatchState::Running { done: 5, total: 5 }.is_over());
    for state in
        [BatchState::Ended, BatchState::Expired, BatchState::Canceled, BatchState::Failed(String::new())]
    {
        assert!(state.is_over(), "{}", state.as_str());
    }
}

#[test]
fn a_lost_batch_without_a_key_fits_by_its_size_and_time_and_is_nobody_elses() {
    let known = ["msgbatch_2".to_owned()];
    let wanted = Wanted { key: "k", n: 3, since: 1000, known: &known };
    let seen = |id: &str, total: u64, made_at: i64| Seen {
        id: id.into(),
        state: BatchState::Ended,
        key: None,
        input: None,
        made_at: Some(made_at),
        total: Some(total),
        results: Vec::new(),
    };
    assert!(wanted.may_be(&seen("msgbatch_1", 3, 1000)));
    assert!(!wanted.may_be(&seen("msgbatch_1", 4, 1000)));
    assert!(!wanted.may_be(&seen("msgbatch_1", 3, 999)));
    assert!(!wanted.may_be(&seen("msgbatch_2", 3, 1000)));
    assert!(!wanted.has_key(&seen("msgbatch_1", 3, 1000)));
}

// ---- OpenAI

/// A batch as the reference shows one, with some fields replaced.
fn openai_batch(changes: Value) -> Value {
    let mut batch = parse(
        r#"{"id":"batch_abc123","object":"batch","endpoint":"/v1/chat/completions","errors":null,
        "input_file_id":"file-abc123","completion_window":"24h","status":"completed","output_file_id":"file-cvaTdG",
        "error_file_id":"file-HOWS94","created_at":1711471533,"in_progress_at":1711471538,"expires_at":1711557933,
        "finalizing_at":1711493133,"completed_at":1711493163,"failed_at":null,"expired_at":null,"cancelling_at":null,
        "cancelled_at":null,"request_counts":{"total":100,"completed":95,"failed":5},
        "metadata":{"karat":"karat-1"}}"#,
    );
    for (name, value) in changes.as_object().unwrap() {
        batch[name] = value.clone();
    }
    batch
}

#[track_caller]
fn check_openai_state(changes: Value, want: BatchState) {
    assert_eq!(openai::seen(&openai_batch(changes)).unwrap().state, want);
}

#[test]
fn openai_takes_a_file_of_lines_and_a_batch_that_names_it() {
    let flavor = openai::flavor("openai", Dialect::OpenAiChat);
    let file = String::from_utf8(openai::lines(&requests(), &flavor)).unwrap();
    let lines: Vec<Value> = file.lines().map(parse).collect();
    let want = json!({"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "text": "one"}});
    assert_eq!((lines.len(), &lines[0]), (2, &want));
    assert_eq!(lines[1]["body"]["text"], "two\n\"lines\"");
    let batch: Value = serde_json::from_slice(&openai::create("file-1", "karat-1", &flavor)).unwrap();
    let want = json!({"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h",
                      "metadata": {"karat": "karat-1"}});
    assert_eq!(batch, want);
    assert_eq!(openai::fields(&flavor, "k.jsonl"), [("purpose", "batch".to_owned())]);
}

#[test]
fn vendors_differ_from_openai_in_paths_and_words() {
    let url = |name: &str, dialect| openai::flavor(name, dialect).url;
    assert_eq!(url("azure", Dialect::OpenAiChat), "/chat/completions");
    assert_eq!(url("groq", Dialect::OpenAiChat), "/v1/chat/completions");
    assert_eq!(url("zhipu", Dialect::OpenAiChat), "/v4/chat/completions");
    assert_eq!(url("openai-responses", Dialect::OpenAiResponses), "/v1/responses");
    let together = openai::flavor("together", Dialect::OpenAiChat);
    assert_eq!((together.upload, together.keeps_key), ("files/upload", false));
    let fields = openai::fields(&together, "k.jsonl");
    assert_eq!(fields[0], ("purpose", "batch-api".to_owned()));
    assert!(fields.contains(&("file_name", "k.jsonl".to_owned())));
    let batch: Value = serde_json::from_slice(&openai::create("f", "k", &together)).unwrap();
    assert!(batch.get("metadata").is_none());
}

#[test]
fn an_openai_batch_says_where_its_results_are_and_whose_it_is() {
    let seen = openai::seen(&openai_batch(json!({}))).unwrap();
    assert_eq!(seen.results, ["files/file-cvaTdG/content", "files/file-HOWS94/content"]);
    assert_eq!((seen.id.as_str(), seen.key.as_deref()), ("batch_abc123", Some("karat-1")));
    assert_eq!((seen.total, seen.made_at), (Some(100), Some(1_711_471_533)));
    assert_eq!(seen.input.as_deref(), Some("file-abc123"));
}

#[test]
fn openai_states_are_told_apart() {
    for status in ["validating", "in_progress", "finalizing", "cancelling"] {
        check_openai_state(json!({ "status": status }), BatchState::Running { done: 100, total: 100 });
    }
    check_openai_state(json!({}), BatchState::Ended);
    check_openai_state(json!({"status": "expired"}), BatchState::Expired);
    check_openai_state(json!({"status": "cancelled"}), BatchState::Canceled);
    let errors = json!({"object": "list", "data": [{"code": "token_limit_exceeded",
        "message": "Enqueued token limit reached for gpt-4o-mini", "param": null, "line": 7}]});
    let why = "Enqueued token limit reached for gpt-4o-mini (line 7)".to_owned();
    check_openai_state(json!({"status": "failed", "errors": errors}), BatchState::Failed(why));
    assert!(openai::seen(&openai_batch(json!({"status": "asleep"}))).unwrap_err().contains("`asleep`"));
}

#[test]
fn together_wraps_a_new_batch_and_writes_states_in_capitals() {
    let made = parse(
        r#"{"job":{"id":"01234567-8901","user_id":"user_789","input_file_id":"file-input123","file_size_bytes":1048576,
        "status":"IN_PROGRESS","job_deadline":"2024-01-15T15:30:00Z","created_at":"2024-01-15T14:30:00Z",
        "endpoint":"/v1/chat/completions","progress":75,"model_id":"m","output_file_id":"","error_file_id":"",
        "error":"","completed_at":null},"warning":""}"#,
    );
    let seen = openai::seen(&made).unwrap();
    assert_eq!(
        (seen.id.as_str(), &seen.state),
        ("01234567-8901", &BatchState::Running { done: 0, total: 0 })
    );
    assert_eq!((seen.results.len(), seen.made_at), (0, Some(1_705_329_000)));
    let (all, next) = openai::list(&json!([made["job"]]));
    assert_eq!((all.len(), next), (1, None));
    let files =
        json!({"data": [{"id": "file-1", "filename": "k.jsonl"}, {"id": "file-2", "filename": "j.jsonl"}]});
    assert_eq!(openai::files_named(&files, "k.jsonl"), ["file-1"]);
}

#[test]
fn a_list_of_openai_batches_has_pages() {
    let page = json!({"object": "list", "data": [openai_batch(json!({}))], "first_id": "batch_abc123",
                      "last_id": "batch_abc123", "has_more": true});
    let (all, next) = openai::list(&page);
    assert_eq!((all.len(), next.as_deref()), (1, Some("batch_abc123")));
}

#[test]
fn openai_lines_are_answers_failures_and_requests_that_were_not_reached() {
    let answer = r#"{"id":"batch_req_123","custom_id":"a","response":{"status_code":200,"request_id":"req_123","body":{"id":
        "chatcmpl-123","object":"chat.completion","created":1711652795,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,
        "message":{"role":"assistant","content":"Hello."},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":22,
        "completion_tokens":2,"total_tokens":24},"system_fingerprint":"fp_123"}},"error":null}"#;
    let line = openai::line(answer.as_bytes(), chat);
    let usage = line.clone().unwrap().outcome.unwrap().usage.unwrap();
    assert_eq!((usage.input, usage.output), (22, 2));
    check_line(line, "a", Ok("Hello."));

    let expired = br#"{"id":"batch_req_2","custom_id":"b","response":null,"error":{"code":"batch_expired","message":"This request could not be executed before the completion window expired."}}"#;
    let line = openai::line(expired, chat);
    assert_eq!(line.clone().unwrap().outcome.unwrap_err().tries, 0);
    check_line(line, "b", Err(CallErrorClass::Timeout));

    let refused = br#"{"id":"r","custom_id":"c","response":{"status_code":400,"request_id":"q","body":{"error":{"message":"Invalid value","type":"invalid_request_error","param":"x","code":null}}},"error":null}"#;
    check_line(openai::line(refused, chat), "c", Err(CallErrorClass::BadRequest));
    let busy = br#"{"id":"r","custom_id":"d","response":{"status_code":429,"request_id":"q","body":{"error":{"message":"slow down"}}},"error":null}"#;
    check_line(openai::line(busy, chat), "d", Err(CallErrorClass::RateLimited));
    let failed =
        br#"{"id":"r","custom_id":"e","response":null,"error":{"code":"server_error","message":"failed"}}"#;
    check_line(openai::line(failed, chat), "e", Err(CallErrorClass::Server));
    check_line(
        openai::line(br#"{"custom_id":"f","response":null,"error":null}"#, chat),
        "f",
        Err(CallErrorClass::BadBody),
    );
}

#[test]
fn a_question_that_a_filter_blocked_is_an_answer_in_a_batch_too() {
    let blocked = br#"{"custom_id":"a","response":{"status_code":400,"body":{"error":{"code":"content_filter","message":"blocked by content_filter"}}},"error":null}"#;
    let answer = openai::line(blocked, chat).unwrap().outcome.unwrap();
    assert_eq!((answer.stop, answer.refusal.is_some()), (Stop::ContentFilter, true));
}

#[test]
fn a_line_that_is_no_json_or_has_no_id_is_told() {
    assert!(openai::line(br#"{"custom_id": "a", "resp"#, chat).is_err());
    assert!(openai::line(br#"{"response":null,"error":null}"#, chat).is_err());
    assert!(anthropic::line(br#"{"custom_id":"a"}"#, message).is_err());
    assert!(gemini::line(br#"{"response":{}}"#, candidate).is_err());
}

// ---- Mistral

#[test]
fn mistral_names_the_model_once_for_all() {
    let file = String::from_utf8(mistral::lines(&requests())).unwrap();
    let first = parse(file.lines().next().unwrap());
    assert_eq!(first, json!({"custom_id": "a", "body": {"model": "m", "text": "one"}}));
    let job: Value =
        serde_json::from_slice(&mistral::create("f-1", "karat-1", "mistral-small-latest")).unwrap();
    let want = json!({"input_files": ["f-1"], "model": "mistral-small-latest", "endpoint": "/v1/chat/completions",
                      "metadata": {"karat": "karat-1"}, "timeout_hours": 24});
    assert_eq!(job, want);
}

#[test]
fn mistral_states_and_files_are_read() {
    let job = |status: &str| {
        json!({"id": "b-1", "object": "batch", "input_files": ["f-1"], "metadata": {"karat": "karat-1"},
               "endpoint": "/v1/chat/completions", "model": "mistral-small-latest", "output_file": "out-1",
               "error_file": null, "errors": [{"message": "no such model", "count": 1}], "status": status,
               "created_at": 1_732_040_000, "total_requests": 10, "completed_requests": 4, "succeeded_requests": 3,
               "failed_requests": 1, "started_at": null, "completed_at": null})
    };
    let state = |status: &str| mistral::seen(&job(status)).unwrap().state;
    for status in ["QUEUED", "RUNNING", "CANCELLATION_REQUESTED"] {
        assert_eq!(state(status), BatchState::Running { done: 4, total: 10 });
    }
    assert_eq!(state("SUCCESS"), BatchState::Ended);
    assert_eq!(state("TIMEOUT_EXCEEDED"), BatchState::Expired);
    assert_eq!(state("CANCELLED"), BatchState::Canceled);
    assert_eq!(state("FAILED"), BatchState::Failed("no such model".into()));
    let seen = mistral::seen(&job("SUCCESS")).unwrap();
    assert_eq!(
        (seen.results, seen.key.as_deref()),
        (vec!["files/out-1/content".to_owned()], Some("karat-1"))
    );
    assert_eq!(mistral::list(&json!({"data": [job("RUNNING")], "object": "list", "total": 1})).len(), 1);
}

#[test]
fn mistral_lines_have_the_form_of_openais() {
    let line = br#"{"id":"batch-c7b4-0-52bf","custom_id":"a","response":{"status_code":200,"body":{"id":"x","object":"chat.completion","created":1,"model":"mistral-small-latest","choices":[{"index":0,"message":{"role":"assistant","tool_calls":null,"content":"Oui."},"finish_reason":"stop"}],"usage":{"prompt_tokens":4,"total_tokens":6,"completion_tokens":2}}},"error":null}"#;
    check_line(openai::line(line, chat), "a", Ok("Oui."));
}

// ---- Anthropic

#[test]
fn anthropic_takes_all_requests_in_one_body() {
    let body: Value = serde_json::from_slice(&anthropic::create(&requests())).unwrap();
    let want = json!({"requests": [{"custom_id": "a", "params": {"model": "m", "text": "one"}},
                                   {"custom_id": "b", "params": {"model": "m", "text": "two\n\"lines\""}}]});
    assert_eq!(body, want);
}

#[test]
fn anthropic_says_ended_and_the_counts_say_how() {
    let batch = |status: &str, expired: u64, canceled: Value| {
        json!({"id": "msgbatch_013Zva", "type": "message_batch", "processing_status": status,
               "request_counts": {"processing": 0, "succeeded": 50, "errored": 30, "canceled": 0, "expired": expired},
               "ended_at": null, "created_at": "2024-08-20T18:37:24.100435Z", "expires_at": "2024-08-21T18:37:24.100435Z",
               "cancel_initiated_at": canceled,
               "results_url": "https://api.anthropic.com/v1/messages/batches/msgbatch_013Zva/results"})
    };
    let state = |batch: Value| anthropic::seen(&batch).unwrap().state;
    assert_eq!(state(batch("in_progress", 0, Value::Null)), BatchState::Running { done: 80, total: 80 });
    assert_eq!(state(batch("canceling", 0, json!("t"))), BatchState::Running { done: 80, total: 80 });
    assert_eq!(state(batch("ended", 0, Value::Null)), BatchState::Ended);
    assert_eq!(state(batch("ended", 10, Value::Null)), BatchState::Expired);
    assert_eq!(state(batch("ended", 0, json!("2024-08-20T18:40:00Z"))), BatchState::Canceled);
    let seen = anthropic::seen(&batch("ended", 10, Value::Null)).unwrap();
    assert_eq!((seen.total, seen.made_at, seen.key), (Some(90), Some(1_724_179_044), None));
    assert_eq!(seen.results, ["https://api.anthropic.com/v1/messages/batches/msgbatch_013Zva/results"]);
    let page = json!({"data": [batch("ended", 0, Value::Null)], "has_more": true, "first_id": "x", "last_id": "msgbatch_013Zva"});
    assert_eq!(anthropic::list(&page).1.as_deref(), Some("msgbatch_013Zva"));
}

#[test]
fn anthropic_lines_succeed_err_are_canceled_and_expire() {
    let line = |result: Value| {
        let line = json!({"custom_id": "a", "result": result}).to_string();
        anthropic::line(line.as_bytes(), message)
    };
    let said = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x",
        "content": [{"type": "text", "text": "Hello"}], "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 10, "output_tokens": 2}});
    check_line(line(json!({"type": "succeeded", "message": said})), "a", Ok("Hello"));
    let errored = |kind: &str| {
        let error = json!({"type": "error", "error": {"type": kind, "message": "no"}, "request_id": "r"});
        line(json!({"type": "errored", "error": error}))
    };
    check_line(errored("invalid_request_error"), "a", Err(CallErrorClass::BadRequest));
    check_line(errored("authentication_error"), "a", Err(CallErrorClass::Auth));
    check_line(errored("rate_limit_error"), "a", Err(CallErrorClass::RateLimited));
    check_line(errored("overloaded_error"), "a", Err(CallErrorClass::Server));
    check_line(line(json!({"type": "expired"})), "a", Err(CallErrorClass::Timeout));
    check_line(line(json!({"type": "canceled"})), "a", Err(CallErrorClass::Timeout));
    check_line(line(json!({"type": "succeeded"})), "a", Err(CallErrorClass::BadBody));
}

// ---- Gemini

#[test]
fn gemini_takes_requests_with_their_keys_as_metadata() {
    let body: Value = serde_json::from_slice(&gemini::create("karat-1", &requests())).unwrap();
    let batch = &body["batch"];
    assert_eq!(batch["display_name"], "karat-1");
    let requests = &batch["input_config"]["requests"]["requests"];
    assert_eq!(requests[0], json!({"request": {"model": "m", "text": "one"}, "metadata": {"key": "a"}}));
    assert_eq!(requests[1]["metadata"]["key"], "b");
    assert_eq!(gemini::path("gemini-2.5-flash"), "models/gemini-2.5-flash:batchGenerateContent");
}

fn gemini_operation(state: &str) -> Value {
    json!({"name": "batches/abc", "metadata": {
        "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
        "model": "models/gemini-2.5-flash", "displayName": "karat-1", "state": state,
        "createTime": "2025-07-01T12:00:00.5Z", "updateTime": "2025-07-01T12:10:00Z", "name": "batches/abc",
        "batchStats": {"requestCount": "3", "successfulRequestCount": "1", "failedRequestCount": "1", "pendingRequestCount": "1"}},
        "done": state == "BATCH_STATE_SUCCEEDED"})
}

#[test]
fn gemini_operations_say_how_far_they_are() {
    let state = |word: &str| gemini::seen(&gemini_operation(word)).unwrap().state;
    assert_eq!(state("BATCH_STATE_PENDING"), BatchState::Running { done: 2, total: 3 });
    assert_eq!(state("BATCH_STATE_RUNNING"), BatchState::Running { done: 2, total: 3 });
    assert_eq!(state("BATCH_STATE_SUCCEEDED"), BatchState::Ended);
    assert_eq!(state("BATCH_STATE_EXPIRED"), BatchState::Expired);
    assert_eq!(state("JOB_STATE_CANCELLED"), BatchState::Canceled);
    assert!(matches!(state("BATCH_STATE_FAILED"), BatchState::Failed(_)));
    let seen = gemini::seen(&gemini_operation("BATCH_STATE_RUNNING")).unwrap();
    assert_eq!((seen.key.as_deref(), seen.made_at), (Some("karat-1"), Some(1_751_371_200)));
    let (all, next) =
        gemini::list(&json!({"operations": [gemini_operation("BATCH_STATE_RUNNING")], "nextPageToken": "t"}));
    assert_eq!((all.len(), next.as_deref()), (1, Some("t")));
}

#[test]
fn gemini_answers_stand_in_the_operation_or_in_a_file() {
    let said = json!({"candidates": [{"content": {"parts": [{"text": "Hi"}], "role": "model"}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 1, "totalTokenCount": 6}, "modelVersion": "gemini-2.5-flash"});
    let responses = json!({"inlinedResponses": [
        {"response": said, "metadata": {"key": "b"}},
        {"error": {"code": 8, "message": "quota of the minute"}, "metadata": {"key": "a"}},
        {"error": {"code": 3, "message": "wrong"}, "metadata": {"key": "c"}},
        {"metadata": {"key": "d"}}]});
    let mut operation = gemini_operation("BATCH_STATE_SUCCEEDED");
    operation["response"] = json!({"@type": "t", "inlinedResponses": responses});
    let mut lines = Vec::new();
    gemini::inlined(operation.to_string().as_bytes(), candidate, |line| lines.push(line)).unwrap();
    let mut lines = lines.into_iter();
    check_line(lines.next().unwrap(), "b", Ok("Hi"));
    check_line(lines.next().unwrap(), "a", Err(CallErrorClass::RateLimited));
    check_line(lines.next().unwrap(), "c", Err(CallErrorClass::BadRequest));
    check_line(lines.next().unwrap(), "d", Err(CallErrorClass::BadBody));
    // Some versions put the output into the metadata alone.
    let mut operation = gemini_operation("BATCH_STATE_SUCCEEDED");
    operation["metadata"]["output"] =
        json!({"inlinedResponses": {"inlinedResponses": [{"response": said, "metadata": {"key": "b"}}]}});
    let mut n = 0;
    gemini::inlined(operation.to_string().as_bytes(), candidate, |_| n += 1).unwrap();
    assert_eq!(n, 1);

    operation["response"] = json!({"responsesFile": "files/batch-xyz"});
    assert_eq!(
        gemini::seen(&operation).unwrap().results,
        ["/download/v1beta/files/batch-xyz:download?alt=media"]
    );
    let line = json!({"key": "e", "response": said}).to_string();
    check_line(gemini::line(line.as_bytes(), candidate), "e", Ok("Hi"));
}

// ---- the table

#[cfg(feature = "http")]
#[test]
fn every_endpoint_that_takes_batches_has_an_api_and_limits() {
    for row in ENDPOINTS {
        let http =
            crate::Http::new(row.clone(), "http://127.0.0.1:9/v1", None, std::time::Duration::from_secs(1));
        let Ok(http) = http else { continue };
        let batches = SentBatches::of(std::sync::Arc::new(http));
        assert_eq!(batches.is_some(), row.can.batch, "{}", row.name);
        if let Some(batches) = batches {
            let limits = batches.limits();
            assert!(limits.rows >= 50_000 && limits.bytes >= 19_000_000, "{}: {limits:?}", row.name);
        }
    }
}
