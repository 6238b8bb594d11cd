//! The head of the page: what this is, how real it is, and the few numbers for which most people came.

use super::super::Report;
use super::agreement::is_spans;
use super::words::{coefficient, period};
use crate::accept::Standing;
use crate::evaluate::Number;
use crate::html::text::{count, counted, measured, name, percent, ticked};

/// The head, with the way to its parts.
pub(super) fn head(report: &Report) -> String {
    let title =
        if report.name.is_empty() { "Labels and their quality".to_owned() } else { name(&report.name) };
    format!(
        "<header>\n<p class=\"eyebrow\">karat · report</p>\n<h1>{title}</h1>\n{}{}{}{WAYS}</header>\n",
        not_live(report),
        lede(report),
        figures(report),
    )
}

const WAYS: &str = "<nav aria-label=\"On this page\"><ul><li><a href=\"#next\">What to do next</a></li>\
    <li><a href=\"#labeled\">What was labeled</a></li><li><a href=\"#quality\">How good</a></li>\
    <li><a href=\"#agreement\">Agreement</a></li><li><a href=\"#confidence\">Confidence</a></li>\
    <li><a href=\"#promises\">Promises</a></li><li><a href=\"#cost\">Cost</a></li>\
    <li><a href=\"#disagreements\">Disagreements</a></li><li><a href=\"#how\">How to read this</a></li></ul></nav>\n";

/// Which answers are not live.
fn not_live(report: &Report) -> String {
    let all = &report.labeled.annotators;
    let mut why: Vec<&str> = all.iter().filter_map(|it| it.not_live.as_deref()).collect();
    let n = why.len() as u64;
    why.dedup();
    let Some(first) = why.first() else {
        return String::new();
    };
    let who = if n == all.len() as u64 {
        String::new()
    } else {
        format!("{} ", counted(n, "annotator:", "annotators:"))
    };
    let words =
        if why.len() == 1 { ticked(first) } else { "not live: recorded or made-up answers".to_owned() };
    format!("<p class=\"badge\"><span aria-hidden=\"true\">◷</span> {who}{words}</p>\n")
}

/// What was done, in a sentence.
fn lede(report: &Report) -> String {
    let labeled = &report.labeled;
    let people = labeled.annotators.iter().filter(|it| it.voter == "person").count() as u64;
    let models = labeled.annotators.len() as u64 - people;
    let who = match (people, models) {
        (0, _) => counted(models, "model", "models"),
        (_, 0) => counted(people, "person", "people"),
        _ => format!("{} and {}", counted(people, "person", "people"), counted(models, "model", "models")),
    };
    let gold = match (labeled.n_gold, &labeled.gold_from) {
        (0, _) => "; there is no gold".to_owned(),
        (n, from) => {
            let from = from.as_ref().map_or(String::new(), |it| format!(", from {}", ticked(it)));
            format!("; {} of them have gold{from}", count(n))
        }
    };
    let when = labeled.at_ms.map_or(String::new(), |at| format!(" Labeled {}.", period(at)));
    format!(
        "<p class=\"lede\"><b>{who}</b> labeled <b>{}</b>{gold}.{when}</p>\n",
        counted(labeled.n_items, "item", "items")
    )
}

/// The numbers for which most people came.
fn figures(report: &Report) -> String {
    let quality = report.quality.known();
    let alone = quality.and_then(|it| it.members.first()).filter(|_| report.labeled.annotators.len() == 1);
    let on_gold = quality.and_then(|it| it.consensus.or(alone.and_then(|it| it.on_gold)));
    let right = match (quality.map_or("right", |it| it.measure), alone.is_some()) {
        ("right", true) => "right",
        ("right", false) => "consensus right",
        ("likeness", true) => "like the gold",
        ("likeness", false) => "consensus, like the gold",
        (_, true) => "exact F1",
        (_, false) => "consensus, exact F1",
    };
    let mut tiles = vec![tile(right, share(on_gold, "no gold to measure it on"))];
    if let Some((who, number)) = quality.and_then(|it| it.best.as_ref()) {
        tiles.push(tile(&format!("best alone: {}", name(who)), share(Some(*number), "")));
    }
    tiles.push(tile("annotators agree", agreement(report)));
    let ece = report.confidence.known().and_then(|it| it.first());
    if let Some(it) = ece.and_then(|it| it.after.as_ref().or(it.before.as_ref())) {
        let chance = format!(
            "<span class=\"small\">by chance {:.3} · n = {}</span>",
            it.ece_by_chance,
            count(it.ece.n)
        );
        tiles.push(tile("confidence off by (ECE)", format!("{}{chance}", thousandths(it.ece))));
    }
    tiles.push(tile("under a promise that holds", promised(report)));
    format!("<dl class=\"figures\">{}</dl>\n", tiles.concat())
}

fn tile(what: &str, is: String) -> String {
    format!("<div><dt>{what}</dt><dd>{is}</dd></div>")
}

fn share(number: Option<Number>, why: &str) -> String {
    match number {
        None => format!("<span class=\"v\">–</span> <span class=\"small\">{why}</span>"),
        Some(it) => format!("{}<span class=\"small\">n = {}</span>", measured(number, ""), count(it.n)),
    }
}

fn thousandths(it: Number) -> String {
    format!(
        "<span class=\"v\">{:.3}</span> <span class=\"ci\">({:.3}–{:.3})</span>",
        it.value, it.low, it.high
    )
}

/// Alpha, or for spans the F1 of annotators with each other.
fn agreement(report: &Report) -> String {
    let Some(found) = report.agreement.known() else {
        return "<span class=\"v\">–</span> <span class=\"small\">needs two annotators</span>".to_owned();
    };
    let rows = &found.overall;
    let row = if is_spans(found) { rows.first() } else { rows.iter().find(|it| it.name.contains("alpha")) };
    let Some(row) = row else { return "<span class=\"v\">–</span>".to_owned() };
    let number = match is_spans(found) {
        true => measured(row.number, "undefined"),
        false => coefficient(row.number, "undefined"),
    };
    format!("{number}<span class=\"small\">{} · n = {}</span>", row.name, count(found.n_compared))
}

/// How much goes under promises that hold.
fn promised(report: &Report) -> String {
    let holds = report.promises.given.iter().rev().find(|it| it.standing == Standing::Holds);
    match holds {
        None if report.promises.given.is_empty() => {
            "<span class=\"v\">0</span> <span class=\"small\">no promise was made</span>".to_owned()
        }
        None => "<span class=\"v\">0</span> <span class=\"small\">no promise holds</span>".to_owned(),
        Some(it) => format!(
            "<span class=\"v\">{}</span> <span class=\"small\">items, at most {} wrong</span>",
            count(it.certificate.n_accepted),
            percent(it.certificate.error)
        ),
    }
}
