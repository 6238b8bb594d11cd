//! The items to read first, as cards: text, gold, and who said what.

use super::super::{Divided, Report};
use super::part;
use crate::html::said::said;
use crate::html::section;
use crate::html::text::{Esc, counted};

/// The part.
pub(super) fn disagreements(report: &Report) -> String {
    let body = part(&report.disagreements, |all| {
        let cards: String = all.iter().map(card).collect();
        format!(
            "<p>{}. Where all are sure and gold says otherwise, look at the gold; where they are divided, at the guideline.</p>\n\
             <div class=\"cards\">\n{cards}</div>\n",
            counted(all.len() as u64, "item that teaches most", "items that teach most")
        )
    });
    section("disagreements", "What to read first", &body)
}

fn card(it: &Divided) -> String {
    let of: u64 = it.answers.iter().map(|(_, names)| names.len() as u64).sum();
    let gold = it.gold.as_deref();
    let answers: String = it.answers.iter().map(|(answer, names)| said(answer, names, gold, of)).collect();
    let text = if it.text.is_empty() {
        String::new()
    } else {
        format!("<blockquote dir=\"auto\">{}</blockquote>\n", Esc(&it.text))
    };
    let context = if it.context.is_empty() {
        String::new()
    } else {
        format!("<p class=\"context\" dir=\"auto\">{}</p>\n", Esc(&it.context))
    };
    let tagged = |tag: &str, value: &str| {
        format!("<span class=\"tag\">{tag}</span> <b dir=\"auto\">{}</b> ", Esc(value))
    };
    let gold = gold.map_or(String::new(), |it| tagged("gold", it));
    let together = it.consensus.as_ref().map_or_else(
        || {
            if it.answers.len() > 1 {
                "<span class=\"about\">together: a tie</span>".to_owned()
            } else {
                String::new()
            }
        },
        |it| format!("<span class=\"about\">together: <b dir=\"auto\">{}</b></span>", Esc(it)),
    );
    format!(
        "<article class=\"card\">\n<h3 class=\"item\">item <code dir=\"auto\">{}</code> · {}</h3>\n{text}{context}\
         <p class=\"gold\">{gold}{together}</p>\n<ul class=\"said\">\n{answers}</ul>\n</article>\n",
        Esc(&it.item),
        it.why
    )
}
