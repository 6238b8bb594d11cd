//! Bodies of requests and answers as they go over the wire, one quirk a test.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::{AnswerFormat, Aside, CallErrorClass, Message, Role};

const ALL: Wire = Wire {
    format: Level::JsonSchema,
    logprobs: true,
    sampling: true,
    top_p: true,
    reasoning_effort: true,
    stop: true,
    seed: Some("seed"),
    max_tokens: "max_tokens",
};

fn request(format: AnswerFormat, settings: Settings) -> ModelRequest {
    ModelRequest {
        model: "m".into(),
        messages: vec![
            Message::new(Role::System, "Answer in JSON."),
            Message::new(Role::User, "a \"b\"\n🎉"),
        ],
        format,
        settings: Arc::new(settings),
        sample: 3,
        aside: Aside { key: "k".into(), truth: Some("secret truth".into()), wrong: vec!["w".into()] },
    }
}

fn schema() -> AnswerFormat {
    AnswerFormat::JsonSchema { name: "answer".into(), schema: Arc::new(json!({"type": "object"})) }
}

#[track_caller]
fn sent(request: &ModelRequest, wire: &Wire) -> Value {
    let raw = schema_format("answer", &json!({"type": "object"})).unwrap();
    serde_json::from_slice(&encode(request, wire, Some(&raw)).unwrap()).unwrap()
}

#[track_caller]
fn check(body: &str, want: ModelAnswer) {
    assert_eq!(decode(body.as_bytes()), Ok(want), "{body}");
}

#[track_caller]
fn check_usage(usage: &str, want: Option<Usage>) {
    let body =
        format!(r#"{{"choices":[{{"message":{{"content":"x"}},"finish_reason":"stop"}}],"usage":{usage}}}"#);
    assert_eq!(decode(body.as_bytes()).unwrap().usage, want, "{usage}");
}

#[track_caller]
fn check_stop(reason: &str, want: Stop) {
    let body = format!(r#"{{"choices":[{{"message":{{"content":"x"}},"finish_reason":{reason}}}]}}"#);
    assert_eq!(decode(body.as_bytes()).unwrap().stop, want, "{reason}");
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
fn a_full_request_is_written_field_by_field() {
    let settings = Settings {
        temperature: Some(0.0),
        top_p: Some(0.5),
        seed: Some(7),
        stop: vec!["END".into()],
        logprobs: true,
        top_logprobs: 5,
        reasoning_effort: Some("low".into()),
        extra: serde_json::from_value(json!({"top_k": 40})).unwrap(),
        ..Settings::new(64)
    };
    let body = sent(&request(schema(), settings), &ALL);
    let want = json!({
        "model": "m",
        "messages": [{"role": "system", "content": "Answer in JSON."}, {"role": "user", "content": "a \"b\"\n🎉"}],
        "max_tokens": 64, "temperature": 0.0, "top_p": 0.5, "seed": 7, "stop": ["END"],
        "logprobs": true, "top_logprobs": 5, "reasoning_effort": "low",
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": true, "schema": {"type": "object"}}},
        "top_k": 40,
    });
    assert_eq!(body, want);
}

#[test]
fn what_is_not_set_is_not_sent_and_stand_ins_words_never_are() {
    let body = sent(&request(AnswerFormat::Text, Settings::new(8)), &ALL);
    let mut names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["max_tokens", "messages", "model"]);
    assert!(!body.to_string().contains("secret truth"));
}

#[test]
fn what_an_endpoint_does_not_take_is_left_out_or_renamed() {
    let settings = Settings {
        temperature: Some(0.0),
        seed: Some(7),
        logprobs: true,
        stop: vec!["a".into()],
        reasoning_effort: Some("low".into()),
        ..Settings::new(8)
    };
    let wire = Wire {
        format: Level::Json,
        logprobs: false,
        sampling: false,
        top_p: false,
        reasoning_effort: false,
        stop: false,
        seed: Some("random_seed"),
        max_tokens: "max_completion_tokens",
    };
    let body = sent(&request(schema(), settings), &wire);
    let messages = &body["messages"];
    let want = json!({"model": "m", "messages": messages, "max_completion_tokens": 8, "random_seed": 7,
        "response_format": {"type": "json_object"}});
    assert_eq!(body, want);
}

#[test]
fn json_mode_is_not_asked_for_where_no_message_says_json() {
    let mut request = request(AnswerFormat::Json, Settings::new(8));
    assert_eq!(sent(&request, &ALL)["response_format"]["type"], "json_object");
    request.messages.remove(0);
    assert_eq!(sent(&request, &ALL)["response_format"], Value::Null);
}

#[test]
fn extra_replaces_our_field_instead_of_doubling_it() {
    let extra = json!({"max_tokens": 5, "temperature": 1, "response_format": {"type": "text"}});
    let settings = Settings {
        temperature: Some(0.0),
        extra: serde_json::from_value(extra).unwrap(),
        ..Settings::new(64)
    };
    let body = encode(&request(AnswerFormat::Json, settings), &ALL, None).unwrap();
    let body = String::from_utf8(body).unwrap();
    for once in ["max_tokens", "temperature", "response_format"] {
        assert_eq!(body.matches(once).count(), 1, "{body}");
    }
}

#[test]
fn extra_may_not_turn_on_streaming() {
    let settings =
        Settings { extra: serde_json::from_value(json!({"stream": true})).unwrap(), ..Settings::new(64) };
    let error = encode(&request(AnswerFormat::Text, settings), &ALL, None).unwrap_err();
    assert_eq!((error.class, error.tries), (CallErrorClass::BadRequest, 0));
}

#[test]
fn a_plain_answer_of_openai_is_read_in_full() {
    check(
        r#"{"id":"c1","object":"chat.completion","created":1,"model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,
        "message":{"role":"assistant","content":"{\"label\": \"spam\"}","refusal":null,"annotations":[]},"logprobs":null,
        "finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,
        "prompt_tokens_details":{"cached_tokens":16,"audio_tokens":0},
        "completion_tokens_details":{"reasoning_tokens":4,"audio_tokens":0}},"service_tier":"default","system_fingerprint":null}"#,
        ModelAnswer {
            usage: Some(Usage { input: 20, cached_read: 16, cached_write: 0, output: 9, reasoning: 4 }),
            served_model: Some("gpt-4o-mini-2024-07-18".into()),
            ..ModelAnswer::of_text(r#"{"label": "spam"}"#)
        },
    );
}

#[test]
fn a_refusal_in_its_own_field_is_kept_and_the_text_is_empty() {
    check(
        r#"{"choices":[{"message":{"content":null,"refusal":"I'm sorry"},"finish_reason":"stop"}]}"#,
        ModelAnswer { refusal: Some("I'm sorry".into()), ..ModelAnswer::of_text("") },
    );
}

#[test]
fn content_as_a_list_of_parts_is_joined_and_thoughts_are_not_text() {
    check(
        r#"{"choices":[{"message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},
        {"type":"text","text":"sp"},{"type":"text","text":"am"}]},"finish_reason":"stop"}]}"#,
        ModelAnswer::of_text("spam"),
    );
}

#[test]
fn a_refusal_among_the_parts_is_found() {
    check(
        r#"{"choices":[{"message":{"content":[{"type":"refusal","refusal":"no"}]},"finish_reason":"stop"}]}"#,
        ModelAnswer { refusal: Some("no".into()), ..ModelAnswer::of_text("") },
    );
}

#[test]
fn an_answer_cut_by_the_token_limit_says_so() {
    check_stop(r#""length""#, Stop::TokenLimit);
    check_stop(r#""model_length""#, Stop::TokenLimit);
}

#[test]
fn every_vendors_word_for_a_filter_is_known() {
    for word in ["content_filter", "sensitive", "blacklist"] {
        check_stop(&format!("\"{word}\""), Stop::ContentFilter);
    }
}

#[test]
fn an_unknown_or_missing_reason_is_kept_as_it_is() {
    check_stop(r#""insufficient_system_resource""#, Stop::Other("insufficient_system_resource".into()));
    check_stop("null", Stop::Other("missing".into()));
}

#[test]
fn deepseeks_cache_hits_are_part_of_the_input() {
    check_usage(
        r#"{"prompt_tokens":100,"completion_tokens":5,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}"#,
        Some(Usage { input: 100, cached_read: 64, output: 5, ..Usage::default() }),
    );
}

#[test]
fn moonshot_and_gigachat_name_cached_tokens_their_own_way() {
    let want = Some(Usage { input: 9, cached_read: 8, output: 1, ..Usage::default() });
    check_usage(r#"{"prompt_tokens":9,"completion_tokens":1,"cached_tokens":8}"#, want);
    check_usage(r#"{"prompt_tokens":9,"completion_tokens":1,"precached_prompt_tokens":8}"#, want);
}

#[test]
fn cache_writes_of_a_router_are_counted() {
    check_usage(
        r#"{"prompt_tokens":90,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":10,"cache_write_tokens":80}}"#,
        Some(Usage { input: 90, cached_read: 10, cached_write: 80, output: 1, reasoning: 0 }),
    );
}

#[test]
fn reasoning_counted_beside_the_output_is_added_to_it() {
    check_usage(
        r#"{"prompt_tokens":9,"completion_tokens":1,"completion_tokens_details":{"reasoning_tokens":300}}"#,
        Some(Usage { input: 9, output: 301, reasoning: 300, ..Usage::default() }),
    );
}

#[test]
fn odd_counts_are_read_and_an_absent_usage_is_none() {
    let want = Some(Usage { input: 9, output: 1, ..Usage::default() });
    check_usage(r#"{"prompt_tokens":9.0,"completion_tokens":1,"prompt_tokens_details":null}"#, want);
    check_usage(
        r#"{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":null}}"#,
        want,
    );
    check_usage("null", None);
    check_usage("{}", None);
}

#[test]
fn a_null_top_logprobs_is_an_empty_list() {
    let body = r#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop",
        "logprobs":{"content":[{"token":"x","logprob":-0.5,"bytes":[120],"top_logprobs":null},
        {"token":"y","logprob":null,"top_logprobs":[{"token":"z","logprob":-2}]}],"refusal":null}}]}"#;
    let want = vec![
        TokenLogprob { token: "x".into(), logprob: -0.5, top: vec![] },
        TokenLogprob { token: "y".into(), logprob: -9999.0, top: vec![("z".into(), -2.0)] },
    ];
    assert_eq!(decode(body.as_bytes()).unwrap().logprobs, Some(want));
}

#[test]
fn the_older_form_of_logprobs_is_read() {
    let body = r#"{"choices":[{"message":{"content":"ab"},"finish_reason":"stop",
        "logprobs":{"tokens":["a","b"],"token_logprobs":[-0.1,null],"top_logprobs":[{"a":-0.1,"c":-3.0},null]}}]}"#;
    let want = vec![
        TokenLogprob { token: "a".into(), logprob: -0.1, top: vec![("a".into(), -0.1), ("c".into(), -3.0)] },
        TokenLogprob { token: "b".into(), logprob: -9999.0, top: vec![] },
    ];
    assert_eq!(decode(body.as_bytes()).unwrap().logprobs, Some(want));
}

#[test]
fn logprobs_in_an_unknown_form_do_not_cost_the_answer() {
    let body = r#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop","logprobs":[1,2]}]}"#;
    let answer = decode(body.as_bytes()).unwrap();
    assert_eq!((answer.text.as_str(), answer.logprobs), ("x", None));
}

#[test]
fn bodies_that_are_no_completion_are_bad_bodies() {
    check_bad(r#"{"choices":[{"message":{"content":"spa"#, "not the JSON");
    check_bad("", "not the JSON");
    check_bad("<html>busy</html>", "not the JSON");
    check_bad(r#"{"choices":[]}"#, "no choice");
    check_bad(r#"{"object":"chat.completion"}"#, "no choice");
    check_bad(r#"{"choices":[{"finish_reason":"stop"}]}"#, "no message");
}

#[test]
fn an_error_under_status_200_is_an_error() {
    let body = r#"{"error":{"code":429,"message":"Provider returned error","metadata":{"raw":"slow down"}}}"#;
    match decode(body.as_bytes()) {
        Err(Fault::Failed(error)) => {
            assert_eq!((error.class, error.status), (CallErrorClass::RateLimited, Some(429)));
            assert_eq!(error.message, "Provider returned error: slow down");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_error_inside_a_choice_is_an_error() {
    let body = r#"{"choices":[{"message":{"content":""},"finish_reason":"error","error":{"code":502,"message":"upstream"}}]}"#;
    match decode(body.as_bytes()) {
        Err(Fault::Failed(error)) => assert_eq!(error.class, CallErrorClass::Server),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_null_error_is_no_error() {
    check(
        r#"{"error":null,"choices":[{"message":{"content":"x"},"finish_reason":"stop","error":null}]}"#,
        ModelAnswer::of_text("x"),
    );
}
