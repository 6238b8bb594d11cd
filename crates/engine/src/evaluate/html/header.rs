//! The head of the page: what was judged, against what, what came of it in one sentence, and how real the answers are.

use super::versus::in_short;
use crate::evaluate::report::{Judged, Report};
use crate::html::text::{Esc, count, counted, level, measured, name, ticked};

/// The head of the page, with the way to its parts.
pub(super) fn header(report: &Report) -> String {
    let title =
        if report.name.is_empty() { "How good the labels are".to_owned() } else { name(&report.name) };
    format!(
        "<header>\n<p class=\"eyebrow\">karat · evaluation</p>\n<h1>{title}</h1>\n{}{}{}{}</header>\n",
        badge(report),
        lede(report),
        facts(report),
        ways(report)
    )
}

/// What kind of answers these are, in words; `None` for live ones.
pub(super) fn nature(judged: &Judged) -> Option<&'static str> {
    match judged.nature {
        "live" => None,
        "replay" => Some("recorded answers"),
        "scripted" => Some("made-up answers"),
        _ => Some("answers of unknown origin"),
    }
}

/// Whether all annotators give the same kind of answers.
pub(super) fn is_one_nature(report: &Report) -> bool {
    report.annotators.windows(2).all(|pair| pair[0].nature == pair[1].nature)
}

/// Says which answers are not live.
fn badge(report: &Report) -> String {
    let mut natures: Vec<(&str, u64)> = Vec::new();
    for words in report.annotators.iter().filter_map(nature) {
        match natures.iter_mut().find(|(known, _)| *known == words) {
            Some((_, n)) => *n += 1,
            None => natures.push((words, 1)),
        }
    }
    if natures.is_empty() {
        return String::new();
    }
    let words: Vec<String> = match natures.as_slice() {
        [(words, _)] if is_one_nature(report) => vec![(*words).to_owned()],
        _ => natures
            .iter()
            .map(|(words, n)| format!("{words} of {}", counted(*n, "annotator", "annotators")))
            .collect(),
    };
    format!("<p class=\"badge\"><span aria-hidden=\"true\">◷</span> {}, not live</p>\n", words.join(" and "))
}

/// What came of it, in a sentence or two.
fn lede(report: &Report) -> String {
    let Some(best) = report.annotators.first() else {
        return "<p class=\"lede\">No annotator was judged.</p>\n".to_owned();
    };
    let (who, what) = (name(&best.name), best.headline.name);
    let Some(number) = best.headline.number else {
        return format!("<p class=\"lede\">There is no {what} yet: no item with gold has been asked.</p>\n");
    };
    let on = counted(number.n, "item", "items");
    let verb = if report.annotators.len() == 1 { "reaches" } else { "is ahead with" };
    let on = if best.spans.is_none() { format!(" on {on}") } else { String::new() };
    let number = measured(best.headline.number, "");
    let others = in_short(report);
    format!("<p class=\"lede\"><b>{who}</b> {verb} {number} {what}{on}. {others}</p>\n")
}

fn facts(report: &Report) -> String {
    let without = report.n_items.saturating_sub(report.n_gold);
    let gold = match without {
        0 => format!("all {}", counted(report.n_gold, "item", "items")),
        _ => format!("{} of {} items", count(report.n_gold), count(report.n_items)),
    };
    let of_live = report.annotators.iter().all(|it| nature(it).is_none()) && !report.annotators.is_empty();
    let mut facts = vec![
        ("Task", Esc(&report.kind).to_string()),
        ("Question", report.question.as_deref().map_or_else(String::new, name)),
        ("Annotators", count(report.annotators.len() as u64)),
        ("With gold", gold),
        ("Gold from", ticked(&report.gold)),
        ("Intervals", format!("{}, seed {}", level(report.level), report.seed)),
    ];
    if of_live {
        facts.push(("Answers", "live".to_owned()));
    }
    facts.retain(|(_, is)| !is.is_empty());
    let facts: String =
        facts.iter().map(|(what, is)| format!("<div><dt>{what}</dt><dd>{is}</dd></div>")).collect();
    format!("<dl class=\"facts\">{facts}</dl>\n")
}

fn ways(report: &Report) -> String {
    let ways = [
        ("ranked", "Ranked", !report.annotators.is_empty()),
        ("outcomes", "Outcomes", !report.annotators.is_empty()),
        ("best", "Is the best really best?", report.annotators.len() > 1),
        ("each", "Each annotator", !report.annotators.is_empty()),
        ("disagreements", "Disagreements", !report.disagreements.is_empty()),
        ("problems", "Problems", !report.problems.is_empty()),
        ("how", "How to read this", true),
    ];
    let ways: String = ways
        .iter()
        .filter(|(_, _, is_there)| *is_there)
        .map(|(id, words, _)| format!("<li><a href=\"#{id}\">{words}</a></li>"))
        .collect();
    format!("<nav aria-label=\"On this page\"><ul>{ways}</ul></nav>\n")
}
