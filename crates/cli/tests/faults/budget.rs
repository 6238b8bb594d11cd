//! A limit is never exceeded, whoever counts, and a higher one goes on.

use std::fs;

use crate::place::{Place, event};
use crate::server::{Ask, Reply};

/// A dollar for a million tokens in, two out: a token is a millionth of a dollar.
const PRICES: &str = "version = \"test\"\n[[price]]\nendpoint = \"vllm\"\nmodel = \"*\"\ndate = \"2026-01-01\"\n\
                      input = 1.0\noutput = 2.0\n";

fn priced(texts: &[&str], play: impl Fn(&Ask) -> Reply + Send + Sync + 'static) -> Place {
    let place = Place::new(texts, play).with("--prices prices.toml --max-tokens 20");
    fs::write(place.path().join("prices.toml"), PRICES).unwrap();
    place
}

/// What the server sold, in millionths of a dollar.
fn bill(place: &Place) -> u64 {
    let (tokens_in, tokens_out) = place.server.sold();
    tokens_in + 2 * tokens_out
}

fn usd(micro: u64) -> String {
    format!("--max-cost {:.6}", micro as f64 / 1e6)
}

fn texts(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("text {n}")).collect()
}

#[test]
fn a_run_ends_below_its_limit_and_a_higher_one_goes_on() {
    for concurrency in [1, 8, 32] {
        let texts = texts(40);
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let place =
            priced(&texts, |_| Reply::Label("positive")).with(&format!("--concurrency {concurrency}"));
        let mut before = 0;
        for max in [3000, 6000] {
            let told = place.check(&format!("label {}", usd(max)), 2);
            assert!(told.err.contains("does not allow another call"), "{}", told.err);
            assert!(told.err.contains("raise `max_cost_usd`"), "{}", told.err);
            let now = bill(&place);
            assert!(before < now && now <= max, "{before} to {now} of {max}");
            before = now;
        }
        place.check(&format!("label {}", usd(1_000_000)), 0);
        assert_eq!(place.cells("outcome"), ["labeled"; 40]);
        assert_eq!(place.server.n(), 40, "nothing was paid twice");
        let status = place.status();
        assert_eq!(status["annotators"][0]["cost"], bill(&place), "the journal and the server agree");
    }
}

#[test]
fn tries_that_the_server_refused_cost_nothing() {
    let texts = texts(20);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let place = priced(&texts, |ask| match (ask.item.as_str(), ask.nth) {
        ("text 19", 0) => Reply::Fails(429, "slow down"),
        ("text 18", 0 | 1) => Reply::Fails(500, "out of order"),
        _ => Reply::Label("positive"),
    })
    .with("--concurrency 1");
    let told = place.check(&format!("label --json {}", usd(50_000)), 0);
    assert_eq!(place.server.n(), 23);
    assert_eq!(event(&told, "end")["count"]["cost"], bill(&place));
}

#[test]
fn votes_keep_to_the_limit_too() {
    for concurrency in [1, 4] {
        let place = priced(&["a", "b", "c", "d"], |_| Reply::Label("positive"))
            .with(&format!("--samples 3 --concurrency {concurrency}"));
        let max = 2200;
        place.check(&format!("label {}", usd(max)), 2);
        let sold = place.server.n();
        assert!(bill(&place) <= max && sold >= 3, "{sold} calls for {}", bill(&place));
        place.check(&format!("label {}", usd(1_000_000)), 0);
        assert_eq!(place.server.n(), 12, "no vote was paid twice");
    }
}

#[test]
fn a_limit_without_a_price_is_refused_before_anything_is_sent() {
    let mut place = Place::new(&["a"], |_| Reply::Label("positive"));
    let at = place.flags.iter().position(|flag| flag == "vllm/x").unwrap();
    place.flags[at] = "openai/model-without-a-price".to_owned();
    let told = place.check("label --max-cost 1", 2);
    assert!(told.err.contains("no price") && told.err.contains("--prices"), "{}", told.err);
    assert_eq!(place.server.n(), 0);
    place.check("label", 0);
}
