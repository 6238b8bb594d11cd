//! An endpoint dies in the middle of a run, and the next of its list answers: who is asked, what it costs, what is noted.

use std::fs;

use crate::place::{Place, event};
use crate::server::{Ask, Reply, Server, Switch};

const TEN: [&str; 10] = ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9"];

/// The first costs a dollar for a million tokens in and two out, who stands in for it three and five.
const PRICES: &str = "version = \"test\"\n\
    [[price]]\nendpoint = \"vllm\"\nmodel = \"*\"\ndate = \"2026-01-01\"\ninput = 1.0\noutput = 2.0\n\
    [[price]]\nendpoint = \"ollama\"\nmodel = \"*\"\ndate = \"2026-01-01\"\ninput = 3.0\noutput = 5.0\n";

fn toml(fallback: &str, budget: &str) -> String {
    format!(
        "[task]\nkind = \"classify\"\nlabels = [\"positive\", \"negative\"]\n\
         [[annotators]]\nname = \"pair\"\nmodel = \"vllm/first\"\nbase_url = \"URL\"\nconcurrency = 1\n\
         max_tokens = 20\nfallback = [{fallback}]\n{budget}"
    )
}

/// A project whose annotator is asked at the place's server, and another server that stands in for it.
fn pair(
    budget: &str,
    first: impl Fn(&Ask) -> Reply + Send + Sync + 'static,
    second: impl Fn(&Ask) -> Reply + Send + Sync + 'static,
) -> (Place, Server) {
    let place = Place::project(&toml("\"ollama/second\"", budget), &TEN, first);
    let other = Server::new(second);
    fs::write(place.path().join(".env"), format!("OLLAMA_BASE_URL={}\n", other.url)).unwrap();
    fs::write(place.path().join("prices.toml"), PRICES).unwrap();
    (place, other)
}

const PRICED: &str = "[budget]\nmax_cost_usd = 1.0\nprices = \"prices.toml\"\n";

/// Answers up to the third item and then never again.
fn dies_after_three(ask: &Ask) -> Reply {
    if ask.item.as_str() < "t3" { Reply::Label("positive") } else { Reply::Gone }
}

#[test]
fn the_first_dies_in_the_middle_and_the_second_finishes() {
    let (place, other) = pair(PRICED, dies_after_three, |_| Reply::Label("negative"));
    let told = place.check("label", 0);
    assert!(told.err.contains("7 were answered by a fallback"), "{}", told.err);
    let labels = [vec!["positive"; 3], vec!["negative"; 7]].concat();
    assert_eq!(place.cells("label"), labels);
    let notes = [vec![vec![]; 3], vec![vec!["fell_back".to_owned()]; 7]].concat();
    assert_eq!(place.notes(), notes);
    assert_eq!(place.rows()[9]["karat_notes"][0]["to"], "ollama/second");
    assert_eq!((place.server.n(), other.n()), (5, 7), "the first was given up after two failures");
    assert!(other.asks().iter().all(|ask| ask.model == "second"));
}

#[test]
fn each_answer_costs_what_its_own_endpoint_takes() {
    let (place, other) = pair(PRICED, dies_after_three, |_| Reply::Label("negative"));
    place.check("label", 0);
    let ((a_in, a_out), (b_in, b_out)) = (place.server.sold(), other.sold());
    // A try that was cut off may have been paid: all bytes of its prompt and its longest answer, at the first's price.
    let lost: u64 = 2 * (longest_prompt(&place) + 2 * 20);
    let cost = place.status()["annotators"][0]["cost"].as_u64().unwrap();
    let sold = a_in + 2 * a_out + 3 * b_in + 5 * b_out;
    assert_eq!(cost, sold + lost, "sold {sold}, cut off {lost}");
    place.plain("verify");
}

/// Bytes of the messages and of the schema, and what an endpoint's own template may add, as a budget counts them.
fn longest_prompt(place: &Place) -> u64 {
    let told = place.plain("prompt --item 9 --json");
    let prompt = event(&told, "prompt");
    let messages = prompt["messages"].as_array().unwrap();
    let text = |it: &serde_json::Value| it["content"].as_str().or(it[1].as_str()).unwrap().len();
    let bytes: usize = messages.iter().map(text).sum();
    (bytes + "answer".len() + prompt["answer_format"].to_string().len() + 256) as u64
}

#[test]
fn the_same_command_goes_on_and_pays_nothing_twice() {
    let up = Switch::on();
    let now = up.clone();
    let (place, other) = pair("", dies_after_three, move |_| match now.is_on() {
        true => Reply::Label("negative"),
        false => Reply::Fails(500, "out of order"),
    });
    place.check("label --first 5", 0);
    place.check("label", 0);
    assert_eq!(other.n(), 7);
    up.turn_off();
    place.check("label", 0);
    // The second run met the dead endpoint with its first two tries, as the first run did.
    assert_eq!((place.server.n(), other.n()), (7, 7));
}

#[test]
fn who_says_to_slow_down_or_refuses_a_request_is_not_replaced() {
    let play = |ask: &Ask| match (ask.item.as_str(), ask.nth) {
        ("t1", 0..3) => Reply::Fails(429, "slow down"),
        ("t2", _) | ("t3", _) => Reply::Fails(400, "this text cannot be processed"),
        _ => Reply::Label("positive"),
    };
    let (place, other) = pair("", play, |_| Reply::Label("negative"));
    place.check("label", 1);
    assert_eq!(other.n(), 0);
    assert_eq!(place.cells("outcome").iter().filter(|it| *it == "failed").count(), 2);
}

#[test]
fn a_spent_account_is_replaced_at_once_and_where_all_are_spent_the_run_ends() {
    let credit = Switch::on();
    let left = credit.clone();
    let play = |_: &Ask| Reply::Fails(402, "insufficient credits");
    let (place, other) = pair("", play, move |_| match left.is_on() {
        true => Reply::Label("negative"),
        false => Reply::Fails(402, "insufficient credits"),
    });
    place.check("label --first 4", 0);
    assert_eq!((place.server.n(), other.n()), (1, 4));
    credit.turn_off();
    let told = place.check("label", 2);
    assert!(told.err.contains("no credit left"), "{}", told.err);
    assert_eq!(place.cells("outcome").iter().filter(|it| *it == "labeled").count(), 4);
}

#[test]
fn where_all_are_down_an_item_is_a_failed_row_and_a_retry_labels_it() {
    let broken = Switch::on();
    let now = broken.clone();
    let (place, other) = pair(
        "",
        |_| Reply::Fails(500, "out of order"),
        move |ask| match now.is_on() && ask.item == "t4" {
            true => Reply::Fails(503, "overloaded"),
            false => Reply::Label("negative"),
        },
    );
    place.check("label", 1);
    let outcomes = place.cells("outcome");
    assert_eq!(
        (outcomes[3].as_str(), outcomes[4].as_str(), outcomes[9].as_str()),
        ("labeled", "failed", "labeled")
    );
    broken.turn_off();
    place.check("retry", 0);
    assert_eq!(place.cells("label"), ["negative"; 10]);
    assert!(other.n() > 10);
}

#[test]
fn a_limit_holds_for_the_dearest_of_the_list_and_needs_a_price_of_each() {
    // Enough for the first's calls, too little for one of the second.
    let bound = 200;
    let (place, other) = pair(PRICED, dies_after_three, |_| Reply::Label("negative"));
    let most = longest_prompt(&place) * 3 + 5 * 20;
    let told = place.check(&format!("label --max-cost {:.6}", (most - bound) as f64 / 1e6), 2);
    assert!(told.err.contains("does not allow another call"), "{}", told.err);
    assert_eq!(
        (place.server.n(), other.n()),
        (0, 0),
        "what the dearest costs is set aside before any is asked"
    );
    let first_only = PRICES.split("[[price]]\nendpoint = \"ollama\"").next().unwrap();
    fs::write(place.path().join("prices.toml"), first_only).unwrap();
    fs::write(place.path().join("karat.toml"), place_toml(&place, "\"bedrock/second\"")).unwrap();
    fs::write(
        place.path().join(".env"),
        "BEDROCK_BASE_URL=http://127.0.0.1:1/v1\nAWS_BEARER_TOKEN_BEDROCK=x\n",
    )
    .unwrap();
    let told = place.check("label", 2);
    assert!(told.err.contains("`bedrock/second` has no price"), "{}", told.err);
}

fn place_toml(place: &Place, fallback: &str) -> String {
    place.write_project(&toml(fallback, PRICED));
    fs::read_to_string(place.path().join("karat.toml")).unwrap()
}

#[test]
fn another_list_is_another_annotator() {
    let (place, _other) = pair("", |_| Reply::Label("positive"), |_| Reply::Label("negative"));
    place.check("label", 0);
    assert_eq!(place.server.n(), 10);
    place.write_project(&toml("", ""));
    place.check("label", 0);
    assert_eq!(place.server.n(), 20, "an answer that another may have given is not used again");
    place.write_project(&toml("\"ollama/second\"", ""));
    place.check("label", 0);
    assert_eq!(place.server.n(), 20);
}

#[test]
fn a_list_that_cannot_work_is_refused_by_name_and_doctor_shows_one_that_can() {
    let (place, _other) = pair("", |_| Reply::Label("positive"), |_| Reply::Label("negative"));
    let told = place.run("doctor --json");
    let lists = event(&told, "endpoints")["fallbacks"].to_string();
    for part in ["\"annotator\":\"pair\"", "\"vllm/first\"", "\"ollama/second\""] {
        assert!(lists.contains(part), "{lists}");
    }
    for (fallback, words) in [
        ("\"scripted/seed=1\"", "`scripted/seed=1` cannot stand in for `vllm/first`"),
        ("\"olama/x\"", "did it mean `ollama`?"),
        ("\"openai/gpt-4o\"", "set `OPENAI_API_KEY`"),
    ] {
        place.write_project(&toml(fallback, ""));
        let told = place.check("label", 2);
        assert!(told.err.contains(words) && told.err.contains("`fallback`"), "{}", told.err);
    }
}
