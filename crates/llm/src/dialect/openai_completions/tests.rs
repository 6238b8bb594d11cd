//! Bodies of completions as servers write them.

use serde_json::json;

use super::*;
use crate::chance::draw;

fn body(tokens: &[&str], logprobs: &[Option<f64>]) -> String {
    json!({"model": "m", "choices": [{"text": "", "logprobs": {"tokens": tokens, "token_logprobs": logprobs, "top_logprobs": null}}],
        "usage": {"prompt_tokens": tokens.len(), "completion_tokens": 1}})
    .to_string()
}

/// Tokens and logarithms of -1 from the second on; the places that are wanted.
#[track_caller]
fn check(prompt: &str, tokens: &[&str], want: &[(usize, usize)]) {
    let logprobs: Vec<Option<f64>> = (0..tokens.len()).map(|n| (n > 0).then_some(-1.0)).collect();
    let scored = decode(prompt, body(tokens, &logprobs).as_bytes()).unwrap();
    let places: Vec<(usize, usize)> = scored.tokens.iter().map(|it| (it.chars.start, it.chars.end)).collect();
    assert_eq!(places, want, "{tokens:?}");
}

#[track_caller]
fn check_error(body: &str, class: CallErrorClass, words: &str) {
    match decode("ab cd", body.as_bytes()).unwrap_err() {
        Fault::Failed(error) => {
            assert_eq!(error.class, class, "{error}");
            assert!(error.message.contains(words), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_prompt_is_asked_for_with_its_probabilities() {
    let sent: Value = serde_json::from_slice(&encode("m", "a \"b\"", 0)).unwrap();
    assert_eq!(
        sent,
        json!({"model": "m", "prompt": "a \"b\"", "echo": true, "logprobs": 1, "max_tokens": 1, "temperature": 0})
    );
}

#[test]
fn a_body_of_vllm_is_read_and_the_generated_token_is_left_out() {
    let body = r#"{"id":"cmpl-1","object":"text_completion","created":1,"model":"Qwen/Qwen3-8B","choices":[{"index":0,"text":"good film!",
        "logprobs":{"text_offset":[0,4,9],"token_logprobs":[null,-2.5,-0.5],"tokens":["good"," film","!"],
        "top_logprobs":[null,{" film":-2.5," news":-1.0},{"!":-0.5}]},"finish_reason":"length"}],
        "usage":{"prompt_tokens":2,"total_tokens":3,"completion_tokens":1}}"#;
    let scored = decode("good film", body.as_bytes()).unwrap();
    let token = |text: &str, chars: Range<usize>, logprob: Option<f64>, top: Vec<(String, f64)>| {
        PromptToken { text: text.into(), chars, logprob, top }
    };
    let top = vec![(" news".to_owned(), -1.0), (" film".to_owned(), -2.5)];
    assert_eq!(scored.tokens, [token("good", 0..4, None, vec![]), token(" film", 4..9, Some(-2.5), top)]);
    assert_eq!(scored.usage, Some(Usage { input: 2, output: 1, ..Usage::default() }));
    assert_eq!(scored.served_model.as_deref(), Some("Qwen/Qwen3-8B"));
}

#[test]
fn a_body_that_sets_the_prompt_apart_is_read() {
    let body = r#"{"choices":[{"text":"!","logprobs":{"tokens":["!"],"token_logprobs":[-0.1]}}],
        "prompt":[{"text":"ab cd","logprobs":{"tokens":["ab"," cd"],"token_logprobs":[null,-3]}}]}"#;
    assert_eq!(decode("ab cd", body.as_bytes()).unwrap().tokens[1].logprob, Some(-3.0));
}

#[test]
fn marks_and_a_space_before_all_have_no_place() {
    check("ab cd", &["<s>", "ab", " cd"], &[(0, 0), (0, 2), (2, 5)]);
    check("ab cd", &["<|begin_of_text|>", " ab", " cd", "!"], &[(0, 0), (0, 2), (2, 5)]);
    check("ab cd", &["▁ab", "▁cd"], &[(0, 2), (2, 5)]);
    check("<b> c", &["<b>", " c"], &[(0, 3), (3, 5)]);
}

#[test]
fn tokens_that_are_parts_of_a_character_share_its_place() {
    check("a手机x", &["a", "\u{fffd}", "\u{fffd}", "机", "x"], &[(0, 1), (1, 2), (1, 2), (2, 3), (3, 4)]);
    check("a 🎉", &["a", " \u{fffd}", "\u{fffd}", "!"], &[(0, 1), (1, 3), (1, 3)]);
    check("é手", &["é", "bytes:\\xe6\\x89", "bytes:\\x8b"], &[(0, 1), (1, 2), (1, 2)]);
    check(
        "手机 ok",
        &["<s>", "<0xE6>", "<0x89>", "<0x8B>", "机", " ok"],
        &[(0, 0), (0, 1), (0, 1), (0, 1), (1, 2), (2, 5)],
    );
}

#[test]
fn what_is_not_echoed_is_said_with_a_next_step() {
    let generated = body(&[" and"], &[Some(-0.5)]);
    check_error(&generated, CallErrorClass::BadRequest, "not the prompt's; take a server that");
    check_error(&body(&["ab"], &[None]), CallErrorClass::BadRequest, "end before the prompt does");
    check_error(
        &body(&["ab", " cd"], &[None, None]),
        CallErrorClass::BadRequest,
        "without log-probabilities",
    );
    check_error(r#"{"choices":[{"text":"ab cd"}]}"#, CallErrorClass::BadRequest, "no log-probabilities");
    check_error("oops", CallErrorClass::BadBody, "not the JSON of a completion");
    check_error(
        &body(&["ab", " xx"], &[None, Some(-1.0)]),
        CallErrorClass::BadBody,
        "` xx` does not stand at character 2",
    );
}

#[test]
fn however_a_prompt_is_cut_into_bytes_every_character_has_its_tokens() {
    let prompts = ["手机很好 🎉🎉 ok", "Ужасно, 10/10", "aaa ааа 手手手 é", "naïve 🇷🇺 — да"];
    for (n, prompt) in prompts.iter().enumerate() {
        for seed in 0..500_u64 {
            let mut pieces: Vec<&[u8]> = Vec::new();
            let mut rest = prompt.as_bytes();
            while !rest.is_empty() {
                let len = 1 + (draw(seed, &[&[n as u8], &rest.len().to_le_bytes()]) % 5) as usize;
                let (piece, after) = rest.split_at(len.min(rest.len()));
                (rest, pieces) = (after, {
                    pieces.push(piece);
                    pieces
                });
            }
            let tokens: Vec<_> =
                pieces.iter().map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
            let mut texts: Vec<&str> = tokens.iter().map(String::as_str).collect();
            texts.push("!");
            let logprobs: Vec<Option<f64>> = (0..texts.len()).map(|n| (n > 0).then_some(-1.0)).collect();
            let scored = decode(prompt, body(&texts, &logprobs).as_bytes())
                .unwrap_or_else(|fault| panic!("{texts:?}: {fault:?}"));
            assert_eq!(scored.tokens.len(), tokens.len(), "{texts:?}");
            let mut end = 0;
            for token in &scored.tokens {
                assert!(token.chars.start <= end && end <= token.chars.end, "{texts:?}: {:?}", token.chars);
                end = token.chars.end;
            }
            assert_eq!(end, prompt.chars().count(), "{texts:?}");
        }
    }
}
