//! Annotators one after the other: who is asked about what, what it costs, and what a kill between two tiers leaves.

use crate::place::{Place, finish, signal};
use crate::server::{Ask, Gate, Reply};

pub(crate) const TEXTS: [&str; 8] = ["even0", "even1", "odd2", "even3", "odd4", "even5", "even6", "odd7"];

/// Two cheap annotators, and whoever is added.
pub(crate) fn toml(more: &str) -> String {
    let one = |name: &str| annotator(name, "");
    format!(
        "[task]\nkind = \"classify\"\nlabels = [\"positive\", \"negative\"]\nguideline = \"guideline.md\"\n{}{}{more}",
        one("anna"),
        one("boris")
    )
}

/// One annotator, asked at the place's server.
pub(crate) fn annotator(name: &str, more: &str) -> String {
    format!(
        "[[annotators]]\nname = \"{name}\"\nmodel = \"vllm/{name}\"\nbase_url = \"URL\"\nconcurrency = 1\n\
         logprobs = false\n{more}\n"
    )
}

/// A dear one behind them, and the rule by which it decides with one of them.
fn strong() -> String {
    format!("{}[policy]\nsettle = {{ votes = 2 }}\n", annotator("strong", "tier = 2"))
}

/// The cheap ones differ where the text is odd.
pub(crate) fn cheap(ask: &Ask) -> Reply {
    let boris_differs = ask.model == "boris" && ask.item.starts_with("odd");
    Reply::Label(if boris_differs { "negative" } else { "positive" })
}

pub(crate) fn place(more: &str, play: impl Fn(&Ask) -> Reply + Send + Sync + 'static) -> Place {
    let place = Place::project(&toml(more), &TEXTS, play);
    std::fs::write(place.path().join("guideline.md"), "Praise is positive.\n").unwrap();
    place
}

#[test]
fn the_second_tier_is_asked_only_about_what_the_first_left_open() {
    let place = place(&strong(), |ask| match ask.model.as_str() {
        "strong" => Reply::Label("negative"),
        _ => cheap(ask),
    });
    let told = place.check("label", 0);
    assert!(told.err.contains("19 labeled · 5 were settled and not asked"), "{}", told.err);
    assert_eq!(place.server.items_of("strong"), ["odd2", "odd4", "odd7"]);
    assert_eq!((place.server.items_of("anna").len(), place.server.items_of("boris").len()), (8, 8));
    place.check("label", 0);
    assert_eq!(place.server.n(), 19, "what is settled is never asked");
}

#[test]
fn a_kill_between_the_tiers_costs_nothing_twice() {
    let gate = Gate::default();
    let held = gate.clone();
    let place = place(&strong(), move |ask| match ask.model.as_str() {
        "strong" => {
            gate.pass();
            Reply::Label("negative")
        }
        _ => cheap(ask),
    });
    let child = place.start("label");
    held.wait_for(1);
    signal(child.id(), "KILL");
    assert_eq!(finish(child).code, -1);
    held.open();
    assert_eq!(place.server.n(), 17);
    place.check("label", 0);
    assert_eq!((place.server.items_of("anna").len(), place.server.items_of("boris").len()), (8, 8));
    assert_eq!(
        place.server.items_of("strong"),
        ["odd2", "odd2", "odd4", "odd7"],
        "only what was in flight again"
    );
    place.check("decide", 0);
    place.plain("verify");
}

#[test]
fn a_rule_of_confidence_needs_confidences_and_one_of_votes_needs_votes() {
    let sure = |name: &str, tier: u32| annotator(name, &format!("tier = {tier}\nstate_confidence = true"));
    let toml = format!(
        "[task]\nkind = \"classify\"\nlabels = [\"positive\", \"negative\"]\n{}{}[policy]\nsettle = {{ confidence = 0.9 }}\n",
        sure("quick", 1),
        sure("strong", 2)
    );
    let place =
        Place::project(&toml, &TEXTS, |ask| match (ask.model.as_str(), ask.item.starts_with("odd")) {
            ("quick", true) => Reply::Says("{\"label\": \"positive\", \"confidence\": 0.6}"),
            _ => Reply::Says("{\"label\": \"positive\", \"confidence\": 0.95}"),
        });
    place.check("label", 0);
    assert_eq!(place.server.items_of("strong"), ["odd2", "odd4", "odd7"]);
}

#[test]
fn decide_says_who_decided_what_share_at_what_cost() {
    let more = format!("{}[budget]\nmax_cost_usd = 1.0\nprices = \"prices.toml\"\n", strong());
    let place = place(&more, |ask| match (ask.model.as_str(), ask.item.as_str()) {
        ("strong", "odd7") => Reply::Label("purple"),
        ("strong", _) => Reply::Label("negative"),
        _ => cheap(ask),
    });
    let prices = "version = \"test\"\n[[price]]\nendpoint = \"vllm\"\nmodel = \"strong\"\ndate = \"2026-01-01\"\n\
        input = 100.0\noutput = 100.0\n[[price]]\nendpoint = \"vllm\"\nmodel = \"*\"\ndate = \"2026-01-01\"\n\
        input = 1.0\noutput = 1.0\n";
    std::fs::write(place.path().join("prices.toml"), prices).unwrap();
    place.check("label", 1);
    let gold: String =
        (0..8).map(|n| format!("{n},{}\n", if n == 2 { "negative" } else { "positive" })).collect();
    std::fs::write(place.path().join("gold.csv"), format!("id,gold\n{gold}")).unwrap();
    let told = place.check("decide --gold gold.csv -o decisions.csv", 1);
    insta::assert_snapshot!(told.out);
    let table = std::fs::read_to_string(place.path().join("decisions.csv")).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    let at = |name: &str| rows[0].iter().position(|it| *it == name).unwrap();
    let cell = |row: usize, name: &str| rows[row + 1][at(name)];
    assert_eq!(rows.len(), 9, "every item has a row");
    let names = ["anna_label", "boris_label", "strong_label", "final_label", "decided_by"];
    let row = |n: usize| names.map(|name| cell(n, name));
    assert_eq!(row(0), ["positive", "positive", "", "positive", "tier 1"]);
    assert_eq!(row(2), ["positive", "negative", "negative", "negative", "tier 2"]);
    assert_eq!(row(7), ["positive", "negative", "(unusable)", "", "nobody: labels differ"]);
}

#[test]
fn a_later_tier_that_could_decide_nothing_is_refused() {
    let place = place(&annotator("strong", "tier = 2"), cheap);
    let told = place.check("label", 2);
    assert!(told.err.contains("nothing says when a later tier settles"), "{}", told.err);
    assert!(told.err.contains("settle = { votes = 2 }"), "{}", told.err);
    assert_eq!(place.server.n(), 0);
}
