//! A project with people's labels in columns and stand-ins for models: each kind of task, and every row stays.

use super::*;

const HEAD: &str = "[data]\nfiles = [\"data.csv\"]\nid = \"id\"\ntext = \"text\"\ngold = \"truth\"\n\
    people = [\"anna\", \"boris\", \"clara\"]\n";

const MODELS: &str = "\n[[annotators]]\nname = \"good\"\nmodel = \"scripted/accuracy=0.9,seed=1\"\n\
    \n[[annotators]]\nname = \"weak\"\nmodel = \"scripted/accuracy=0.6,seed=2\"\n";

/// A labeled project of 60 items; two rows are no items: one without a text, and one whose id was there before.
fn project(kind: &str, cell: impl Fn(usize, f64, u64) -> String) -> Place {
    let labels =
        if kind == "spans" { "\"product\", \"place\"" } else { "\"bug\", \"feature\", \"question\"" };
    let toml = format!("{HEAD}\n[task]\nkind = \"{kind}\"\nlabels = [{labels}]\n{MODELS}");
    let mut data = "id,text,anna,boris,clara,truth\n".to_owned();
    for item in 0..60 {
        let cells = [(0.95, 1), (0.8, 2), (0.7, 3), (1.0, 4)]
            .map(|(accuracy, salt)| format!("\"{}\"", cell(item, accuracy, salt).replace('"', "\"\"")));
        writeln!(data, "{item},\"Paris: the {item}th Phone, 手机, телефон\",{}", cells.join(",")).unwrap();
    }
    data += "60,,bug,bug,bug,bug\n5,again,bug,bug,bug,bug\n";
    let place = Place::with(&[("data.csv", &data), ("karat.toml", &toml)]);
    place.ends("label", 1);
    place
}

fn classify() -> Place {
    project("classify", |item, accuracy, salt| given(item, accuracy, salt).to_owned())
}

fn multi_label() -> Place {
    project("multi_label", |item, accuracy, salt| {
        let set: Vec<&str> = LABELS
            .iter()
            .enumerate()
            .filter(|(n, _)| {
                let has = chance(item * 3 + n, 7) < 0.4;
                has == (chance(item * 3 + n, salt + 20) < accuracy)
            })
            .map(|(_, label)| *label)
            .collect();
        format!("[{}]", set.iter().map(|it| format!("\"{it}\"")).collect::<Vec<_>>().join(","))
    })
}

fn spans() -> Place {
    project("spans", |item, accuracy, salt| {
        let text = format!("Paris: the {item}th Phone, 手机, телефон");
        let phone = text.chars().take_while(|c| *c != 'P' || text.is_empty()).count();
        let start = text.find("Phone").unwrap();
        assert_eq!(phone, 0, "the text begins with a place");
        let right = chance(item, salt + 30) < accuracy;
        let end = if right { start + 5 } else { start + 4 };
        format!(
            "[{{\"start\":0,\"end\":5,\"label\":\"place\"}},{{\"start\":{start},\"end\":{end},\"label\":\"product\"}}]"
        )
    })
}

/// All rows of the data are in a file that was written, in their order, with their own columns.
#[track_caller]
fn check_rows(place: &Place, file: &str) {
    let (data, rows) = (place.csv("data.csv"), place.csv(file));
    for name in ["id", "text", "anna", "truth"] {
        assert_eq!(column(&rows, name), column(&data, name), "{file}: {name}");
    }
}

/// Everything that suits a kind, as one text.
fn all(place: &Place) -> String {
    let lines = [
        "consensus -o consensus.csv",
        "agree",
        "errors -o review.csv",
        "compare good weak -o differing.csv",
        "estimate",
    ];
    let told = lines.map(|line| {
        let told = place.karat(line);
        assert!(told.code < 2, "{}", told.whole());
        told.whole()
    });
    check_rows(place, "consensus.csv");
    told.join("\n")
}

#[test]
fn single_labels() {
    let place = classify();
    insta::assert_snapshot!(all(&place));
    let rows = place.csv("consensus.csv");
    insta::assert_snapshot!("single_labels_rows", [0, 1, 2, 61, 62].map(|n| rows[n].join(" | ")).join("\n"));
}

#[test]
fn sets_of_labels() {
    insta::assert_snapshot!(all(&multi_label()));
}

#[test]
fn spans_in_texts() {
    insta::assert_snapshot!(all(&spans()));
}

#[test]
fn what_the_data_says_of_groups_is_estimated() {
    let place = classify();
    insta::assert_snapshot!(place.ends("estimate --group anna --label bug", 0).whole());
    let told = place.ends("estimate --group lang", 2);
    assert!(told.err.contains("hint: there are `id`"), "{}", told.whole());
}

#[test]
fn gold_that_is_no_label_and_gold_of_strangers_are_told() {
    let place = classify();
    place.write("odd.csv", "id,gold\n1,bug\n2,bugg\n3,\n999,bug\n");
    insta::assert_snapshot!(place.karat("consensus --gold odd.csv").whole());
    place.write("strangers.csv", "id,gold\n998,bug\n999,bug\n");
    insta::assert_snapshot!("strangers", place.ends("accept --gold strangers.csv", 2).whole());
}

#[test]
fn one_annotator_alone_is_judged_too() {
    let place = classify();
    for line in ["consensus --annotator good", "errors --annotator good --of weak"] {
        let told = place.karat(line);
        assert!(told.code < 2 || told.err.contains("hint: "), "{}", told.whole());
    }
    let told = place.ends("agree --annotator nobody", 2);
    assert!(told.err.contains("hint: "), "{}", told.whole());
}
