//! Recordings in small, and what is played back from them.

use std::{io::Write, sync::Arc};

use super::*;
use crate::{AnswerFormat, Aside, Settings, Stop};

const FILE: &str = r#"{"id":"a","text":"t","gold":"yes","labels":["yes","no"],"responses":[
{"model":"m1","prompt_id":"p","sample":0,"raw":"No, 80%","label":"no","annotator_kind":"llm","confidence":0.8,"token_probs":{"Yes":0.25,"No":0.5}},
{"model":"m2","prompt_id":"p","sample":0,"label":"yes","annotator_kind":"llm","time_sec":0.7028,"tokens":{"prompt":142.0,"completion":1.0}},
{"model":"m2","prompt_id":"q","sample":0,"label":"no","annotator_kind":"llm"},
{"model":"human","sample":0,"label":"yes","annotator_id":"h1","annotator_kind":"human"},
{"model":"human","sample":0,"label":"no","annotator_id":"h2","annotator_kind":"human"}]}
{"id":"b","responses":[{"model":"m1","prompt_id":"p","sample":1,"label":null},{"model":"m1","prompt_id":"p","sample":0,
"label":[{"text":"Юг","label":"LOC","start":3,"end":5,"tok":[1,1]},{"text":"x","label":"PER"}]}]}
"#;

/// The rows above, each on one line.
fn file() -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let rows = FILE.replace('\n', "").replace("]}{\"id\"", "]}\n\n{\"id\"");
    file.write_all(rows.as_bytes()).unwrap();
    file
}

fn ask(key: &str, sample: u32) -> ModelRequest {
    ModelRequest {
        model: "m".into(),
        messages: Vec::new(),
        format: AnswerFormat::Text,
        settings: Arc::new(Settings::new(1)),
        sample,
        aside: Aside { key: key.into(), ..Aside::default() },
    }
}

#[track_caller]
fn check_text(model: &str, prompt_id: Option<&str>, key: &str, sample: u32, want: &str) {
    let file = file();
    let replay = Replay::open(file.path(), model, prompt_id).unwrap();
    assert_eq!(replay.find(&ask(key, sample)).unwrap().text, want, "{model} {key} {sample}");
}

#[track_caller]
fn check_refused(model: &str, prompt_id: Option<&str>, words: &str) {
    let file = file();
    let error = Replay::open(file.path(), model, prompt_id).unwrap_err();
    assert!(error.contains(words), "{error}");
}

#[test]
fn raw_words_are_played_as_they_came() {
    check_text("m1", None, "a", 0, "No, 80%");
}

#[test]
fn a_label_without_words_is_the_text() {
    check_text("m2", Some("p"), "a", 0, "yes");
}

#[test]
fn spans_without_words_become_quotes() {
    let want = r#"[{"label":"LOC","quote":"Юг","start":3,"end":5},{"label":"PER","quote":"x"}]"#;
    check_text("m1", None, "b", 0, want);
}

#[test]
fn no_words_and_no_label_is_a_question_mark() {
    check_text("m1", None, "b", 1, "?");
}

#[test]
fn several_answers_under_one_sample_number_are_samples_in_file_order() {
    check_text("human", None, "a", 0, "yes");
    check_text("human", None, "a", 1, "no");
}

#[test]
fn cost_time_confidence_and_probabilities_are_carried_over() {
    let file = file();
    let m2 = Replay::open(file.path(), "m2", Some("p")).unwrap().find(&ask("a", 0)).unwrap();
    assert_eq!(m2.usage, Some(Usage { input: 142, output: 1, ..Usage::default() }));
    assert_eq!((m2.latency_ms, m2.stop, m2.stated.unwrap().has_raw), (702, Stop::End, false));
    let m1 = Replay::open(file.path(), "m1", None).unwrap().find(&ask("a", 0)).unwrap();
    let stated = m1.stated.unwrap();
    assert_eq!((stated.confidence, stated.label, stated.has_raw), (Some(0.8), Some("no".into()), true));
    let logprobs = m1.logprobs.unwrap();
    assert_eq!((logprobs[0].token.as_str(), logprobs[0].logprob), ("No", 0.5f64.ln()));
    assert_eq!(logprobs[0].top, [("No".to_owned(), 0.5f64.ln()), ("Yes".to_owned(), 0.25f64.ln())]);
}

#[test]
fn probabilities_of_other_words_are_not_put_on_the_text() {
    assert_eq!(first_token("maybe", &[("Yes".into(), 0.5)]), None);
    assert_eq!(first_token("Yes", &[("Yes".into(), 0.0)]), None);
}

#[test]
fn a_missing_item_or_sample_is_not_recorded() {
    let file = file();
    let replay = Replay::open(file.path(), "m1", None).unwrap();
    for (key, sample) in [("z", 0), ("a", 1)] {
        let error = replay.find(&ask(key, sample)).unwrap_err();
        assert_eq!((error.class, error.tries), (CallErrorClass::NotRecorded, 0), "{key} {sample}");
    }
    assert_eq!(replay.n_items(), 2);
}

#[test]
fn a_wrong_model_or_prompt_is_answered_with_what_there_is() {
    check_refused("m3", None, "did it mean `m1`? (recorded: human, m1, m2)");
    check_refused("m2", None, "with 2 prompts; choose one as in `replay/m2@p` (recorded: p, q)");
    check_refused("m2", Some("r"), "with prompt `r` (recorded: p, q)");
}

#[test]
fn the_models_of_a_file_are_listed_with_their_counts() {
    let file = file();
    let models = recorded_models(file.path()).unwrap();
    let names: Vec<_> =
        models.iter().map(|m| (m.model.as_str(), m.prompt_id.as_str(), m.n_answers, m.n_samples)).collect();
    assert_eq!(names, [("human", "", 2, 2), ("m1", "p", 3, 2), ("m2", "p", 1, 1), ("m2", "q", 1, 1)]);
    assert_eq!((models[0].kind.as_str(), models[1].n_raw), ("human", 1));
}

#[test]
fn a_broken_line_is_named() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"{\"id\":\"a\"}\n{\"idd\":\"b\"}\n").unwrap();
    let error = recorded_models(file.path()).unwrap_err();
    assert!(error.contains("line 2 is not an object with `id` and `responses`"), "{error}");
    assert!(recorded_models(Path::new("/no/such/file")).unwrap_err().contains("cannot be opened"));
}
