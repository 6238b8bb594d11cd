//! Votes, distances and gold values of records. What is read from answers stands in `tests/tasks/extract.md`.

use super::*;

fn field(name: &str, of: FieldType) -> FieldSpec {
    FieldSpec { name: name.to_owned(), of, ..FieldSpec::default() }
}

fn list(field: FieldSpec) -> FieldSpec {
    FieldSpec { list: true, ..field }
}

fn group(name: &str, fields: Vec<FieldSpec>) -> FieldSpec {
    FieldSpec { fields, ..field(name, FieldType::Group) }
}

fn task() -> Task {
    let item = group("items", vec![field("what", FieldType::Text), field("price", FieldType::Number)]);
    let fields = vec![
        FieldSpec { required: true, ..field("who", FieldType::Text) },
        field("day", FieldType::Date),
        list(field("tags", FieldType::Text)),
        list(item),
    ];
    let spec = TaskSpec { kind: "extract".into(), fields, ..TaskSpec::default() };
    super::super::evidence::example_task(&spec).unwrap()
}

fn record(who: &str, day: Json, tags: &[&str], items: Json) -> Value {
    let fields = json!({"who": who, "day": day, "tags": tags, "items": items});
    Value::Fields(Filled { fields: fields.as_object().unwrap().clone(), quotes: Vec::new() })
}

#[test]
fn the_distance_is_of_equal_filled_fields() {
    let a = record("Bob", json!("2024-05-12"), &["x", "y"], json!([]));
    let far = |b: &Value| Extract.distance(&task(), &a, b);
    assert_eq!(far(&a), 0.0);
    assert_eq!(far(&record("bob.", json!("2024-05-12"), &["y", "X"], json!([]))), 0.0);
    // 3 of 4 and 3 of 3 agree.
    let near = 1.0 - 2.0 * 3.0 / 7.0;
    assert!((far(&record("Bob", json!("2024-05-12"), &["y"], json!([]))) - near).abs() < 1e-12);
    assert_eq!(far(&Value::text("Bob")), 1.0);
}

#[test]
fn items_of_a_list_of_groups_have_no_order() {
    let items = json!([{"what": "case", "price": 12.5}, {"what": "lamp", "price": 30}]);
    let turned = json!([{"what": "lamp", "price": 30.0}, {"what": "case", "price": 12.5}]);
    let other = json!([{"what": "lamp", "price": 31}]);
    let of = |items: &Json| record("Bob", Json::Null, &[], items.clone());
    assert_eq!(Extract.distance(&task(), &of(&items), &of(&turned)), 0.0);
    assert!((Extract.distance(&task(), &of(&items), &of(&other)) - (1.0 - 2.0 * 2.0 / 8.0)).abs() < 1e-12);
}

#[test]
fn each_field_is_voted_for_by_itself() {
    let values = [
        record("Bob", json!("2024-05-12"), &["x", "y"], json!([])),
        record("Bob", Json::Null, &["x"], json!([{"what": "case", "price": 1}])),
        record("Ann", json!("2024-05-12"), &["x", "z"], json!([{"what": "case", "price": 1.0}])),
    ];
    let want = record("Bob", json!("2024-05-12"), &["x"], json!([{"what": "case", "price": 1}]));
    // Two of three for the name, the day and the items; of the tags x has 3, y and z have 2 of 3 against them.
    let share = (2.0 / 3.0 * 3.0 + (3.0 + 2.0 + 2.0) / 9.0) / 4.0;
    match Extract.vote(&task(), &values) {
        Vote::Winner { value, share: got } => {
            assert_eq!(value, want);
            assert!((got - share).abs() < 1e-12, "{got}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(Extract.vote(&task(), &[]), Vote::None);
}

#[test]
fn of_tied_values_that_of_the_nearest_sample_wins_and_else_none() {
    let of = |who: &str, day: &str| record(who, json!(day), &[], json!([]));
    let three = [of("Bob", "2024-01-01"), of("Ann", "2024-01-01"), of("Eve", "2024-02-02")];
    // Bob and Ann agree with each other about the day, Eve with nobody: Bob and Ann are left.
    assert_eq!(
        Extract.vote(&task(), &three),
        Vote::Tie(vec![of("Bob", "2024-01-01"), of("Ann", "2024-01-01")])
    );
    let four = [
        of("Bob", "2024-01-01"),
        of("Bob", "2024-02-02"),
        of("Ann", "2024-02-02"),
        of("Ann", "2024-02-02"),
        of("Bob", "2024-03-03"),
        of("Eve", "2024-02-02"),
    ];
    // Bob has three and Ann two votes.
    assert!(
        matches!(Extract.vote(&task(), &four), Vote::Winner { value, .. } if value == of("Bob", "2024-02-02"))
    );
    assert_eq!(
        Extract.vote(&task(), &[of("Bob", "2024-01-01"), of("Ann", "2024-01-01")]),
        Vote::Tie(vec![of("Bob", "2024-01-01"), of("Ann", "2024-01-01")])
    );
}

#[test]
fn a_winner_keeps_the_quotes_of_the_sample_that_it_comes_from() {
    let task = task();
    let item = item_of("text", "Bob likes red and blue");
    let read = |tags: &str| {
        let answer = format!(
            r#"{{"fields": {{"who": {{"quote": "Bob", "value": "Bob"}}, "day": null, "tags": [{tags}], "items": []}}}}"#
        );
        match Extract.read_answer(&task, &item, &RawAnswer::of(&answer)).outcome {
            Outcome::Labeled(value) => value,
            other => panic!("{other:?}"),
        }
    };
    let (red, blue) = (r#"{"quote": "red", "value": "red"}"#, r#"{"quote": "blue", "value": "blue"}"#);
    let values = [read(&format!("{red}, {blue}")), read(blue), read(blue)];
    let Vote::Winner { value, .. } = Extract.vote(&task, &values) else { panic!("no winner") };
    assert_eq!(value, read(blue));
}

#[track_caller]
fn check_gold(cell: Json, want: Result<&str, &str>) {
    let task = task();
    match (Extract.read_gold(&task, &item_of("text", "Bob and Ann, 12 May 2024"), &cell), want) {
        (Err(got), Err(want)) => assert!(got.contains(want), "`{got}` lacks `{want}`"),
        (got, want) => {
            assert_eq!(
                got.map(|it| it.to_json(&task.schema).to_string()),
                want.map(str::to_owned).map_err(str::to_owned)
            )
        }
    }
}

#[test]
fn gold_comes_as_bare_values_as_pairs_or_as_stored() {
    let bob = r#"{"fields":{"who":"Bob","day":null,"tags":[],"items":[]},"quotes":{"who":{"start":0,"end":3,"quote":"Bob"}}}"#;
    check_gold(json!({"who": "Bob"}), Ok(bob));
    check_gold(json!(r#"{"who": "Bob"}"#), Ok(bob));
    check_gold(json!({"fields": {"who": {"quote": "Bob", "value": "Bob"}}}), Ok(bob));
    check_gold(serde_json::from_str(bob).unwrap(), Ok(bob));
    // Words of a person's own are no invention.
    check_gold(
        json!({"who": "Robert"}),
        Ok(r#"{"fields":{"who":"Robert","day":null,"tags":[],"items":[]},"quotes":{}}"#),
    );
    check_gold(json!({"who": "Bob", "wen": 1}), Err("`wen` is no field"));
    check_gold(json!({"who": "Bob", "day": "12/05/2024"}), Err("may be two days"));
    check_gold(json!({"who": {"quote": "Bib", "value": "Bob B"}}), Err("does not stand in the text"));
    check_gold(json!({"day": "2024-05-12"}), Err("the field `who` is required"));
    check_gold(json!("Bob"), Err("is no JSON object"));
    check_gold(
        json!({"fields": {"who": "Bob"}, "quotes": {"day": {"start": 0, "end": 3}}}),
        Err("a quote stands for `day`, which has no value"),
    );
}

#[test]
fn fields_that_do_not_work_are_refused_by_name() {
    let deep =
        group("a", vec![group("b", vec![group("c", vec![group("d", vec![field("e", FieldType::Text)])])])]);
    for (fields, want) in [
        (vec![], "needs `fields`"),
        (vec![field("", FieldType::Text)], "is named ``"),
        (vec![field("a.b", FieldType::Text)], "is named `a.b`"),
        (vec![field("who", FieldType::Text), field("Who", FieldType::Text)], "`who` and `Who`"),
        (vec![field("g", FieldType::Group)], "`g` is a group without fields"),
        (vec![group("g", vec![field("c", FieldType::Choice)])], "`g.c` has 0 values"),
        (
            vec![FieldSpec { values: vec!["x".into()], ..field("t", FieldType::Text) }],
            "has `values` and is no choice",
        ),
        (
            vec![FieldSpec { fields: vec![field("x", FieldType::Text)], ..field("t", FieldType::Text) }],
            "is no group",
        ),
        (vec![deep], "`a.b.c.d` stands in 3 groups"),
    ] {
        let spec = TaskSpec { kind: "extract".into(), fields, ..TaskSpec::default() };
        let error = Extract.prepare(spec).err().map(|it| it.to_string()).unwrap_or_default();
        assert!(error.contains(want), "`{error}` lacks `{want}`");
    }
    let labels = vec![karat_core::LabelSpec::named("x")];
    let spec = TaskSpec {
        kind: "extract".into(),
        labels,
        fields: vec![field("a", FieldType::Text)],
        ..TaskSpec::default()
    };
    assert!(Extract.prepare(spec).err().unwrap().to_string().contains("has no labels"));
}

#[test]
fn a_schema_requires_every_key_and_allows_no_other() {
    let format = Extract.answer_format(&task(), &PromptStyle::default());
    let fields = &format["properties"]["fields"];
    assert_eq!(fields["type"], json!(["object", "null"]));
    assert_eq!(fields["required"], json!(["who", "day", "tags", "items"]));
    // What is required may not be null; what is not may be.
    assert_eq!(fields["properties"]["who"]["type"], json!("object"));
    assert_eq!(fields["properties"]["day"]["type"], json!(["object", "null"]));
    assert_eq!(fields["properties"]["items"]["items"]["required"], json!(["what", "price"]));
    fn walk(json: &Json) {
        if json.get("properties").is_some() {
            assert_eq!(json["additionalProperties"], json!(false), "{json}");
            let keys: Vec<&String> = json["properties"].as_object().unwrap().keys().collect();
            assert_eq!(json["required"], json!(keys), "{json}");
        }
        match json {
            Json::Object(map) => map.values().for_each(walk),
            Json::Array(list) => list.iter().for_each(walk),
            _ => {}
        }
    }
    walk(&format);
}
