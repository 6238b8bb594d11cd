//! Whether an edited copy of a text is found among the others.
//!
//! In: a set of which one row in ten is copied and edited. Out: the share of copies whose original is found, and what else
//! is found: texts that the set itself has nearly twice, which are no errors, and those of another label.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use karat_text::near::{Near, is_near};

use super::sets::Draw;
use super::{Row, rows, timed};

/// An edit of a text.
type Edit = fn(&str, &mut Draw) -> String;

/// The edits. To add one: its name, its function.
const EDITS: &[(&str, Edit)] = &[
    ("none", |text, _| text.to_owned()),
    ("case, spaces, punctuation", |text, _| {
        format!("  {}!!", text.to_uppercase().replace(' ', "  ").replace(',', " -"))
    }),
    ("one letter is another", |text, draw| typo(text, draw)),
    ("two letters are others", |text, draw| {
        let once = typo(text, draw);
        typo(&once, draw)
    }),
    ("one word is missing", |text, draw| {
        let mut words: Vec<&str> = text.split_whitespace().collect();
        words.remove(draw.below(words.len()));
        words.join(" ")
    }),
    ("words before it", |text, _| format!("Please help: {text}")),
];

fn typo(text: &str, draw: &mut Draw) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = draw.below(letters.len());
    letters[at] = char::from(b'a' + draw.below(26) as u8);
    letters.into_iter().collect()
}

/// Prints the table.
pub(super) fn run(data: &Path) -> Result<()> {
    println!("One row in ten is copied and edited; is its original found?\n");
    println!(
        "| set | edit | copies | found % | by comparing with it % | others found | of another label | query µs |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (name, path) in
        [("Banking77 train", "gold_banking77/train.jsonl"), ("AG News test", "gold_ag_news/test.jsonl")]
    {
        let rows: Vec<Row> = rows(&data.join(path))?;
        let texts: Vec<Arc<str>> = rows.iter().map(|row| Arc::from(row.text.as_str())).collect();
        let (near, build) = timed(|| Near::build(texts))?;
        for (edit, apply) in EDITS {
            let mut draw = Draw(7);
            let copies: Vec<(usize, String)> =
                (0..rows.len()).step_by(10).map(|row| (row, apply(&rows[row].text, &mut draw))).collect();
            let (found, time) =
                timed(|| copies.iter().map(|(_, copy)| near.of(copy)).collect::<Vec<Vec<usize>>>())?;
            let exact = copies.iter().filter(|(row, copy)| is_near(copy, &rows[*row].text)).count();
            let (mut caught, mut others, mut of_another) = (0, 0, 0);
            for ((row, _), found) in copies.iter().zip(&found) {
                caught += usize::from(found.contains(row));
                others += found.iter().filter(|other| *other != row).count();
                of_another += found.iter().filter(|other| rows[**other].gold != rows[*row].gold).count();
            }
            let share = |n: usize| 100.0 * n as f64 / copies.len() as f64;
            println!(
                "| {name} | {edit} | {} | {:.1} | {:.1} | {others} | {of_another} | {:.0} |",
                copies.len(),
                share(caught),
                share(exact),
                1e6 * time / copies.len() as f64
            );
        }
        println!(
            "| {name} | building | {} texts | | | | | {:.1} a text |",
            rows.len(),
            1e6 * build / rows.len() as f64
        );
    }
    println!();
    Ok(())
}
