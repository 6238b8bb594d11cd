//! Bad input: each is told in words, with the next step, and nothing is lost.

use super::*;

/// Runs lines that must all end with 2 and a hint, and returns what they said.
#[track_caller]
fn mistakes(place: &Place, lines: &[&str]) -> String {
    let mut all = String::new();
    let mut wrong = String::new();
    for line in lines {
        let told = place.karat(line);
        if told.code != 2 || !told.err.contains("hint: ") || !told.out.is_empty() {
            wrong += &told.whole();
        }
        all += &format!("$ karat {line}\n{}\n", told.err);
    }
    assert!(wrong.is_empty(), "{wrong}");
    all
}

fn place() -> Place {
    Place::with(&[
        ("votes.csv", &votes_of_both(60)),
        ("gold.csv", &gold(0..30)),
        ("empty.csv", ""),
        ("header.csv", "item,annotator,label\n"),
        ("unlabeled.csv", "item,annotator,note\n1,a,x\n"),
        ("strangers.csv", "item,gold\nx1,bug\nx2,feature\n"),
        ("blank.csv", "item,gold\n1,\n2,\n"),
        ("one.csv", "item,annotator,label\n1,a,x\n2,a,y\n"),
        ("same.csv", "item,annotator,label\n1,a,x\n1,b,x\n2,a,x\n2,b,x\n"),
        ("two.csv", "item,gold\n1,x\n2,x\n"),
        ("apart.csv", "item,annotator,label\n1,a,x\n2,b,y\n"),
        ("silent.csv", "item,annotator,label\n1,a,\n2,b,\n"),
    ])
}

#[test]
fn files_that_hold_nothing_useful() {
    insta::assert_snapshot!(mistakes(
        &place(),
        &[
            "consensus --votes nowhere.csv",
            "consensus --votes empty.csv",
            "consensus --votes header.csv",
            "consensus --votes unlabeled.csv",
            "consensus --votes silent.csv",
            "consensus --votes votes.csv --gold nowhere.csv",
            "consensus --votes votes.csv --gold unlabeled.csv",
            "accept --votes votes.csv",
            "accept --votes votes.csv --gold strangers.csv",
            "accept --votes votes.csv --gold blank.csv",
            "calibrate --votes votes.csv",
            "estimate --votes votes.csv",
            "consensus",
        ]
    ));
}

#[test]
fn names_that_nobody_has() {
    insta::assert_snapshot!(mistakes(
        &place(),
        &[
            "consensus --votes votes.csv --method dawid",
            "consensus --votes votes.csv --method help",
            "calibrate --votes votes.csv --gold gold.csv --method platts",
            "errors --votes votes.csv --filter all",
            "errors --votes votes.csv --of anya",
            "errors --votes votes.csv --of gold",
            "accept --votes votes.csv --gold gold.csv --by anya",
            "estimate --votes votes.csv --gold gold.csv --by anya",
            "estimate --votes votes.csv --gold gold.csv --label bugs",
            "estimate --votes votes.csv --gold gold.csv --group lang",
            "compare anna anya --votes votes.csv",
            "compare anna anna --votes votes.csv",
            "sample 10 --votes votes.csv --by anya --design active -o s.csv",
        ]
    ));
}

#[test]
fn numbers_that_make_no_sense() {
    let place = place();
    insta::assert_snapshot!(mistakes(
        &place,
        &[
            "accept --votes votes.csv --gold gold.csv --error 5",
            "accept --votes votes.csv --gold gold.csv --error 0",
            "accept --votes votes.csv --gold gold.csv --confidence 95",
            "accept --votes votes.csv --gold gold.csv --teach 2",
            "accept --votes votes.csv --gold gold.csv --rehearse 900",
            "accept --votes same.csv --gold two.csv",
            "accept --votes votes.csv --gold gold.csv --by anna",
            "agree --votes votes.csv --epsilon 7",
            "agree --votes votes.csv --scale interval",
            "estimate --votes votes.csv --gold gold.csv --half-width 2",
            "sample 0 --votes votes.csv -o s.csv",
            "sample 10 --votes votes.csv --design acceptance --error 5 -o s.csv",
            "agree --votes one.csv",
            "agree --votes apart.csv",
        ]
    ));
}

#[test]
fn an_audit_without_a_promise_makes_no_folder() {
    let place = place();
    insta::assert_snapshot!(mistakes(
        &place,
        &[
            "audit --votes votes.csv",
            "audit --votes votes.csv --certificate 7",
            "audit --votes votes.csv --draw 5 -o a.csv"
        ]
    ));
    assert!(!place.path().join(".karat").exists(), "looking makes no folder");
}

#[test]
fn rows_that_cannot_be_read_are_named_and_the_others_go_on() {
    let place = place();
    place.write(
        "odd.csv",
        "item,annotator,kind,label,confidence\n1,a,Person,x,\n1,a,person,y,\n1,b,model,x,NaN\n1,c,model,x,1.7\n,a,person,x,\n2,,person,x,\n\
         2,a,person,x,\n2,b,robot,x,0.5\n2,c,model,,0.5\n3,a,person,y,\n3,b,model,y,high\n3,c,model,y,0.9\n",
    );
    place.write("some.csv", "item,gold\n1,x\n2,x\n2,y\n9,x\n3,zebra\n");
    insta::assert_snapshot!(place.karat("consensus --votes odd.csv --gold some.csv").whole());
}

#[test]
fn what_is_too_little_to_judge_is_said_and_no_failure() {
    let place = place();
    place.write("ties.csv", "item,annotator,label\n1,a,x\n1,b,y\n2,a,y\n2,b,x\n");
    place.write("three.csv", "item,annotator,label\n1,a,x\n1,b,y\n2,a,x\n2,b,x\n3,a,x\n3,b,x\n");
    let lines = [
        ("consensus --votes ties.csv -o ties.out.csv", 1),
        ("consensus --votes same.csv", 0),
        ("agree --votes same.csv", 0),
        ("agree --votes ties.csv", 0),
        ("errors --votes ties.csv", 1),
        ("errors --votes same.csv", 0),
        ("compare a b --votes same.csv", 0),
        ("consensus --votes one.csv", 0),
        ("errors --votes one.csv", 0),
        ("estimate --votes same.csv --gold two.csv", 0),
        ("accept --votes three.csv --gold two.csv", 1),
        ("calibrate --votes votes.csv --gold two.csv", 1),
        ("sample 500 --votes ties.csv -o s.csv", 0),
    ];
    let told: Vec<String> = lines.iter().map(|(line, code)| place.ends(line, *code).whole()).collect();
    insta::assert_snapshot!(told.join("\n"));
    let rows = place.csv("ties.out.csv");
    assert_eq!(column(&rows, "karat_label"), ["", ""], "a tie is not settled");
}
