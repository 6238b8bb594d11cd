//! Bodies of requests and answers as they go over the wire, one quirk a test.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::{CallErrorClass, Message, Role, Settings, TokenLogprob, endpoints::endpoint, testing::ask};

fn wire() -> Wire {
    endpoint("openai-responses").unwrap().wire()
}

fn request(format: AnswerFormat, settings: Settings) -> ModelRequest {
    ModelRequest {
        messages: vec![Message::new(Role::System, "Answer in JSON."), Message::new(Role::User, "q")],
        format,
        settings: Arc::new(settings),
        ..ask("k")
    }
}

#[track_caller]
fn sent(request: &ModelRequest, wire: &Wire) -> Value {
    serde_json::from_slice(&encode(request, wire).unwrap()).unwrap()
}

#[track_caller]
fn check(body: &str, want: ModelAnswer) {
    assert_eq!(decode(body.as_bytes()), Ok(want), "{body}");
}

#[track_caller]
fn check_stop(rest: &str, want: Stop) {
    let body = format!(r#"{{"output":[]{rest}}}"#);
    assert_eq!(decode(body.as_bytes()).unwrap().stop, want, "{body}");
}

#[track_caller]
fn check_bad(body: &str, class: CallErrorClass, words: &str) {
    match decode(body.as_bytes()) {
        Err(Fault::Failed(error)) => {
            assert_eq!(error.class, class, "{body}");
            assert!(error.message.contains(words), "{}", error.message);
        }
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn a_full_request_is_written_and_nothing_is_stored_there() {
    let settings = Settings {
        temperature: Some(0.0),
        top_p: Some(0.5),
        seed: Some(7),
        stop: vec!["END".into()],
        logprobs: true,
        top_logprobs: 5,
        reasoning_effort: Some("low".into()),
        extra: serde_json::from_value(json!({"text": {"verbosity": "low"}})).unwrap(),
        ..Settings::new(64)
    };
    let schema =
        AnswerFormat::JsonSchema { name: "answer".into(), schema: Arc::new(json!({"type": "object"})) };
    let want = json!({
        "model": "m", "store": false, "max_output_tokens": 64, "temperature": 0.0, "top_p": 0.5,
        "input": [{"role": "system", "content": "Answer in JSON."}, {"role": "user", "content": "q"}],
        "include": ["message.output_text.logprobs"], "top_logprobs": 5, "reasoning": {"effort": "low"},
        "text": {"verbosity": "low", "format": {"type": "json_schema", "name": "answer", "strict": true, "schema": {"type": "object"}}},
    });
    assert_eq!(sent(&request(schema, settings), &wire()), want);
}

#[test]
fn json_mode_is_not_asked_for_where_no_message_says_json() {
    let mut request = request(AnswerFormat::Json, Settings::new(64));
    assert_eq!(sent(&request, &wire())["text"], json!({"format": {"type": "json_object"}}));
    request.messages.remove(0);
    assert_eq!(sent(&request, &wire())["text"], Value::Null);
}

#[test]
fn extra_may_not_have_answers_stored() {
    let extra = serde_json::from_value(json!({"store": true})).unwrap();
    let settings = Settings { extra, ..Settings::new(64) };
    let error = encode(&request(AnswerFormat::Text, settings), &wire()).unwrap_err();
    assert!(error.message.contains("`extra` may not set `store`"), "{}", error.message);
}

#[test]
fn an_answer_is_read_in_full_and_reasoning_is_no_text() {
    check(
        r#"{"id":"resp_1","object":"response","status":"completed","error":null,"incomplete_details":null,"model":"gpt-5-mini-2025-08-07",
        "output":[{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"hm"}]},
        {"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],
        "logprobs":[{"token":"spam","bytes":[115],"logprob":-0.5,"top_logprobs":[{"token":"ham","bytes":[1],"logprob":-1.5}]}],"text":"spam"}]}],
        "usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":30},"output_tokens":87,
        "output_tokens_details":{"reasoning_tokens":80},"total_tokens":123}}"#,
        ModelAnswer {
            usage: Some(Usage { input: 36, cached_read: 30, cached_write: 0, output: 87, reasoning: 80 }),
            served_model: Some("gpt-5-mini-2025-08-07".into()),
            logprobs: Some(vec![TokenLogprob {
                token: "spam".into(),
                logprob: -0.5,
                top: vec![("ham".into(), -1.5)],
            }]),
            ..ModelAnswer::of_text("spam")
        },
    );
}

#[test]
fn an_empty_list_of_log_probabilities_is_none() {
    let body = r#"{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"x","logprobs":[]}]}]}"#;
    check(body, ModelAnswer::of_text("x"));
}

#[test]
fn a_refusal_has_a_part_of_its_own() {
    let body = r#"{"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"I cannot help with that."}]}]}"#;
    check(body, ModelAnswer { refusal: Some("I cannot help with that.".into()), ..ModelAnswer::of_text("") });
}

#[test]
fn what_made_an_answer_incomplete_is_why_it_stopped() {
    check_stop(r#","status":"completed""#, Stop::End);
    check_stop(
        r#","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}"#,
        Stop::TokenLimit,
    );
    check_stop(
        r#","status":"incomplete","incomplete_details":{"reason":"content_filter"}"#,
        Stop::ContentFilter,
    );
    check_stop(r#","status":"incomplete","incomplete_details":{"reason":"x"}"#, Stop::Other("x".into()));
    check_stop(r#","status":"cancelled""#, Stop::Other("cancelled".into()));
    check_stop("", Stop::Other("missing".into()));
}

#[test]
fn a_failed_response_comes_with_status_200_and_its_own_error() {
    let failed = |code: &str, message: &str| {
        format!(r#"{{"status":"failed","error":{{"code":"{code}","message":"{message}"}},"output":[]}}"#)
    };
    check_bad(&failed("server_error", "it broke"), CallErrorClass::BadBody, "it broke");
    check_bad(&failed("rate_limit_exceeded", "slow down"), CallErrorClass::RateLimited, "slow down");
}

#[test]
fn a_body_that_is_no_response_is_a_bad_body() {
    check_bad("", CallErrorClass::BadBody, "not the JSON of a response");
    check_bad(r#"{"output":[{"#, CallErrorClass::BadBody, "not the JSON of a response");
    check_bad("{}", CallErrorClass::BadBody, "holds no output");
}

#[test]
fn a_missing_count_is_not_a_count_of_zero() {
    assert_eq!(decode(br#"{"output":[],"usage":{}}"#).unwrap().usage, None);
    assert_eq!(decode(br#"{"output":[]}"#).unwrap().usage, None);
}
