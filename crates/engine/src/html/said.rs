//! One answer to an item, with those that gave it.

use super::text::{Esc, count, name};

/// How an answer without a label is written.
const NO_LABELS: [&str; 3] = ["(abstained)", "(unusable)", "(failed)"];
/// How many names are told.
const N_NAMES: usize = 16;

/// One answer with those that gave it, and whether it is the gold: by a sign and in words.
pub(crate) fn said(answer: &str, names: &[String], gold: Option<&str>, of: u64) -> String {
    let (class, sign, words) = match gold {
        _ if NO_LABELS.contains(&answer) => ("none-given", "∅", "no label · "),
        None => ("open", "·", ""),
        Some(gold) if answer == gold => ("agrees", "✓", "as gold · "),
        Some(_) => ("differs", "✗", "not gold · "),
    };
    let shown = if class == "none-given" { answer.trim_matches(['(', ')']) } else { answer };
    let mut who: Vec<String> = names.iter().take(N_NAMES).map(|it| name(it)).collect();
    if names.len() > N_NAMES {
        who.push(format!("{} more", count((names.len() - N_NAMES) as u64)));
    }
    format!(
        "<li class=\"{class}\"><span class=\"sign\" aria-hidden=\"true\">{sign}</span><div><b dir=\"auto\">{}</b> \
         <span class=\"verdict\">{words}{} of {}</span><span class=\"who\">{}</span></div></li>\n",
        Esc(shown),
        count(names.len() as u64),
        count(of),
        who.join(", ")
    )
}
