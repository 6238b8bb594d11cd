//! The ways to ask, as the endpoint sees them: worked examples without leaks, long texts, dialogues, forms, languages, and
//! what becomes of what an endpoint does not take.

use std::collections::HashSet;
use std::fs;

use karat_core::{DevGold, ItemId};
use serde_json::{Value, json};

use crate::place::{Place, event};
use crate::server::{Ask, Reply};
use crate::tiers::annotator;

const TASK: &str = "[task]\nkind = \"classify\"\nlabels = [\"positive\", \"negative\"]\n";

/// A project over rows that the test writes itself; `head` stands in the place of `[data]`.
fn place(head: &str, rest: &str, data: &str, play: impl Fn(&Ask) -> Reply + Send + Sync + 'static) -> Place {
    let place = Place::project("", &[], play);
    fs::write(place.path().join("data.jsonl"), data).unwrap();
    let toml = format!("[data]\nfiles = [\"data.jsonl\"]\nid = \"id\"\n{head}\n{rest}");
    fs::write(place.path().join("karat.toml"), toml.replace("URL", &place.server.url)).unwrap();
    place
}

/// Forty reviews, each there twice with one word changed, all with gold.
fn twins() -> Vec<(String, String)> {
    let things = ["phone", "lamp", "kettle", "chair", "tent"];
    let words = ["battery", "handle", "color", "price"];
    let text = |n: usize, how: &str| {
        let (thing, word) = (things[n % 5], words[n / 5 % 4]);
        format!("{how} bought this {thing} in spring and the {word} of the {thing} pleased everybody at home")
    };
    (0..20).flat_map(|n| [(format!("{n}a"), text(n, "We")), (format!("{n}b"), text(n, "They"))]).collect()
}

#[test]
fn no_example_is_nearly_the_item_and_no_sealed_gold_is_ever_sent() {
    let rows = twins();
    let data: String = rows
        .iter()
        .map(|(id, text)| json!({"id": id, "text": text, "gold": "positive"}).to_string() + "\n")
        .collect();
    let rest = format!("{TASK}[few_shot]\nn = 4\nsealed = 0.5\n{}", annotator("m", ""));
    let place = place("text = \"text\"\ngold = \"gold\"", &rest, &data, |_| Reply::Label("positive"));
    place.check("label", 0);
    let ids = rows.iter().map(|(id, _)| (ItemId::new(id.clone()), ())).collect();
    let (dev, sealed) = DevGold::split(ids, 0.5, 0);
    let text_of = |id: &ItemId| rows.iter().find(|(own, _)| own == id.as_str()).unwrap().1.clone();
    let sealed: HashSet<String> = sealed.open_for_evaluation().iter().map(|(id, ())| text_of(id)).collect();
    assert!(dev.0.len() > 10 && sealed.len() > 10);
    let mut n_shown = 0;
    for ask in place.server.asks() {
        let user = ask.body["messages"][1]["content"].as_str().unwrap().to_owned();
        let (examples, own) = user.rsplit_once("<item>\n").unwrap();
        let own = own.split_once("\n</item>").unwrap().0;
        let twin = match own.strip_prefix("We ") {
            Some(rest) => format!("They {rest}"),
            None => format!("We {}", own.strip_prefix("They ").unwrap()),
        };
        for leak in [own, &twin] {
            assert!(!examples.contains(leak), "`{leak}` stands among its own examples: {examples}");
        }
        assert!(!sealed.iter().any(|text| examples.contains(text)), "sealed gold was sent: {examples}");
        n_shown += examples.matches("<item>").count();
    }
    assert_eq!(n_shown, 40 * 4, "each item is shown as many as it may be");
}

#[test]
fn an_entity_at_the_border_of_two_pieces_is_found_once_at_its_place() {
    let before: String = (0..30).map(|n| format!("Это предложение номер {n} 🎉 ни о ком. ")).collect();
    let text = format!("{before}В Москву приехала Анна Петрова. {before}Позже приехал Борис.");
    let data = json!({"id": "1", "text": text}).to_string() + "\n";
    let rest = format!(
        "[task]\nkind = \"spans\"\nlabels = [\"PER\"]\n[long]\nmax_tokens = 160\noverlap_tokens = 60\n{}",
        annotator("m", "")
    );
    let place = place("text = \"text\"", &rest, &data, |ask| {
        let known = ["Анна Петрова", "Борис"].into_iter().filter(|name| ask.item.contains(name));
        let spans: Vec<Value> =
            known.map(|it| json!({"quote": it, "label": "PER", "occurrence": null})).collect();
        Reply::Tells(json!({ "spans": spans }).to_string())
    });
    place.check("label", 0);
    assert!(place.server.n() > 4, "{} pieces", place.server.n());
    let row = &place.rows()[0];
    let spans = row["karat_label"].as_array().unwrap();
    let chars: Vec<char> = text.chars().collect();
    let words = |span: &Value| -> String {
        let at = |name: &str| span[name].as_u64().unwrap() as usize;
        chars[at("start")..at("end")].iter().collect()
    };
    assert_eq!(spans.iter().map(words).collect::<Vec<_>>(), ["Анна Петрова", "Борис"]);
    assert!(row["karat_notes"].to_string().contains("pieces"), "{row}");
}

#[test]
fn each_turn_of_a_dialogue_is_an_item_with_the_turns_before_it() {
    let turns = json!([{"speaker": "A", "text": "Hello"}, {"speaker": "B", "text": "Go away"}, {"speaker": "A", "text": "Why?"}]);
    let data = json!({"id": "7", "turns": turns}).to_string() + "\n";
    let head = "dialogue = { column = \"turns\", label = \"each\", speakers = [\"A\"] }";
    let place = place(head, &format!("{TASK}{}", annotator("m", "")), &data, |_| Reply::Label("negative"));
    place.check("label", 0);
    let mut sent = place.server.sent_to("m");
    sent.sort_by_key(String::len);
    assert_eq!(sent.len(), 2);
    assert!(!sent[0].contains("Go away") && sent[0].contains("Hello"));
    for part in ["A: Hello", "B: Go away", "Why?", "speaker: A"] {
        assert!(sent[1].contains(part), "{part}: {}", sent[1]);
    }
    let told = place.check("decide -o decided.jsonl", 0);
    let rows = fs::read_to_string(place.path().join("decided.jsonl")).unwrap();
    assert!(
        rows.contains("\"7#1\"") && rows.contains("\"7#3\"") && !rows.contains("\"7#2\""),
        "{rows}{}",
        told.out
    );
}

const FORM: &str = "[task]\nkind = \"form\"\n\
    [[task.questions]]\nname = \"mood\"\nkind = \"classify\"\nask = \"What is the mood?\"\nlabels = [\"good\", \"bad\"]\n\
    [[task.questions]]\nname = \"people\"\nkind = \"spans\"\nlabels = [\"PER\"]\n";

#[test]
fn a_form_is_one_call_and_an_answer_to_half_of_it_keeps_that_half() {
    let data = "{\"id\":\"1\",\"text\":\"Bob sings\"}\n{\"id\":\"2\",\"text\":\"Bob cries\"}\n";
    let rest = format!("{FORM}{}", annotator("m", ""));
    let place = place("text = \"text\"", &rest, data, |ask| match ask.item.as_str() {
        "Bob sings" => Reply::Says(
            "{\"mood\": {\"label\": \"good\"}, \"people\": {\"spans\": [{\"quote\": \"Bob\", \"label\": \"PER\", \"occurrence\": null}]}}",
        ),
        _ => Reply::Says(
            "{\"mood\": {\"label\": \"bad\"}, \"people\": {\"spans\": [{\"quote\": \"Eve\", \"label\": \"PER\"}]}}",
        ),
    });
    place.run("label");
    assert_eq!(place.server.items_of("m"), ["Bob sings", "Bob cries", "Bob cries"]);
    let rows = place.rows();
    assert_eq!(rows[0]["karat_label"]["mood"], "good", "{}", rows[0]);
    assert_eq!(rows[0]["karat_label"]["people"][0]["start"], 0, "{}", rows[0]);
    assert_eq!(rows[1]["karat_label"]["mood"], "bad", "{}", rows[1]);
    assert!(rows[1]["karat_notes"].to_string().contains("Eve"), "{}", rows[1]);
}

#[test]
fn two_annotators_that_differ_by_language_only_are_two_and_compared() {
    let rows: Vec<String> = (0..12).map(|n| format!("text {n}")).collect();
    let texts: Vec<&str> = rows.iter().map(String::as_str).collect();
    let one = |name: &str, language: &str| {
        annotator("same", &format!("language = \"{language}\""))
            .replace("name = \"same\"", &format!("name = \"{name}\""))
    };
    let toml = format!("{TASK}{}{}", one("english", "en"), one("russian", "ru"));
    let place = Place::project(&toml, &texts, |ask| {
        let is_russian = ask.body["messages"][0]["content"].as_str().unwrap().contains("Вы — внимательный");
        Reply::Label(if is_russian && ask.item.ends_with('1') { "negative" } else { "positive" })
    });
    place.check("label", 0);
    assert_eq!(place.server.n(), 24);
    let told = place.run("compare english russian");
    assert!(told.code < 2, "{}", told.err);
    assert!(told.out.contains("english") && told.out.contains("russian"), "{}", told.out);
    assert_eq!(place.rows()[1]["karat_russian_label"], "negative");
}

#[test]
fn a_guideline_longer_than_the_context_is_a_failure_with_its_name() {
    let place = Place::project(&format!("{TASK}{}", annotator("m", "")), &["one", "two"], |_| {
        Reply::Refuses(
            400,
            "This model's maximum context length is 4096 tokens. However, your messages resulted in 9001 tokens.",
        )
    });
    place.run("label");
    assert_eq!(place.cells("outcome"), ["failed"; 2]);
    let reason = &place.cells("reason")[0];
    assert!(reason.contains("too_long") && reason.contains("a model with a longer context"), "{reason}");
    assert_eq!(place.server.n(), 2, "what is too long is not sent again");
}

#[test]
fn a_choice_from_one_label_is_refused_before_anything_is_sent() {
    let toml = format!("[task]\nkind = \"classify\"\nlabels = [\"only\"]\n{}", annotator("m", ""));
    let place = Place::project(&toml, &["one"], |_| Reply::Label("only"));
    let told = place.check("label", 2);
    assert!(told.err.contains("`only` and no other") && told.err.contains("multi_label"), "{}", told.err);
    assert_eq!(place.server.n(), 0);
}

#[test]
fn what_an_endpoint_does_not_take_is_left_out_and_said_once() {
    for (part, field, message, sent) in [
        ("logprobs", "logprobs", "logprobs are not supported with this model", "nothing"),
        ("json_schema", "response_format", "response_format.json_schema is not supported", "json"),
    ] {
        let toml = format!("{TASK}{}", annotator("m", "").replace("logprobs = false", ""));
        let place = Place::project(&toml, &["one", "two", "three"], move |ask| {
            let asked = match part {
                "logprobs" => ask.body[field] == true,
                _ => ask.body[field]["type"] == "json_schema",
            };
            if asked { Reply::Refuses(400, message) } else { Reply::Label("positive") }
        });
        let told = place.check("label", 0);
        assert_eq!(place.cells("outcome"), ["labeled"; 3], "{part}");
        let notes: Vec<&str> = told.err.lines().filter(|line| line.contains("does not take")).collect();
        assert_eq!(notes.len(), 1, "{}", told.err);
        assert!(
            notes[0].contains(&format!("`{part}`")) && notes[0].contains(&format!("sent {sent}")),
            "{notes:?}"
        );
        let told = place.check("label --json", 0);
        assert_eq!(event(&told, "end")["count"]["n_standing"], 3);
    }
}

#[test]
fn what_is_hidden_stands_in_no_request() {
    let secrets = [
        ["anna@example.com", "+7 912 345-67-89", "4111 1111 1111 1111"],
        ["ivan@example.org", "112-233-445 95", "192.0.2.77"],
        ["li@example.net", "13812345678", "Nadezhda Orlova"],
    ];
    let words =
        |n: usize| format!("номер СНИЛС или phone {} и {} и {}", secrets[n][0], secrets[n][1], secrets[n][2]);
    let data: String = (0..3)
        .map(|n| {
            json!({"id": format!("{n}"), "text": words(n), "who": secrets[n][0], "gold": "positive"})
                .to_string()
                + "\n"
        })
        .collect();
    let rest = format!(
        "{TASK}[few_shot]\nn = 2\nsealed = 0.0\n[privacy]\nmask = [\"all\"]\nnames = \"names.txt\"\n{}",
        annotator("m", "scoring = \"p_true\"\nreasoning = true")
    );
    let head = "text = \"text\"\ncontext = [\"who\"]\ngold = \"gold\"";
    let place = place(head, &rest, &data, |_| Reply::Label("positive"));
    fs::write(place.path().join("names.txt"), "Nadezhda Orlova\n").unwrap();
    place.check("label", 0);
    let asks = place.server.asks();
    assert_eq!(asks.len(), 6, "an answer and a check for each of three items");
    let n_examples: usize = asks.iter().map(|ask| ask.body.to_string().matches("<item>\\n").count()).sum();
    assert!(n_examples > 6, "worked examples are sent too");
    for ask in asks {
        let body = ask.body.to_string();
        for secret in secrets.iter().flatten() {
            assert!(!body.contains(secret), "`{secret}` was sent: {body}");
        }
        assert!(body.contains("[EMAIL_1]"), "{body}");
    }
}
