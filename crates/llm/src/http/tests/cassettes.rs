//! Every dialect through the real transport: the bodies of a vendor in, our answers, errors and downgrades out.
//!
//! One [`Cassette`] is what one vendor says in each situation, and each test walks all of them.

use super::*;
use crate::{Usage, endpoints::endpoint};

/// What one vendor says.
struct Cassette {
    endpoint: &'static str,
    /// The request line of a call, below `/v1`, and the header with the key.
    line: &'static str,
    key: &'static str,
    success: &'static str,
    usage: Usage,
    refusal: &'static str,
    truncated: &'static str,
    /// A word that is not known.
    odd_stop: &'static str,
    no_usage: &'static str,
    /// Being told to slow down: headers and body, both asking for 7 seconds.
    slow: (&'static str, &'static str),
    /// One refusal of each way to ask for a schema.
    refuses: &'static [&'static str],
    /// The place in the body that tells how a schema is asked for, and what stands there, from the firmest way to none.
    format: fn(&Value) -> &'static str,
}

const USAGE: Usage = Usage { input: 5, cached_read: 0, cached_write: 0, output: 1, reasoning: 0 };

const CASSETTES: &[Cassette] = &[
    Cassette {
        endpoint: "openai",
        line: "POST /v1/chat/completions HTTP/1.1",
        key: "authorization: Bearer sk-very-secret-key",
        success: ANSWER,
        usage: USAGE,
        refusal: r#"{"choices":[{"message":{"content":null,"refusal":"no"},"finish_reason":"stop"}]}"#,
        truncated: r#"{"choices":[{"message":{"content":"spa"},"finish_reason":"length"}]}"#,
        odd_stop: r#"{"choices":[{"message":{"content":"spam"},"finish_reason":"tired"}]}"#,
        no_usage: r#"{"choices":[{"message":{"content":"spam"},"finish_reason":"stop"}]}"#,
        slow: (
            "retry-after: 7\r\n",
            r#"{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}"#,
        ),
        refuses: &[
            r#"{"error":{"message":"'response_format' of type 'json_schema' is not supported with this model."}}"#,
            r#"{"error":{"message":"'response_format' of type 'json_object' is not supported with this model."}}"#,
        ],
        format: |body| match body["response_format"]["type"].as_str() {
            Some("json_schema") => "schema",
            Some("json_object") => "json",
            _ => "text",
        },
    },
    Cassette {
        endpoint: "openai-responses",
        line: "POST /v1/responses HTTP/1.1",
        key: "authorization: Bearer sk-very-secret-key",
        success: r#"{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"spam"}]}],"usage":{"input_tokens":5,"output_tokens":1}}"#,
        usage: USAGE,
        refusal: r#"{"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"no"}]}]}"#,
        truncated: r#"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"message","content":[{"type":"output_text","text":"spa"}]}]}"#,
        odd_stop: r#"{"status":"tired","output":[{"type":"message","content":[{"type":"output_text","text":"spam"}]}]}"#,
        no_usage: r#"{"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"spam"}]}]}"#,
        slow: (
            "retry-after: 7\r\n",
            r#"{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}"#,
        ),
        refuses: &[
            r#"{"error":{"message":"Invalid parameter: 'text.format' of type 'json_schema' is not supported with this model.","param":"text.format"}}"#,
            r#"{"error":{"message":"Invalid parameter: 'text.format' of type 'json_object' is not supported with this model.","param":"text.format"}}"#,
        ],
        format: |body| match body["text"]["format"]["type"].as_str() {
            Some("json_schema") => "schema",
            Some("json_object") => "json",
            _ => "text",
        },
    },
    Cassette {
        endpoint: "anthropic",
        line: "POST /v1/messages HTTP/1.1",
        key: "x-api-key: sk-very-secret-key",
        success: r#"{"type":"message","model":"claude-haiku-4-5","content":[{"type":"text","text":"spam"}],"stop_reason":"end_turn","usage":{"input_tokens":2,"cache_read_input_tokens":3,"output_tokens":1}}"#,
        usage: Usage { cached_read: 3, ..USAGE },
        refusal: r#"{"content":[],"stop_reason":"refusal","stop_details":{"type":"refusal","category":null,"explanation":"no"}}"#,
        truncated: r#"{"content":[{"type":"text","text":"spa"}],"stop_reason":"max_tokens"}"#,
        odd_stop: r#"{"content":[{"type":"text","text":"spam"}],"stop_reason":"tired"}"#,
        no_usage: r#"{"content":[{"type":"text","text":"spam"}],"stop_reason":"end_turn"}"#,
        slow: (
            "retry-after: 7\r\n",
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#,
        ),
        refuses: &[
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"output_config.format: Extra inputs are not permitted"}}"#,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"tool_choice: forced tool use is not supported for this model"}}"#,
        ],
        format: |body| match (body["output_config"]["format"].is_object(), body["tool_choice"].is_object()) {
            (true, false) => "schema",
            (false, true) => "tool",
            _ => "text",
        },
    },
    Cassette {
        endpoint: "gemini",
        line: "POST /v1/models/m:generateContent HTTP/1.1",
        key: "x-goog-api-key: sk-very-secret-key",
        success: r#"{"candidates":[{"content":{"parts":[{"text":"spam"}],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":1,"totalTokenCount":6}}"#,
        usage: USAGE,
        refusal: r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#,
        truncated: r#"{"candidates":[{"content":{"parts":[{"text":"spa"}]},"finishReason":"MAX_TOKENS"}]}"#,
        odd_stop: r#"{"candidates":[{"content":{"parts":[{"text":"spam"}]},"finishReason":"tired"}]}"#,
        no_usage: r#"{"candidates":[{"content":{"parts":[{"text":"spam"}]},"finishReason":"STOP"}]}"#,
        slow: (
            "",
            r#"{"error":{"code":429,"message":"Resource exhausted.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}]}}"#,
        ),
        refuses: &[
            r#"{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"responseJsonSchema\" at 'generation_config': Cannot find field.","status":"INVALID_ARGUMENT"}}"#,
            r#"{"error":{"code":400,"message":"Invalid value at 'generation_config.response_schema'","status":"INVALID_ARGUMENT"}}"#,
            r#"{"error":{"code":400,"message":"JSON mode is not enabled for models/m","status":"INVALID_ARGUMENT"}}"#,
        ],
        format: |body| {
            let config = &body["generationConfig"];
            match (config["responseJsonSchema"].is_object(), config["responseSchema"].is_object()) {
                (true, _) => "schema",
                (false, true) => "older schema",
                (false, false) if config["responseMimeType"].is_string() => "json",
                (false, false) => "text",
            }
        },
    },
    Cassette {
        endpoint: "ollama-native",
        line: "POST /v1/api/chat HTTP/1.1",
        key: "authorization: Bearer sk-very-secret-key",
        success: r#"{"model":"m","message":{"role":"assistant","content":"spam"},"done":true,"done_reason":"stop","prompt_eval_count":5,"eval_count":1}"#,
        usage: USAGE,
        // It has no words of its own for a refusal: the model says it in its text.
        refusal: "",
        truncated: r#"{"message":{"content":"spa"},"done":true,"done_reason":"length"}"#,
        odd_stop: r#"{"message":{"content":"spam"},"done":true,"done_reason":"tired"}"#,
        no_usage: r#"{"message":{"content":"spam"},"done":true,"done_reason":"stop"}"#,
        slow: ("retry-after: 7\r\n", r#"{"error":"server busy, please try again"}"#),
        refuses: &[
            r#"{"error":"structured outputs are not supported by this model"}"#,
            r#"{"error":"json mode is not supported by this model"}"#,
        ],
        format: |body| match &body["format"] {
            Value::Object(_) => "schema",
            Value::String(_) => "json",
            _ => "text",
        },
    },
];

fn http_of(cassette: &Cassette, base_url: &str) -> Http {
    let row = endpoint(cassette.endpoint).unwrap().clone();
    Http::new(row, base_url, Some(Key::new("sk-very-secret-key")), Duration::from_secs(20)).unwrap()
}

fn with_schema() -> ModelRequest {
    let schema = Arc::new(json!({"type": "object", "properties": {"label": {"type": "string"}}}));
    ModelRequest { format: AnswerFormat::JsonSchema { name: "s".into(), schema }, ..ask("a") }
}

/// Asks once for a schema and gives the outcome.
async fn play(
    cassette: &Cassette,
    status: u16,
    headers: &'static str,
    body: &str,
) -> Result<ModelAnswer, CallError> {
    let (base_url, _told) = server(vec![Play::Reply(status, headers, body.to_owned())]).await;
    http_of(cassette, &base_url).complete(&with_schema()).await
}

#[tokio::test]
async fn every_dialect_asks_at_its_own_path_with_its_own_key_and_reads_a_success() {
    for cassette in CASSETTES {
        let (base_url, mut told) = server(vec![Play::Reply(200, "", cassette.success.into())]).await;
        let http = http_of(cassette, &base_url);
        let answer = http.complete(&with_schema()).await.unwrap();
        assert_eq!((answer.text.as_str(), &answer.stop), ("spam", &Stop::End), "{}", cassette.endpoint);
        assert_eq!(answer.usage, Some(cassette.usage), "{}", cassette.endpoint);
        let (head, body) = told.recv().await.unwrap();
        assert!(head.starts_with(cassette.line), "{head}");
        assert!(head.lines().any(|line| line == cassette.key), "{head}");
        assert_eq!(
            head.contains("anthropic-version: 2023-06-01"),
            cassette.endpoint == "anthropic",
            "{head}"
        );
        assert_eq!((cassette.format)(&body), "schema", "{}", cassette.endpoint);
        assert!(http.downgrades().is_empty(), "{}", cassette.endpoint);
    }
}

#[tokio::test]
async fn every_dialect_reads_a_refusal() {
    for cassette in CASSETTES.iter().filter(|cassette| !cassette.refusal.is_empty()) {
        let answer = play(cassette, 200, "", cassette.refusal).await.unwrap();
        assert_eq!(answer.text, "", "{}", cassette.endpoint);
        assert!(answer.refusal.is_some_and(|said| !said.is_empty()), "{}", cassette.endpoint);
    }
}

#[tokio::test]
async fn every_dialect_says_that_an_answer_is_cut() {
    for cassette in CASSETTES {
        let answer = play(cassette, 200, "", cassette.truncated).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.stop), ("spa", Stop::TokenLimit), "{}", cassette.endpoint);
    }
}

#[tokio::test]
async fn every_dialect_keeps_a_stop_reason_that_it_does_not_know() {
    for cassette in CASSETTES {
        let answer = play(cassette, 200, "", cassette.odd_stop).await.unwrap();
        assert_eq!(
            (answer.text.as_str(), answer.stop),
            ("spam", Stop::Other("tired".into())),
            "{}",
            cassette.endpoint
        );
    }
}

#[tokio::test]
async fn every_dialect_does_without_counts() {
    for cassette in CASSETTES {
        let answer = play(cassette, 200, "", cassette.no_usage).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.usage), ("spam", None), "{}", cassette.endpoint);
    }
}

#[tokio::test]
async fn every_dialect_carries_the_wait_that_it_is_told() {
    for cassette in CASSETTES {
        let error = play(cassette, 429, cassette.slow.0, cassette.slow.1).await.unwrap_err();
        let want = (CallErrorClass::RateLimited, Some(Duration::from_secs(7)));
        assert_eq!((error.class, error.retry_after), want, "{}", cassette.endpoint);
    }
}

#[tokio::test]
async fn every_dialect_takes_junk_for_a_bad_body() {
    for cassette in CASSETTES {
        for junk in ["", "<html>", "[]", "null", "{}", "{\"a\":", &cassette.success[..40]] {
            let outcome = play(cassette, 200, "", junk).await;
            assert_eq!(
                outcome.as_ref().map_err(|error| error.class),
                Err(CallErrorClass::BadBody),
                "{}: {junk}",
                cassette.endpoint
            );
        }
    }
}

#[tokio::test]
async fn every_dialect_steps_down_from_the_schema_and_says_so() {
    for cassette in CASSETTES {
        let mut plays: Vec<Play> =
            cassette.refuses.iter().map(|body| Play::Reply(400, "", (*body).to_owned())).collect();
        plays.push(Play::Reply(200, "", cassette.success.to_owned()));
        let (base_url, mut told) = server(plays).await;
        let http = http_of(cassette, &base_url);
        assert_eq!(http.complete(&with_schema()).await.unwrap().text, "spam", "{}", cassette.endpoint);
        let mut formats = Vec::new();
        while let Ok((_, body)) = told.try_recv() {
            formats.push((cassette.format)(&body));
        }
        let want: &[&str] = match cassette.endpoint {
            "anthropic" => &["schema", "tool", "text"],
            "gemini" => &["schema", "older schema", "json", "text"],
            _ => &["schema", "json", "text"],
        };
        assert_eq!(formats, want, "{}", cassette.endpoint);
        assert_eq!(http.downgrades()[0].asked, "json_schema", "{}", cassette.endpoint);
        assert_eq!(http.downgrades().last().unwrap().sent, "text", "{}", cassette.endpoint);
    }
}

#[tokio::test]
async fn what_a_dialect_cannot_ask_for_is_not_sent_and_is_listed() {
    for (name, asked, pointer) in [
        ("anthropic", "logprobs", "/logprobs"),
        ("anthropic", "seed", "/seed"),
        ("openai-responses", "seed", "/seed"),
    ] {
        let cassette = CASSETTES.iter().find(|cassette| cassette.endpoint == name).unwrap();
        let (base_url, mut told) = server(vec![Play::Reply(200, "", cassette.success.into())]).await;
        let settings = Settings { logprobs: true, seed: Some(7), ..Settings::new(64) };
        let request = ModelRequest { settings: Arc::new(settings), ..ask("a") };
        let http = http_of(cassette, &base_url);
        http.complete(&request).await.unwrap();
        let (_, body) = told.recv().await.unwrap();
        assert_eq!(body.pointer(pointer), None, "{name}{pointer}");
        let listed = http.downgrades().into_iter().find(|listed| listed.asked == asked).unwrap();
        assert_eq!(listed.sent, "nothing");
        assert!(listed.why.contains(name), "{}", listed.why);
    }
}

#[tokio::test]
async fn json_of_any_form_is_text_by_a_vendor_without_that_mode_and_is_listed() {
    let cassette = CASSETTES.iter().find(|cassette| cassette.endpoint == "anthropic").unwrap();
    let (base_url, _told) = server(vec![Play::Reply(200, "", cassette.success.into())]).await;
    let http = http_of(cassette, &base_url);
    http.complete(&ModelRequest { format: AnswerFormat::Json, ..ask("a") }).await.unwrap();
    let listed = http.downgrades();
    assert_eq!((listed[0].asked, listed[0].sent), ("json", "text"));
}

#[tokio::test]
async fn top_p_is_left_out_where_it_may_not_stand_beside_temperature() {
    let cassette = CASSETTES.iter().find(|cassette| cassette.endpoint == "anthropic").unwrap();
    let refusal = r#"{"type":"error","error":{"type":"invalid_request_error","message":"`temperature` and `top_p` cannot both be specified for this model. Please use only one."}}"#;
    let plays = vec![Play::Reply(400, "", refusal.into()), Play::Reply(200, "", cassette.success.into())];
    let (base_url, mut told) = server(plays).await;
    let settings = Settings { temperature: Some(0.5), top_p: Some(0.9), ..Settings::new(64) };
    let http = http_of(cassette, &base_url);
    http.complete(&ModelRequest { settings: Arc::new(settings), ..ask("a") }).await.unwrap();
    let (_, first) = told.recv().await.unwrap();
    let (_, second) = told.recv().await.unwrap();
    assert_eq!((&first["temperature"], &first["top_p"]), (&json!(0.5), &json!(0.9)));
    assert_eq!((&second["temperature"], &second["top_p"]), (&json!(0.5), &Value::Null));
    assert_eq!(http.downgrades()[0].asked, "top_p");
}

#[tokio::test]
async fn every_dialect_lists_its_models_at_its_own_path() {
    let data = r#"{"data":[{"id":"m"}]}"#;
    for (name, path, body) in [
        ("openai", "/v1/models", data),
        ("openai-responses", "/v1/models", data),
        ("anthropic", "/v1/models?limit=1000", data),
        ("gemini", "/v1/models?pageSize=1000", r#"{"models":[{"name":"models/m"}]}"#),
        ("ollama-native", "/v1/api/tags", r#"{"models":[{"name":"m"}]}"#),
    ] {
        let cassette = CASSETTES.iter().find(|cassette| cassette.endpoint == name).unwrap();
        let (base_url, mut told) = server(vec![Play::Reply(200, "", body.into())]).await;
        assert_eq!(http_of(cassette, &base_url).models().await.unwrap(), ["m"], "{name}");
        let (head, _) = told.recv().await.unwrap();
        assert!(head.starts_with(&format!("GET {path} HTTP/1.1")), "{head}");
        assert!(head.lines().any(|line| line == cassette.key), "{head}");
    }
}
