//! Scripts, and what the stand-in makes of them.

use std::sync::Arc;

use super::*;
use crate::{AnswerFormat, Aside, Message, Role, Settings};

fn ask(key: &str, sample: u32, turns: usize) -> ModelRequest {
    ModelRequest {
        model: "scripted".into(),
        messages: vec![Message::new(Role::User, "which?"); turns],
        format: AnswerFormat::Text,
        settings: Arc::new(Settings { logprobs: true, top_logprobs: 5, ..Settings::new(16) }),
        sample,
        aside: Aside {
            key: key.into(),
            truth: Some("spam".into()),
            wrong: vec!["ham".into(), "other".into()],
        },
    }
}

fn stand_in(script: &str) -> Scripted {
    Scripted::new(Script::parse(script).unwrap(), Duration::from_secs(120))
}

async fn texts(script: &str, n: usize) -> Vec<Result<String, CallErrorClass>> {
    let stand_in = stand_in(script);
    let mut texts = Vec::new();
    for n in 0..n {
        let answer = stand_in.complete(&ask(&format!("item-{n}"), 0, 1)).await;
        texts.push(answer.map(|answer| answer.text).map_err(|error| error.class));
    }
    texts
}

#[track_caller]
fn check_share(got: usize, n: usize, want: f64) {
    let share = got as f64 / n as f64;
    assert!((share - want).abs() < 0.03, "{share} is not about {want}");
}

#[track_caller]
fn check_error(script: &str, words: &str) {
    let error = Script::parse(script).unwrap_err();
    assert!(error.contains(words), "{script}: {error}");
}

#[test]
fn parameters_are_read_and_wrong_ones_are_named() {
    let want = Script { seed: 7, accuracy: 0.9, latency_ms: 5, rate_limit: 0.05, ..Script::default() };
    assert_eq!(Script::parse("accuracy=0.9, latency_ms=5,seed=7,rate_limit=0.05"), Ok(want));
    assert_eq!(Script::parse(""), Ok(Script::default()));
    check_error("acuracy=0.9", "did it mean `accuracy`?");
    check_error("accuracy=90", "`accuracy=90` is not a share");
    check_error("accuracy", "`accuracy` is not `name=value`");
    check_error("seed=x", "`seed=x` is not a whole number");
    check_error("hang=0.5,rate_limit=0.5", "below 1");
}

#[tokio::test]
async fn answers_are_right_as_often_as_asked_and_the_same_again() {
    let texts_once = texts("accuracy=0.8,seed=3", 2000).await;
    check_share(texts_once.iter().filter(|text| text.as_deref() == Ok("spam")).count(), 2000, 0.8);
    check_share(texts_once.iter().filter(|text| text.as_deref() == Ok("ham")).count(), 2000, 0.1);
    assert_eq!(texts_once, texts("accuracy=0.8,seed=3", 2000).await);
    assert_ne!(texts_once, texts("accuracy=0.8,seed=4", 2000).await);
}

#[tokio::test]
async fn faults_come_as_often_as_asked() {
    let got = texts("rate_limit=0.1,server_error=0.2", 2000).await;
    check_share(got.iter().filter(|text| **text == Err(CallErrorClass::RateLimited)).count(), 2000, 0.1);
    check_share(got.iter().filter(|text| **text == Err(CallErrorClass::Server)).count(), 2000, 0.2);
}

#[tokio::test]
async fn faults_do_not_change_which_answers_are_right_and_a_retry_can_succeed() {
    let calm = stand_in("accuracy=0.5");
    let rough = stand_in("accuracy=0.5,server_error=0.5");
    for n in 0..200 {
        let request = ask(&format!("item-{n}"), 0, 1);
        let want = calm.complete(&request).await.unwrap().text;
        let mut got = rough.complete(&request).await;
        let mut tries = 1;
        while got.is_err() && tries < 30 {
            got = rough.complete(&request).await;
            tries += 1;
        }
        assert_eq!(got.unwrap().text, want);
    }
}

#[tokio::test]
async fn samples_and_further_turns_are_fresh_draws() {
    let stand_in = stand_in("accuracy=0.5");
    let mut differ = (0, 0);
    for n in 0..200 {
        let key = format!("item-{n}");
        let first = stand_in.complete(&ask(&key, 0, 1)).await.unwrap().text;
        differ.0 += usize::from(stand_in.complete(&ask(&key, 1, 1)).await.unwrap().text != first);
        differ.1 += usize::from(stand_in.complete(&ask(&key, 0, 3)).await.unwrap().text != first);
    }
    assert!(differ.0 > 50 && differ.1 > 50, "{differ:?}");
}

#[tokio::test]
async fn garbled_and_refused_answers_come_as_often_as_asked() {
    let stand_in = stand_in("malformed=0.3,refuse=0.1");
    let (mut garbled, mut refused) = (0, 0);
    for n in 0..2000 {
        let answer = stand_in.complete(&ask(&format!("item-{n}"), 0, 1)).await.unwrap();
        refused += usize::from(answer.refusal.is_some());
        garbled += usize::from(answer.refusal.is_none() && answer.text != "spam");
    }
    check_share(refused, 2000, 0.1);
    check_share(garbled, 2000, 0.3);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_call_ends_as_a_time_out() {
    let began = tokio::time::Instant::now();
    let script = Script { hang: 1.0, ..Script::default() };
    let error = Scripted::new(script, Duration::from_secs(120)).complete(&ask("a", 0, 1)).await.unwrap_err();
    assert_eq!(error.class, CallErrorClass::Timeout);
    assert_eq!(began.elapsed(), Duration::from_secs(120));
}

#[tokio::test]
async fn made_up_logprobs_join_to_the_text_and_their_alternatives_sum_to_at_most_one() {
    let stand_in = stand_in("accuracy=0.7");
    let mut request = ask("a", 0, 1);
    request.aside.truth = Some(r#"{"label": "spam"}"#.into());
    request.aside.wrong = vec![r#"{"label": "ham"}"#.into(), r#"{"label": "spade"}"#.into()];
    let answer = stand_in.complete(&request).await.unwrap();
    let logprobs = answer.logprobs.unwrap();
    assert_eq!(logprobs.iter().map(|token| token.token.as_str()).collect::<String>(), answer.text);
    assert_eq!(logprobs.iter().filter(|token| token.top.len() == 3).count(), 1);
    for token in logprobs {
        let sum: f64 = token.top.iter().map(|(_, logprob)| logprob.exp()).sum();
        assert!(sum <= 1.0 + 1e-9 && token.logprob < 0.0, "{token:?}");
    }
}

#[test]
fn words_join_to_their_text() {
    for text in ["", "a", "{\"лейбл\": 正面, 'x1'}", "  a  "] {
        assert_eq!(words(text).concat(), text);
    }
}
