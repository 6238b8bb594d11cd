//! Values of every shape, judged by every command: forms and their questions, numbers, grades, rankings, records, answers.
//!
//! In: projects with people's columns, gold and stand-ins for models, made here by a formula. Out: what a person reads of them.

use super::*;

const HEAD: &str = "[data]\nfiles = [\"data.csv\"]\nid = \"id\"\ntext = \"text\"\ngold = \"truth\"\n\
    people = [\"anna\", \"boris\", \"clara\"]\n";

const MODELS: &str = "\n[[annotators]]\nname = \"good\"\nmodel = \"scripted/accuracy=0.9,seed=1\"\n\
    \n[[annotators]]\nname = \"weak\"\nmodel = \"scripted/accuracy=0.6,seed=2\"\n";

/// A labeled project of 40 items, the last four without gold. `cells` are columns of its own, and what somebody who is right
/// so often gives; the truth is who is always right.
fn project(task: &str, columns: &str, cells: impl Fn(usize, f64, u64) -> (String, String)) -> Place {
    let mut data = format!("id,text{columns},anna,boris,clara,truth\n");
    for item in 0..40 {
        let given = [(0.95, 1), (0.8, 2), (0.7, 3), (1.0, 4)].map(|(accuracy, salt)| match (salt, item) {
            (4, 36..) => String::new(),
            _ => format!("\"{}\"", cells(item, accuracy, salt).1.replace('"', "\"\"")),
        });
        writeln!(data, "{item},{},{}", cells(item, 1.0, 0).0, given.join(",")).unwrap();
    }
    let place = Place::with(&[("data.csv", &data), ("karat.toml", &format!("{HEAD}\n{task}\n{MODELS}"))]);
    place.karat("label");
    place
}

/// What these commands say, one after the other.
#[track_caller]
fn said(place: &Place, lines: &[&str]) -> String {
    let told = lines.iter().map(|line| {
        let told = place.karat(line);
        assert!(told.code < 2, "{}", told.whole());
        let note = |line: &&str| !line.starts_with("note: not live");
        told.whole().lines().filter(note).collect::<Vec<_>>().join("\n") + "\n"
    });
    told.collect::<Vec<_>>().join("\n")
}

/// Everything that suits values that are compared as a whole.
const ALL: [&str; 6] = [
    "evaluate --resamples 200",
    "evaluate --annotator weak --resamples 200",
    "consensus -o consensus.csv",
    "agree --resamples 200",
    "compare good weak --resamples 200",
    "errors",
];

/// Some rows of a file that was written.
#[track_caller]
fn some_rows(place: &Place, file: &str, columns: &[&str]) -> String {
    let rows = place.csv(file);
    let columns: Vec<Vec<String>> = columns.iter().map(|name| column(&rows, name)).collect();
    [0, 1, 2, 38]
        .map(|row| columns.iter().map(|it| it[row].as_str()).collect::<Vec<_>>().join(" | "))
        .join("\n")
}

fn is_right(item: usize, accuracy: f64, salt: u64) -> bool {
    chance(item, salt + 60) < accuracy
}

fn form() -> Place {
    let task = "[task]\nkind = \"form\"\n\n[[task.questions]]\nname = \"tone\"\nkind = \"classify\"\n\
        labels = [\"bug\", \"feature\", \"question\"]\n\n[[task.questions]]\nname = \"topics\"\nkind = \"multi_label\"\n\
        labels = [\"billing\", \"delivery\"]\n";
    project(task, "", |item, accuracy, salt| {
        let tone = given(item, accuracy, salt);
        let billing = (item % 2 == 0) == is_right(item, accuracy, salt);
        let topics = if billing { "[\"billing\"]" } else { "[]" };
        (format!("Ticket {item}"), format!("{{\"tone\": \"{tone}\", \"topics\": {topics}}}"))
    })
}

#[test]
fn a_form_is_judged_as_a_whole_and_question_by_question() {
    let place = form();
    let lines = [
        "evaluate --resamples 200",
        "evaluate --annotator weak --resamples 200",
        "evaluate --question tone --annotator weak --resamples 200",
        "compare good weak --resamples 200",
        "errors",
    ];
    insta::assert_snapshot!("form", said(&place, &lines));
}

#[test]
fn a_question_of_a_form_goes_through_every_command() {
    let place = form();
    let lines = [
        "consensus --question topics -o consensus.csv",
        "agree --question tone --resamples 200",
        "errors --question tone",
        "compare good weak --question tone --resamples 200",
        "estimate --question tone",
        "sample 3 --question tone -o sample.csv",
    ];
    insta::assert_snapshot!("form_question", said(&place, &lines));
    let told = place.ends("report --question tone", 0);
    assert!(told.out.contains("--question tone"), "{}", told.whole());
    // The answer to the question alone is gold, too.
    let rows = place.read("sample.csv").lines().count();
    assert_eq!(rows, 4);
    place.write("tone.csv", "id,gold\n36,bug\n37,feature\n38,question\n");
    let told = place.ends("evaluate --question tone --gold tone.csv", 0);
    assert!(told.out.contains("3 of 40 items have gold"), "{}", told.whole());
}

#[test]
fn what_is_done_question_by_question_asks_for_one() {
    let place = form();
    for line in ["consensus", "agree", "accept", "estimate", "calibrate"] {
        let told = place.ends(line, 2);
        assert!(
            told.err.contains(&format!("`karat {line}` takes one question of a form")),
            "{}",
            told.whole()
        );
        assert!(
            told.err.contains("`--question tone`; the questions are `tone`, `topics`"),
            "{}",
            told.whole()
        );
    }
    let told = place.ends("evaluate --question tune", 2);
    assert!(told.err.contains("no question is called `tune`"), "{}", told.whole());
    let told = place.ends("evaluate --tolerance 2", 2);
    assert!(told.err.contains("is no share from 0 to 1"), "{}", told.whole());
    let told = place.ends("evaluate --question tone --tolerance 0.1", 2);
    assert!(told.err.contains("`classify` cannot"), "{}", told.whole());
    let told = place.ends("report", 0);
    assert!(told.out.contains("karat report --question tone -o tone.html"), "{}", told.whole());
    assert!(!told.out.contains("karat accept"), "{}", told.whole());
}

#[test]
fn exports_have_a_column_for_each_question() {
    let place = form();
    place.ends("export --annotator good -o out.csv", 1);
    let columns = ["karat_label", "karat_outcome", "karat_tone", "karat_topics"];
    insta::assert_snapshot!(some_rows(&place, "out.csv", &columns));
}

fn numbers() -> Place {
    let task = "[task]\nkind = \"number\"\n\n[task.scale]\nmin = 0\nmax = 100\nstep = 5\n";
    project(task, "", |item, accuracy, salt| {
        let truth = (chance(item, 5) * 21.0).floor() * 5.0;
        let off = (1.0 - accuracy) * 200.0 * (chance(item, salt + 60) - 0.5);
        let number = ((truth + off) / 5.0).round().clamp(0.0, 20.0) * 5.0;
        (format!("Review {item}"), number.to_string())
    })
}

#[test]
fn numbers_on_a_scale() {
    let place = numbers();
    let mut lines = ALL.to_vec();
    lines.extend([
        "estimate",
        "consensus --method precision",
        "evaluate --tolerance 0.1 --annotator weak --resamples 200",
    ]);
    insta::assert_snapshot!("numbers", said(&place, &lines));
    let columns = ["karat_label", "karat_agreement", "karat_outcome", "karat_anna_label", "karat_weak_label"];
    insta::assert_snapshot!("numbers_rows", some_rows(&place, "consensus.csv", &columns));
    place.ends("report", 0);
    let told = place.ends(
        "accept --rehearse 30 --by consensus --tolerance 0.1 --error 0.3 --confidence 0.6 -o accepted.csv",
        0,
    );
    assert!(told.out.contains("the rehearsal: of "), "{}", told.whole());
}

#[test]
fn grades_in_order() {
    let task = "[task]\nkind = \"rating\"\nlabels = [\"bad\", \"poor\", \"fair\", \"good\"]\n";
    let place = project(task, "", |item, accuracy, salt| {
        let grade = (chance(item, 5) * 4.0) as usize % 4;
        let given = if is_right(item, accuracy, salt) { grade } else { (grade + 1).min(3) };
        (format!("Review {item}"), ["bad", "poor", "fair", "good"][given].to_owned())
    });
    insta::assert_snapshot!(
        "grades",
        said(&place, &["evaluate --annotator weak --resamples 200", "agree --resamples 200"])
    );
}

#[test]
fn rankings_of_options() {
    let task = "[task]\nkind = \"rank\"\noptions = [\"a\", \"b\", \"c\"]\n";
    let place = project(task, ",a,b,c", |item, accuracy, salt| {
        let orders = ["a,b,c", "b,a,c", "c,b,a", "b,c,a"];
        let right = (chance(item, 5) * 4.0) as usize % 4;
        let order = orders[if is_right(item, accuracy, salt) { right } else { (right + 1) % 4 }];
        let names: Vec<String> = order.split(',').map(|it| format!("\"{it}\"")).collect();
        (
            format!("Which answer to {item}?,first {item},second {item},third {item}"),
            format!("[{}]", names.join(",")),
        )
    });
    let mut lines = ALL.to_vec();
    lines.push("estimate");
    insta::assert_snapshot!("rankings", said(&place, &lines));
    let columns = ["karat_label", "karat_outcome", "karat_anna_label", "karat_clara_label"];
    insta::assert_snapshot!("rankings_rows", some_rows(&place, "consensus.csv", &columns));
    place.ends("report", 0);
}

fn records() -> Place {
    let task = "[task]\nkind = \"extract\"\nfields = [\n  { name = \"buyer\" },\n  { name = \"n\", type = \"integer\" },\n  \
        { name = \"goods\", list = true },\n]\n";
    project(task, "", |item, accuracy, salt| {
        let buyer = ["Ann", "Bob Lee", "李华", "Олег"][item % 4];
        let right = |part: u64| is_right(item, accuracy, salt + 7 * part);
        let n = if right(1) { item } else { item + 1 };
        let goods = if right(2) { "[\"pen\", \"lamp\"]" } else { "[\"pen\"]" };
        let named = if right(3) { format!("\"{buyer}\"") } else { "null".to_owned() };
        (
            format!("{buyer} orders {item} pieces of pen and lamp"),
            format!("{{\"buyer\": {named}, \"n\": {n}, \"goods\": {goods}}}"),
        )
    })
}

#[test]
fn records_with_fields() {
    let place = records();
    let mut lines = ALL.to_vec();
    lines.push("consensus --method vote");
    insta::assert_snapshot!("records", said(&place, &lines));
    place.ends("export --annotator good -o out.csv", 1);
    let columns = ["karat_label", "karat_buyer", "karat_n", "karat_goods"];
    insta::assert_snapshot!("records_rows", some_rows(&place, "out.csv", &columns));
    let told = place.ends("estimate", 2);
    assert!(told.err.contains("there is nothing to count in values of kind `extract`"), "{}", told.whole());
    place.ends("report", 0);
}

#[test]
fn answers_in_words() {
    let task = "[task]\nkind = \"answer\"\nquestion = \"asked\"\n";
    let place = project(task, ",asked", |item, accuracy, salt| {
        let town = ["Rome", "Oslo", "北京市", "Нижний Новгород"][item % 4];
        let said = match (item % 5, is_right(item, accuracy, salt)) {
            (0, true) | (1, false) => "unanswerable".to_owned(),
            (0, false) => "Paris".to_owned(),
            (_, true) => town.to_owned(),
            (_, false) => format!("in {town}"),
        };
        let text =
            if item % 5 == 0 { "It was sold by Ann.".to_owned() } else { format!("It was sold in {town}.") };
        (format!("{text},Where was item {item} sold?"), said)
    });
    insta::assert_snapshot!("answers", said(&place, &ALL));
    place.ends("export --annotator good -o out.csv", 0);
    insta::assert_snapshot!(
        "answers_rows",
        some_rows(&place, "out.csv", &["karat_label", "karat_outcome", "karat_text"])
    );
    place.ends("report", 0);
}

#[test]
fn relations_between_spans() {
    let task = "[task]\nkind = \"relations\"\nlabels = [\"works_at\", \"owns\"]\nentities = [\"person\", \"firm\"]\n";
    let place = project(task, "", |item, accuracy, salt| {
        let person = ["Ann", "李华", "Олег"][item % 3];
        // No two texts are nearly the same.
        let words: Vec<String> =
            (0..12).map(|n| format!("{:x}", (chance(item * 20 + n, 9) * 1e6) as u32)).collect();
        let text = format!("{person} was seen at ACME and at Globex: {}", words.join(" "));
        let span = |words: &str, label: &str| {
            let start = text[..text.find(words).unwrap()].chars().count();
            let end = start + words.chars().count();
            format!("{{\"start\": {start}, \"end\": {end}, \"label\": \"{label}\", \"quote\": \"{words}\"}}")
        };
        let spans = [span(person, "person"), span("ACME", "firm"), span("Globex", "firm")].join(", ");
        let relation =
            |to: usize, label: &str| format!("{{\"from\": 0, \"to\": {to}, \"label\": \"{label}\"}}");
        let right = |part: u64| is_right(item, accuracy, salt + 7 * part);
        let first = relation(1, if right(1) { "works_at" } else { "owns" });
        let both = if right(2) { format!("{first}, {}", relation(2, "owns")) } else { first };
        (text.clone(), format!("{{\"spans\": [{spans}], \"relations\": [{both}]}}"))
    });
    let mut lines = ALL.to_vec();
    lines.push("estimate");
    insta::assert_snapshot!("relations", said(&place, &lines));
    place.ends("report", 0);
}
