//! Runs the cases written in Markdown under `tests/tasks/`.
//!
//! A heading is the name of a case. Fenced blocks give its parts: `task` (TOML as in `karat.toml`, with the guideline as
//! text), `style`, `item`, `context` (columns that are shown), `columns` (further ones: options, a question), `answer` (`answer
//! cut at 40 tokens`; several where an item takes several calls), `refusal`; and what must come: `outcome`, and where given
//! `notes`, `problem`, `stated`, `prompt` (of the first call). A case without a `task`, `style`, `item` or columns has that of the case
//! before it in the file. A block may be fenced with more backticks than it holds.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test reads files"
)]

use std::sync::Arc;

use karat_core::{
    Abstention, Alignment, Confidence, DataSpec, Fields, Item, ItemId, NoConfidence, Note, Outcome,
    PolicySpec, PromptLanguage, Task, TaskSpec, Value,
};
use karat_task::{Heard, Inquiry, PromptStyle, Prompter, RawAnswer, Reading, Step, View, kind};

#[derive(Default, Clone)]
struct Case {
    name: String,
    line: usize,
    blocks: Vec<(String, String)>,
}

impl Case {
    fn block(&self, name: &str) -> Option<(&str, &str)> {
        let found = self.blocks.iter().rev().find(|(info, _)| info.split(' ').next() == Some(name));
        found.map(|(info, text)| (info.as_str(), text.as_str()))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.block(name).map(|(_, text)| text)
    }
}

fn cases(markdown: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut open: Option<(usize, String, String)> = None;
    for (n, line) in markdown.lines().enumerate() {
        let ticks = line.bytes().take_while(|it| *it == b'`').count();
        if let Some((fence, info, mut text)) = open.take() {
            if ticks >= fence && line.len() == ticks {
                let case = cases.last_mut().expect("a block stands under a heading");
                case.blocks.push((info, text.strip_suffix('\n').unwrap_or_default().to_owned()));
            } else {
                text.push_str(line);
                text.push('\n');
                open = Some((fence, info, text));
            }
        } else if ticks >= 3 {
            open = Some((ticks, line[ticks..].trim().to_owned(), String::new()));
        } else if let Some(name) = line.strip_prefix('#') {
            // What is not said again stays as it was.
            let kept = |info: &str| ["task", "style", "item", "context", "columns"].contains(&info);
            let blocks =
                cases.last().map(|last| last.blocks.iter().filter(|(info, _)| kept(info)).cloned().collect());
            let name = name.trim_start_matches('#').trim().to_owned();
            cases.push(Case { name, line: n + 1, blocks: blocks.unwrap_or_default() });
        }
    }
    assert!(open.is_none(), "a block is not closed");
    let known = [
        "task", "style", "item", "context", "answer", "refusal", "outcome", "notes", "problem", "stated",
        "prompt", "columns",
    ];
    for (info, _) in cases.iter().flat_map(|case| &case.blocks) {
        assert!(
            info.split(' ').next().is_some_and(|name| known.contains(&name)),
            "an unknown block `{info}`"
        );
    }
    cases
}

fn task(case: &Case) -> Task {
    let mut spec: TaskSpec = toml::from_str(case.text("task").expect("a task")).expect("a task in TOML");
    let guideline = spec.guideline.take().unwrap_or_default();
    let context: toml::Table =
        toml::from_str(case.text("context").unwrap_or_default()).expect("context in TOML");
    let text = if case.text("item").is_some() { "text".to_owned() } else { String::new() };
    let data = DataSpec { text, context: context.keys().cloned().collect(), ..DataSpec::default() };
    karat_task::task(spec, &data, &PolicySpec::default(), guideline).expect("a sound task").0
}

fn item(case: &Case) -> Item {
    let context: toml::Table =
        toml::from_str(case.text("context").unwrap_or_default()).expect("context in TOML");
    let columns: toml::Table =
        toml::from_str(case.text("columns").unwrap_or_default()).expect("columns in TOML");
    let cell = |it: toml::Value| serde_json::to_value(it).expect("a cell");
    let mut fields: Fields = context.into_iter().chain(columns).map(|(name, it)| (name, cell(it))).collect();
    if let Some(text) = case.text("item") {
        fields.insert("text".into(), text.into());
    }
    Item { id: ItemId::new("1"), row: 1, fields }
}

fn style(case: &Case) -> PromptStyle {
    let table: toml::Table = toml::from_str(case.text("style").unwrap_or_default()).expect("a style in TOML");
    let is = |name: &str| table.get(name).and_then(toml::Value::as_bool).unwrap_or_default();
    let language = match table.get("language").and_then(toml::Value::as_str) {
        Some("ru") => PromptLanguage::Ru,
        Some("zh") => PromptLanguage::Zh,
        _ => PromptLanguage::En,
    };
    let system = table.get("system").and_then(toml::Value::as_str).map(str::to_owned);
    PromptStyle {
        reasoning: is("reasoning"),
        state_confidence: is("state_confidence"),
        explain: is("explain"),
        language,
        system,
        template: None,
        moderates: is("moderates"),
        inspects: is("inspects"),
    }
}

/// The first call of an item.
fn views(case: &Case, task: &Task) -> (Inquiry, Arc<Item>, Vec<View>) {
    let inquiry = Inquiry::new(Arc::new(task.clone()), kind(&task.kind).unwrap(), None).expect("an inquiry");
    let item = Arc::new(item(case));
    match inquiry.next(&item, &[]) {
        Step::Ask(views) => (inquiry, item, views),
        Step::Done(done) => panic!("`{}` is done before it is asked: {done:?}", case.name),
    }
}

/// What the answers of a case say: one answer by itself, several as the calls that one item takes.
fn read(case: &Case, task: &Task) -> Option<Reading> {
    let answers: Vec<_> =
        case.blocks.iter().filter(|(info, _)| info.split(' ').next() == Some("answer")).collect();
    let refusal = case.text("refusal");
    if answers.is_empty() && refusal.is_none() {
        return None;
    }
    let kind = kind(&task.kind).unwrap();
    let (inquiry, item, mut views) = views(case, task);
    let mut heard = Vec::new();
    let blank = (String::new(), String::new());
    let mut answers = answers.into_iter().chain(refusal.map(|_| &blank));
    loop {
        for view in &views {
            let (info, text) = answers.next().expect("an answer for each call");
            let truncated_at = info
                .strip_prefix("answer cut at ")
                .and_then(|it| it.strip_suffix(" tokens"))
                .map(|n| n.parse().unwrap());
            let answer = RawAnswer { text, truncated_at, refusal };
            let reading = kind.read_answer(&view.task, &view.item, &answer);
            heard.push(Heard { reading, confidence: Confidence::Unknown(NoConfidence::NoLogprobs) });
        }
        match inquiry.next(&item, &heard) {
            Step::Ask(more) => views = more,
            Step::Done(done) => {
                assert!(answers.next().is_none(), "`{}` has answers that nobody asked for", case.name);
                return Some(done.reading);
            }
        }
    }
}

fn show(outcome: &Outcome, task: &Task) -> String {
    match outcome {
        Outcome::Labeled(Value::Spans(spans)) if !spans.is_empty() => {
            let line = |it: &karat_core::LabeledSpan| {
                format!(
                    "{}..{} {} `{}`",
                    it.span.start(),
                    it.span.end(),
                    task.schema.name(it.label),
                    it.quote
                )
            };
            spans.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        Outcome::Labeled(value)
            if !matches!(value, Value::Choice(_) | Value::Choices(_) | Value::Spans(_)) =>
        {
            format!("labeled: {}", value.to_json(&task.schema))
        }
        Outcome::Labeled(value) => {
            let names: Vec<_> = value.labels().iter().map(|it| task.schema.name(*it)).collect();
            if names.is_empty() {
                "labeled: nothing".into()
            } else {
                format!("labeled: {}", names.join(", "))
            }
        }
        Outcome::Abstained(Abstention::Unknown { .. }) => "abstained: cannot tell".into(),
        Outcome::Abstained(Abstention::Refused { .. }) => "abstained: refused".into(),
        Outcome::Unusable(why) => format!("unusable: {why}"),
        Outcome::Failed(why) => format!("failed: {why}"),
    }
}

fn show_note(note: &Note) -> String {
    let tag = note.tag();
    match note {
        Note::Alias { written } | Note::Normalized { written } | Note::Nearest { written } => {
            format!("{tag} `{written}`")
        }
        Note::Mended { what } | Note::Reshaped { what } => format!("{tag}: {what}"),
        Note::Verdict { words } => format!("{tag}: {words}"),
        Note::Mention { label, quote, alignment } => {
            let how = match alignment {
                Alignment::Exact => "exact".to_owned(),
                Alignment::Normalized => "normalized".to_owned(),
                Alignment::Fuzzy { score } => format!("fuzzy {score:.2}"),
                Alignment::Ambiguous { n_found } => format!("ambiguous, {n_found} places"),
                Alignment::Absent => "absent".to_owned(),
            };
            format!("{tag} {label} `{quote}`: {how}")
        }
        Note::UnknownMention { label, quote } => format!("{tag} {label} `{quote}`"),
        Note::RelationLost { relation, why } => format!("{tag} `{relation}`: {why}"),
        Note::Overlap { quote } => format!("{tag} `{quote}`"),
        Note::Unread { field, why } => format!("{tag} {field}: {why}"),
        _ => tag.to_owned(),
    }
}

/// Everything in which a case differs from what it says.
fn differences(case: &Case) -> Vec<String> {
    let task = task(case);
    let mut found = Vec::new();
    let mut compare = |what: &str, got: String| {
        if let Some(want) = case.text(what).filter(|want| *want != got) {
            found.push(format!("{what} is\n{got}\nand not\n{want}"));
        }
    };
    if case.text("prompt").is_some() {
        let prompter = Prompter::new(&task, kind(&task.kind).unwrap(), &style(case)).expect("a prompt");
        let (_, _, views) = views(case, &task);
        let messages = prompter.messages(&views[0], &[]).unwrap();
        let texts: Vec<&str> = messages.iter().map(|it| &*it.content).collect();
        compare("prompt", texts.join("\n---\n"));
    }
    if let Some(reading) = read(case, &task) {
        assert!(case.text("outcome").is_some(), "`{}` has an answer and no outcome", case.name);
        compare("outcome", show(&reading.outcome, &task));
        compare("notes", reading.notes.iter().map(show_note).collect::<Vec<_>>().join("\n"));
        compare("problem", reading.problem.clone().unwrap_or_else(|| "none".into()));
        compare("stated", reading.stated.map_or_else(|| "none".into(), |it| it.to_string()));
    }
    found
}

#[test]
fn every_written_case_comes_out_as_written() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tasks");
    let mut n_cases = 0;
    let mut wrong = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|it| it.extension().is_some_and(|it| it == "md")) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        for case in cases(&std::fs::read_to_string(file).unwrap()) {
            let is_checked = case.text("outcome").is_some() || case.text("prompt").is_some();
            if !is_checked {
                continue;
            }
            n_cases += 1;
            for difference in differences(&case) {
                wrong.push(format!("{name}:{} {}\n{difference}", case.line, case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {n_cases} cases differ:\n\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(n_cases > 100, "only {n_cases} cases were found");
}

#[test]
fn a_wrong_case_is_noticed() {
    let markdown = "# a\n```task\nkind = \"classify\"\nlabels = [\"x\", \"z\"]\n```\n```answer\nx\n```\n```outcome\nlabeled: y\n```\n";
    assert_eq!(differences(&cases(markdown)[0]), ["outcome is\nlabeled: x\nand not\nlabeled: y"]);
}
