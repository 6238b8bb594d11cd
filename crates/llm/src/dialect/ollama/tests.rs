//! Bodies of requests and answers as they go over the wire, one quirk a test.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::{CallErrorClass, Role, Settings, TokenLogprob, endpoints::endpoint, testing::ask};

fn wire() -> Wire {
    endpoint("ollama-native").unwrap().wire()
}

fn request(format: AnswerFormat, settings: Settings) -> ModelRequest {
    ModelRequest {
        messages: vec![Message::new(Role::System, "Label it."), Message::new(Role::User, "q")],
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
fn check_bad(body: &str, words: &str) {
    match decode(body.as_bytes()) {
        Err(Fault::Failed(error)) => {
            assert_eq!(error.class, CallErrorClass::BadBody, "{body}");
            assert!(error.message.contains(words), "{}", error.message);
        }
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn a_full_request_holds_its_sampling_under_options_and_a_longer_context_joins_them() {
    let settings = Settings {
        temperature: Some(0.0),
        top_p: Some(0.5),
        seed: Some(7),
        stop: vec!["END".into()],
        logprobs: true,
        top_logprobs: 5,
        reasoning_effort: Some("none".into()),
        extra: serde_json::from_value(json!({"options": {"num_ctx": 16384}, "keep_alive": "1h"})).unwrap(),
        ..Settings::new(64)
    };
    let schema =
        AnswerFormat::JsonSchema { name: "answer".into(), schema: Arc::new(json!({"type": "object"})) };
    let want = json!({
        "model": "m", "stream": false,
        "messages": [{"role": "system", "content": "Label it."}, {"role": "user", "content": "q"}],
        "options": {"num_predict": 64, "temperature": 0.0, "top_p": 0.5, "seed": 7, "stop": ["END"], "num_ctx": 16384},
        "logprobs": true, "top_logprobs": 5, "think": false, "format": {"type": "object"}, "keep_alive": "1h",
    });
    assert_eq!(sent(&request(schema, settings), &wire()), want);
}

#[test]
fn json_of_any_form_is_a_word() {
    assert_eq!(sent(&request(AnswerFormat::Json, Settings::new(8)), &wire())["format"], "json");
    assert_eq!(sent(&request(AnswerFormat::Text, Settings::new(8)), &wire())["format"], Value::Null);
}

#[track_caller]
fn check_think(effort: &str, want: Value) {
    let settings = Settings { reasoning_effort: Some(effort.into()), ..Settings::new(8) };
    assert_eq!(sent(&request(AnswerFormat::Text, settings), &wire())["think"], want, "{effort}");
}

#[test]
fn thinking_is_on_off_or_a_word() {
    check_think("on", json!(true));
    check_think("none", json!(false));
    check_think("low", json!("low"));
}

#[test]
fn an_answer_is_read_in_full_and_its_thoughts_are_no_text() {
    check(
        r#"{"model":"qwen3:8b","created_at":"2026-11-21T12:00:00.1Z","message":{"role":"assistant","content":"spam","thinking":"let me see"},
        "done":true,"done_reason":"stop","total_duration":1,"load_duration":1,"prompt_eval_count":26,"prompt_eval_duration":1,
        "eval_count":9,"eval_duration":1,"logprobs":[{"token":"spam","bytes":[115],"logprob":-0.5,
        "top_logprobs":[{"token":"spam","logprob":-0.5},{"token":"ham","logprob":-1.5}]}]}"#,
        ModelAnswer {
            usage: Some(Usage { input: 26, output: 9, ..Usage::default() }),
            served_model: Some("qwen3:8b".into()),
            logprobs: Some(vec![TokenLogprob {
                token: "spam".into(),
                logprob: -0.5,
                top: vec![("spam".into(), -0.5), ("ham".into(), -1.5)],
            }]),
            ..ModelAnswer::of_text("spam")
        },
    );
}

#[track_caller]
fn check_stop(rest: &str, want: Stop) {
    let body = format!(r#"{{"message":{{"content":"x"}},"done":true{rest}}}"#);
    assert_eq!(decode(body.as_bytes()).unwrap().stop, want, "{body}");
}

#[test]
fn every_reason_to_be_done_has_its_meaning() {
    check_stop(r#","done_reason":"stop""#, Stop::End);
    check_stop(r#","done_reason":"length""#, Stop::TokenLimit);
    check_stop(r#","done_reason":"load""#, Stop::Other("load".into()));
    check_stop("", Stop::Other("missing".into()));
}

#[test]
fn a_prompt_whose_count_is_missing_is_not_free() {
    let body = br#"{"message":{"content":"x"},"done_reason":"stop","eval_count":9}"#;
    assert_eq!(decode(body).unwrap().usage, None);
}

#[test]
fn a_body_that_is_no_chat_is_a_bad_body() {
    check_bad("", "not the JSON of a chat");
    check_bad(r#"{"message":{"#, "not the JSON of a chat");
    check_bad("{}", "holds no message");
    check_bad(r#"{"error":"an error was encountered while running the model"}"#, "while running the model");
}
