//! What is asked, how often, and what is not asked again.

use crate::place::Place;
use crate::server::{Gate, Reply};

#[track_caller]
fn check_shared(place: &Place, labeled: usize, shared: usize) {
    let outcomes = place.cells("outcome");
    assert_eq!(outcomes.iter().filter(|it| *it == "labeled").count(), labeled, "{outcomes:?}");
    let notes = place.notes();
    assert_eq!(notes.iter().filter(|it| it.contains(&"shared".to_owned())).count(), shared, "{notes:?}");
}

#[test]
fn texts_of_equal_content_are_asked_once_and_all_annotated() {
    for concurrency in [1, 4] {
        let place = Place::new(&["same"; 7], |_| Reply::Label("positive"))
            .with(&format!("--concurrency {concurrency}"));
        let told = place.check("label", 0);
        assert_eq!(place.server.n(), 1);
        assert!(told.err.contains("6 needed no call of their own"), "{}", told.err);
        check_shared(&place, 7, 6);
    }
}

#[test]
fn a_twin_in_a_later_chunk_waits_for_the_first_that_is_under_way() {
    let others: Vec<String> = (0..300).map(|n| format!("text {n}")).collect();
    let texts: Vec<&str> =
        [&["same"], &*others.iter().map(String::as_str).collect::<Vec<_>>(), &["same"]].concat();
    let gate = Gate::default();
    let all_others_came = gate.clone();
    let place = Place::new(&texts, move |ask| {
        match ask.item.as_str() {
            "same" => gate.pass(),
            "text 290" => gate.open(),
            _ => {}
        }
        Reply::Label("positive")
    })
    .with("--concurrency 8");
    place.check("label", 0);
    all_others_came.wait_for(1);
    assert_eq!((place.server.n_of("same"), place.server.n()), (1, 301));
    check_shared(&place, 302, 1);
}

#[test]
fn where_the_first_of_two_twins_fails_the_second_asks_itself() {
    for fault in [(500, 6), (400, 1)] {
        let place = Place::new(&["good", "same", "same"], move |ask| match ask.item.as_str() {
            "same" if ask.nth < fault.1 => Reply::Fails(fault.0, "no"),
            _ => Reply::Label("negative"),
        })
        .with("--concurrency 1");
        place.check("label", 1);
        assert_eq!(place.cells("outcome"), ["labeled", "failed", "labeled"]);
        assert_eq!(place.server.n_of("same"), fault.1 + 1);
    }
}

#[test]
fn the_same_command_asks_only_the_rest() {
    let place = Place::new(&["a", "b", "c", "d", "e"], |_| Reply::Label("positive"));
    place.check("label --first 2", 0);
    assert_eq!(place.server.n(), 2);
    let told = place.check("label", 0);
    assert!(told.err.contains("3 labeled · 2 were done before"), "{}", told.err);
    place.check("label", 0);
    for item in ["a", "b", "c", "d", "e"] {
        assert_eq!(place.server.n_of(item), 1, "{item}");
    }
}

#[test]
fn a_changed_text_is_asked_again_and_a_column_nobody_is_shown_is_not() {
    let place = Place::new(&[], |_| Reply::Label("positive"));
    let write =
        |rows: &str| std::fs::write(place.path().join("data.csv"), format!("id,text,seen\n{rows}")).unwrap();
    write("0,one,x\n1,two,x\n");
    place.check("label", 0);
    write("0,one,y\n1,TWO,y\n");
    place.check("label", 0);
    let asked: Vec<String> = place.server.asks().into_iter().map(|ask| ask.item).collect();
    assert_eq!(asked.iter().filter(|it| *it == "one").count(), 1);
    assert_eq!(asked.last().unwrap(), "TWO");
    assert_eq!(asked.len(), 3);
    assert_eq!(place.cells("outcome"), ["labeled"; 2]);
}

#[test]
fn an_answer_outside_the_labels_is_asked_once_more_with_the_problem_named() {
    let place = Place::new(&["one"], |ask| Reply::Label(if ask.nth == 0 { "purple" } else { "negative" }));
    place.check("label", 0);
    assert_eq!(
        (place.cells("label"), place.notes()),
        (vec!["negative".to_owned()], vec![vec!["asked_again".to_owned()]])
    );
    let asks = place.server.asks();
    assert_eq!(asks.len(), 2);
    let messages = asks[1].body["messages"].as_array().unwrap();
    let roles: Vec<&str> = messages.iter().map(|it| it["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
    assert!(messages[2]["content"].as_str().unwrap().contains("purple"));
    let again = messages[3]["content"].as_str().unwrap();
    assert!(again.contains("could not be used") && again.contains("purple"), "{again}");
}

#[test]
fn a_second_answer_outside_the_labels_is_unusable_and_no_third_is_asked() {
    let place = Place::new(&["one"], |_| Reply::Label("purple"));
    place.check("label", 1);
    assert_eq!(
        (place.cells("outcome"), place.cells("label")),
        (vec!["unusable".to_owned()], vec![String::new()])
    );
    assert_eq!(place.server.n(), 2);
    place.check("label", 0);
    place.check("retry", 0);
    assert_eq!(place.server.n(), 2, "an unusable answer stands until it is to be retried");
}

#[test]
fn when_the_second_asking_fails_the_first_answer_is_what_there_is() {
    let place = Place::new(&["zero", "one"], |ask| match (ask.item.as_str(), ask.nth) {
        ("zero", _) => Reply::Label("positive"),
        (_, 0) => Reply::Label("purple"),
        _ => Reply::Fails(500, "no"),
    })
    .with("--concurrency 1");
    place.check("label", 1);
    assert_eq!(place.cells("outcome"), ["labeled", "unusable"]);
    assert_eq!(place.server.n_of("one"), 7);
}
