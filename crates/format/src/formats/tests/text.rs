//! CSV, TSV, JSONL and JSON: values as they were, and what is wrong with a row.

use super::*;

/// Each row as JSON, or its place and what is wrong with it; or the error of the file.
#[track_caller]
fn check_with(id: &str, options: &ReadOptions, bytes: &[u8], want: &[&str]) {
    let rows = match raw_rows(format(id), bytes, options) {
        Ok(rows) => rows,
        Err(error) => {
            assert_eq!([error.to_string().as_str()], want);
            return;
        }
    };
    let shown = rows.iter().map(|raw| match &raw.cells {
        Ok(cells) => Json::from(cells.clone()).to_string(),
        Err(reason) => format!("{}/{}: {reason}", raw.row, raw.line.unwrap_or(0)),
    });
    assert_eq!(shown.collect::<Vec<_>>(), want);
}

#[track_caller]
fn check(id: &str, text: impl AsRef<[u8]>, want: &[&str]) {
    check_with(id, &ReadOptions::default(), text.as_ref(), want);
}

#[test]
fn csv_values_are_byte_equal_after_import_and_export() {
    let file = "\u{feff}id\ttext\n007\t\"first\r\nsecond\tline\"\nNA\t x \n\tnull\n1e5\t=1+1\n";
    let before = rows(&Tsv, file.as_bytes());
    assert_eq!(before[0]["text"], "first\r\nsecond\tline");
    assert_eq!(rows(&Csv, file.as_bytes()), before, "a tab is found out");
    let columns = columns_of(&Tsv, file.as_bytes());
    let tsv = written(&Tsv, &columns, &before).unwrap();
    assert_eq!(String::from_utf8(tsv).unwrap(), file.trim_start_matches('\u{feff}'));
    let csv = written(&Csv, &columns, &before).unwrap();
    let want = "id,text\n007,\"first\r\nsecond\tline\"\nNA, x \n,null\n1e5,=1+1\n";
    assert_eq!(String::from_utf8(csv).unwrap(), want);
}

#[test]
fn a_row_with_too_few_or_too_many_cells_is_told_and_the_others_go_on() {
    check(
        "csv",
        "a,b,c\n1,2,3\n1\n\n1,2,3,4\n\"x\ny\",2,3\n1,2\n",
        &[
            r#"{"a":"1","b":"2","c":"3"}"#,
            "2/3: it has 1 cell where the header has 3",
            "3/5: it has 4 cells where the header has 3",
            r#"{"a":"x\ny","b":"2","c":"3"}"#,
            "5/8: it has 2 cells where the header has 3",
        ],
    );
}

#[test]
fn bytes_that_are_not_utf8_are_told_with_their_column() {
    let text = b"a,b\n1,caf\xe9\n\xd1,\xd0x\n2,ok\n".as_slice();
    check(
        "csv",
        text,
        &[
            "1/2: `b` is not valid UTF-8 after its first 3 characters",
            "2/3: `a` is not valid UTF-8 after its first 0 characters",
            r#"{"a":"2","b":"ok"}"#,
        ],
    );
    check(
        "jsonl",
        b"{\"a\": \"\xe9\"}\n{\"a\": 1}".as_slice(),
        &["1/1: `a` is not valid UTF-8", r#"{"a":1}"#],
    );
}

#[test]
fn a_character_that_is_cut_by_a_delimiter_is_not_put_together() {
    let text = b"a,b\n\xd0,\x96\n".as_slice();
    check("csv", text, &["1/2: `a` is not valid UTF-8 after its first 0 characters"]);
}

#[test]
fn quotes_that_do_not_close_are_told() {
    check(
        "csv",
        "a,b\n\"x\"y,1\nz,2\nz,\"3\n4,5\n",
        &[
            "1/2: cell 1 goes on after its closing quote; a quote in a quoted cell must be doubled",
            r#"{"a":"z","b":"2"}"#,
            "3/4: the quote that opens in line 4 is never closed, and so all rows after it are lost",
        ],
    );
}

#[test]
fn a_header_that_cannot_be_used_is_an_error() {
    check("csv", "", &["`a` is empty: a header row is missing"]);
    check("csv", "\n\r\n", &["`a` is empty: a header row is missing"]);
    check("csv", "a,b,a,c,b\n", &["`a` has two columns called `a` and two called `b`"]);
    check("csv", b"caf\xe9,b\n".as_slice(), &["the header of `a` is not valid UTF-8"]);
    check("csv", b"a\0,\0b\0\n\0".as_slice(), &["`a` is not a text file, or is of another encoding"]);
    check("csv", ",b\n1,2\n", &[r#"{"":"1","b":"2"}"#]);
}

#[test]
fn an_encoding_is_told_by_its_mark_or_by_name() {
    let utf16 =
        |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let text = "\u{feff}a,b\nЖ,🎉\n";
    for bytes in [utf16(text, u16::to_le_bytes), utf16(text, u16::to_be_bytes), text.as_bytes().to_vec()] {
        check("csv", bytes, &[r#"{"a":"Ж","b":"🎉"}"#]);
    }
    let named = |name: &str| ReadOptions { encoding: Some(name.to_owned()), ..ReadOptions::default() };
    check_with("csv", &named("windows-1251"), b"a\n\xc6\n", &[r#"{"a":"Ж"}"#]);
    check_with("jsonl", &named("gb18030"), b"{\"a\": \"\xc4\xe3\"}", &[r#"{"a":"你"}"#]);
    check_with("csv", &named("klingon"), b"a\n", &["there is no encoding `klingon`"]);
    let lone =
        [utf16("\u{feff}a\n", u16::to_le_bytes), vec![0x3d, 0xd8], utf16("\nx\n", u16::to_le_bytes)].concat();
    check("csv", lone, &["1/2: `a` is not valid UTF-8 after its first 0 characters", r#"{"a":"x"}"#]);
}

#[test]
fn a_long_text_of_another_encoding_is_read_whole() {
    let cell = "Ж🎉".repeat(50_000);
    let text = format!("\u{feff}a\n{cell}\n");
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(rows(&Csv, &bytes)[0]["a"], cell);
}

#[test]
fn a_delimiter_that_is_given_is_taken() {
    let with = |delimiter| ReadOptions { delimiter: Some(delimiter), ..ReadOptions::default() };
    check_with("csv", &with(b';'), b"a,b;c\n1,2;3\n", &[r#"{"a,b":"1,2","c":"3"}"#]);
    check_with("tsv", &with(b'|'), b"a|b\n1|2\n", &[r#"{"a":"1","b":"2"}"#]);
    check_with("csv", &with(b'"'), b"a\n", &["`\\\"` cannot be a delimiter"]);
}

#[test]
fn a_broken_line_of_json_is_told_and_the_others_go_on() {
    check(
        "jsonl",
        "\u{feff}{\"b\": 1, \"a\": null}\r\n\n[1]\n{\"a\": \n {\"a\": 1e2} \n{\"a\": 1, \"a\": 2}",
        &[
            r#"{"b":1,"a":null}"#,
            "2/3: it is a list, and not an object",
            "3/4: it is not valid JSON: EOF while parsing a value at character 5",
            r#"{"a":100.0}"#,
            "5/6: it has `a` twice",
        ],
    );
}

#[test]
fn a_broken_element_of_a_list_is_told_and_the_others_go_on() {
    check(
        "json",
        "[{\"a\": 1},\n 7,\n {\"a\": tru},\n {\"a\": \"]\"}]\n",
        &[
            r#"{"a":1}"#,
            "2/2: it is a number, and not an object",
            "3/3: it is not valid JSON: expected ident at character 10",
            r#"{"a":"]"}"#,
        ],
    );
    check("json", "[{\"a\": 1}, {\"a\"", &["`a` is not valid JSON in line 1: a value is not closed"]);
}

#[test]
fn a_row_that_is_too_long_is_told_and_the_next_one_read() {
    let long = "x".repeat(MAX_ROW_BYTES + 1);
    let told = "1/1: it is longer than 64 MiB";
    check("jsonl", format!("{long}\n{{\"a\":1}}\n"), &[told, r#"{"a":1}"#]);
    check("json", format!("[\"{long}\",{{\"a\":1}}]"), &[told, r#"{"a":1}"#]);
}

#[test]
fn json_writes_each_row_in_its_own_line() {
    let rows = [fields(json!({"b": "x\ny", "a": null})), fields(json!({"c": [1, 2.5]}))];
    let json = written(&super::super::Json, &[], &rows).unwrap();
    assert_eq!(String::from_utf8(json).unwrap(), "[\n{\"b\":\"x\\ny\",\"a\":null},\n{\"c\":[1,2.5]}\n]\n");
    let jsonl = written(&Jsonl, &[], &rows).unwrap();
    assert_eq!(String::from_utf8(jsonl).unwrap(), "{\"b\":\"x\\ny\",\"a\":null}\n{\"c\":[1,2.5]}\n");
}

#[test]
fn csv_quotes_only_where_it_must() {
    let column = [Column::new("\u{feff}a", ColumnKind::Text)];
    let cells = ["", " x ", "a,b", "\"", "\r", "\u{feff}", "'"];
    let rows: Vec<Fields> = cells.iter().map(|cell| fields(json!({"\u{feff}a": cell}))).collect();
    let bytes = written(&Csv, &column, &rows).unwrap();
    let want = "\"\u{feff}a\"\n\"\"\n x \n\"a,b\"\n\"\"\"\"\n\"\r\"\n\"\u{feff}\"\n'\n";
    assert_eq!(String::from_utf8(bytes.clone()).unwrap(), want);
    let options = ReadOptions { delimiter: Some(b','), ..ReadOptions::default() };
    let again = raw_rows(&Csv, &bytes, &options).unwrap();
    assert_eq!(again.into_iter().map(|row| row.cells.unwrap()).collect::<Vec<_>>(), rows);
}
