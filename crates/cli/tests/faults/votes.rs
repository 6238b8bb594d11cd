//! Several samples of one item: what is voted, and what is kept of votes that were paid for.

use crate::place::{Place, finish, signal};
use crate::server::{Ask, Gate, Reply, Switch};

fn voting(samples: u32, play: impl Fn(&Ask) -> Reply + Send + Sync + 'static) -> Place {
    Place::new(&["one"], play).with(&format!("--samples {samples} --concurrency 1"))
}

/// Two votes of three for `positive`.
fn divided(ask: &Ask) -> Reply {
    Reply::Label(["positive", "positive", "negative"][ask.nth % 3])
}

#[test]
fn the_label_has_most_votes_and_their_share_is_the_confidence() {
    let place = voting(3, divided);
    place.check("label", 0);
    let row = &place.rows()[0];
    assert_eq!(row["karat_label"], "positive");
    assert!((row["karat_confidence"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-6, "{row}");
    assert_eq!(row["karat_confidence_source"], "vote_share (uncalibrated)");
    assert_eq!(place.server.n(), 3);
}

#[test]
fn a_sample_without_a_label_lowers_the_share() {
    let place = voting(4, |ask| match ask.body["messages"].as_array().unwrap().len() {
        2 if ask.nth < 3 => Reply::Label("positive"),
        _ => Reply::Label("purple"),
    });
    place.check("label", 0);
    let row = &place.rows()[0];
    assert_eq!(
        (row["karat_label"].as_str(), row["karat_confidence"].as_f64()),
        (Some("positive"), Some(0.75))
    );
    assert_eq!(place.server.n(), 5, "the odd one was asked once more");
}

#[test]
fn a_tie_is_no_label() {
    let place = voting(2, |ask| Reply::Label(if ask.nth == 0 { "positive" } else { "negative" }));
    place.check("label", 1);
    let row = &place.rows()[0];
    assert_eq!((row["karat_outcome"].as_str(), row["karat_label"].as_str()), (Some("unusable"), None));
    assert!(row["karat_reason"].as_str().unwrap().contains("tie"), "{row}");
}

#[test]
fn votes_that_were_paid_for_are_used_after_a_kill() {
    let gate = Gate::default();
    let last = gate.clone();
    let place = voting(3, move |ask| {
        if ask.nth == 2 {
            gate.pass();
        }
        Reply::Label("positive")
    });
    let child = place.start("label");
    last.wait_for(1);
    place.wait_for_calls(2);
    signal(child.id(), "KILL");
    finish(child);
    last.open();
    place.check("label", 0);
    assert_eq!(place.server.n(), 4, "two were kept, one was in flight at the kill and is asked again");
    assert_eq!(place.rows()[0]["karat_confidence"], 1.0);
}

#[test]
fn votes_that_all_fail_give_back_what_they_set_aside() {
    let broken = Switch::on();
    let now = broken.clone();
    let place =
        voting(
            3,
            move |_| if now.is_on() { Reply::Fails(500, "out of order") } else { Reply::Label("positive") },
        )
        .with("--prices prices.toml --max-tokens 20 --max-cost 0.01");
    let prices = "version = \"test\"\n[[price]]\nendpoint = \"vllm\"\nmodel = \"*\"\ndate = \"2026-01-01\"\n\
                  input = 1.0\noutput = 2.0\n";
    std::fs::write(place.path().join("prices.toml"), prices).unwrap();
    place.check("label", 1);
    assert_eq!((place.cells("outcome"), place.server.n()), (vec!["failed".to_owned()], 18));
    assert!(!place.plain("status").out.contains("in flight at a crash"), "nothing is still set aside");
    broken.turn_off();
    place.check("retry", 0);
    assert_eq!(place.cells("label"), ["positive"]);
}
