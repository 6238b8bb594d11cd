//! `karat calibrate`: from what an annotator says of its sureness to how often it is then right.

use karat_core::Result;
use karat_engine::calibrate::{Calibration, CalibrationOptions, CalibrationOutcome, Curve, calibrate, keep};
use karat_engine::evaluate::Number;
use karat_engine::panel::Keep;
use serde_json::json;

use crate::Done;
use crate::panel::PanelArgs;
use crate::voice::{Voice, count, n_of, table_of_words};

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    panel: PanelArgs,
    /// The calibrator; chosen by the amount of gold without it.
    #[arg(long, value_name = "NAME")]
    method: Option<String>,
    /// Only show; exports keep using the last calibration that was kept.
    #[arg(long)]
    dry_run: bool,
    /// The seed of folds and resampled intervals.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How often items are drawn again for an interval.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    resamples: u32,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let read = args.panel.read_with_gold(Keep::Texts, voice).await?;
    read.panel.one_question("calibrate")?;
    let options =
        CalibrationOptions { method: args.method.clone(), seed: args.seed, n_resamples: args.resamples };
    let calibrations = calibrate(&read.panel, &options)?;
    if voice.json {
        voice.event("calibrations", json!({ "calibrations": calibrations }));
    } else {
        show(&calibrations, voice);
    }
    let is_calibrated = |it: &&Calibration| matches!(it.outcome, CalibrationOutcome::Calibrated(_));
    let n = calibrations.iter().filter(is_calibrated).count();
    // A file of votes is nobody's project: there is nothing that would use what is kept.
    // The confidence of a form is that of all its answers: what it is worth for one question must not reach exports.
    if n > 0 && args.panel.question.is_some() {
        voice.say("note: nothing is kept: exports give one confidence for the whole form");
    } else if n > 0 && !args.dry_run && read.ready.is_some() {
        let n = keep(&read.store().await?, &read.panel, &calibrations).await?;
        voice
            .say(format!("{} kept: exports give calibrated confidences from now on", n_of(n, "calibration")));
    }
    Ok(if n == calibrations.len() { Done::Well } else { Done::Look })
}

fn show(calibrations: &[Calibration], voice: &mut Voice) {
    let mut rows = Vec::new();
    for calibration in calibrations {
        match &calibration.outcome {
            CalibrationOutcome::Calibrated(curve) => rows.extend(lines(calibration, curve)),
            CalibrationOutcome::Uncalibrated(why) => voice.say(format!("note: {}: {why}", calibration.name)),
        }
    }
    if rows.is_empty() {
        return;
    }
    let header =
        ["annotator", "", "n", "ECE", "by chance", "Brier", "log loss", "AUROC", "AURC", "taken at 90 %"];
    voice.out(table_of_words(&header, rows, &[0, 1]));
    voice.out("\n  ECE: how far the confidence is from how often it is right; `by chance` is what perfect scores show");
    voice.out("  after: on items that the curve had not seen");
}

/// Two or three lines: before, after, and with further evidence where that helps.
fn lines(calibration: &Calibration, curve: &Curve) -> Vec<Vec<String>> {
    let dash = || "–".to_owned();
    let mut lines = Vec::new();
    let source = calibration.source.unwrap_or_default();
    let rows = [
        (calibration.name.clone(), source.to_owned(), Some(&curve.before)),
        (String::new(), format!("after {}", curve.method), Some(&curve.after)),
        (String::new(), "with agreement and length".to_owned(), curve.combined.as_ref()),
    ];
    for (name, what, measured) in rows {
        let Some(it) = measured else { continue };
        lines.push(vec![
            name,
            what,
            count(it.ece.n),
            short(it.ece),
            format!("{:.3}", it.ece_by_chance),
            short(it.brier),
            format!("{:.3}", it.log_loss),
            it.auroc.map_or_else(dash, short),
            format!("{:.3}", it.aurc),
            it.coverage_at_90.map_or_else(dash, |share| format!("{:.0} %", share * 100.0)),
        ]);
    }
    lines
}

fn short(it: Number) -> String {
    format!("{:.3} ({:.3}–{:.3})", it.value, it.low, it.high)
}
