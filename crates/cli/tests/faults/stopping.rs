//! Ctrl-C, kills, and a second process: nothing that was paid for is lost.

use std::io::{BufRead, BufReader};

use crate::place::{Place, finish, signal};
use crate::server::{Gate, Reply};

/// Six items, of which the last four are held back until the gate opens.
fn held_back() -> (Place, Gate) {
    let gate = Gate::default();
    let mine = gate.clone();
    let place = Place::new(&["a", "b", "c", "d", "e", "f"], move |ask| {
        if ask.item.as_str() > "b" {
            gate.pass();
        }
        Reply::Label("positive")
    })
    .with("--concurrency 2");
    (place, mine)
}

#[test]
fn the_first_ctrl_c_waits_for_what_is_in_flight_and_keeps_it() {
    let (place, gate) = held_back();
    let mut child = place.start("label");
    gate.wait_for(2);
    signal(child.id(), "INT");
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(told.next().unwrap().unwrap().contains("stopping"));
    gate.open();
    let rest: Vec<String> = told.map(Result::unwrap).collect();
    assert_eq!(finish(child).code, 1);
    assert!(rest[0].contains("4 labeled"), "{rest:?}");
    assert!(rest.iter().any(|line| line.contains("the same command goes on")), "{rest:?}");
    assert_eq!(place.cells("outcome"), ["labeled", "labeled", "labeled", "labeled", "not_yet", "not_yet"]);
    place.check("label", 0);
    assert_eq!((place.cells("outcome"), place.server.n()), (vec!["labeled".to_owned(); 6], 6));
}

#[test]
fn the_second_ctrl_c_leaves_at_once_and_keeps_what_was_answered() {
    let (place, gate) = held_back();
    let mut child = place.start("label");
    gate.wait_for(2);
    place.wait_for_calls(2);
    signal(child.id(), "INT");
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(told.next().unwrap().unwrap().contains("stopping"));
    signal(child.id(), "INT");
    assert_eq!(finish(child).code, 130);
    gate.open();
    place.check("label", 0);
    assert_eq!(place.cells("outcome"), ["labeled"; 6]);
    assert_eq!((place.server.n_of("a"), place.server.n_of("b")), (1, 1));
    assert_eq!(place.server.n(), 8, "only the two that were in flight were asked again");
}

#[test]
fn after_a_kill_only_what_was_in_flight_is_paid_again() {
    let (place, gate) = held_back();
    let child = place.start("label");
    gate.wait_for(2);
    place.wait_for_calls(2);
    signal(child.id(), "KILL");
    assert_eq!(finish(child).code, -1);
    gate.open();
    place.check("label", 0);
    assert_eq!(place.cells("outcome"), ["labeled"; 6]);
    assert_eq!(place.server.n(), 8);
    assert_eq!(place.status()["runs"][0]["state"], "crashed");
    place.plain("verify");
}

#[test]
fn an_answer_that_was_to_be_asked_again_is_kept_over_a_kill() {
    let gate = Gate::default();
    let second = gate.clone();
    let place = Place::new(&["one"], move |ask| match ask.nth {
        0 => Reply::Label("purple"),
        _ => {
            gate.pass();
            Reply::Label("positive")
        }
    });
    let child = place.start("label");
    second.wait_for(1);
    signal(child.id(), "KILL");
    finish(child);
    second.open();
    place.check("label", 0);
    assert_eq!(place.cells("label"), ["positive"]);
    let lengths: Vec<usize> =
        place.server.asks().iter().map(|ask| ask.body["messages"].as_array().unwrap().len()).collect();
    assert_eq!(lengths, [2, 4, 4], "the first answer was not paid twice");
}

#[test]
fn a_second_process_on_the_same_work_is_told_who_has_it() {
    let (place, gate) = held_back();
    let child = place.start("label");
    gate.wait_for(2);
    let pid = child.id();
    let told = place.check("label", 2);
    assert!(told.err.contains(&format!("another karat (pid {pid})")), "{}", told.err);
    assert!(told.err.contains("hint: wait for it"), "{}", told.err);
    let told = place.check("retry", 2);
    assert!(told.err.contains(&format!("another karat (pid {pid})")), "{}", told.err);
    assert_eq!(place.status()["runs"][0]["state"], "running");
    gate.open();
    assert_eq!(finish(child).code, 0);
    assert_eq!((place.cells("outcome"), place.server.n()), (vec!["labeled".to_owned(); 6], 6));
}

#[test]
fn ctrl_c_does_not_wait_for_a_limit_to_pass() {
    let gate = Gate::default();
    let told_to_wait = gate.clone();
    let place = Place::new(&["a", "b", "c", "d", "e", "f"], move |_| {
        gate.open();
        gate.pass();
        Reply::Later(500)
    })
    .with("--concurrency 3");
    let child = place.start("label");
    told_to_wait.wait_for(1);
    signal(child.id(), "INT");
    assert_eq!(finish(child).code, 1);
    assert_eq!(place.cells("outcome"), ["not_yet"; 6]);
}

#[test]
fn kills_at_any_moment_lose_nothing_and_repay_no_more_than_was_in_flight() {
    let texts: Vec<String> = (0..600).map(|n| format!("text {n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let place = Place::new(&texts, |_| Reply::Label("positive")).with("--concurrency 8");
    for n in 1..=8 {
        let child = place.start("label");
        place.server.wait_for(n * 61);
        signal(child.id(), "KILL");
        finish(child);
    }
    place.check("label", 0);
    assert_eq!(place.cells("outcome"), vec!["labeled"; 600]);
    let again = place.server.n() - 600;
    println!("8 kills, 8 in flight: {again} of 600 paid again");
    assert!(again <= 8 * 8, "{again} paid again");
    place.plain("verify");
}
