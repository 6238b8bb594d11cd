//! Runs the cases written in Markdown under `tests/tasks/`.
//!
//! A heading is the name of a case. Fenced blocks give its parts: `task` (TOML as in `karat.toml`, with the guideline as
//! text), `style`, `item`, `context`, `answer` (`answer cut at 40 tokens`), `refusal`; and what must come: `outcome`, and
//! where given `notes`, `problem`, `stated`, `prompt`. A case without a `task`, `style` or `item` has that of the case
//! before it in the file. A block may be fenced with more backticks than it holds.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test reads files"
)]

use karat_core::{
    Abstention, Alignment, DataSpec, Fields, Item, ItemId, Note, Outcome, PolicySpec, Task, TaskSpec, Value,
};
use karat_task::{PromptStyle, Prompter, RawAnswer, Reading, kind};

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
            let kept = |info: &str| ["task", "style", "item", "context"].contains(&info);
            let blocks =
                cases.last().map(|last| last.blocks.iter().filter(|(info, _)| kept(info)).cloned().collect());
            let name = name.trim_start_matches('#').trim().to_owned();
            cases.push(Case { name, line: n + 1, blocks: blocks.unwrap_or_default() });
        }
    }
    assert!(open.is_none(), "a block is not closed");
    let known = [
        "task", "style", "item", "context", "answer", "refusal", "outcome", "notes", "problem", "stated",
        "prompt",
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
    let data =
        DataSpec { text: "text".into(), context: context.keys().cloned().collect(), ..DataSpec::default() };
    Task::new(&spec, &data, &PolicySpec::default(), guideline).expect("a sound task")
}

fn item(case: &Case) -> Item {
    let context: toml::Table =
        toml::from_str(case.text("context").unwrap_or_default()).expect("context in TOML");
    let mut fields: Fields =
        context.into_iter().map(|(name, text)| (name, text.as_str().unwrap_or_default().into())).collect();
    fields.insert("text".into(), case.text("item").unwrap_or_default().into());
    Item { id: ItemId::new("1"), row: 1, fields }
}

fn style(case: &Case) -> PromptStyle {
    let table: toml::Table = toml::from_str(case.text("style").unwrap_or_default()).expect("a style in TOML");
    let is = |name: &str| table.get(name).and_then(toml::Value::as_bool).unwrap_or_default();
    PromptStyle { reasoning: is("reasoning"), state_confidence: is("state_confidence"), template: None }
}

fn read(case: &Case, task: &Task) -> Option<Reading> {
    let answer = case.block("answer");
    let refusal = case.text("refusal");
    let (info, text) = answer.or(refusal.map(|_| ("", "")))?;
    let truncated_at = info
        .strip_prefix("answer cut at ")
        .and_then(|it| it.strip_suffix(" tokens"))
        .map(|n| n.parse().unwrap());
    Some(kind(&task.kind).unwrap().read_answer(task, &item(case), &RawAnswer { text, truncated_at, refusal }))
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
        Note::Overlap { quote } => format!("{tag} `{quote}`"),
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
        let messages = prompter.messages(&item(case)).unwrap();
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
    let markdown = "# a\n```task\nkind = \"classify\"\nlabels = [\"x\"]\n```\n```answer\nx\n```\n```outcome\nlabeled: y\n```\n";
    assert_eq!(differences(&cases(markdown)[0]), ["outcome is\nlabeled: x\nand not\nlabeled: y"]);
}
