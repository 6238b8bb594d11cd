//! The whole binary, as a user runs it: what it prints, what it writes, how it ends.
//!
//! Snapshots hold the exit code, standard output and standard error. All answers come from the scripted stand-in.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const REVIEWS: &str = "id,review,stars\n\
    007,\"Great phone, 10/10\",positive\n\
    NA,\"Broke after\ntwo days\",negative\n\
    3,手机很好,positive\n\
    4,,negative\n\
    5,Ужасно,negative\n\
    007,Once more,positive\n";

/// A folder of its own with a file to label.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("reviews.csv"), REVIEWS).unwrap();
    folder
}

/// Runs `karat` and returns exit code, standard output and standard error as one text.
#[track_caller]
fn karat(folder: &Path, line: &str) -> String {
    let words = line.split_whitespace().collect::<Vec<_>>();
    let out = Command::new(env!("CARGO_BIN_EXE_karat"))
        .args(words)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = out.status.code().unwrap_or(-1);
    let told =
        format!("$ karat {line}\nexit {code}\n--- out\n{}--- err\n{}", text(&out.stdout), text(&out.stderr));
    told.replace(&*folder.to_string_lossy(), "FOLDER")
}

/// Runs `karat` and checks only how it ended.
#[track_caller]
fn check_exit(folder: &Path, line: &str, code: i32) -> String {
    let told = karat(folder, line);
    assert!(told.contains(&format!("\nexit {code}\n")), "{told}");
    told
}

const ONE_LINE: &str = "label reviews.csv --labels positive,negative --id id --text review --gold stars \
                        --model scripted/accuracy=1,seed=3";

#[test]
fn a_file_is_labeled_in_one_line_and_no_row_is_missing() {
    let folder = folder();
    insta::assert_snapshot!(karat(folder.path(), &format!("{ONE_LINE} -o labeled.csv")));
    insta::assert_snapshot!("labeled_csv", fs::read_to_string(folder.path().join("labeled.csv")).unwrap());
}

#[test]
fn the_same_line_goes_on_where_it_ended() {
    let folder = folder();
    check_exit(folder.path(), &format!("{ONE_LINE} --first 2"), 0);
    insta::assert_snapshot!(karat(folder.path(), ONE_LINE));
}

#[test]
fn every_format_is_written() {
    let folder = folder();
    check_exit(folder.path(), ONE_LINE, 1);
    for format in ["csv", "tsv", "jsonl", "json", "parquet", "xlsx", "csv.gz", "jsonl.zst"] {
        let line = ONE_LINE.replace("label reviews", "export reviews").replace("--gold stars", "");
        check_exit(folder.path(), &format!("{line} -o out.{format}"), 1);
        assert!(fs::metadata(folder.path().join(format!("out.{format}"))).unwrap().len() > 50, "{format}");
    }
    let first = fs::read_to_string(folder.path().join("out.jsonl")).unwrap();
    insta::assert_snapshot!(first.lines().next().unwrap());
}

#[test]
fn a_project_is_made_planned_and_labeled() {
    let folder = folder();
    let line = "init reviews.csv --labels positive,negative --id id --text review --gold stars \
                --model scripted/accuracy=1 --yes";
    insta::assert_snapshot!("init", karat(folder.path(), line));
    insta::assert_snapshot!("karat_toml", fs::read_to_string(folder.path().join("karat.toml")).unwrap());
    check_exit(folder.path(), line, 2);
    insta::assert_snapshot!("plan", karat(folder.path(), "plan"));
    insta::assert_snapshot!("prompt", karat(folder.path(), "prompt --item 3"));
    check_exit(folder.path(), "label", 1);
    insta::assert_snapshot!("status", karat(folder.path(), "status"));
    insta::assert_snapshot!("verify", karat(folder.path(), "verify"));
    insta::assert_snapshot!("evaluate", karat(folder.path(), "evaluate --html report.html"));
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("scripted/accuracy=1"), "the page names the annotator");
}

#[test]
fn a_changed_guideline_plans_everything_anew_and_the_old_labels_stay() {
    let folder = folder();
    let init =
        "init reviews.csv --labels positive,negative --id id --text review --model scripted/accuracy=1 --yes";
    check_exit(folder.path(), init, 0);
    check_exit(folder.path(), "label", 1);
    assert!(karat(folder.path(), "plan --json").contains(r#""n_calls":0"#));
    let toml = fs::read_to_string(folder.path().join("karat.toml")).unwrap();
    fs::write(folder.path().join("guideline.md"), "Stars decide.").unwrap();
    fs::write(
        folder.path().join("karat.toml"),
        toml.replace("[task]", "[task]\nguideline = \"guideline.md\""),
    )
    .unwrap();
    assert!(karat(folder.path(), "plan --json").contains(r#""n_calls":4"#));
    check_exit(folder.path(), "label", 1);
    let status = karat(folder.path(), "status");
    assert_eq!(
        status.matches("scripted/accuracy=1").count(),
        2,
        "two prompt versions are two annotators: {status}"
    );
}

#[test]
fn what_the_model_declined_is_asked_again_only_when_wanted() {
    let folder = folder();
    let line = ONE_LINE.replace("accuracy=1,seed=3", "refuse=1");
    check_exit(folder.path(), &line, 1);
    let retry = line.replace("label reviews", "retry reviews");
    assert!(check_exit(folder.path(), &retry, 1).contains("0 labeled"), "declining is no failure");
    insta::assert_snapshot!(karat(folder.path(), &format!("{retry} --abstained")));
}

#[test]
fn standard_input_is_a_file_too() {
    let folder = folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_karat"))
        .args([
            "label",
            "-",
            "--labels",
            "a,b",
            "--text",
            "text",
            "--model",
            "scripted/accuracy=1",
            "-o",
            "-",
        ])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"{\"text\":\"one\"}\n{\"text\":\"two\"}\n")
        .unwrap();
    let out = child.wait_with_output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.lines().all(|line| line.contains("\"karat_label\":\"")), "{text}");
}

#[test]
fn mistakes_are_told_with_the_next_step() {
    let folder = folder();
    fs::write(folder.path().join("karat.toml"), "[data]\nfiles = [\"reviews.csv\"]\ntext = \"review\"\n[task]\nkind = \"classify\"\nlables = [\"a\"]\n").unwrap();
    let mistakes = [
        "label",
        "label reviews.csv --model scripted/accuracy=1",
        "label reviews.csv --labels a,b",
        "label reviews.csv --labels a,b --text reveiw --model scripted/accuracy=1",
        "label reviews.csv --labels a,b --text review --model olama/qwen3:8b",
        "label reviews.csv --labels a,b --text review --model openai/gpt-4o",
        "label nothing.csv --labels a,b --text review --model scripted/accuracy=1",
        "label reviews.csv --labels a,b --kind clasify --text review --model scripted/accuracy=1",
        "evaluate reviews.csv --labels a,b --text review --model scripted/accuracy=1",
        "status --project nowhere",
        "verify --project nowhere",
    ];
    let told: Vec<String> = mistakes.iter().map(|line| check_exit(folder.path(), line, 2)).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn machines_read_events() {
    let folder = folder();
    let told = karat(folder.path(), &format!("{ONE_LINE} --json"));
    let events = told.lines().filter(|line| line.starts_with('{'));
    let names: Vec<String> = events
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].as_str().unwrap().to_owned()
        })
        .filter(|name| name != "progress")
        .collect();
    assert_eq!(names, ["problem", "problem", "end"]);
}

#[test]
fn the_reference_and_the_schema_are_printed() {
    let folder = folder();
    let page = check_exit(folder.path(), "help-markdown", 0);
    for command in [
        "init", "plan", "prompt", "label", "retry", "status", "export", "evaluate", "doctor", "schema",
        "verify",
    ] {
        assert!(page.contains(&format!("## karat {command}")), "{command}");
    }
    let schema = check_exit(folder.path(), "schema", 0);
    assert!(schema.contains("\"always_review\""));
}

#[test]
fn the_doctor_looks_at_every_endpoint_and_shows_no_key() {
    let folder = folder();
    fs::write(folder.path().join(".env"), "OPENAI_API_KEY=sk-very-secret-0123456789\n").unwrap();
    let told = karat(folder.path(), "doctor");
    for name in ["openai", "ollama", "vllm", "openrouter", "yandex", "gigachat"] {
        assert!(told.contains(name), "{name}");
    }
    assert!(told.contains("OPENAI_API_KEY is set"), "{told}");
    assert!(!told.contains("very-secret"), "{told}");
}

#[test]
fn the_report_is_one_page_and_the_same_as_json() {
    let folder = folder();
    let votes = "item,annotator,label\n1,a,x\n1,b,x\n2,a,y\n2,b,x\n3,a,x\n3,b,x\n";
    fs::write(folder.path().join("votes.csv"), votes).unwrap();
    fs::write(folder.path().join("gold.csv"), "item,gold\n1,x\n2,y\n").unwrap();
    let told = check_exit(folder.path(), "report --votes votes.csv --gold gold.csv", 0);
    assert!(told.contains("the report: karat-report.html"), "{told}");
    let page = fs::read_to_string(folder.path().join("karat-report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.contains("<section id=\"promises\""), "{page}");
    let told = check_exit(folder.path(), "report --votes votes.csv --gold gold.csv --json -o report.json", 0);
    let line = told.lines().find(|line| line.starts_with('{')).unwrap();
    let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(event["event"], "report");
    event.as_object_mut().unwrap().remove("event");
    let file = fs::read_to_string(folder.path().join("report.json")).unwrap();
    assert_eq!(event, serde_json::from_str::<serde_json::Value>(&file).unwrap());
    // A report only looks: it makes no journal where there is none.
    assert!(!folder.path().join(".karat").exists());
}

#[test]
fn the_report_of_labels_says_what_is_not_live() {
    let folder = folder();
    check_exit(folder.path(), ONE_LINE, 1);
    check_exit(folder.path(), &ONE_LINE.replacen("label", "report", 1), 0);
    let page = fs::read_to_string(folder.path().join("karat-report.html")).unwrap();
    assert!(page.contains("not live: made-up answers"), "{page}");
}

#[test]
fn kinds_are_listed_and_personal_data_is_counted_and_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        r#"{"id": "1", "text": "Пишите на anna@example.com или +7 912 345-67-89."}"#,
        r#"{"id": "2", "text": "The order 20241105-7 costs 1,200.50 EUR."}"#,
    ];
    std::fs::write(folder.path().join("data.jsonl"), rows.join("\n")).unwrap();
    let toml = "[data]\nfiles = [\"data.jsonl\"]\nid = \"id\"\ntext = \"text\"\n[task]\nkind = \"classify\"\nlabels = [\"a\", \"b\"]\n\
                [privacy]\nmask = [\"all\"]\n[[annotators]]\nmodel = \"scripted/accuracy=1\"\n";
    std::fs::write(folder.path().join("karat.toml"), toml).unwrap();
    let shown = ["kinds", "mask", "mask --list"].map(|line| karat(folder.path(), line));
    insta::assert_snapshot!("kinds_and_mask", shown.join("\n"));
    let prompt = karat(folder.path(), "prompt --item 1");
    assert!(prompt.contains("[EMAIL_1]") && prompt.contains("[PHONE_1]"), "{prompt}");
    assert!(!prompt.contains("anna@example.com") && !prompt.contains("912"), "{prompt}");
}
