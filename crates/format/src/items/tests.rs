//! Items and problems from files in a folder.

use std::path::Path;

use super::*;

/// Files in a folder that goes away with the test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    fn spec(&self, files: &[&str]) -> ReadSpec {
        ReadSpec {
            files: files.iter().map(|file| (*file).to_owned()).collect(),
            base: self.0.path().to_owned(),
            text: Some("text".to_owned()),
            ..ReadSpec::default()
        }
    }
}

/// Each row as `row id: text`, or the problem; or the error and its hint.
fn shown(spec: &ReadSpec) -> Vec<String> {
    let reader = match ItemReader::open(spec) {
        Ok(reader) => reader,
        Err(error) => return vec![format!("{error} ({})", error.next_step().unwrap_or_default())],
    };
    let shown = reader.map(|row| match row {
        Row::Item(item) => format!("{} {}: {}", item.row, item.id, item.text("text").unwrap_or_default()),
        Row::Problem(problem, _) => problem.to_string(),
    });
    shown.collect()
}

#[track_caller]
fn check(files: &[(&str, &str)], change: impl Fn(&mut ReadSpec), want: &[&str]) {
    let folder = Folder::of(files);
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let mut spec = folder.spec(&names);
    change(&mut spec);
    assert_eq!(shown(&spec), want);
}

fn with_id(spec: &mut ReadSpec) {
    spec.id = Some("id".to_owned());
}

#[test]
fn ids_come_from_their_column_byte_by_byte() {
    check(
        &[("a.csv", "id,text\n7,x\n007,y\n 7,z\n7,again\n,none\n \t,none\n")],
        with_id,
        &[
            "1 7: x",
            "2 007: y",
            "3  7: z",
            "a.csv row 4 (line 5): the id `7` is already that of row 1; the row is left out",
            "a.csv row 5 (line 6): the id in `id` is empty; the row is left out",
            "a.csv row 6 (line 7): the id in `id` is empty; the row is left out",
        ],
    );
}

#[test]
fn a_number_is_an_id_as_it_is_written_in_json() {
    check(
        &[("a.jsonl", "{\"id\": 7, \"text\": \"x\"}\n{\"id\": \"7\", \"text\": \"y\"}\n{\"text\": \"z\"}\n")],
        with_id,
        &[
            "1 7: x",
            "a.jsonl row 2 (line 2): the id `7` is already that of row 1; the row is left out",
            "a.jsonl row 3 (line 3): the id in `id` is empty; the row is left out",
        ],
    );
}

#[test]
fn a_duplicate_id_of_another_file_is_told_with_its_file() {
    let one = "id,text\n1,a\n2,b\n";
    check(
        &[("a.csv", one), ("b.csv", "id,text\n"), ("c.csv", "text,id\nx,3\ny,2\n")],
        with_id,
        &[
            "1 1: a",
            "2 2: b",
            "3 3: x",
            "c.csv row 2 (line 3): the id `2` is already that of row 2 of a.csv; the row is left out",
        ],
    );
}

#[test]
fn a_row_that_is_left_out_does_not_take_an_id() {
    check(
        &[("a.csv", "id,text\n1,\n1,x\n")],
        with_id,
        &["a.csv row 1 (line 2): the text in `text` is empty; the row is left out", "2 1: x"],
    );
}

#[test]
fn without_a_column_ids_come_from_the_content() {
    let folder = Folder::of(&[("a.csv", "text,n\nx,1\ny,1\nx,1\nx,2\nx,1\n")]);
    let rows: Vec<Row> = ItemReader::open(&folder.spec(&["a.csv"])).unwrap().collect();
    let ids: Vec<String> = rows
        .iter()
        .map(|row| match row {
            Row::Item(item) => item.id.to_string(),
            Row::Problem(problem, _) => problem.to_string(),
        })
        .collect();
    assert_eq!(ids[2], format!("{}-2", ids[0]));
    assert_eq!(ids[4], format!("{}-3", ids[0]));
    let bare: Vec<&String> = [0, 1, 3].map(|n| &ids[n]).to_vec();
    assert!(bare.iter().all(|id| id.len() == 16) && bare[0] != bare[1] && bare[0] != bare[2], "{ids:?}");
}

#[test]
fn empty_and_too_long_texts_are_told_and_the_good_rows_go_on() {
    check(
        &[(
            "a.jsonl",
            "{\"text\":null}\n{\"text\":\" \\n\"}\n{\"a\":1}\n{\"text\":\"ЖЖЖЖ\"}\n{\"text\":\"ЖЖЖ\",\"id\":\"i\"}\n",
        )],
        |spec| spec.max_chars = 3,
        &[
            "a.jsonl row 1 (line 1): the text in `text` is empty; the row is left out",
            "a.jsonl row 2 (line 2): the text in `text` is empty; the row is left out",
            "a.jsonl row 3 (line 3): it has no `text`; the row is left out",
            "a.jsonl row 4 (line 4): the text in `text` has 4 characters, more than 3; the row is left out",
            content_line(),
        ],
    );
}

/// The line of the one good row above: its id is the hash of its fields.
fn content_line() -> &'static str {
    let fields = Fields::from_iter([("text".to_owned(), "ЖЖЖ".into()), ("id".to_owned(), "i".into())]);
    let content = Item { id: ItemId::new(""), row: 5, fields }.content();
    format!("5 {}: ЖЖЖ", ItemId::from_content(content, 1)).leak()
}

#[test]
fn a_missing_column_is_an_error_that_names_the_nearest() {
    let table = [("a.csv", "id,Review_Text,stars\n1,x,2\n")];
    let lists = "`a.csv` has no column `{}`; it has `id`, `Review_Text`, `stars`";
    let want = |name: &str, hint: &str| format!("{} ({hint})", lists.replace("{}", name));
    check(
        &table,
        |spec| spec.text = Some("review".into()),
        &[&want("review", "did you mean `Review_Text`?")],
    );
    check(&table, |spec| spec.text = Some("zzz".into()), &[&want("zzz", "name one of them")]);
    let context = |spec: &mut ReadSpec| {
        (spec.text, spec.context) = (None, vec!["star".into()]);
    };
    check(&table, context, &[&want("star", "did you mean `stars`?")]);
    let lines = [("a.jsonl", "{\"body\": \"x\"}\n")];
    check(&lines, |_| (), &["`a.jsonl` has no column `text`; it has `body` (name one of them)"]);
}

#[test]
fn files_with_other_columns_are_refused_before_the_first_row() {
    check(
        &[("a.csv", "id,text\n1,x\n"), ("b.csv", "id,Text,n\n")],
        |_| (),
        &[
            "`b.csv` has other columns than `a.csv`: it has no `text`, only it has `Text`, `n` (give the files the same columns, or read them apart)",
        ],
    );
    check(
        &[("a.csv", "text\nx\n"), ("b.csv", "text,text\n")],
        |_| (),
        &["`b.csv` has two columns called `text` (give each column a name of its own)"],
    );
}

#[test]
fn rows_are_counted_over_all_files_and_problems_in_their_own() {
    check(
        &[("a.csv", "id,text\n1,a\n2\n"), ("b.csv", "id,text\n\n3\n4,b\n")],
        with_id,
        &[
            "1 1: a",
            "a.csv row 2 (line 3): it has 1 cell where the header has 2; the row is left out",
            "b.csv row 1 (line 3): it has 1 cell where the header has 2; the row is left out",
            "4 4: b",
        ],
    );
}

#[test]
fn files_of_several_formats_may_be_read_together() {
    check(
        &[
            ("a.csv", "id,text\n1,a\n"),
            ("b.jsonl", "{\"id\":\"2\",\"text\":\"b\"}\n"),
            ("c.tsv", "text\tid\nc\t3\n"),
        ],
        with_id,
        &["1 1: a", "2 2: b", "3 3: c"],
    );
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    let folder = Folder::of(&[]);
    assert_eq!(shown(&folder.spec(&["a.csv"])), ["there is no file `a.csv` (check the path)"]);
    let said = shown(&folder.spec(&["*.csv"]));
    assert!(said[0].starts_with("no file matches `*.csv` (it was looked for from `"), "{said:?}");
    std::fs::create_dir(folder.0.path().join("b.csv")).unwrap();
    assert_eq!(
        shown(&folder.spec(&["b.csv"])),
        ["`b.csv` is a folder (name its files, for example `b.csv/*.csv`)"]
    );
    assert_eq!(
        shown(&folder.spec(&[])),
        ["no file to read is named (name at least one, or `-` for standard input)"]
    );
}

#[test]
fn a_file_that_breaks_off_gives_its_rows_and_a_problem() {
    let rows: String = (0..400).map(|n| format!("{{\"id\":\"{n}\",\"text\":\"x{n}\"}},")).collect();
    let text = format!("[{rows}");
    let folder = Folder::of(&[("a.json", &text), ("b.csv", "id,text\nlast,x\n")]);
    let mut spec = folder.spec(&["a.json", "b.csv"]);
    with_id(&mut spec);
    let said = shown(&spec);
    assert_eq!(said.len(), 402);
    let want = "a.json: `a.json` is not valid JSON in line 1: nothing stands after the last comma; it was read up to row 400, the rest of it is left out";
    assert_eq!(said[400..], [want, "401 last: x"]);
}

#[test]
fn the_columns_are_those_of_the_header_or_of_the_first_rows() {
    let folder = Folder::of(&[("a.csv", "b,a\n"), ("a.jsonl", "{\"b\":1}\nx\n{\"a\":2,\"b\":1}\n")]);
    for file in ["a.csv", "a.jsonl"] {
        let spec = ReadSpec { text: None, ..folder.spec(&[file]) };
        assert_eq!(ItemReader::open(&spec).unwrap().columns(), ["b", "a"], "{file}");
    }
}

#[test]
fn a_column_is_scanned_over_all_rows_of_all_files() {
    use crate::{Column, ColumnKind, scan_columns};
    let folder =
        Folder::of(&[("a.jsonl", "{\"a\":1}\n{\"a\":null,\"b\":\"x\"}\n"), ("b.jsonl", "{\"a\":1.5}\n")]);
    let columns = scan_columns(&folder.spec(&["*.jsonl"])).unwrap();
    assert_eq!(columns, [Column::new("a", ColumnKind::Number), Column::new("b", ColumnKind::Text)]);
}

#[test]
fn every_format_is_read_in_every_compression() {
    use crate::{FORMATS, TableWriter, scan_columns};
    let folder = Folder::of(&[]);
    for format in FORMATS {
        let ending = format.extensions()[0];
        let example = folder.0.path().join(format!("example.{ending}"));
        std::fs::write(&example, format.example()).unwrap();
        let spec = ReadSpec { id: Some("id".into()), ..folder.spec(&[&format!("example.{ending}")]) };
        let before: Vec<Row> = ItemReader::open(&spec).unwrap().collect();
        let columns = scan_columns(&spec).unwrap();
        for compression in ["", ".gz", ".zst"] {
            let name = format!("out.{ending}{compression}");
            let path = folder.0.path().join(&name);
            let mut writer = TableWriter::create(path.to_str().unwrap(), &columns).unwrap();
            for row in &before {
                let Row::Item(item) = row else { panic!("{row:?}") };
                writer.write(&item.fields).unwrap();
            }
            writer.finish().unwrap();
            let head = std::fs::read(&path).unwrap()[..2].to_vec();
            assert_eq!(head == [0x1f, 0x8b], compression == ".gz", "{name}");
            assert_eq!(head == [0x28, 0xb5], compression == ".zst", "{name}");
            let spec = ReadSpec { files: vec![name.clone()], ..spec.clone() };
            let after: Vec<Row> = ItemReader::open(&spec).unwrap().collect();
            assert!(after == before, "{name}");
        }
    }
}

#[test]
fn several_compressed_parts_in_one_file_are_read_as_one() {
    use std::io::Write;
    let part = |text: &str| {
        let mut part = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        part.write_all(text.as_bytes()).unwrap();
        part.finish().unwrap()
    };
    let folder = Folder::of(&[]);
    let write =
        |name: &str, bytes: &[u8]| std::fs::write(Path::new(folder.0.path()).join(name), bytes).unwrap();
    let whole = [part("id,text\n1,a\n"), part("2,b\n")].concat();
    write("a.csv.gz", &whole);
    write("b.csv", &whole);
    let mut spec = folder.spec(&["a.csv.gz"]);
    with_id(&mut spec);
    assert_eq!(shown(&spec), ["1 1: a", "2 2: b"]);
    spec.files = vec!["b.csv".into()];
    assert_eq!(shown(&spec), ["1 1: a", "2 2: b"], "compression is told by the bytes");
    write("c.csv.gz", b"id,text\n");
    spec.files = vec!["c.csv.gz".into()];
    let want = "`c.csv.gz` is not compressed, though its name says so (take the last ending off its name)";
    assert_eq!(shown(&spec), [want]);
}

#[test]
fn a_compressed_file_that_is_cut_gives_the_rows_before() {
    use std::io::Write;
    let mut text = "id,text\n".to_owned();
    // Digits of a product that repeat late: the compressed file is longer than what is looked at first.
    (0..60_000_u64)
        .for_each(|n| text.push_str(&format!("{n},{:x}\n", (n + 7).wrapping_mul(0x9e37_79b9_7f4a_7c15))));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let bytes = gzip.finish().unwrap();
    let folder = Folder::of(&[]);
    std::fs::write(folder.0.path().join("a.csv.gz"), &bytes[..bytes.len() / 2]).unwrap();
    let mut spec = folder.spec(&["a.csv.gz"]);
    with_id(&mut spec);
    let said = shown(&spec);
    let last = said.last().unwrap();
    assert!(said.len() > 10_000, "{}", said.len());
    let n_before = said.len() - 1;
    assert!(last.starts_with("a.csv.gz: cannot read `a.csv.gz`: "), "{last}");
    assert!(
        last.ends_with(&format!("; it was read up to row {n_before}, the rest of it is left out")),
        "{last}"
    );
}

#[test]
fn a_problem_has_the_cells_of_its_row_where_they_can_be_read() {
    let folder = Folder::of(&[("a.csv", "id,text\n1,\n2\n")]);
    let rows: Vec<Row> = ItemReader::open(&folder.spec(&["a.csv"])).unwrap().collect();
    let [Row::Problem(_, Some(cells)), Row::Problem(_, None)] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(cells["id"], "1");
}
