//! `karat prompt`: exactly what is sent for an item, and what came back for it so far.

use karat_core::{Error, Result};
use karat_engine::{Asker, item_of};
use serde_json::json;

use crate::Done;
use crate::voice::Voice;
use crate::work::{Ready, Work};

/// What can be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    work: Work,
    /// The item; the first one without it.
    #[arg(long, value_name = "ID")]
    item: Option<String>,
}

pub(crate) async fn run(args: &Args, voice: &mut Voice) -> Result<Done> {
    let ready = Ready::open(&args.work, None).await?;
    let item = item_of(&ready.setup, args.item.as_deref())?;
    for (n, asker) in ready.askers.iter().enumerate() {
        let alike = ready.askers[..n].iter().find(|it| it.annotator.prompt == asker.annotator.prompt);
        let input = asker.task().input_hash(&item);
        let question = asker.question(item.clone(), input)?;
        let sent: Vec<(&str, &str)> = question.sent();
        voice.event(
            "prompt",
            json!({"annotator": asker.annotator.name, "item": item.id, "version": asker.annotator.prompt,
                   "messages": sent, "answer_format": asker.answer_format()}),
        );
        if voice.json {
            continue;
        }
        voice.out(format!(
            "== {} · item {} · prompt {}",
            asker.annotator.name,
            item.id,
            asker.annotator.prompt.short()
        ));
        match alike {
            Some(other) => voice.out(format!("the same prompt as `{}`", other.annotator.name)),
            None => show(asker, &sent, voice)?,
        }
        for answer in karat_engine::answers_to(&ready.store, asker, &item).await? {
            voice.out(format!("\n--- answered {}\n{}", answer.about, answer.text));
        }
        voice.out("");
    }
    Ok(Done::Well)
}

fn show(asker: &Asker, sent: &[(&str, &str)], voice: &mut Voice) -> Result<()> {
    for (role, text) in sent {
        voice.out(format!("\n--- {role}\n{text}"));
    }
    let format = serde_json::to_string_pretty(asker.answer_format())
        .map_err(|error| Error::bug("the answer format does not serialize").because(error))?;
    voice.out(format!("\n--- answer format\n{format}"));
    Ok(())
}
