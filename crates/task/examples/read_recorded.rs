//! Reads recorded answers of real models, and prints how many are read, how many are not and why, and where the reading
//! differs from the label that the recording gives.
//!
//! `cargo run -p karat-task --example read_recorded [-- --markdown | --differences SET | --unread SET]`. The data lie in the folder
//! that `KARAT_SHARED` names, else in `../shared` beside the repository; without them it says so and ends well.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "an example reads files and prints"
)]

#[path = "../tests/recorded/mod.rs"]
mod recorded;

use recorded::{Row, Set};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(sets) = recorded::read_all() else {
        println!("no recorded answers at {}: nothing to read", recorded::folder().display());
        return;
    };
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--markdown"] => print!("{}", recorded::markdown(&sets)),
        [what, name] => show(&sets, what, name),
        _ => sets
            .iter()
            .for_each(|set| set.rows.iter().for_each(|row| println!("{} {}", set.name, plain(row)))),
    }
}

fn plain(row: &Row) -> String {
    format!(
        "{:30} answers {:5} holding {:5} read {:5} ({:.2} %) different {:3} abstained {:3} unusable {:?} unlabeled {:?}",
        row.model,
        row.n_answers,
        row.n_holding,
        row.n_read,
        row.share_read() * 100.0,
        row.n_different,
        row.n_abstained,
        row.unusable,
        row.unlabeled
    )
}

fn show(sets: &[Set], what: &str, name: &str) {
    for set in sets.iter().filter(|set| set.name.contains(name)) {
        let cases = if what == "--differences" { &set.differences } else { &set.unread };
        for case in cases {
            println!("{case}\n");
        }
        println!("{}: {} cases", set.name, cases.len());
    }
}
