//! `karat schema`: the JSON Schema of `karat.toml`, for editors.

use karat_core::{Error, Result, project_schema};

use crate::Done;
use crate::voice::Voice;

/// Nothing can be given.
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, voice: &mut Voice) -> Result<Done> {
    let schema = serde_json::to_string_pretty(&project_schema())
        .map_err(|error| Error::bug("the schema does not serialize").because(error))?;
    voice.out(schema);
    Ok(Done::Well)
}
