//! Items on which annotators differ, as cards: the text, what else was seen, the gold, and who said what.

use crate::evaluate::report::{Disagreement, Report};
use crate::html::said::said;
use crate::html::section;
use crate::html::text::{Esc, counted, name};

/// The cards, the most divided first.
pub(super) fn disagreements(report: &Report) -> String {
    if report.disagreements.is_empty() {
        return String::new();
    }
    let cards: String = report.disagreements.iter().map(card).collect();
    let n = report.disagreements.len() as u64;
    let body = format!(
        "<p>{}, the most divided first. Where many annotators agree against gold, look at the gold too.</p>\n\
         <div class=\"cards\">\n{cards}</div>\n",
        counted(n, "item on which annotators differ", "items on which annotators differ")
    );
    section("disagreements", "Disagreements", &body)
}

fn card(it: &Disagreement) -> String {
    let of: u64 = it.answers.iter().map(|(_, names)| names.len() as u64).sum();
    let answers: String =
        it.answers.iter().map(|(answer, names)| said(answer, names, Some(&it.gold), of)).collect();
    format!(
        "<article class=\"card\">\n<h3 class=\"item\">item <code dir=\"auto\">{}</code></h3>\n\
         <blockquote dir=\"auto\">{}</blockquote>\n{}<p class=\"gold\"><span class=\"tag\">gold</span> \
         <b dir=\"auto\">{}</b></p>\n<ul class=\"said\">\n{answers}</ul>\n</article>\n",
        Esc(&it.item),
        Esc(&it.text),
        context(&it.context),
        Esc(&it.gold)
    )
}

fn context(context: &[(String, String)]) -> String {
    if context.is_empty() {
        return String::new();
    }
    let one = |(what, text): &(String, String)| {
        format!("<div><dt>{}</dt><dd dir=\"auto\">{}</dd></div>", name(what), Esc(text))
    };
    format!("<dl class=\"context\">{}</dl>\n", context.iter().map(one).collect::<String>())
}
