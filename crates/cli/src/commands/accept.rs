//! `karat accept`: what may go without review, with a promise on the error among it.

use karat_core::Result;
use karat_engine::accept::{
    AcceptOptions, AcceptReport, Answer, AnswerVerdict, accept, inside, issue, write_accepted,
};
use karat_engine::evaluate::Number;
use karat_engine::judged::rehearse;
use karat_engine::panel::{Keep, Panel, Plain};
use serde_json::json;

use crate::Done;
use crate::panel::PanelArgs;
use crate::voice::{Voice, count, n_of, table};

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    panel: PanelArgs,
    /// The largest share of wrong labels among the accepted.
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    error: f64,
    /// How sure the promise is.
    #[arg(long, value_name = "SHARE", default_value_t = 0.95)]
    confidence: f64,
    /// Whose labels: an annotator, or `consensus`; without it the only annotator's, or the consensus of several.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// A promise for each label of its own, at the same confidence for all together.
    #[arg(long)]
    per_label: bool,
    /// Promise for items yet to come from the same source too, not for these items alone.
    #[arg(long)]
    for_source: bool,
    /// The share of the gold from which the consensus learns; the rest tests it.
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    teach: f64,
    /// Take only so many gold items for known, and say how the promise held on the others. Nothing is kept.
    #[arg(long, value_name = "N")]
    rehearse: Option<usize>,
    /// Write every row with its label and where it goes: accept, review or settled.
    #[arg(long, short, value_name = "FILE")]
    output: Option<String>,
    /// The seed of the division of the gold.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let mut read = args.panel.read_with_gold(Keep::Texts, voice).await?;
    read.panel.one_question("accept")?;
    let hidden = match args.rehearse {
        Some(n) => Some(rehearse(&mut read.panel, n, args.seed)?),
        None => None,
    };
    let drawn = match (&hidden, read.existing_store().await?) {
        (None, Some(store)) => inside(&store, &read.panel).await?,
        _ => None,
    };
    if let Some(drawn) = &drawn {
        voice.say(format!(
            "note: sample {} was drawn for a promise: it tests, all other gold teaches",
            drawn.sample
        ));
    }
    let options = AcceptOptions {
        inside: drawn,
        error: args.error,
        confidence: args.confidence,
        by: args.by.clone(),
        per_label: args.per_label,
        for_source: args.for_source,
        teach: args.teach,
        seed: args.seed,
    };
    let report = accept(&read.panel, &options)?;
    let certificate = match &hidden {
        None if report.n_accepted > 0 => issue(&read.store().await?, &read.panel, &report, &options).await?,
        _ => None,
    };
    let id = certificate.as_ref().map(|it| it.id);
    if let Some(file) = &args.output {
        let n = write_accepted(&read.panel, read.setup(), &report, id, &read.path(file)).await?;
        voice.say(format!("{} written: {file}", n_of(n, "row")));
    }
    let rehearsed = hidden.map(|hidden| rehearsed(&read.panel, &report, &hidden));
    if voice.json {
        voice.event("accept", json!({"report": report, "certificate": certificate, "rehearsal": rehearsed}));
    } else {
        show(&report, voice);
        if let Some((n, n_wrong)) = rehearsed {
            voice.out(told_rehearsal(n, n_wrong));
        }
    }
    if let Some(id) = id {
        voice.say(format!(
            "kept as certificate {id}; it holds for this data, guideline, gold and these annotators"
        ));
        voice.hint(format!(
            "`karat audit{} --draw 60 -o audit.csv`, with the same gold, draws accepted items to watch the promise with",
            args.panel.again()
        ));
    }
    Ok(if report.n_accepted > 0 { Done::Well } else { Done::Look })
}

fn told_rehearsal(n: u64, n_wrong: u64) -> String {
    if n == 0 {
        return "\n  the rehearsal: nothing was accepted that has gold, so there is nothing to count"
            .to_owned();
    }
    let share = n_wrong as f64 / n as f64 * 100.0;
    format!(
        "\n  the rehearsal: of {} accepted with gold that was hidden, {} wrong ({share:.1} %)",
        n_of(n, "item"),
        count(n_wrong) + if n_wrong == 1 { " is" } else { " are" }
    )
}

/// Accepted items whose gold was hidden, and how many of them are wrong.
fn rehearsed(panel: &Panel, report: &AcceptReport, hidden: &[Option<Plain>]) -> (u64, u64) {
    let known = (0..panel.n_items()).filter(|item| report.accepted[*item] && hidden[*item].is_some());
    let is_wrong = |item: usize| match (&report.labels[item], &hidden[item]) {
        (Some(label), Some(gold)) => !panel.fits(label, gold),
        _ => true,
    };
    known.fold((0, 0), |(n, wrong), item| (n + 1, wrong + u64::from(is_wrong(item))))
}

fn show(report: &AcceptReport, voice: &mut Voice) {
    let taught = match report.n_taught {
        0 => String::new(),
        n => format!(", {} taught it", count(n)),
    };
    voice.out(format!(
        "labels of {}: {} without gold; {} test them{taught}\n",
        report.by,
        n_of(report.n_pool, "item"),
        n_of(report.n_tested, "gold item"),
    ));
    for answer in &report.answers {
        voice.out(format!("  {}", sentence(report, answer)));
    }
    if report.answers.len() > 1 && report.n_accepted > 0 {
        let share = report.coverage.map_or(String::new(), |share| format!(" ({:.1} %)", share * 100.0));
        voice.out(format!("  together: {}{share}", n_of(report.n_accepted, "item")));
    }
    let errors = &report.errors;
    if report.n_accepted > 0 {
        let rows = [
            ("among the accepted", &errors.accepted),
            ("of people, against the settled gold", &errors.people),
            ("of the whole, if people label the rest so", &errors.whole),
        ];
        let rows = rows.map(|(name, number)| vec![name.to_owned(), share(number)]);
        voice.out(format!("\n{}", table(&["error", "seen (95 % interval)"], rows.to_vec())));
    }
    if report.table.is_empty() {
        return;
    }
    let scores = apart(&report.table.iter().map(|it| it.threshold).collect::<Vec<_>>());
    let rows = report.table.iter().zip(scores).map(|(it, score)| {
        vec![
            score,
            format!("{:.1} %", it.coverage * 100.0),
            format!("{} of {}", it.n_wrong, it.n_gold),
            format!("{:.1} %", it.error * 100.0),
            format!("{:.1} %", it.bound_alone * 100.0),
        ]
    });
    let header = ["score from", "coverage", "wrong", "error", "at most, alone"];
    voice.out(format!("\n{}", table(&header, rows.collect())));
    voice.out("\n  a row of this table is no promise: whoever picks one has looked at all of them");
}

/// Numbers with three decimals, or as many more as tell them apart.
fn apart(numbers: &[f64]) -> Vec<String> {
    let with = |n: usize| numbers.iter().map(|it| format!("{it:.n$}")).collect::<Vec<_>>();
    let differ = |told: &Vec<String>| told.windows(2).all(|two| two[0] != two[1]);
    (3..9).map(with).find(differ).unwrap_or_else(|| with(9))
}

fn sentence(report: &AcceptReport, answer: &Answer) -> String {
    let of = answer.label.as_ref().map(|label| format!("`{label}`: ")).unwrap_or_default();
    match &answer.verdict {
        AnswerVerdict::Accept { threshold, n_gold, n_wrong, bound, n_pool } => {
            let share = match report.n_pool {
                0 => String::new(),
                n => format!(" ({:.1} % of those without gold)", *n_pool as f64 / n as f64 * 100.0),
            };
            format!(
                "{of}{} with a score from {threshold:.3} may go without review{share}: \
                 with {:.0} % confidence at most {:.1} % of them are wrong \
                 ({n_wrong} of {n_gold} tested were; bound {:.1} %)",
                n_of(*n_pool, "item"),
                report.confidence * 100.0,
                report.error * 100.0,
                bound * 100.0,
            )
        }
        AnswerVerdict::Nothing { why, more_gold } => {
            let more = match more_gold {
                Some(n) if *n > report.n_pool => {
                    let are = if report.n_pool == 1 { "is" } else { "are" };
                    format!(
                        "about {} more would do, and {} {are} left",
                        n_of(*n, "reviewed item"),
                        count(report.n_pool)
                    )
                }
                Some(n) => format!("about {} more would do", n_of(*n, "reviewed item")),
                None => "no number of reviews would do: the labels are not good enough".to_owned(),
            };
            format!("{of}nothing may go without review: {why}; {more}")
        }
    }
}

fn share(number: &Option<Number>) -> String {
    number.as_ref().map_or_else(
        || "not known".to_owned(),
        |it| format!("{:.1} % ({:.1}–{:.1})", it.value * 100.0, it.low * 100.0, it.high * 100.0),
    )
}
