//! `karat help-markdown`: the reference of all commands, from the flags themselves.

use clap::{Arg, Command};
use karat_core::Result;

use crate::Done;
use crate::voice::Voice;

/// Nothing can be given.
#[derive(clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, mut cli: Command, voice: &mut Voice) -> Result<Done> {
    cli.build();
    let mut page = vec![
        "# Commands".to_owned(),
        String::new(),
        "Made by `cargo xtask codegen` from the binary itself.".to_owned(),
        String::new(),
        "Exit codes: 0 done; 1 done, and something needs a look; 2 not done. Data goes to standard output, words to \
         standard error."
            .to_owned(),
    ];
    for command in cli.get_subcommands().filter(|command| !command.is_hide_set()) {
        section(command, &mut page);
    }
    voice.out(page.join("\n"));
    Ok(Done::Well)
}

fn section(command: &Command, page: &mut Vec<String>) {
    let mut usage = command.clone().render_usage().to_string();
    if let Some(rest) = usage.strip_prefix("Usage: ") {
        usage = rest.to_owned();
    }
    page.push(format!("\n## karat {}\n", command.get_name()));
    page.push(command.get_about().map(ToString::to_string).unwrap_or_default());
    page.push(format!("\n```text\n{usage}\n```\n"));
    let args: Vec<&Arg> =
        command.get_arguments().filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version")).collect();
    page.push("| option | meaning |".to_owned());
    page.push("|---|---|".to_owned());
    for arg in args {
        let about = arg.get_help().map(|help| help.to_string().replace('|', "\\|")).unwrap_or_default();
        page.push(format!("| `{}` | {about}{} |", name(arg), default(arg)));
    }
}

fn name(arg: &Arg) -> String {
    let values: Vec<String> =
        arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    let takes_value = arg.get_num_args().is_none_or(|n| n.takes_values());
    let mut words: Vec<String> = Vec::new();
    words.extend(arg.get_short().map(|short| format!("-{short}")));
    words.extend(arg.get_long().map(|long| format!("--{long}")));
    let flag = words.join(", ");
    match (flag.is_empty(), takes_value) {
        (true, _) => format!("[{}]", values.join(" ")),
        (false, true) => format!("{flag} <{}>", values.join(" ")),
        (false, false) => flag,
    }
}

fn default(arg: &Arg) -> String {
    let values: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    let takes_value = arg.get_num_args().is_none_or(|n| n.takes_values());
    if values.is_empty() || !takes_value {
        String::new()
    } else {
        format!(" Default: `{}`", values.join(" "))
    }
}
