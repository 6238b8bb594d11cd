//! Bodies of requests and answers as they go over the wire, one quirk a test.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::{CallErrorClass, Message, endpoints::endpoint, testing::ask};

fn wire() -> Wire {
    endpoint("gemini").unwrap().wire()
}

fn request(format: AnswerFormat, settings: Settings) -> ModelRequest {
    ModelRequest {
        messages: vec![
            Message::new(Role::System, "Label it."),
            Message::new(Role::User, "q"),
            Message::new(Role::Assistant, "a"),
            Message::new(Role::User, "really?"),
        ],
        format,
        settings: Arc::new(settings),
        ..ask("k")
    }
}

fn schema() -> AnswerFormat {
    let schema =
        json!({"type": "object", "additionalProperties": false, "properties": {"label": {"const": "a"}}});
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
fn check_stop(reason: &str, want: Stop) {
    let body = format!(r#"{{"candidates":[{{"content":{{"parts":[{{"text":"x"}}]}}{reason}}}]}}"#);
    let answer = decode(body.as_bytes()).unwrap();
    assert_eq!(answer.refusal.is_some(), want == Stop::ContentFilter, "{body}");
    assert_eq!(answer.stop, want, "{body}");
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
fn the_model_stands_in_the_path() {
    assert_eq!(path("gemini-2.5-flash"), "models/gemini-2.5-flash:generateContent");
    assert_eq!(path("tunedModels/my-model-1"), "tunedModels/my-model-1:generateContent");
    assert_eq!(path("a b?c#ж"), "models/a%20b%3Fc%23%D0%B6:generateContent");
}

#[test]
fn a_full_request_is_written_in_googles_words() {
    let settings = Settings {
        temperature: Some(0.0),
        top_p: Some(0.5),
        seed: Some(7),
        stop: vec!["END".into()],
        logprobs: true,
        top_logprobs: 5,
        extra: serde_json::from_value(json!({"generationConfig": {"topK": 40}, "safetySettings": []}))
            .unwrap(),
        ..Settings::new(64)
    };
    let want = json!({
        "systemInstruction": {"parts": [{"text": "Label it."}]},
        "contents": [{"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": [{"text": "a"}]},
            {"role": "user", "parts": [{"text": "really?"}]}],
        "generationConfig": {"maxOutputTokens": 64, "temperature": 0.0, "topP": 0.5, "topK": 40, "seed": 7,
            "stopSequences": ["END"], "responseLogprobs": true, "logprobs": 5, "responseMimeType": "application/json",
            "responseJsonSchema": {"type": "object", "additionalProperties": false, "properties": {"label": {"const": "a"}}}},
        "safetySettings": [],
    });
    assert_eq!(sent(&request(schema(), settings), &wire()), want);
}

#[test]
fn a_refused_schema_is_asked_for_in_the_older_form_then_as_json_then_not_at_all() {
    let request = request(schema(), Settings::new(8));
    let config = |format| sent(&request, &Wire { format, ..wire() })["generationConfig"].clone();
    let older = json!({"type": "object", "properties": {"label": {"type": "string", "enum": ["a"]}}});
    assert_eq!(config(Level::OtherSchema)["responseSchema"], older);
    let json = json!({"maxOutputTokens": 8, "responseMimeType": "application/json"});
    assert_eq!(config(Level::Json), json);
    assert_eq!(config(Level::Text), json!({"maxOutputTokens": 8}));
}

#[track_caller]
fn check_thinking(model: &str, effort: &str, want: Value) {
    let settings = Settings { reasoning_effort: Some(effort.into()), ..Settings::new(8) };
    let request = ModelRequest { model: model.into(), ..request(AnswerFormat::Text, settings) };
    let config = &sent(&request, &wire())["generationConfig"];
    assert_eq!(config["thinkingConfig"], want, "{model} {effort}");
}

#[test]
fn effort_is_a_level_or_by_older_models_a_budget() {
    check_thinking("gemini-3.5-flash", "low", json!({"thinkingLevel": "low"}));
    check_thinking("gemini-2.5-flash", "low", json!({"thinkingBudget": 1024}));
    check_thinking("gemini-2.5-flash", "high", json!({"thinkingBudget": 24576}));
    check_thinking("gemini-2.5-flash", "512", json!({"thinkingBudget": 512}));
    check_thinking("gemini-2.5-flash", "none", json!({"thinkingBudget": 0}));
}

#[test]
fn an_answer_is_read_in_full_and_thoughts_are_a_part_of_the_output() {
    check(
        r#"{"candidates":[{"content":{"parts":[{"text":"let me see","thought":true},{"text":"sp"},{"text":"am","thoughtSignature":"x"}],
        "role":"model"},"finishReason":"STOP","avgLogprobs":-0.1,"logprobsResult":{
        "topCandidates":[{"candidates":[{"token":"sp","logProbability":-0.25},{"token":"ham","logProbability":-2.5}]},
        {"candidates":[{"token":"am","logProbability":-0.125}]}],
        "chosenCandidates":[{"token":"sp","tokenId":1,"logProbability":-0.25},{"token":"am","tokenId":2,"logProbability":-0.125}]},
        "index":0}],"usageMetadata":{"promptTokenCount":40,"cachedContentTokenCount":30,"candidatesTokenCount":2,
        "thoughtsTokenCount":10,"totalTokenCount":52},"modelVersion":"gemini-2.5-flash","responseId":"r"}"#,
        ModelAnswer {
            usage: Some(Usage { input: 40, cached_read: 30, cached_write: 0, output: 12, reasoning: 10 }),
            served_model: Some("gemini-2.5-flash".into()),
            logprobs: Some(vec![
                TokenLogprob {
                    token: "sp".into(),
                    logprob: -0.25,
                    top: vec![("sp".into(), -0.25), ("ham".into(), -2.5)],
                },
                TokenLogprob { token: "am".into(), logprob: -0.125, top: vec![("am".into(), -0.125)] },
            ]),
            ..ModelAnswer::of_text("spam")
        },
    );
}

#[test]
fn log_probabilities_in_another_form_cost_no_answer() {
    let body =
        r#"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP","logprobsResult":[1]}]}"#;
    check(body, ModelAnswer::of_text("x"));
}

#[test]
fn every_reason_to_finish_has_its_meaning() {
    check_stop(r#","finishReason":"STOP""#, Stop::End);
    check_stop(r#","finishReason":"MAX_TOKENS""#, Stop::TokenLimit);
    for blocked in ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"] {
        check_stop(&format!(r#","finishReason":"{blocked}""#), Stop::ContentFilter);
    }
    check_stop(r#","finishReason":"LANGUAGE""#, Stop::Other("LANGUAGE".into()));
    check_stop("", Stop::Other("missing".into()));
}

#[test]
fn a_blocked_answer_has_no_parts_and_says_why() {
    check(
        r#"{"candidates":[{"finishReason":"RECITATION","finishMessage":"too close to a source","index":0}],"usageMetadata":{"promptTokenCount":9}}"#,
        ModelAnswer {
            stop: Stop::ContentFilter,
            refusal: Some("the answer was blocked (RECITATION): too close to a source".into()),
            usage: Some(Usage { input: 9, ..Usage::default() }),
            ..ModelAnswer::of_text("")
        },
    );
}

#[test]
fn an_answer_that_was_all_thought_is_empty_and_cut() {
    let body = r#"{"candidates":[{"content":{"role":"model"},"finishReason":"MAX_TOKENS"}],"usageMetadata":{"promptTokenCount":9,"thoughtsTokenCount":64}}"#;
    let answer = decode(body.as_bytes()).unwrap();
    assert_eq!((answer.text.as_str(), answer.stop), ("", Stop::TokenLimit));
    assert_eq!(answer.usage.unwrap().output, 64);
}

#[test]
fn a_blocked_question_is_an_outcome_of_the_question() {
    let body = r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":12559,"totalTokenCount":12559},"modelVersion":"gemini-2.5-flash"}"#;
    let want = Fault::Blocked("the question was blocked (PROHIBITED_CONTENT)".into());
    assert_eq!(decode(body.as_bytes()), Err(want));
}

#[test]
fn a_missing_count_is_not_a_count_of_zero() {
    let answer = decode(br#"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{}}"#).unwrap();
    assert_eq!(answer.usage, None);
}

#[test]
fn a_body_that_holds_no_candidate_is_a_bad_body() {
    check_bad("", "not the JSON of generated content");
    check_bad(r#"{"candidates":[{"content""#, "not the JSON of generated content");
    check_bad("{}", "holds no candidate");
    check_bad(r#"{"candidates":[],"promptFeedback":{}}"#, "holds no candidate");
    check_bad(r#"{"error":{"code":200,"message":"odd","status":"OK"}}"#, "odd");
}
