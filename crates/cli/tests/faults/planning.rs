//! What a plan says beside what the server then bills.

use std::fs;
use std::path::Path;

use crate::place::{Place, event};
use crate::server::Reply;

const PRICES: &str = "version = \"test\"\n[[price]]\nendpoint = \"vllm\"\nmodel = \"*\"\ndate = \"2026-01-01\"\n\
                      input = 1.0\noutput = 2.0\n";

#[test]
fn after_a_pilot_the_likely_cost_is_what_the_server_bills() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/entity-sentiment-en");
    let answers = ["positive", "negative", "neutral"];
    let mut place = Place::new(&[], move |ask| Reply::Label(answers[ask.item.len() % 3]));
    let toml = format!(
        "[data]\nfiles = [\"data.jsonl\"]\nid = \"id\"\ntext = \"sentence\"\ncontext = [\"entity\"]\n\
         [task]\nkind = \"classify\"\nguideline = \"guideline.md\"\n\
         labels = [{{ name = \"positive\" }}, {{ name = \"negative\" }}, {{ name = \"neutral\" }}]\n\
         [[annotators]]\nmodel = \"vllm/x\"\nbase_url = \"{}\"\n[budget]\nprices = \"prices.toml\"\n",
        place.server.url
    );
    for file in ["data.jsonl", "guideline.md"] {
        fs::copy(example.join(file), place.path().join(file)).unwrap();
    }
    fs::write(place.path().join("karat.toml"), toml).unwrap();
    fs::write(place.path().join("prices.toml"), PRICES).unwrap();
    place.flags.clear();
    let plan = || {
        let plan = event(&place.check("plan --json", 0), "plan")["annotators"][0].clone();
        let n = |at: &str| {
            plan.pointer(at).and_then(serde_json::Value::as_f64).unwrap_or_else(|| panic!("{at}: {plan}"))
        };
        (
            [n("/n_calls"), n("/tokens_in"), n("/cost/likely"), n("/cost/low"), n("/cost/high")],
            plan["basis"].to_string(),
        )
    };
    let ([calls, first_tokens, _, first_low, first_high], basis) = plan();
    assert_eq!(calls, 900.0 - plan_shared(&place));
    assert!(basis.contains("tokenizer"), "{basis}");
    place.check("label --first 60", 0);
    let pilot = place.server.sold();
    let ([left, _, likely, low, high], basis) = plan();
    assert!(left < calls && basis.contains("recorded calls"), "{left} {basis}");
    place.check("label --yes", 0);
    let (tokens_in, tokens_out) = place.server.sold();
    let billed = |from: (u64, u64)| (tokens_in - from.0) as f64 + 2.0 * (tokens_out - from.1) as f64;
    println!(
        "first plan: {first_tokens} tokens in, sold {tokens_in} (ratio {:.3}); after the pilot: likely {likely}, billed {} (ratio {:.3})",
        first_tokens / tokens_in as f64,
        billed(pilot),
        likely / billed(pilot)
    );
    assert!((likely / billed(pilot) - 1.0).abs() < 0.1, "{likely} was likely, {} billed", billed(pilot));
    assert!(low <= billed(pilot) && billed(pilot) <= high, "{low} to {high}");
    assert!(first_low < first_high);
    assert_eq!(place.server.n() as f64, calls, "as many calls as were planned");
}

fn plan_shared(place: &Place) -> f64 {
    event(&place.check("plan --json", 0), "plan")["annotators"][0]["n_shared"].as_f64().unwrap()
}
