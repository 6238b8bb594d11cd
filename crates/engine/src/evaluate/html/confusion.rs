//! Which label was taken for which: a table shaded by row, or the worst pairs where there are too many labels for one.

use crate::evaluate::report::Confusion;
use crate::html::bars::share;
use crate::html::table::{Column, Table};
use crate::html::text::{Esc, count, counted, name, percent};

/// The most labels that a table shows.
const MAX_LABELS: usize = 30;
/// With more labels than this, the heads of columns are written from bottom to top, and cells hold counts alone.
const WIDE: usize = 8;
/// How many confused pairs are listed where there is no table.
const N_PAIRS: usize = 20;
/// How many confused pairs are told beside a table.
const N_TOLD: usize = 3;

/// One label taken for another, or left without a label.
struct Pair<'a> {
    gold: &'a str,
    given: &'a str,
    n: u64,
    of: u64,
}

impl Pair<'_> {
    fn share(&self) -> f64 {
        self.n as f64 / self.of as f64
    }
}

/// The table with the worst pairs in words, or a list of pairs.
pub(super) fn confusion(confusion: &Confusion) -> String {
    let pairs = pairs(confusion);
    match confusion.rows.len() {
        ..=MAX_LABELS => told(&pairs) + &table(confusion),
        _ if pairs.is_empty() => told(&pairs),
        _ => list(confusion, &pairs),
    }
}

/// All pairs that are wrong and occur, the most frequent first. Columns past the labels are outcomes without one.
fn pairs(confusion: &Confusion) -> Vec<Pair<'_>> {
    let mut all = Vec::new();
    for (of_gold, (gold, counts)) in confusion.rows.iter().enumerate() {
        let of = counts.iter().sum();
        for (of_given, (given, n)) in confusion.columns.iter().zip(counts).enumerate() {
            if of_given < confusion.rows.len() && of_given != of_gold && *n > 0 {
                all.push(Pair { gold, given, n: *n, of });
            }
        }
    }
    all.sort_by(|a, b| b.n.cmp(&a.n).then(b.share().total_cmp(&a.share())));
    all
}

fn told(pairs: &[Pair<'_>]) -> String {
    if pairs.is_empty() {
        return "<p>No label was taken for another.</p>\n".to_owned();
    }
    let tell = |it: &Pair<'_>| {
        format!(
            "<b>{}</b> for <b>{}</b> {} ({} of its gold)",
            name(it.gold),
            name(it.given),
            counted(it.n, "time", "times"),
            percent(it.share())
        )
    };
    let told: Vec<String> = pairs.iter().take(N_TOLD).map(tell).collect();
    format!("<p>Most often taken: {}.</p>\n", told.join("; "))
}

fn table(confusion: &Confusion) -> String {
    let n_labels = confusion.rows.len();
    let is_wide = n_labels > WIDE;
    let head = |(n, column): (usize, &String)| {
        let class = if n == n_labels { " class=\"first-out\"" } else { "" };
        format!("<th scope=\"col\"{class}><span class=\"head\">{}</span></th>", name(column))
    };
    let heads: String = confusion.columns.iter().enumerate().map(head).collect();
    let row = |(of_gold, (gold, counts)): (usize, &(String, Vec<u64>))| {
        let of: u64 = counts.iter().sum();
        let cells: String = counts
            .iter()
            .enumerate()
            .map(|(given, n)| cell(*n, of, class(given, of_gold, n_labels), is_wide))
            .collect();
        format!("<tr><th scope=\"row\">{}</th>{cells}<td class=\"sum\">{}</td></tr>\n", name(gold), count(of))
    };
    let rows: String = confusion.rows.iter().enumerate().map(row).collect();
    let n_out = confusion.columns.len().saturating_sub(n_labels);
    let out = if n_out == 0 {
        String::new()
    } else {
        format!("<th scope=\"colgroup\" colspan=\"{n_out}\" class=\"first-out\">no label</th>")
    };
    format!(
        "<p class=\"note\">Rows are gold, columns are what was given. A framed cell is right; the stronger its shade, the larger its \
         share of the row{}.</p>\n\
         <div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Which label was taken for which\">\n\
         <table class=\"heat{}\"><caption class=\"sr\">Rows are gold, columns are what was given</caption>\n<thead><tr><td></td><th scope=\"colgroup\" colspan=\"{n_labels}\">given</th>{out}<td></td></tr>\n\
         <tr><th scope=\"col\">gold</th>{heads}<th scope=\"col\" class=\"sum\"><span class=\"head\">all</span></th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div>\n",
        if is_wide { "; a dot is 0" } else { "" },
        if is_wide { " wide" } else { "" }
    )
}

fn class(given: usize, gold: usize, n_labels: usize) -> &'static str {
    match given {
        _ if given == gold => "right",
        _ if given < n_labels => "wrong",
        _ if given == n_labels => "out first-out",
        _ => "out",
    }
}

fn cell(n: u64, of: u64, class: &str, is_wide: bool) -> String {
    if n == 0 {
        let zero = if is_wide { "·" } else { "0" };
        return format!("<td class=\"{class}\"><span class=\"zero\">{zero}</span></td>");
    }
    let share = n as f64 / of as f64;
    // The root lets a few percent be seen beside a hundred.
    let shade = share.sqrt();
    let below =
        if is_wide { String::new() } else { format!("<span class=\"share\">{}</span>", percent(share)) };
    format!(
        "<td class=\"{class}\" style=\"--s:{:.3}\" title=\"{}\">{}{below}</td>",
        shade,
        percent(share),
        count(n)
    )
}

fn list(confusion: &Confusion, pairs: &[Pair<'_>]) -> String {
    let intro = format!(
        "<p>{} labels are too many for one table; these are the {} pairs that were confused most, of {}.</p>\n",
        count(confusion.rows.len() as u64),
        pairs.len().min(N_PAIRS),
        count(pairs.len() as u64)
    );
    let row = |it: &Pair<'_>| {
        let words = format!("{} of the gold {}", percent(it.share()), it.gold);
        vec![
            name(it.gold),
            name(it.given),
            share(it.share(), &Esc(&words).to_string()),
            count(it.n),
            percent(it.share()),
        ]
    };
    let table = Table {
        caption: "The labels that were confused most".to_owned(),
        columns: vec![
            Column::names("gold"),
            Column::words("was taken for"),
            Column::bars("share of the gold"),
            Column::counts("times"),
            Column::numbers("of its gold"),
        ],
        rows: pairs.iter().take(N_PAIRS).map(row).collect(),
    };
    intro + &table.draw()
}
