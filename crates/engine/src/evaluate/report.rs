//! What an evaluation found, as plain tables: the terminal, `--json` and the HTML page all draw from this one shape.
//!
//! The JSON form is this file: field names as they stand, `null` for what is undefined. `version` changes when they do.

use std::collections::BTreeMap;

use karat_core::MicroUsd;
use serde::Serialize;

/// The version of the JSON form.
pub const REPORT_VERSION: u32 = 2;

/// A number with what is needed to judge it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Number {
    /// The number.
    pub value: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end of its interval.
    pub high: f64,
    /// On how many items, labels or spans it stands.
    pub n: u64,
}

/// In what a number is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A share from 0 to 1, shown in percent.
    Share,
    /// A number as it is: an error in the unit of the scale, a correlation.
    Number,
}

/// A named number; `None` where it is undefined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metric {
    /// The name, as in tables: `accuracy`.
    pub name: &'static str,
    /// What it counts, in a few words.
    pub about: &'static str,
    /// In what it is counted.
    pub unit: Unit,
    /// The number.
    pub number: Option<Number>,
}

/// How good all annotators are on the same gold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The version of this form.
    pub version: u32,
    /// The project's name; may be empty.
    pub name: String,
    /// The kind of what is measured.
    pub kind: String,
    /// The question of a form, where one is measured.
    pub question: Option<String>,
    /// Up to which distance from the gold a value is right.
    pub tolerance: f64,
    /// Where the gold comes from: a column, or a file.
    pub gold: String,
    /// Items in the data.
    pub n_items: u64,
    /// Of these, items with gold.
    pub n_gold: u64,
    /// The level of all intervals.
    pub level: f64,
    /// The seed of the resampled intervals.
    pub seed: u64,
    /// The annotators, the best by its headline first.
    pub annotators: Vec<Judged>,
    /// Whether the best annotator differs from each other on the same items.
    pub comparisons: Vec<Versus>,
    /// Items on which annotators differ, most divided first.
    pub disagreements: Vec<Disagreement>,
    /// Gold that could not be read, and why.
    pub problems: Vec<String>,
}

/// One annotator, judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// Its model, with the endpoint or the recording.
    pub model: String,
    /// `live`, `replay` or `scripted`.
    pub nature: &'static str,
    /// What came of the items with gold.
    pub counts: Counts,
    /// Why items have no label, by class.
    pub reasons: BTreeMap<String, u64>,
    /// The number by which annotators are ranked: failures count against it.
    pub headline: Metric,
    /// All numbers over the whole set.
    pub metrics: Vec<Metric>,
    /// One row for each label.
    pub labels: Vec<LabelRow>,
    /// Which label was taken for which; for kinds with one label an item.
    pub confusion: Option<Confusion>,
    /// What became of the spans; for spans.
    pub spans: Option<Vec<SpanRow>>,
    /// One row for each question of a form, or for each field; for values that have parts.
    pub parts: Vec<PartRow>,
    /// Money and time.
    pub cost: Cost,
}

/// One part of a value: a question of a form, a field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartRow {
    /// Its name; of a field in a group its path, `items.price`.
    pub part: String,
    /// The kind of the question, or the type of the field.
    pub kind: String,
    /// How often the gold has it.
    pub n_gold: u64,
    /// How often it was given on items with gold.
    pub n_given: u64,
    /// The number by which its kind is judged; for fields F1 over their values.
    pub headline: Metric,
    /// How often all of it is right, of all asked; failures count as wrong.
    pub exact: Option<Number>,
}

/// What came of the items with gold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// With a label.
    pub labeled: u64,
    /// The annotator declined.
    pub abstained: u64,
    /// An answer that is no label.
    pub unusable: u64,
    /// No answer.
    pub failed: u64,
    /// Not asked yet. Left out of all scores.
    pub not_yet: u64,
}

/// Precision, recall and F1 of one label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelRow {
    /// The label.
    pub label: String,
    /// How often it is gold.
    pub support: u64,
    /// How often it was given.
    pub n_predicted: u64,
    /// Of those given, the right ones.
    pub precision: Option<Number>,
    /// Of those that are gold, the found ones.
    pub recall: Option<Number>,
    /// The harmonic mean of the two.
    pub f1: Option<Number>,
}

/// Which label was taken for which.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confusion {
    /// The labels and then the outcomes that are no labels.
    pub columns: Vec<String>,
    /// One row for each gold label: its name and the counts of each column.
    pub rows: Vec<(String, Vec<u64>)>,
}

/// What became of the spans of one label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpanRow {
    /// The label; `all` for the sum.
    pub label: String,
    /// Same borders, same label.
    pub right: u64,
    /// Same label, overlapping.
    pub wrong_border: u64,
    /// Same borders, other label.
    pub wrong_type: u64,
    /// Overlapping, other label.
    pub wrong_both: u64,
    /// Gold that nothing answers.
    pub missed: u64,
    /// Found where there is no gold.
    pub invented: u64,
}

/// Money and time of one annotator, over all its calls.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Cost {
    /// What was spent, in millionths of a dollar; `None` where there is no price or no count of tokens.
    pub micro_usd: Option<MicroUsd>,
    /// Whether the cost is an estimate from counted tokens, not a bill.
    pub estimated: bool,
    /// Dollars for each right label, over the items with gold, at the mean cost of a call.
    pub usd_per_correct: Option<f64>,
    /// Seconds of waiting for each right label, likewise; `None` where the latency is not known.
    pub seconds_per_correct: Option<f64>,
    /// Calls that were answered.
    pub n_calls: u64,
    /// Tokens sent.
    pub tokens_in: u64,
    /// Tokens received.
    pub tokens_out: u64,
}

/// The best annotator against another on the items that both were asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Versus {
    /// The best by its headline.
    pub best: String,
    /// The other.
    pub other: String,
    /// The difference of their effective accuracies; of values that can be right in part, of their effective likeness.
    pub difference: Option<Number>,
    /// The two-sided p-value of McNemar's exact test; of likeness, of the sign-flip test.
    pub p_value: f64,
}

/// An item on which annotators differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Disagreement {
    /// The item.
    pub item: String,
    /// Its text, clipped.
    pub text: String,
    /// What else the annotators saw.
    pub context: Vec<(String, String)>,
    /// The gold.
    pub gold: String,
    /// The answers with the annotators that gave them, the most frequent answer first.
    pub answers: Vec<(String, Vec<String>)>,
}
