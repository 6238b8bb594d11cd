//! What to do next: a few sentences computed from the numbers, the most urgent first.

use karat_stats::calibrate::MIN_GOLD;
use serde::Serialize;

use super::{Promise, Report};
use crate::accept::{AnswerVerdict, Standing};
use crate::errors::{Errors, MemberErrors};
use crate::html::text::{count, counted, percent};

/// The most sentences: who reads ten does none of them.
const N_STEPS: usize = 6;
/// So many audited items say whether a promise is kept.
const N_AUDIT: u64 = 60;
/// An item without gold in so many is no reason for a promise.
const LITTLE: u64 = 20;
/// So much gold tells a first accuracy.
const N_GOLD: u64 = 200;

/// A next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What to do and why; literals stand between backticks.
    pub say: String,
    /// The command that does it.
    pub command: Option<String>,
}

/// The steps that the numbers call for.
pub(super) fn next(report: &Report, suspects: Option<&Errors>) -> Vec<Step> {
    let mut steps: Vec<Step> = report.promises.given.last().and_then(promise).into_iter().collect();
    steps.extend(gold(report));
    steps.extend(unasked(report));
    steps.extend(without_label(report));
    steps.extend(suspects.and_then(suspect_labels));
    steps.extend(suspects.and_then(guideline));
    steps.extend(acceptable(report));
    steps.extend(suspects.and_then(|it| erring(report, it)));
    steps.extend(uncalibrated(report));
    steps.extend(one_is_enough(report));
    steps.extend(questions(report));
    of_question(report, &mut steps);
    steps.truncate(N_STEPS);
    if steps.is_empty() {
        steps.push(step(
            "Nothing calls for a look: write the labels out and use them.",
            "karat export -o labeled.csv",
        ));
    }
    steps
}

fn step(say: impl Into<String>, command: &str) -> Step {
    Step { say: say.into(), command: (!command.is_empty()).then(|| command.to_owned()) }
}

/// Of a whole form: that each question has a report of its own.
fn questions(report: &Report) -> Option<Step> {
    let first = report.questions.first()?;
    let say = "The numbers here are of whole forms: each question has a report of its own.";
    Some(step(say, &format!("karat report --question {first} -o {first}.html")))
}

/// What is not done with whole forms is left out, and commands name the question that the report is about.
fn of_question(report: &Report, steps: &mut Vec<Step>) {
    let begins = |it: &Step, with: &[&str]| {
        it.command.as_ref().is_some_and(|command| with.iter().any(|name| command.starts_with(name)))
    };
    if !report.questions.is_empty() {
        steps
            .retain(|it| !begins(it, &["karat accept", "karat audit", "karat calibrate", "karat consensus"]));
        steps
            .retain(|it| !it.command.as_ref().is_some_and(|command| command.contains("--design acceptance")));
    }
    let Some(question) = &report.question else { return };
    for step in steps.iter_mut().filter(|it| !begins(it, &["karat label", "karat retry", "karat export"])) {
        if let Some(command) = &mut step.command {
            command.push_str(&format!(" --question {question}"));
        }
    }
}

/// What the last promise calls for.
fn promise(last: &Promise) -> Option<Step> {
    let (id, error) = (last.certificate.id, last.certificate.error);
    let again = format!("karat accept --error {error}");
    match &last.standing {
        Standing::Withdrawn(_) => Some(step(
            format!(
                "Promise {id} was withdrawn: look at what went under it before it is used, then ask for a new one."
            ),
            &again,
        )),
        Standing::Changed(what) => Some(step(
            format!(
                "Promise {id} no longer covers this project, because {} changed: ask for a new one.",
                what.join(", ")
            ),
            &again,
        )),
        Standing::Holds if last.audit.n_drawn == 0 => Some(step(
            format!("Promise {id} has not been watched yet: draw accepted items and label them by hand."),
            &format!("karat audit --draw {N_AUDIT} -o audit.csv"),
        )),
        Standing::Holds if last.audit.n_audited < last.audit.n_drawn => Some(step(
            format!(
                "{} that were drawn to watch promise {id} wait for their gold.",
                counted(last.audit.n_drawn - last.audit.n_audited, "item", "items")
            ),
            "karat audit --gold audit.csv",
        )),
        Standing::Holds => None,
    }
}

fn gold(report: &Report) -> Option<Step> {
    let labeled = &report.labeled;
    if labeled.n_gold > 0 || labeled.n_items == 0 {
        return None;
    }
    let n = N_GOLD.min(labeled.n_items);
    Some(step(
        format!(
            "Label {} drawn at random by hand and name them as gold: without gold nothing here is measured.",
            counted(n, "item", "items")
        ),
        &format!("karat sample {n} -o gold.csv"),
    ))
}

fn unasked(report: &Report) -> Option<Step> {
    let models = report.labeled.annotators.iter().filter(|it| it.prompt.is_some());
    let n: u64 = models.map(|it| it.counts.not_yet).sum();
    (n > 0).then(|| {
        step(format!("{} of models are still to be asked for.", counted(n, "label", "labels")), "karat label")
    })
}

fn without_label(report: &Report) -> Option<Step> {
    // A recording has the same answer again.
    let models =
        || report.labeled.annotators.iter().filter(|it| it.prompt.is_some() && it.not_live.is_none());
    let n = |it: &super::Asked| it.counts.unusable + it.counts.failed;
    let all: u64 = models().map(n).sum();
    let most = models().max_by_key(|it| n(it))?;
    let asked: u64 = models().map(|it| it.counts.labeled + it.counts.abstained + n(it)).sum();
    // One in a hundred is the usual loss, and no reason to do anything.
    if all * 100 < asked || all == 0 {
        return None;
    }
    Some(step(
        format!(
            "{} brought no label, {} of them from `{}`: ask again, or give it more room to answer.",
            counted(all, "answer", "answers"),
            count(n(most)),
            most.name
        ),
        "karat retry",
    ))
}

fn suspect_labels(errors: &Errors) -> Option<Step> {
    let n = errors.suspects.len() as u64;
    if n == 0 {
        return None;
    }
    let what = match errors.of.as_str() {
        "gold" => counted(n, "gold label is suspect", "gold labels are suspect"),
        _ => counted(n, "label of the consensus is suspect", "labels of the consensus are suspect"),
    };
    let about = match errors.n_wrong.filter(|wrong| *wrong > 0) {
        Some(wrong) => {
            format!(", and about {} of {} are estimated to be wrong", count(wrong), count(errors.n_labels))
        }
        None => format!(" of {}", count(errors.n_labels)),
    };
    Some(step(format!("{what}{about}: read them, the most suspect first."), "karat errors -o review.csv"))
}

fn guideline(errors: &Errors) -> Option<Step> {
    let pair = errors.confusions.iter().find(|it| it.common)?;
    Some(step(
        format!(
            "`{}` is taken for `{}` by {} annotators, in {} of all labels on such items: look at the guideline.",
            pair.right,
            pair.given,
            count(pair.n_members),
            percent(pair.share)
        ),
        "",
    ))
}

fn acceptable(report: &Report) -> Option<Step> {
    let possible = report.promises.possible.known()?;
    // Where nearly all items have gold there is little to accept; a promise that was given calls for its own step.
    let is_settled = possible.n_pool * LITTLE < report.labeled.n_items;
    if is_settled || possible.n_pool == 0 || !report.promises.given.is_empty() {
        return None;
    }
    let terms =
        format!("at most {} wrong with {} confidence", percent(possible.error), percent(possible.confidence));
    let command = format!("karat accept --error {}", possible.error);
    if possible.n_accepted > 0 {
        let share = possible.coverage.map_or(String::new(), |share| format!(" ({})", percent(share)));
        return Some(step(
            format!(
                "{}{share} could go without review under a promise of {terms}.",
                counted(possible.n_accepted, "item", "items")
            ),
            &command,
        ));
    }
    let AnswerVerdict::Nothing { more_gold, .. } = &possible.answers.first()?.verdict else { return None };
    Some(match more_gold {
        Some(n) => step(
            format!(
                "A promise of {terms} needs about {} more.",
                counted(*n, "reviewed item", "reviewed items")
            ),
            &format!("karat sample {n} --design acceptance --error {} -o gold.csv", possible.error),
        ),
        None => step(
            format!(
                "No number of reviews gives a promise of {terms}: the labels are not good enough; better the guideline or the models."
            ),
            "",
        ),
    })
}

fn erring(report: &Report, errors: &Errors) -> Option<Step> {
    let told = |it: &MemberErrors| match it.error {
        Some(error) => format!(
            "{} of {} against {}",
            percent(error.value),
            counted(error.n, "label", "labels"),
            it.against
        ),
        None => String::new(),
    };
    // The times of a recording are those of its reading.
    let is_live =
        |name: &str| report.labeled.annotators.iter().any(|it| it.name == name && it.not_live.is_none());
    let drifting = errors.members.iter().find(|it| it.drifts && is_live(&it.name));
    if let Some(it) = drifting {
        return Some(step(
            format!("`{}` errs more and more over time: look at its last labels first.", it.name),
            "",
        ));
    }
    let mut worst: Vec<&MemberErrors> = errors.members.iter().filter(|it| it.stands_out).collect();
    // Whose errors are the most harm: a rate over seven labels is none.
    let n_wrong = |it: &MemberErrors| it.error.map_or(0.0, |it| it.value * it.n as f64);
    worst.sort_by(|a, b| n_wrong(b).total_cmp(&n_wrong(a)).then_with(|| a.name.cmp(&b.name)));
    let first = worst.first()?;
    let others = match worst.len() {
        1 => String::new(),
        n => format!(", and {} more do", n - 1),
    };
    Some(step(
        format!(
            "`{}` errs more than most ({}){others}: leave it out, or tell it more.",
            first.name,
            told(first)
        ),
        "karat errors",
    ))
}

fn uncalibrated(report: &Report) -> Option<Step> {
    let all = report.confidence.known()?;
    let few = all.iter().filter(|it| it.why_not.is_some() && it.n < MIN_GOLD as u64);
    let most = few.max_by_key(|it| it.n)?;
    let missing = MIN_GOLD as u64 - most.n;
    Some(step(
        format!(
            "The confidence of `{}` is not calibrated: {} with its label would do.",
            most.name,
            counted(missing, "more gold item", "more gold items")
        ),
        "karat calibrate",
    ))
}

fn one_is_enough(report: &Report) -> Option<Step> {
    let quality = report.quality.known()?;
    let (name, best) = quality.best.as_ref()?;
    let all = quality.consensus?;
    if quality.members.len() < 2 || best.value < all.value {
        return None;
    }
    Some(step(
        format!(
            "`{name}` alone is as good as all of them together ({} beside {}): the others may be left out.",
            percent(best.value),
            percent(all.value)
        ),
        "karat compare",
    ))
}
