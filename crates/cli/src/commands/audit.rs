//! `karat audit`: whether a promise is kept.

use karat_core::{Error, Result};
use karat_engine::accept::Standing;
use karat_engine::accept::audit::{Audit, check, draw, find};
use karat_engine::panel::Keep;
use karat_engine::sample::gold_column;
use serde_json::json;

use crate::Done;
use crate::panel::PanelArgs;
use crate::voice::{Voice, n_of};

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    panel: PanelArgs,
    /// The certificate; the last one without it.
    #[arg(long, value_name = "NUMBER")]
    certificate: Option<i64>,
    /// Draw so many accepted items that were not drawn before, and write them without their labels.
    #[arg(long, value_name = "N", requires = "output")]
    draw: Option<u64>,
    /// Where to write what is drawn.
    #[arg(long, short, value_name = "FILE", requires = "draw")]
    output: Option<String>,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let read = args.panel.read(Keep::Texts, voice).await?;
    let Some(store) = read.existing_store().await? else {
        return Err(
            Error::not_found("nothing was accepted yet").hint("`karat accept --error 0.05` makes a promise")
        );
    };
    let certificate = find(&store, args.certificate).await?;
    if let (Some(n), Some(file)) = (args.draw, &args.output) {
        let to = read.path(file);
        let n = draw(&store, &read.panel, read.setup(), &certificate, (n, &to)).await?;
        if n == 0 {
            return Err(Error::invalid("every accepted item was drawn before").hint(format!(
                "`karat audit{} --gold FILE` compares them with their gold",
                args.panel.again()
            )));
        }
        voice.say(format!(
            "{} drawn from what certificate {} accepted: {file}",
            n_of(n, "item"),
            certificate.id
        ));
        voice.hint(format!(
            "label them by hand in the column `{}`, top to bottom, then `karat audit{} --gold {file}`; you may stop at any time",
            gold_column(read.setup())?,
            args.panel.again()
        ));
        voice.event("drawn", json!({"certificate": certificate.id, "n": n, "file": file}));
        return Ok(Done::Well);
    }
    let audit = check(&store, &read.panel, &certificate).await?;
    if voice.json {
        voice.event("audit", json!(audit));
    } else {
        show(&audit, voice);
    }
    Ok(if audit.standing == Standing::Holds { Done::Well } else { Done::Look })
}

fn show(audit: &Audit, voice: &mut Voice) {
    let it = &audit.certificate;
    voice.out(format!(
        "certificate {}: of {} by {}, at most {:.1} % are wrong, with {:.0} % confidence",
        it.id,
        n_of(it.n_accepted, "accepted label"),
        it.by,
        it.error * 100.0,
        it.confidence * 100.0
    ));
    voice.out(format!(
        "  {} drawn, {} with gold, {} wrong; evidence against the promise {}, at its highest {}; {:.0} takes it back",
        n_of(audit.n_drawn, "item"),
        audit.n_audited,
        audit.n_wrong,
        evidence(audit.e_value),
        evidence(audit.e_peak),
        1.0 / (1.0 - it.confidence)
    ));
    if audit.n_drawn == 0 {
        voice.say("note: nothing was drawn yet, so nothing was looked at");
    } else if audit.n_audited == 0 {
        voice.say("note: none of what was drawn has gold here; name the file with it: `--gold FILE`");
    }
    match &audit.standing {
        Standing::Holds => voice.out("  it holds"),
        Standing::Changed(what) => {
            voice.out(format!("  it no longer speaks of what is here: changed are {}", what.join("; ")));
            voice.hint("`karat accept` makes a promise for what is here now");
        }
        Standing::Withdrawn(why) => {
            voice.out(format!("  WITHDRAWN: {why}"));
            voice.hint("do not use what it accepted without review; find the cause (`karat errors`), then `karat accept` anew");
        }
    }
}

fn evidence(e_value: f64) -> String {
    if e_value < 1e4 { format!("{e_value:.2}") } else { format!("{e_value:.0e}") }
}
