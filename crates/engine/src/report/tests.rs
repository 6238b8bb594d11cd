//! The report of tiny panels: its JSON shape, what the page says where nothing is known, and that nothing foreign runs.

use std::collections::BTreeMap;
use std::path::Path;

use super::html::page;
use super::{Part, Report, ReportOptions, Source, report};
use crate::html::tests::check_form;
use crate::panel::{Keep, Panel, Voter, VotesFile};

const OPTIONS: ReportOptions = ReportOptions { seed: 0, n_resamples: 50, error: 0.1, confidence: 0.9 };

/// Writes votes and gold to files, and reads the panel.
fn panel(folder: &Path, votes: &str, gold: Option<&str>) -> Panel {
    std::fs::write(folder.join("votes.csv"), votes).unwrap();
    if let Some(gold) = gold {
        std::fs::write(folder.join("gold.csv"), gold).unwrap();
    }
    let file = VotesFile {
        folder: folder.to_owned(),
        votes: "votes.csv".to_owned(),
        gold: gold.map(|_| "gold.csv".to_owned()),
        voters: Voter::Person,
    };
    file.read(Keep::Texts).unwrap()
}

fn report_of(votes: &str, gold: Option<&str>) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let panel = panel(folder.path(), votes, gold);
    let source = Source { panel: &panel, setup: None, askers: &[], store: None };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(report(source, &OPTIONS)).unwrap()
}

/// Three annotators of 60 items, the third of which is unsure and often wrong.
fn usual() -> (String, String) {
    let (mut votes, mut gold) =
        ("item,annotator,label,confidence,kind,text\n".to_owned(), "item,gold\n".to_owned());
    for item in 0..60 {
        let right = if item % 2 == 0 { "yes" } else { "no" };
        let other = if item % 2 == 0 { "no" } else { "yes" };
        for (name, wrong, sure) in
            [("a", item % 10 == 0, 0.9), ("b", item % 7 == 0, 0.8), ("c", item % 3 == 0, 0.6)]
        {
            let label = if wrong { other } else { right };
            let sure = sure - f64::from(u8::from(wrong)) * 0.2;
            votes += &format!("i{item},{name},{label},{sure},model,text {item}\n");
        }
        if item < 40 {
            gold += &format!("i{item},{right}\n");
        }
    }
    (votes, gold)
}

/// The names of all fields, with what kind of value each holds; of a list those of its first element.
fn shape(value: &serde_json::Value, at: &str, into: &mut BTreeMap<String, &'static str>) {
    use serde_json::Value as Json;
    let kind = match value {
        Json::Null => "null",
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "text",
        Json::Array(all) => {
            all.iter().take(1).for_each(|it| shape(it, &format!("{at}[]"), into));
            "list"
        }
        Json::Object(fields) => {
            for (name, it) in fields {
                shape(it, &format!("{at}.{name}"), into);
            }
            return;
        }
    };
    into.insert(at.to_owned(), kind);
}

#[test]
fn the_json_form_has_its_parts() {
    let (votes, gold) = usual();
    let json = serde_json::to_value(report_of(&votes, Some(&gold))).unwrap();
    let mut found = BTreeMap::new();
    shape(&json, "", &mut found);
    let wanted = [
        (".version", "number"),
        (".name", "text"),
        (".labeled.n_items", "number"),
        (".labeled.annotators[].counts.labeled", "number"),
        (".labeled.task", "text"),
        (".quality.known.consensus.value", "number"),
        (".quality.known.consensus.n", "number"),
        (".quality.known.members[].on_gold.low", "number"),
        (".quality.known.labels[].precision.high", "number"),
        (".agreement.known.overall[].number.value", "number"),
        (".agreement.known.pairs[].kappa.value", "number"),
        (".confidence.known[].after.ece.value", "number"),
        (".confidence.known[].after.bars[][]", "number"),
        (".risk.known.points[].error.high", "number"),
        (".promises.given", "list"),
        (".promises.possible.known.answers", "list"),
        (".costs.missing", "text"),
        (".disagreements.known[].answers[][]", "text"),
        (".next[].say", "text"),
    ];
    for (field, kind) in wanted {
        assert_eq!(found.get(field), Some(&kind), "{field} among {:?}", found.keys().collect::<Vec<_>>());
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (votes, gold) = usual();
    let [one, other] = [0, 1].map(|_| page(&report_of(&votes, Some(&gold))));
    assert!(one == other);
}

#[test]
fn hostile_texts_do_not_run() {
    let mark = "<script>alert(1)</script>";
    let (votes, gold) = usual();
    let hostile = |text: &str| {
        let text = text.replace("yes", &format!("yes{mark}")).replace("text ", &format!("{mark}\"'&"));
        // Quotes within a cell are doubled.
        let cell = |line: &str| {
            let cells = line.split(',').map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
            cells.collect::<Vec<_>>().join(",")
        };
        text.lines().map(cell).collect::<Vec<_>>().join("\n")
    };
    let votes = hostile(&votes).replace("\"c\"", &format!("\"c{mark}\""));
    let page = page(&report_of(&votes, Some(&hostile(&gold))));
    check_form("hostile", &page);
    assert!(!page.contains("<script"), "a script is on the page");
    for wanted in [
        "yes&lt;script&gt;alert(1)",
        "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;",
        "c&lt;script&gt;",
    ] {
        assert!(page.contains(wanted), "`{wanted}` is not on the page");
    }
    for unwanted in ["http:", "https:", "<link", "<img", " src=", "url(", "@import", " onclick"] {
        assert!(!page.contains(unwanted), "`{unwanted}` is on the page");
    }
}

#[track_caller]
fn check_says(votes: &str, gold: Option<&str>, wanted: &[&str]) {
    let page = page(&report_of(votes, gold));
    check_form(votes, &page);
    for wanted in wanted {
        assert!(page.contains(wanted), "`{wanted}` is not on the page");
    }
}

#[test]
fn a_part_without_data_says_so() {
    let votes = "item,annotator,label\n1,a,x\n2,a,y\n";
    check_says(
        votes,
        None,
        &[
            "Nothing is known here: there is one annotator",
            "Nothing is known here: no item has gold",
            "Nothing is known here: a file of votes does not say what the votes cost",
            "No promise was made",
            "No item has gold, so nothing here is measured",
            "Label 2 items drawn at random by hand",
        ],
    );
}

#[test]
fn two_items_of_gold_are_no_reason_to_fail() {
    check_says(
        "item,annotator,label\n1,a,x\n2,a,y\n1,b,x\n2,b,x\n3,b,x\n",
        Some("item,gold\n1,x\n2,y\n"),
        &["How good the labels are", "consensus"],
    );
}

#[test]
fn one_label_alone_is_no_reason_to_fail() {
    check_says("item,annotator,label\n1,a,x\n2,a,x\n1,b,x\n", Some("item,gold\n1,x\n"), &["consensus"]);
}

#[test]
fn every_part_is_on_the_page() {
    let (votes, gold) = usual();
    let report = report_of(&votes, Some(&gold));
    assert!(matches!(report.risk, Part::Known(_)));
    let page = page(&report);
    check_form("usual", &page);
    for id in
        ["next", "labeled", "quality", "agreement", "confidence", "promises", "cost", "disagreements", "how"]
    {
        assert!(page.contains(&format!("<section id=\"{id}\"")), "{id}");
    }
    for plot in ["class=\"plot2 reliability\"", "class=\"plot2 risk\"", "class=\"heat pairs\""] {
        assert!(page.contains(plot), "{plot}");
    }
}
