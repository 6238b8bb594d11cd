//! Parquet and XLSX: types, limits, and files of other programs.

use super::*;

#[test]
fn parquet_types_become_json_and_iso_strings() {
    let rows = rows(&Parquet, Parquet.example());
    let want = json!({
        "id": "007", "text": "The case broke, and the shop was silent.", "stars": 1, "score": 0.1,
        "label": "negative", "verified": true, "day": "2026-05-01", "at": "2026-05-01T14:05:00",
        "at_utc": "2026-05-01T14:05:00.001500Z", "price": "12.50", "tags": ["a", "b"],
        "author": {"name": "Ann", "age": 30},
    });
    assert_eq!(Json::from(rows[0].clone()), want);
    let of = |name: &str| rows.iter().map(|row| row[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("score"), [json!(0.1), json!(null), json!(0.5), json!("-inf")]);
    assert_eq!(of("day"), [json!("2026-05-01"), json!(null), json!("1969-12-31"), json!("2000-02-29")]);
    assert_eq!(of("at")[2], "1969-12-31T23:59:59.999");
    assert_eq!(of("price"), [json!("12.50"), json!(null), json!("-0.01"), json!("0.00")]);
    assert_eq!(of("tags"), [json!(["a", "b"]), json!([]), json!(null), json!(["c"])]);
}

#[test]
fn parquet_columns_keep_their_kinds() {
    use ColumnKind::*;
    let kinds: Vec<ColumnKind> =
        columns_of(&Parquet, Parquet.example()).iter().map(|column| column.kind).collect();
    assert_eq!(kinds, [Text, Text, Integer, Number, Text, Boolean, Text, Text, Text, Text, Json, Json]);
}

#[test]
fn parquet_writes_many_row_groups() {
    let columns = [Column::new("n", ColumnKind::Integer), Column::new("t", ColumnKind::Text)];
    let before: Vec<Fields> = (0..70_000).map(|n| fields(json!({"n": n, "t": n.to_string()}))).collect();
    let bytes = written(&Parquet, &columns, &before).unwrap();
    assert!(rows(&Parquet, &bytes) == before);
}

#[track_caller]
fn check_refused(id: &str, kind: ColumnKind, cell: Json, want: &str) {
    let error = written(format(id), &[Column::new("c", kind)], &[fields(json!({"c": cell}))]).unwrap_err();
    assert_eq!(error.to_string(), want);
}

#[test]
fn parquet_refuses_a_cell_that_does_not_fit_its_column() {
    let want = |cell: &str, kind: &str| format!("row 1 of `a` has `{cell}` in `c`, which holds {kind}");
    check_refused("parquet", ColumnKind::Integer, json!("7"), &want("\"7\"", "whole numbers"));
    check_refused(
        "parquet",
        ColumnKind::Integer,
        json!(u64::MAX),
        &want("18446744073709551615", "whole numbers"),
    );
    check_refused("parquet", ColumnKind::Text, json!(7), &want("7", "strings"));
    check_refused("parquet", ColumnKind::Boolean, json!(1), &want("1", "`true` and `false`"));
    check_refused("parquet", ColumnKind::Number, json!("x"), &want("\"x\"", "numbers"));
}

#[test]
fn parquet_json_columns_hold_anything() {
    let before: Vec<Fields> = [json!("a"), json!(7), json!(u64::MAX), json!(null), json!({"b": [1]})]
        .map(|cell| fields(json!({"c": cell})))
        .into();
    let bytes = written(&Parquet, &[Column::new("c", ColumnKind::Json)], &before).unwrap();
    assert_eq!(rows(&Parquet, &bytes), before);
}

#[test]
fn xlsx_types_become_json_and_iso_strings() {
    let rows = rows(&Xlsx, Xlsx.example());
    let of = |name: &str| rows.iter().map(|row| row[name].clone()).collect::<Vec<_>>();
    assert_eq!(of("stars"), [json!(1), json!(null), json!(5), json!(null)]);
    assert_eq!(of("score"), [json!(0.1), json!(2), json!(null), json!(1e20)]);
    assert_eq!(of("verified"), [json!(true), json!(false), json!(null), json!(null)]);
    assert_eq!(of("day")[0], "2026-05-01");
    assert_eq!(of("at")[0], "2026-05-01T14:05:00");
}

#[test]
fn the_sheet_of_a_workbook_is_chosen_by_name() {
    let sheet = |name: &str| ReadOptions { sheet: Some(name.to_owned()), ..ReadOptions::default() };
    let rows = raw_rows(&Xlsx, Xlsx.example(), &sheet("other")).unwrap();
    assert_eq!(rows[0].cells, Ok(fields(json!({"a": "x"}))));
    let error = raw_rows(&Xlsx, Xlsx.example(), &sheet("third")).unwrap_err();
    assert_eq!(error.to_string(), "`a` has no sheet `third`");
    assert_eq!(error.next_step(), Some("it has `reviews`, `other`"));
}

#[test]
fn the_line_of_an_xlsx_row_is_the_one_that_excel_shows() {
    let rows = raw_rows(&Xlsx, Xlsx.example(), &ReadOptions::default()).unwrap();
    let lines: Vec<_> = rows.iter().map(|row| (row.row, row.line)).collect();
    assert_eq!(lines, [(1, Some(3)), (2, Some(4)), (3, Some(6)), (4, Some(7))]);
}

#[test]
fn xlsx_keeps_texts_that_look_like_something_else() {
    let texts = [
        "007",
        "=1+1",
        "+7",
        "@x",
        "http://example.org",
        " x ",
        "a\r\nb\rc\n",
        "TRUE",
        "_x000D_",
        "\u{1}\u{1f}\t",
        "1e5",
        "2024-05-01",
        "<a>&\"'",
        "🎉\u{200d}e\u{301}",
    ];
    let before: Vec<Fields> = texts.iter().map(|text| fields(json!({"c": text}))).collect();
    let bytes = written(&Xlsx, &[Column::new("c", ColumnKind::Text)], &before).unwrap();
    assert_eq!(rows(&Xlsx, &bytes), before);
}

#[test]
fn xlsx_keeps_whole_numbers_that_are_no_doubles_as_text() {
    let column = [Column::new("c", ColumnKind::Integer)];
    let bytes =
        written(&Xlsx, &column, &[fields(json!({"c": 9_007_199_254_740_993_i64})), fields(json!({"c": -7}))])
            .unwrap();
    assert_eq!(rows(&Xlsx, &bytes), [fields(json!({"c": "9007199254740993"})), fields(json!({"c": -7}))]);
}

#[test]
fn xlsx_refuses_what_a_sheet_cannot_hold() {
    let long = "🎉".repeat(16_384);
    check_refused(
        "xlsx",
        ColumnKind::Text,
        json!(long),
        "row 1 of `a` has a text of 32768 characters in `c`, more than the 32767 of an XLSX cell",
    );
    let error = written(&Xlsx, &[Column::new("", ColumnKind::Text)], &[]).unwrap_err();
    assert_eq!(error.to_string(), "`a` would have a column without a name");
}

#[test]
fn a_value_without_a_header_is_told_and_the_next_row_read() {
    let bytes = sheet_of(
        r#"<row r="1"><c r="A1"><v>1</v></c><c r="C1" t="str"><v>c</v></c></row>
        <row r="2"><c r="B2"><v>5</v></c></row><row r="4"><c r="C4" t="e"><v>#N/A</v></c></row>"#,
    );
    let rows = raw_rows(&Xlsx, &bytes, &ReadOptions::default()).unwrap();
    assert_eq!(rows[0].cells, Err("it has a value in column B, which has no header".to_owned()));
    assert_eq!(rows[1].cells, Ok(fields(json!({"1": null, "c": "#N/A"}))));
}

#[test]
fn a_sheet_without_a_header_is_an_error() {
    let error = raw_rows(&Xlsx, &sheet_of(""), &ReadOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "the sheet `reviews` of `a` is empty: a header row is missing");
}

/// The example with other rows in its first sheet.
fn sheet_of(rows: &str) -> Vec<u8> {
    fuzz::with_part(Xlsx.example(), "xl/worksheets/sheet1.xml", |xml| {
        let text = String::from_utf8(xml.to_vec()).unwrap();
        let begin = text.find("<sheetData>").unwrap() + "<sheetData>".len();
        let end = text.find("</sheetData>").unwrap();
        format!("{}{rows}{}", &text[..begin], &text[end..]).into_bytes()
    })
}
