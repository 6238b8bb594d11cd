//! How the harness drives `karat`: the one place that knows its command line, its price file and its output.
//!
//! In: what to label. Out: a command, and an [`Audit`] of the file it wrote against what the fault server paid for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::ledger::KeyCount;
use crate::rows;
use crate::schema::Choice;

/// The labels of every benchmark.
pub const LABELS: &[&str] = &["positive", "negative", "neutral"];

/// The model's name, as the endpoint and the price file have it.
pub const MODEL: &str = "bench";

/// One labeling of a file.
pub struct Labeling<'a> {
    /// The binary.
    pub program: &'a Path,
    /// The CSV to label.
    pub file: &'a Path,
    /// The working folder, which gets the store and the output; going on is the same labeling in the same folder.
    pub folder: &'a Path,
    /// Where the endpoint is.
    pub base_url: &'a str,
    /// Calls in flight.
    pub concurrency: usize,
    /// The most US dollars it may spend, and what tokens cost.
    pub budget: Option<&'a Budget>,
}

/// A budget and the prices it is counted in.
#[derive(Debug, Clone)]
pub struct Budget {
    /// US dollars.
    pub max_cost_usd: f64,
    /// US dollars for a million prompt tokens.
    pub input: f64,
    /// US dollars for a million answer tokens.
    pub output: f64,
    /// The price file, written by [`Budget::write_prices`].
    pub prices: PathBuf,
}

impl Budget {
    /// What these tokens cost in US dollars.
    pub fn cost(&self, prompt_tokens: u64, completion_tokens: u64) -> f64 {
        (prompt_tokens as f64 * self.input + completion_tokens as f64 * self.output) / 1e6
    }

    /// Writes the price file that `--prices` names.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_prices(&self) -> Result<()> {
        let Budget { input, output, prices, .. } = self;
        let text = format!(
            "version = \"bench\"\n\n[[price]]\nendpoint = \"vllm\"\nmodel = \"{MODEL}\"\ndate = \"2026-01-01\"\n\
             input = {input}\noutput = {output}\n"
        );
        std::fs::write(prices, text).with_context(|| format!("cannot write `{}`", prices.display()))
    }
}

impl Labeling<'_> {
    /// The file that karat writes.
    pub fn out(&self) -> PathBuf {
        self.folder.join("out.csv")
    }

    /// The command; the same one again goes on where it ended.
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.current_dir(self.folder).env("NO_COLOR", "1").arg("label").arg(self.file);
        command.args(["--labels", &LABELS.join(","), "--model", &format!("vllm/{MODEL}")]);
        command.args(["--base-url", self.base_url, "--concurrency", &self.concurrency.to_string()]);
        command.args(["--id", rows::ID, "--text", rows::TEXT, "--no-ask"]).arg("-o").arg(self.out());
        // A call that is never answered costs so many seconds of one row.
        command.args(["--timeout", "5"]);
        if let Some(budget) = self.budget {
            command
                .args(["--max-cost", &budget.max_cost_usd.to_string()])
                // What is set aside for a call covers its longest answer: a limit near the true length keeps it small.
                .args(["--max-tokens", "32"])
                .arg("--prices")
                .arg(&budget.prices);
        }
        command
    }
}

/// The labels as the server takes them.
pub fn labels() -> Vec<String> {
    LABELS.iter().map(|label| (*label).to_owned()).collect()
}

/// What became of the rows of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Rows in the output.
    pub rows: u64,
    /// Rows with the label that the server gave.
    pub labeled: u64,
    /// Rows with another label than the server gave.
    pub wrong: u64,
    /// Rows of the input that the output does not have.
    pub missing: u64,
    /// Rows that the output has more than once.
    pub doubled: u64,
    /// Rows without an outcome.
    pub without_outcome: u64,
    /// Rows without a label although a readable answer was paid; missing rows count here too.
    pub lost: u64,
}

/// Compares the file at `out` with the rows that were sent and, where `keys` is given, with what was paid for them.
///
/// # Errors
/// When the file cannot be read or has no column for the id, the label or the outcome.
pub fn audit(out: &Path, n_rows: u64, seed: u64, keys: Option<&HashMap<String, KeyCount>>) -> Result<Audit> {
    let mut reader =
        csv::Reader::from_path(out).with_context(|| format!("cannot read `{}`", out.display()))?;
    let columns = Columns::find(reader.headers()?)?;
    let labels = labels();
    let was_answered = |id: &str| keys.is_none_or(|keys| keys.get(id).is_some_and(|key| key.clean > 0));
    let mut audit = Audit::default();
    let mut seen = vec![false; n_rows as usize];
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row)? {
        audit.rows += 1;
        let id = &row[columns.id];
        match rows::number(id).and_then(|n| seen.get_mut(n as usize)) {
            Some(seen) => audit.doubled += u64::from(std::mem::replace(seen, true)),
            None => bail!("`{}` has the row `{id}`, which was not sent", out.display()),
        }
        let label = &row[columns.label];
        let choice = Choice { seed, key: id, labels: &labels };
        match label {
            "" => audit.lost += u64::from(was_answered(id)),
            label if choice.label() == Some(label) => audit.labeled += 1,
            _ => audit.wrong += 1,
        }
        audit.without_outcome += u64::from(row[columns.outcome].is_empty());
    }
    let missing = seen.iter().enumerate().filter(|(_, seen)| !**seen).map(|(n, _)| n as u64);
    for n in missing {
        audit.missing += 1;
        audit.lost += u64::from(was_answered(&rows::id(n)));
    }
    Ok(audit)
}

struct Columns {
    id: usize,
    label: usize,
    outcome: usize,
}

impl Columns {
    fn find(names: &csv::StringRecord) -> Result<Columns> {
        // karat's own columns have a prefix, which may change when it collides with a column of the file.
        let find = |wanted: &str| {
            let is = |name: &str| {
                name == wanted
                    || name.ends_with(&format!("_{wanted}"))
                    || name.ends_with(&format!(".{wanted}"))
            };
            let at = names.iter().position(is);
            at.with_context(|| {
                format!("no column `{wanted}` among {}", names.iter().collect::<Vec<_>>().join(", "))
            })
        };
        let id = names.iter().position(|name| name == rows::ID).context("no column `id`")?;
        Ok(Columns { id, label: find("label")?, outcome: find("outcome")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(id: &str) -> String {
        Choice { seed: 1, key: id, labels: &labels() }.label().unwrap().to_owned()
    }

    #[track_caller]
    fn check_audit(file: &str, want: Audit) {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.csv");
        std::fs::write(&out, file).unwrap();
        let answered = KeyCount { calls: 1, paid: 1, clean: 1, faults: 0 };
        let keys = HashMap::from([
            ("item-0".to_owned(), answered),
            ("item-1".to_owned(), answered),
            ("item-2".to_owned(), KeyCount { clean: 0, ..answered }),
        ]);
        assert_eq!(audit(&out, 3, 1, Some(&keys)).unwrap(), want);
    }

    #[test]
    fn a_full_file_has_every_label_and_outcome() {
        let file = format!(
            "id,text,karat_label,karat_outcome\nitem-1,x,{},labeled\nitem-0,x,{},labeled\nitem-2,x,,unusable\n",
            label("item-1"),
            label("item-0")
        );
        check_audit(&file, Audit { rows: 3, labeled: 2, ..Audit::default() });
    }

    #[test]
    fn a_paid_answer_that_is_not_in_the_file_is_lost() {
        let file = "id,text,label,outcome\nitem-0,x,,failed\nitem-2,x,,unusable\n";
        check_audit(file, Audit { rows: 2, missing: 1, lost: 2, ..Audit::default() });
    }

    #[test]
    fn wrong_labels_doubled_rows_and_missing_outcomes_are_counted() {
        let right = label("item-0");
        let wrong = LABELS.iter().find(|label| **label != right).unwrap();
        let file = format!(
            "id,text,karat.label,karat.outcome\nitem-0,x,{wrong},labeled\nitem-0,x,{right},\nitem-1,x,{},labeled\nitem-2,x,,\n",
            label("item-1")
        );
        let want =
            Audit { rows: 4, labeled: 2, wrong: 1, doubled: 1, without_outcome: 2, ..Audit::default() };
        check_audit(&file, want);
    }

    #[test]
    fn a_foreign_row_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out.csv");
        std::fs::write(&out, "id,label,outcome\nitem-9,x,y\n").unwrap();
        assert!(audit(&out, 3, 1, None).unwrap_err().to_string().contains("`item-9`"));
    }

    #[test]
    fn a_budget_is_counted_in_dollars_per_million_tokens() {
        let budget = Budget { max_cost_usd: 1.0, input: 2.0, output: 8.0, prices: PathBuf::new() };
        assert!((budget.cost(500_000, 250_000) - 3.0).abs() < 1e-12);
    }
}
