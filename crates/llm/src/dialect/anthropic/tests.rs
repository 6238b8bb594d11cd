//! Bodies of requests and answers as they go over the wire, one quirk a test.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::{CallErrorClass, Message, endpoints::endpoint, testing::ask};

fn wire() -> Wire {
    endpoint("anthropic").unwrap().wire()
}

fn request(format: AnswerFormat, settings: Settings) -> ModelRequest {
    ModelRequest {
        messages: vec![Message::new(Role::System, "Label it."), Message::new(Role::User, "a \"b\" 🎉")],
        format,
        settings: Arc::new(settings),
        ..ask("k")
    }
}

fn schema() -> AnswerFormat {
    let schema = json!({"type": "object", "properties": {"stars": {"type": "integer", "minimum": 1}}});
    AnswerFormat::JsonSchema { name: "answer".into(), schema: Arc::new(schema) }
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
fn check_stop(rest: &str, stop: Stop, refusal: Option<&str>) {
    let body = format!(r#"{{"content":[],{rest}}}"#);
    let answer = decode(body.as_bytes()).unwrap();
    assert_eq!((answer.stop, answer.refusal.as_deref()), (stop, refusal), "{body}");
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
fn a_full_request_has_the_systems_words_apart_and_its_schema_cut_to_what_is_taken() {
    let settings = Settings {
        temperature: Some(0.0),
        top_p: Some(0.5),
        seed: Some(7),
        stop: vec!["END".into()],
        logprobs: true,
        extra: serde_json::from_value(json!({"top_k": 40})).unwrap(),
        ..Settings::new(64)
    };
    let want = json!({
        "model": "m", "max_tokens": 64, "system": "Label it.",
        "messages": [{"role": "user", "content": "a \"b\" 🎉"}],
        "temperature": 0.0, "top_p": 0.5, "stop_sequences": ["END"], "top_k": 40,
        "output_config": {"format": {"type": "json_schema", "schema": {
            "type": "object", "properties": {"stars": {"type": "integer"}}, "additionalProperties": false}}},
    });
    assert_eq!(sent(&request(schema(), settings), &wire()), want);
}

#[test]
fn an_older_model_is_asked_to_call_a_tool_and_then_asked_in_words() {
    let request = request(schema(), Settings::new(8));
    let body = sent(&request, &Wire { format: Level::OtherSchema, ..wire() });
    assert_eq!(body["tool_choice"], json!({"type": "tool", "name": "answer"}));
    assert_eq!(body["tools"][0]["input_schema"]["properties"]["stars"]["minimum"], 1);
    assert_eq!(body["output_config"], Value::Null);
    let body = sent(&request, &Wire { format: Level::Text, ..wire() });
    assert_eq!((&body["tools"], &body["output_config"]), (&Value::Null, &Value::Null));
}

#[test]
fn json_of_any_form_cannot_be_asked_for() {
    let request = request(AnswerFormat::Json, Settings::new(8));
    assert_eq!(level(&request, &wire()), Level::Text);
    assert_eq!(sent(&request, &wire())["output_config"], Value::Null);
}

#[test]
fn long_system_words_are_marked_for_the_cache_and_short_ones_are_not() {
    let mut request = request(AnswerFormat::Text, Settings::new(8));
    request.messages[0] = Message::new(Role::System, "x".repeat(WORTH_CACHING - 1));
    assert!(sent(&request, &wire())["system"].is_string());
    request.messages[0] = Message::new(Role::System, "x".repeat(WORTH_CACHING));
    let system = &sent(&request, &wire())["system"];
    assert_eq!(system[0]["cache_control"], json!({"type": "ephemeral"}));
    assert_eq!(system[0]["text"].as_str().unwrap().len(), WORTH_CACHING);
}

#[track_caller]
fn check_thinking(effort: &str, thinking: Value, config: Value) {
    let settings = Settings { reasoning_effort: Some(effort.into()), ..Settings::new(8) };
    let body = sent(&request(AnswerFormat::Text, settings), &wire());
    assert_eq!((&body["thinking"], &body["output_config"]), (&thinking, &config), "{effort}");
}

#[test]
fn effort_is_a_word_a_budget_or_none() {
    check_thinking("low", json!({"type": "adaptive"}), json!({"effort": "low"}));
    check_thinking("2048", json!({"type": "enabled", "budget_tokens": 2048}), Value::Null);
    check_thinking("none", json!({"type": "disabled"}), Value::Null);
}

#[test]
fn effort_and_format_stand_in_one_object() {
    let settings = Settings { reasoning_effort: Some("high".into()), ..Settings::new(8) };
    let config = &sent(&request(schema(), settings), &wire())["output_config"];
    assert_eq!((&config["effort"], &config["format"]["type"]), (&json!("high"), &json!("json_schema")));
}

#[test]
fn top_p_alone_is_left_out_where_it_may_not_stand_beside_temperature() {
    let settings = Settings { temperature: Some(0.0), top_p: Some(0.5), ..Settings::new(8) };
    let body = sent(&request(AnswerFormat::Text, settings), &Wire { top_p: false, ..wire() });
    assert_eq!((&body["temperature"], &body["top_p"]), (&json!(0.0), &Value::Null));
}

#[test]
fn an_answer_is_read_in_full_and_what_was_cached_is_a_part_of_the_input() {
    check(
        r#"{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","model":"claude-haiku-4-5-20251001",
        "content":[{"type":"text","text":"{\"label\": \"spam\"}"}],"stop_reason":"end_turn","stop_sequence":null,
        "usage":{"input_tokens":21,"cache_creation_input_tokens":100,"cache_read_input_tokens":2000,
        "cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":0},
        "output_tokens":12,"service_tier":"standard"}}"#,
        ModelAnswer {
            usage: Some(Usage {
                input: 2121,
                cached_read: 2000,
                cached_write: 100,
                output: 12,
                reasoning: 0,
            }),
            served_model: Some("claude-haiku-4-5-20251001".into()),
            ..ModelAnswer::of_text(r#"{"label": "spam"}"#)
        },
    );
}

#[test]
fn thoughts_are_counted_and_not_part_of_the_text() {
    check(
        r#"{"content":[{"type":"thinking","thinking":"let me see","signature":"EqQB"},
        {"type":"redacted_thinking","data":"x"},{"type":"text","text":"sp"},{"type":"text","text":"am"}],
        "stop_reason":"end_turn","usage":{"input_tokens":5,"output_tokens":40,"output_tokens_details":{"thinking_tokens":30}}}"#,
        ModelAnswer {
            usage: Some(Usage { input: 5, output: 40, reasoning: 30, ..Usage::default() }),
            ..ModelAnswer::of_text("spam")
        },
    );
}

#[test]
fn the_input_of_the_called_tool_is_the_answer_as_it_was_written() {
    check(
        r#"{"content":[{"type":"text","text":"I will call the tool."},
        {"type":"tool_use","id":"toolu_01","name":"answer","input":{"label": "spam","n":1.50}}],"stop_reason":"tool_use"}"#,
        ModelAnswer::of_text(r#"{"label": "spam","n":1.50}"#),
    );
}

#[test]
fn every_reason_to_stop_has_its_meaning() {
    check_stop(r#""stop_reason":"stop_sequence""#, Stop::End, None);
    check_stop(r#""stop_reason":"max_tokens""#, Stop::TokenLimit, None);
    check_stop(r#""stop_reason":"model_context_window_exceeded""#, Stop::TokenLimit, None);
    check_stop(r#""stop_reason":"pause_turn""#, Stop::Other("pause_turn".into()), None);
    check_stop(r#""stop_reason":null"#, Stop::Other("missing".into()), None);
}

#[test]
fn a_refusal_says_why_where_a_reason_is_given() {
    let silent = Some("the model declined and gave no reason");
    check_stop(r#""stop_reason":"refusal""#, Stop::ContentFilter, silent);
    let details = r#""stop_reason":"refusal","stop_details":{"type":"refusal","category":"cyber","explanation":"no exploits"}"#;
    check_stop(details, Stop::ContentFilter, Some("no exploits"));
    let details =
        r#""stop_reason":"refusal","stop_details":{"type":"refusal","category":"bio","explanation":null}"#;
    check_stop(details, Stop::ContentFilter, Some("bio"));
}

#[test]
fn a_missing_count_is_not_a_count_of_zero() {
    let answer = decode(br#"{"content":[{"type":"text","text":"x"}],"stop_reason":"end_turn"}"#).unwrap();
    assert_eq!(answer.usage, None);
    let answer = decode(br#"{"content":[],"usage":{"input_tokens":null}}"#).unwrap();
    assert_eq!(answer.usage, None);
}

#[test]
fn a_body_that_is_no_message_is_a_bad_body() {
    check_bad("", "not the JSON of a message");
    check_bad("<html>", "not the JSON of a message");
    check_bad(r#"{"content":[{"type":"te"#, "not the JSON of a message");
    check_bad("{}", "holds no content");
    check_bad(r#"{"type":"error","error":{"type":"api_error","message":"Internal"}}"#, "Internal");
}
