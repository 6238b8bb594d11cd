//! Gold values and settings of texts. What is read from answers stands in `tests/tasks/write.md`.

use super::*;

#[track_caller]
fn check_gold(cell: Json, want: std::result::Result<&[&str], &str>) {
    let task = example_task(&TaskSpec { kind: "write".into(), ..TaskSpec::default() }).unwrap();
    let got = Write.read_gold(&task, &item_of("text", "t"), &cell);
    let want = want.map(|texts| {
        let texts = texts.iter().map(|it| (*it).to_owned()).collect();
        Value::Text(Written { texts, quotes: Vec::new() })
    });
    assert_eq!(got, want.map_err(str::to_owned));
}

#[test]
fn gold_is_a_text_or_a_list_of_accepted_ones() {
    check_gold(json!("A title"), Ok(&["A title"]));
    check_gold(json!("[sic] A title"), Ok(&["[sic] A title"]));
    check_gold(json!(["A", "B", "A"]), Ok(&["A", "B"]));
    check_gold(json!(r#"["A", "B"]"#), Ok(&["A", "B"]));
    check_gold(json!({"texts": ["A"], "quotes": []}), Ok(&["A"]));
    check_gold(json!({"text": "A"}), Ok(&["A"]));
    check_gold(json!(12), Ok(&["12"]));
    check_gold(json!(" "), Err("the cell is empty"));
    check_gold(Json::Null, Err("`null` is no text"));
}

#[test]
fn too_many_candidates_and_labels_are_refused() {
    let of = |spec: TaskSpec| Write.prepare(spec).err().map(|it| it.to_string()).unwrap_or_default();
    assert!(of(TaskSpec { candidates: Some(0), ..TaskSpec::default() }).contains("between 1 and 20"));
    assert!(of(TaskSpec { candidates: Some(21), ..TaskSpec::default() }).contains("is 21"));
    assert_eq!(of(TaskSpec { candidates: Some(3), ..TaskSpec::default() }), "");
    let labels = vec![karat_core::LabelSpec::named("x")];
    assert!(of(TaskSpec { labels, ..TaskSpec::default() }).contains("has no labels"));
}
