//! The moderator and the inspector: what they are shown, what becomes of what they say, and what of nonsense.

use crate::place::Place;
use crate::server::{Ask, Reply};
use crate::tiers::{annotator, cheap, place};

const ODD: [&str; 3] = ["odd2", "odd4", "odd7"];

/// The cheap ones give reasons; the judge gives what is said here.
fn moderated(judge: impl Fn(&Ask) -> Reply + Send + Sync + 'static) -> Place {
    let place = place(&annotator("judge", "role = \"moderator\""), move |ask| match ask.model.as_str() {
        "judge" => judge(ask),
        "anna" => Reply::Says("{\"label\": \"positive\", \"explanation\": \"It shines.\"}"),
        _ if ask.item.starts_with("odd") => {
            Reply::Says("{\"label\": \"negative\", \"explanation\": \"It bites.\"}")
        }
        _ => Reply::Label("positive"),
    });
    let toml = std::fs::read_to_string(place.path().join("karat.toml")).unwrap();
    let toml = toml.replace("logprobs = false\n\n", "logprobs = false\nexplain = true\n");
    std::fs::write(place.path().join("karat.toml"), toml).unwrap();
    place
}

/// The cells of a column of the table that `decide` writes.
fn decisions(place: &Place, column: &str) -> Vec<String> {
    place.run("decide -o decisions.jsonl");
    let table = std::fs::read_to_string(place.path().join("decisions.jsonl")).unwrap();
    let rows = table.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    rows.map(|row| row[column].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_moderator_sees_item_guideline_and_answers_with_reasons_and_no_names() {
    let verdict = |_: &Ask| Reply::Says("{\"reason\": \"Praise.\", \"label\": \"positive\"}");
    let first = moderated(verdict);
    first.check("label", 0);
    let sent = first.server.sent_to("judge");
    assert_eq!(first.server.items_of("judge"), ODD);
    for (text, item) in sent.iter().zip(ODD) {
        for part in
            [item, "Praise is positive.", "Reason: It shines.", "Reason: It bites.", "careful moderator"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        for name in ["anna", "boris", "vllm"] {
            assert!(!text.contains(name), "{name}: {text}");
        }
    }
    let second = moderated(verdict);
    second.check("label", 0);
    assert_eq!(second.server.sent_to("judge"), sent, "the order is that of seed and item");
    assert_eq!(decisions(&first, "decided_by").iter().filter(|it| *it == "moderator").count(), 3);
    assert_eq!(decisions(&first, "verdict_reason")[2], "Praise.");
}

#[test]
fn a_moderators_nonsense_is_unusable_and_the_item_goes_to_people() {
    let place = moderated(|_| Reply::Says("I like both of them"));
    place.check("label", 1);
    assert_eq!(place.server.items_of("judge").len(), 6, "each is asked once more and no third time");
    let by = decisions(&place, "decided_by");
    assert_eq!(
        (by.len(), by[0].as_str(), by[2].as_str()),
        (8, "tier 1", "nobody: the moderator gave no label")
    );
    assert_eq!(decisions(&place, "verdict")[2], "(unusable)");
}

#[test]
fn a_moderators_label_without_a_reason_is_asked_for_again_and_then_not_taken() {
    let place = moderated(|ask| match (ask.item.as_str(), ask.nth) {
        ("odd4", 1) => Reply::Says("{\"reason\": \"Praise.\", \"label\": \"positive\"}"),
        _ => Reply::Label("positive"),
    });
    place.check("label", 1);
    assert_eq!(place.server.items_of("judge"), ["odd2", "odd2", "odd4", "odd4", "odd7", "odd7"]);
    let again = place.server.sent_to("judge").into_iter().nth(1).unwrap();
    assert!(again.contains("the moderator gave no reason"), "{again}");
    let verdicts = decisions(&place, "verdict");
    assert_eq!([&verdicts[2], &verdicts[4], &verdicts[7]], ["(unusable)", "positive", "(unusable)"]);
}

/// Two that agree on what is even, and an inspector.
fn inspected(inspector: impl Fn(&Ask) -> Reply + Send + Sync + 'static) -> Place {
    place(&annotator("check", "role = \"inspector\""), move |ask| match ask.model.as_str() {
        "check" => inspector(ask),
        _ => cheap(ask),
    })
}

#[test]
fn an_inspector_sees_the_final_label_and_what_it_contests_goes_to_people() {
    let place = inspected(|ask| match ask.item.as_str() {
        "even3" => Reply::Says("{\"reason\": \"It is blame.\", \"verdict\": \"contradicts\"}"),
        _ => Reply::Says("{\"reason\": \"It is praise.\", \"verdict\": \"follows\"}"),
    });
    let told = place.check("label", 0);
    assert!(told.err.contains("21 labeled"), "{}", told.err);
    assert_eq!(place.server.items_of("check"), ["even0", "even1", "even3", "even5", "even6"]);
    for text in place.server.sent_to("check") {
        for part in
            ["careful inspector", "Praise is positive.", "The answer to check:\n{\"label\":\"positive\"}"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("anna") && !text.contains("boris"), "{text}");
    }
    let told = place.check("decide", 1);
    assert!(told.out.contains("inspected by check: 4 follow the guideline, 1 contested"), "{}", told.out);
    let row = |n: usize| {
        ["inspector", "inspector_reason", "final_label", "decided_by"]
            .map(|it| decisions(&place, it)[n].clone())
    };
    assert_eq!(row(0), ["follows", "It is praise.", "positive", "tier 1"]);
    assert_eq!(row(3), ["contradicts", "It is blame.", "", "nobody: the inspector contests the label"]);
    assert_eq!(row(2)[0], "", "what has no final label is not inspected");
    place.check("label", 0);
    assert_eq!(place.server.items_of("check").len(), 5, "a verdict stands");
}

#[test]
fn a_verdict_is_mixed_up_with_no_label() {
    let place = inspected(|_| Reply::Says("{\"reason\": \"No.\", \"verdict\": \"contradicts\"}"));
    place.check("label", 0);
    let row = &place.rows()[0];
    assert!(row.get("karat_check_label").is_none() && row["karat_anna_label"] == "positive", "{row}");
    std::fs::write(place.path().join("gold.csv"), "id,gold\n0,positive\n1,positive\n2,negative\n").unwrap();
    for line in ["evaluate --gold gold.csv", "consensus --gold gold.csv", "agree", "report"] {
        let told = place.run(line);
        assert!(told.code < 2 && !told.out.contains("check"), "{line}\n{}\n{}", told.out, told.err);
    }
    place.plain("verify");
}

#[test]
fn an_inspectors_nonsense_has_a_name_and_the_label_stands() {
    let place = inspected(|ask| match ask.item.as_str() {
        "even0" => Reply::Says("{\"reason\": \"?\", \"verdict\": \"positive\"}"),
        "even1" => Reply::Says("{\"reason\": \"?\", \"verdict\": null}"),
        "even3" => Reply::Says("{\"verdict\": \"contradicts\"}"),
        "even5" => Reply::Refuses(400, "this text cannot be processed"),
        _ => Reply::Says("{\"reason\": \"Yes.\", \"verdict\": \"follows\"}"),
    });
    let told = place.run("label");
    // The fourth is refused after answers, so that it is that item's own failure.
    assert!(told.err.contains("2 unusable") && told.err.contains("1 abstained"), "{}", told.err);
    let told = place.run("decide");
    assert!(told.out.contains("1 follow the guideline, 0 contested, 4 without a verdict"), "{}", told.out);
    let by = decisions(&place, "decided_by");
    assert_eq!(by.iter().filter(|it| *it == "tier 1").count(), 5, "nothing is lost: {by:?}");
    let said = decisions(&place, "inspector");
    assert_eq!(
        [&said[0], &said[1], &said[3], &said[5]],
        ["(unusable)", "(abstained)", "(unusable)", "(failed)"]
    );
}

#[test]
fn another_final_label_is_inspected_and_the_same_is_not_inspected_twice() {
    let place = inspected(|_| Reply::Says("{\"reason\": \"Yes.\", \"verdict\": \"follows\"}"));
    place.check("label", 0);
    assert_eq!(place.server.items_of("check").len(), 5);
    // Alone, the second has a final label for what was divided; for the rest it is the same as before.
    place.check("label --annotator boris,check", 0);
    assert_eq!(place.server.items_of("check")[5..], ODD);
    let told = place.check("decide --annotator boris,check", 0);
    assert!(told.out.contains("8 follow the guideline, 0 contested"), "{}", told.out);
}

#[test]
fn what_was_not_asked_for_is_counted_with_its_words() {
    let place = place("", |ask| match (ask.model.as_str(), ask.item.as_str()) {
        ("anna", "even0" | "even1" | "even3") => Reply::Label("purple"),
        ("anna", "odd2") => Reply::Says("{\"label\": null, \"reason\": \"too short\"}"),
        ("anna", "odd4") => Reply::Label("postive"),
        _ => Reply::Label("positive"),
    });
    place.check("label", 1);
    let told = place.check("inspect -o found.csv", 1);
    insta::assert_snapshot!(format!("{}{}", told.out, told.err));
    let rows = std::fs::read_to_string(place.path().join("found.csv")).unwrap();
    assert!(rows.contains("0,anna,unusable,unknown_label,purple"), "{rows}");
    let told = place.check("inspect --json", 1);
    let found = crate::place::event(&told, "inspection");
    assert_eq!(found["annotators"][0]["findings"][0]["kind"], "unknown_label");
    assert_eq!(found["annotators"][1]["never_given"], serde_json::json!(["negative"]));
}
