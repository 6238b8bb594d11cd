//! A file of votes: the usual use of each command, and what it writes.

use super::*;

fn people() -> Place {
    Place::with(&[("votes.csv", &votes_of_people(80, &PEOPLE)), ("gold.csv", &gold(0..40))])
}

fn both() -> Place {
    Place::with(&[("votes.csv", &votes_of_both(300)), ("gold.csv", &gold((0..300).step_by(2)))])
}

#[test]
fn a_consensus_of_people_has_a_row_for_every_item() {
    let place = people();
    insta::assert_snapshot!(place.karat("consensus --votes votes.csv -o consensus.csv").whole());
    let rows = place.csv("consensus.csv");
    assert_eq!(column(&rows, "item"), (0..80).map(|item| item.to_string()).collect::<Vec<_>>());
    insta::assert_snapshot!(
        "consensus_head",
        rows[..6].iter().map(|row| row.join(" | ") + "\n").collect::<String>()
    );
}

#[test]
fn with_gold_a_consensus_says_how_good_it_is() {
    insta::assert_snapshot!(
        people().karat("consensus --votes votes.csv --gold gold.csv -o consensus.jsonl").whole()
    );
}

#[test]
fn agreement_of_people_and_models() {
    insta::assert_snapshot!("agree_people", people().karat("agree --votes votes.csv").whole());
    insta::assert_snapshot!("agree_both", both().karat("agree --votes votes.csv").whole());
}

#[test]
fn confidences_are_calibrated_where_there_are_some() {
    insta::assert_snapshot!(both().karat("calibrate --votes votes.csv --gold gold.csv").whole());
}

#[test]
fn errors_are_found_and_written() {
    let place = both();
    insta::assert_snapshot!(place.karat("errors --votes votes.csv --gold gold.csv -o review.csv").whole());
    let rows = place.csv("review.csv");
    let mut ranks: Vec<usize> = column(&rows, "karat_rank").iter().map(|it| it.parse().unwrap()).collect();
    ranks.sort_unstable();
    assert_eq!(ranks, (1..rows.len()).collect::<Vec<_>>());
}

#[test]
fn two_annotators_are_compared() {
    let place = both();
    let told =
        place.karat("compare qwen llama --votes votes.csv --gold gold.csv --and anna -o differing.csv");
    insta::assert_snapshot!(told.whole());
    let rows = place.csv("differing.csv");
    let (first, second) = (column(&rows, "karat_qwen_label"), column(&rows, "karat_llama_label"));
    assert!(first.iter().zip(&second).all(|(a, b)| a != b), "only items that differ are written");
}

#[test]
fn items_are_drawn_and_the_whole_is_estimated_from_them() {
    let place = Place::with(&[("votes.csv", &votes_of_both(400))]);
    insta::assert_snapshot!("sample", place.karat("sample 60 --votes votes.csv -o sample.csv").whole());
    let drawn = column(&place.csv("sample.csv"), "item");
    assert_eq!(drawn.len(), 60);
    fill(&place, "sample.csv", "done.csv", |_, label| label.to_owned());
    insta::assert_snapshot!(
        "estimate",
        place.karat("estimate --votes votes.csv --gold done.csv --half-width 0.02").whole()
    );
    for design in ["stratified", "active"] {
        place.ends(&format!("sample 60 --votes votes.csv --design {design} -o {design}.csv"), 0);
        fill(&place, &format!("{design}.csv"), "done.csv", |_, label| label.to_owned());
        let told = place.ends("estimate --votes votes.csv --gold done.csv --label bug", 0);
        assert!(told.out.contains(design), "{}", told.whole());
    }
}

/// Writes the gold into a file that was drawn.
pub(crate) fn fill(place: &Place, from: &str, to: &str, label: impl Fn(usize, &str) -> String) {
    let rows = place.csv(from);
    let (ids, at) = (column(&rows, "item"), rows[0].iter().position(|it| it == "gold").unwrap());
    let mut text = "item,gold\n".to_owned();
    for (n, id) in ids.iter().enumerate() {
        assert!(rows[n + 1][at].is_empty(), "the column for people is empty");
        writeln!(text, "{id},{}", label(n, truth(id.parse().unwrap()))).unwrap();
    }
    place.write(to, &text);
}

#[test]
fn the_same_command_twice_writes_the_same_bytes() {
    let (one, other) = (both(), both());
    let lines = [
        "consensus --votes votes.csv --gold gold.csv -o OUT",
        "errors --votes votes.csv --gold gold.csv -o OUT",
        "accept --votes votes.csv --gold gold.csv --error 0.1 -o OUT",
        "sample 20 --votes votes.csv --gold gold.csv -o OUT",
        "compare anna llama --votes votes.csv --gold gold.csv -o OUT",
    ];
    for line in lines {
        let (a, b) = (one.karat(&line.replace("OUT", "a.csv")), other.karat(&line.replace("OUT", "a.csv")));
        assert_eq!(a.whole(), b.whole());
        assert_eq!(one.read("a.csv"), other.read("a.csv"), "{line}");
    }
    for line in ["agree --votes votes.csv", "calibrate --votes votes.csv --gold gold.csv"] {
        assert_eq!(one.karat(line).whole(), other.karat(line).whole());
    }
}

/// The label of each item by its id.
fn labels(place: &Place, file: &str) -> std::collections::BTreeMap<String, String> {
    let rows = place.csv(file);
    column(&rows, "item").into_iter().zip(column(&rows, "karat_label")).collect()
}

#[test]
fn the_order_of_votes_and_the_names_of_annotators_change_no_label() {
    let votes = votes_of_people(80, &PEOPLE);
    let mut lines: Vec<&str> = votes.lines().collect();
    lines[1..].reverse();
    let renamed = votes.replace(",anna,", ",zoe,").replace(",dan,", ",abe,");
    let place = Place::with(&[
        ("votes.csv", &votes),
        ("turned.csv", &(lines.join("\n") + "\n")),
        ("renamed.csv", &renamed),
        ("gold.csv", &gold(0..40)),
    ]);
    for extra in ["", " --gold gold.csv", " --method majority"] {
        let of = |name: &str| {
            place.karat(&format!("consensus --votes {name}.csv{extra} -o {name}.out.csv"));
            labels(&place, &format!("{name}.out.csv"))
        };
        assert_eq!(of("votes"), of("turned"), "{extra}");
        assert_eq!(of("votes"), of("renamed"), "{extra}");
    }
}

#[test]
fn labels_in_any_script_and_with_any_sign_come_out_as_they_went_in() {
    let names = ["a, b", "said \"no\"", "正面", "Вопрос", "🙂", "line\nbreak", "-1", "null"];
    let mut votes = "item,annotator,label\n".to_owned();
    for (item, name) in names.iter().enumerate() {
        for annotator in ["Анна", "王, 芳", "o'neil"] {
            writeln!(votes, "{item},\"{annotator}\",\"{}\"", name.replace('"', "\"\"")).unwrap();
        }
    }
    let place = Place::with(&[("votes.csv", &votes)]);
    place.ends("consensus --votes votes.csv -o out.csv", 0);
    let rows = place.csv("out.csv");
    assert_eq!(column(&rows, "karat_label"), names);
    place.ends("agree --votes votes.csv", 0);
    place.ends("errors --votes votes.csv", 0);
    let told = place.karat("compare Анна o'neil --votes votes.csv");
    assert_eq!(told.code, 0, "{}", told.whole());
}
