//! What the methods of `karat-stats` are worth on real data: each proof prints a table in Markdown.
//!
//! In: a folder with data sets (`../shared/data` without another), a seed. Out: tables on standard output. The same
//! seed gives the same table. What they printed last is in `bench/results/quality.md`.
//!
//! Not here: speed beside other people's programs (`karat-bench`).
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "tables for whoever started it")]

mod acceptance;
mod agreement;
mod answers;
mod bias;
mod cascades;
mod confidence;
mod crowds;
mod data;
mod entities;
mod juries;
mod labels;
mod masks;
mod noise;
mod pairs;
mod panels;
mod recorded;
mod search;
mod shares;
mod speed;

use std::path::PathBuf;

use anyhow::{Result, bail};

/// What a proof is given.
pub(crate) struct Given {
    /// The folder with the data sets.
    pub(crate) data: PathBuf,
    /// How often a random split is repeated.
    pub(crate) n_seeds: u64,
}

/// A proof: its name, what it shows, and how it is run.
struct Proof {
    name: &'static str,
    about: &'static str,
    run: fn(&Given) -> Result<()>,
}

/// Every proof, in the order of the documentation. To add one: write its file, add its row.
const PROOFS: &[Proof] = &[
    Proof {
        name: "answers",
        about: "What becomes of several texts, numbers, comparisons or boxes.",
        run: answers::run,
    },
    Proof {
        name: "crowds",
        about: "How often each aggregation method is right, on people and on panels of models.",
        run: crowds::run,
    },
    Proof {
        name: "panels",
        about: "What gold adds to a jury of models: accuracy, calibration, and its best single member beside it.",
        run: panels::run,
    },
    Proof {
        name: "juries",
        about: "What a jury, a moderator and a cascade are worth beside one good model, and what they cost.",
        run: juries::run,
    },
    Proof {
        name: "cascades",
        about: "Three judges, the cheapest first: cost against accuracy, and what a promise on the error leaves of it.",
        run: cascades::run,
    },
    Proof {
        name: "pairs",
        about: "Two models that compare answers, beside three people who compared the same.",
        run: pairs::run,
    },
    Proof {
        name: "speed",
        about: "What aggregation costs: time and memory on a million items.",
        run: speed::run,
    },
    Proof {
        name: "entities",
        about: "Spans from several annotators: people, systems and models, F1 of exact spans.",
        run: entities::run,
    },
    Proof {
        name: "confidence",
        about: "Whether scores of models are probabilities, before and after calibration, and how much gold that takes.",
        run: confidence::run,
    },
    Proof {
        name: "bias",
        about: "Whether taking out what a prompt favors brings back what was there, and what batch calibration does to recorded answers.",
        run: bias::run,
    },
    Proof {
        name: "acceptance",
        about: "What may go without review: how much, and how often the promise breaks.",
        run: acceptance::run,
    },
    Proof {
        name: "agreement",
        about: "What agreement costs on a million items, and what it says of crowds whose gold is known.",
        run: agreement::run,
    },
    Proof {
        name: "noise",
        about: "What finding wrong labels costs on a million items with ten classes.",
        run: noise::run,
    },
    Proof {
        name: "shares",
        about: "Shares of classes of a whole data set, from few human labels and a panel of models.",
        run: shares::run,
    },
    Proof {
        name: "search",
        about: "Whether search finds the right label, how fast, and whether texts that are nearly the same are held back.",
        run: search::run,
    },
    Proof {
        name: "labels",
        about: "Tasks with 77 to 10,000 labels: whether the right one is offered, and what prompts and items cost.",
        run: labels::run,
    },
    Proof {
        name: "masks",
        about: "What masking finds of personal data, in three languages, and what it takes for some.",
        run: masks::run,
    },
];

fn main() -> Result<()> {
    let mut given = Given { data: PathBuf::from("../shared/data"), n_seeds: 20 };
    let mut wanted = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--data" => given.data = args.next().map(PathBuf::from).unwrap_or_default(),
            "--seeds" => given.n_seeds = args.next().unwrap_or_default().parse()?,
            name => wanted.push(name.to_owned()),
        }
    }
    if let Some(unknown) = wanted.iter().find(|name| PROOFS.iter().all(|it| it.name != **name)) {
        let known: Vec<&str> = PROOFS.iter().map(|it| it.name).collect();
        bail!("no proof is called `{unknown}`; there are {}", known.join(", "));
    }
    if !given.data.exists() {
        eprintln!("skipped: there is no folder `{}`; name one with `--data`", given.data.display());
        return Ok(());
    }
    for proof in PROOFS {
        if wanted.is_empty() || wanted.iter().any(|name| name == proof.name) {
            println!("## {}\n\n{}\n", proof.name, proof.about);
            (proof.run)(&given)?;
            println!();
        }
    }
    Ok(())
}
