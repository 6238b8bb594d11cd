//! A promise from the first label to the audit: it holds where labels are good, and is taken back where they are not.

use super::votes::fill;
use super::*;

/// Who labels in the project: the truth is in the data while the stand-in for a model labels, and is then taken out.
const TOML: &str = "[data]\nfiles = [\"data.csv\"]\nid = \"item\"\ntext = \"text\"\nGOLD\n\
    people = [\"anna\", \"boris\", \"clara\"]\n\n[task]\nkind = \"classify\"\nguideline = \"guide.md\"\n\
    labels = [\"bug\", \"feature\", \"question\"]\n\n\
    [[annotators]]\nname = \"model\"\nmodel = \"scripted/accuracy=0.9,seed=5\"\n";

/// A labeled project without any gold.
fn project(n_items: usize, accuracies: [f64; 3]) -> Place {
    let mut data = "item,text,anna,boris,clara,truth\n".to_owned();
    for item in 0..n_items {
        let of = |n: usize| given(item, accuracies[n], 60 + n as u64);
        writeln!(data, "{item},Ticket number {item},{},{},{},{}", of(0), of(1), of(2), truth(item)).unwrap();
    }
    let place = Place::with(&[
        ("data.csv", &data),
        ("guide.md", "Read the ticket."),
        ("karat.toml", &TOML.replace("GOLD", "gold = \"truth\"")),
    ]);
    place.ends("label", 0);
    place.write("karat.toml", &TOML.replace("GOLD\n", ""));
    place
}

/// Samples, fills and accepts: a project under a promise.
fn accepted() -> Place {
    let place = project(900, [0.97, 0.96, 0.95]);
    place.ends("sample 240 -o sample.csv", 0);
    fill(&place, "sample.csv", "done.csv", |_, label| label.to_owned());
    place.ends("accept --error 0.1 --gold done.csv -o routed.csv", 0);
    place
}

#[test]
fn a_promise_is_made_watched_and_holds() {
    let place = project(900, [0.97, 0.96, 0.95]);
    insta::assert_snapshot!("sample", place.karat("sample 240 -o sample.csv").whole());
    fill(&place, "sample.csv", "done.csv", |_, label| label.to_owned());
    insta::assert_snapshot!(
        "accept",
        place.karat("accept --error 0.1 --gold done.csv -o routed.csv").whole()
    );
    let routed = place.csv("routed.csv");
    assert_eq!(column(&routed, "item").len(), 900, "every row is there");
    let routes = column(&routed, "karat_route");
    assert_eq!(routes.iter().filter(|it| *it == "settled").count(), 240);
    let went = routes.iter().filter(|it| it.starts_with("accept")).count();
    assert!(went > 300, "{went} accepted");
    let wrong = (0..900).filter(|item| {
        routes[*item].starts_with("accept") && column(&routed, "karat_label")[*item] != truth(*item)
    });
    assert!(wrong.count() * 10 <= went, "the promise is kept");
    insta::assert_snapshot!("draw", place.karat("audit --draw 60 --gold done.csv -o audit.csv").whole());
    let drawn = place.csv("audit.csv");
    assert!(!drawn[0].iter().any(|name| name == "karat_label"), "whoever audits does not see the label");
    assert!(
        place.karat("audit --gold audit.csv").err.contains("none of what was drawn has gold"),
        "nobody has labeled"
    );
    fill(&place, "audit.csv", "audited.csv", |_, label| label.to_owned());
    insta::assert_snapshot!("holds", place.karat("audit --gold audited.csv").whole());
    let half: Vec<String> =
        place.read("audited.csv").lines().take(31).map(|line| line.to_owned() + "\n").collect();
    place.write("half.csv", &half.concat());
    let told = place.ends("audit --gold half.csv", 0);
    assert!(told.out.contains("60 items drawn, 30 with gold, 0 wrong"), "{}", told.whole());
}

#[test]
fn a_broken_promise_is_withdrawn_and_stays_withdrawn() {
    let place = accepted();
    place.ends("audit --draw 60 --gold done.csv -o audit.csv", 0);
    let wrong = |n: usize, label: &str| if n.is_multiple_of(2) { "question" } else { label }.to_owned();
    fill(&place, "audit.csv", "audited.csv", wrong);
    insta::assert_snapshot!(place.ends("audit --gold audited.csv", 1).whole());
    fill(&place, "audit.csv", "audited.csv", |_, label| label.to_owned());
    let again = place.ends("audit --gold audited.csv", 1);
    assert!(again.out.contains("WITHDRAWN"), "{}", again.whole());
    let draw = place.ends("audit --draw 10 --gold done.csv -o more.csv", 2);
    assert!(draw.err.contains("was withdrawn") && draw.err.contains("hint: "), "{}", draw.whole());
}

#[test]
fn what_changed_since_the_promise_is_named() {
    let place = accepted();
    place.ends("audit --draw 20 --gold done.csv -o audit.csv", 0);
    let other = place.karat("audit --draw 20 --gold sample.csv -o audit2.csv");
    assert_eq!(other.code, 2, "{}", other.whole());
    place.write("guide.md", "Read the ticket twice.");
    insta::assert_snapshot!("changed", other.whole() + &place.ends("audit --gold done.csv", 1).whole());
}

#[test]
fn what_people_write_is_not_mixed_up_with_a_column_of_the_data_that_is_called_gold() {
    let place = project(200, [0.97, 0.96, 0.95]);
    let head = "item,text,anna,boris,clara,truth\n";
    place.write("data.csv", &place.read("data.csv").replace(head, "item,text,anna,boris,clara,gold\n"));
    let told = place.ends("sample 50 -o sample.csv", 0);
    assert!(told.err.contains("in the column `karat_gold`"), "{}", told.whole());
    let told = place.ends("estimate --gold sample.csv", 2);
    assert!(told.err.contains("no item has gold"), "nobody has labeled: {}", told.whole());
    let mut rows = place.csv("sample.csv");
    let at = rows[0].iter().position(|it| it == "karat_gold").unwrap();
    rows[1..].iter_mut().for_each(|row| row[at] = "bug".to_owned());
    place.write("done.csv", &rows.iter().map(|row| row.join(",") + "\n").collect::<String>());
    let told = place.ends("estimate --gold done.csv --json", 0);
    let report: serde_json::Value = serde_json::from_str(told.out.trim()).unwrap();
    assert_eq!(report["n_gold"], 50);
    assert_eq!(report["shares"][0]["label"], "bug");
    let low = report["shares"][0]["gold_only"]["value"].as_f64();
    assert!(low.is_none_or(|share| share > 0.9), "all that people wrote is `bug`: {}", told.whole());
}

#[test]
fn items_are_audited_once() {
    let place = accepted();
    place.ends("audit --draw 40 --gold done.csv -o first.csv", 0);
    place.ends("audit --draw 40 --gold done.csv -o second.csv", 0);
    let first = column(&place.csv("first.csv"), "item");
    let second = column(&place.csv("second.csv"), "item");
    assert!(first.iter().all(|item| !second.contains(item)));
    place.ends("audit --draw 5000 --gold done.csv -o rest.csv", 0);
    let none = place.ends("audit --draw 5 --gold done.csv -o none.csv", 2);
    assert!(none.err.contains("drawn before") && none.err.contains("hint: "), "{}", none.whole());
}

#[test]
fn a_sample_for_a_promise_and_a_rehearsal() {
    let place = project(900, [0.97, 0.96, 0.95]);
    place.ends("sample 60 -o pilot.csv", 0);
    fill(&place, "pilot.csv", "pilot_done.csv", |_, label| label.to_owned());
    let line = "sample 100 --design acceptance --error 0.1 --gold pilot_done.csv -o sample.csv";
    insta::assert_snapshot!("sample_for_a_promise", place.ends(line, 0).whole());
    fill(&place, "sample.csv", "done.csv", |_, label| label.to_owned());
    insta::assert_snapshot!(
        "accept_from_two_files",
        place.ends("accept --error 0.1 --gold pilot_done.csv,done.csv", 0).whole()
    );
    insta::assert_snapshot!(
        "rehearsal",
        place.karat("accept --error 0.1 --gold truth --rehearse 200").whole()
    );
}
