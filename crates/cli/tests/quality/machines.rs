//! What machines read: one object a line, numbers that are numbers, each with its n and its interval around it.

use serde_json::Value as Json;

use super::*;

/// Looks at every number of a value.
fn check(value: &Json, at: &str) {
    match value {
        Json::Number(number) => {
            let it = number.as_f64().unwrap();
            assert!(it.is_finite(), "{at}");
            assert!(it != 0.0 || it.is_sign_positive(), "{at} is -0");
        }
        Json::Array(list) => list.iter().for_each(|it| check(it, at)),
        Json::Object(fields) => {
            if let (Some(value), Some(low)) = (fields.get("value"), fields.get("low")) {
                let (value, low, high) = (value.as_f64(), low.as_f64(), fields["high"].as_f64());
                assert!(fields["n"].as_u64().unwrap() > 0, "{at} has no n");
                let (value, low, high) = (value.unwrap(), low.unwrap(), high.unwrap());
                assert!(low <= value && value <= high, "{at}: {low} <= {value} <= {high}");
            }
            fields.iter().for_each(|(name, it)| check(it, &format!("{at}.{name}")));
        }
        Json::Null | Json::Bool(_) | Json::String(_) => {}
    }
}

/// Runs a line with `--json`, and returns its last event.
#[track_caller]
fn event(place: &Place, line: &str) -> Json {
    let told = place.karat(&format!("{line} --json"));
    assert!(told.code < 2, "{}", told.whole());
    assert!(!told.out.contains("NaN") && !told.out.contains("inf,"), "{}", told.out);
    let events: Vec<Json> = told.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    events.iter().for_each(|it| check(it, line));
    events.last().unwrap().clone()
}

#[test]
fn every_command_gives_one_event_with_its_numbers() {
    let place = Place::with(&[("votes.csv", &votes_of_both(300)), ("gold.csv", &gold((0..300).step_by(2)))]);
    let lines: [(&str, &str, &[&str]); 9] = [
        (
            "consensus",
            "consensus",
            &[
                "method",
                "members",
                "n_gold",
                "n_labeled",
                "n_tied",
                "n_without",
                "accuracy",
                "majority",
                "best",
            ],
        ),
        (
            "agree",
            "agreement",
            &["n_compared", "overall", "labels", "groups", "members", "pairs", "stand_ins"],
        ),
        ("calibrate", "calibrations", &["calibrations"]),
        ("accept --error 0.1", "accept", &["report", "certificate"]),
        ("audit", "audit", &["certificate", "standing", "n_drawn", "n_audited", "n_wrong", "e_value"]),
        ("sample 10 -o sample.csv", "sample", &["sample", "drawn", "file"]),
        ("estimate", "estimate", &["by", "n_items", "n_gold", "is_sample", "shares"]),
        ("errors", "errors", &["of", "n_labels", "suspects", "members", "confusions", "duplicates"]),
        ("compare anna llama", "comparisons", &["comparisons"]),
    ];
    for (line, name, keys) in lines {
        let gold = if line.starts_with("agree") { "" } else { " --gold gold.csv" };
        let event = event(&place, &format!("{line} --votes votes.csv{gold}"));
        assert_eq!(event["event"], name, "{line}");
        for key in keys {
            assert!(event.get(key).is_some(), "{line} has no {key}: {event}");
        }
    }
}

#[test]
fn an_error_is_an_event_too() {
    let place = Place::with(&[("votes.csv", "item,annotator\n1,a\n")]);
    let told = place.ends("consensus --votes votes.csv --json", 2);
    let event: Json = serde_json::from_str(told.out.trim()).unwrap();
    assert_eq!(event["event"], "error");
    assert!(event["message"].as_str().unwrap().contains("label"), "{event}");
    assert!(event["hint"].is_string(), "{event}");
}

#[test]
fn numbers_of_tiny_and_one_sided_data_are_numbers_too() {
    let small = "item,annotator,label\n1,a,x\n1,b,x\n2,a,y\n2,b,x\n";
    let same = "item,annotator,label\n1,a,x\n1,b,x\n2,a,x\n2,b,x\n3,a,x\n3,b,x\n";
    let gold = "item,gold\n1,x\n2,x\n";
    for votes in [small, same] {
        let place = Place::with(&[("votes.csv", votes), ("gold.csv", gold)]);
        for line in ["consensus", "agree", "errors", "compare a b", "estimate"] {
            for gold in ["", " --gold gold.csv"] {
                if line != "estimate" || !gold.is_empty() {
                    event(&place, &format!("{line} --votes votes.csv{gold}"));
                }
            }
        }
    }
}
