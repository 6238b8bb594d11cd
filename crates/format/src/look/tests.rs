//! Looks at made-up tables.

use super::*;

fn look_at(name: &str, text: &str) -> Look {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    look(path.to_str().unwrap(), 100).unwrap()
}

#[track_caller]
fn check_guess(name: &str, text: &str, want: [&str; 3]) {
    let look = look_at(name, text);
    let got = [look.text, look.id, look.label].map(Option::unwrap_or_default);
    assert_eq!(got, want);
}

#[test]
fn the_text_the_id_and_the_label_are_guessed() {
    check_guess(
        "a.csv",
        "id;title;review;sentiment\n1;A;long words here;pos\n2;B;other long words;neg\n3;C;more of them;pos\n4;D;and more;neg\n",
        ["review", "id", "sentiment"],
    );
    check_guess("a.csv", "a,b\nshort,a much longer sentence\nwords,another longer sentence\n", ["b", "", ""]);
    check_guess("a.csv", "text,label\nx,y\n", ["text", "", "label"]);
    check_guess("a.csv", "user_id,текст\n1,привет\n1,пока\n", ["текст", "", ""]);
    check_guess("a.jsonl", "{\"n\": 1}\n{\"n\": 2}\n", ["", "", ""]);
    check_guess("a.csv", "text\n", ["", "", ""]);
}

#[test]
fn columns_are_shown_with_their_counts() {
    let look = look_at("a.jsonl", "{\"a\":\"x  y\",\"n\":1}\n{\"a\":\"\"}\n{\"a\":\"xyz\",\"n\":1}\n[]\n");
    assert_eq!((look.format, look.delimiter, look.n_rows), ("jsonl", None, 3));
    let [a, n] = look.columns.as_slice() else { panic!("{:?}", look.columns) };
    assert_eq!((a.kind, a.n_distinct, a.n_filled), (ColumnKind::Text, 2, 2));
    assert_eq!(a.samples, ["x y", "xyz"]);
    assert!((a.share_filled - 2.0 / 3.0).abs() < 1e-12 && (a.mean_chars - 3.5).abs() < 1e-12);
    assert_eq!((n.kind, n.n_distinct, n.n_filled), (ColumnKind::Integer, 1, 2));
    assert_eq!(look.problems[0].reason, "it is a list, and not an object");
}

#[test]
fn the_delimiter_of_csv_is_told() {
    assert_eq!(look_at("a.csv", "a;b\n1;2\n").delimiter, Some(b';'));
    assert_eq!(look_at("a.tsv", "a;b\n1;2\n").delimiter, Some(b'\t'));
}
