//! What a jury, a moderator and a cascade are worth beside one good model, and what they cost.
//!
//! In: recorded answers of many models to the same items. Out: tables of accuracy, macro-F1, relative cost and who
//! decided. The recordings hold no confidence here: agreement is the rule, or the posterior of a consensus.
//!
//! A moderator that is asked about a disagreement sees what the others said and why. The recorded strong model did not: its
//! answer to the item alone stands in, so this is the tie-break of a model that judges blind.

mod prices;
mod ways;
mod worth;

use std::ops::Range;

use anyhow::Result;

use crate::Given;
use crate::recorded::jury;
pub(crate) use prices::Prices;
use ways::{Jury, WAYS, draw};
use worth::Worth;

/// Gold items.
const N_GOLD: usize = 100;

/// File, the prompt whose answers are taken (all of them without one), name in the tables.
const SETS: &[(&str, &str, &str)] = &[
    ("babe_media_bias/babe_random", "zero-shot", "babe, zero-shot"),
    ("babe_media_bias/babe_random", "4-shot-CoT", "babe, 4 shots and reasons"),
    ("rusentne_entity_sentiment/rusentne_en", "", "rusentne_en"),
    ("rusentne_entity_sentiment/rusentne_ru", "", "rusentne_ru"),
    ("llms_for_css/discourse", "", "discourse"),
    ("llms_for_css/emotion", "", "emotion"),
    ("llms_for_css/flute", "", "flute"),
    ("llms_for_css/ibc", "", "ibc"),
    ("llms_for_css/semeval_stance", "", "semeval_stance"),
    ("llms_for_css/wiki_politeness", "", "wiki_politeness"),
    ("llmjudge_relevance/llmjudge_test", "", "llmjudge"),
];

/// An annotator that answered fewer items than this share is left out: one model stopped after a sixth.
const MIN_ANSWERED: f64 = 0.5;

/// Prints the tables.
pub(crate) fn run(given: &Given) -> Result<()> {
    let prices = Prices::read()?;
    let mut names = Vec::new();
    let mut found: Vec<Vec<Worth>> = Vec::new();
    let mut sizes = Vec::new();
    for (file, prompt, name) in SETS {
        let jury = read(given, file, prompt, &prices)?;
        let draws: Vec<Vec<Worth>> =
            (0..given.n_seeds).map(|seed| draw(&jury, N_GOLD, seed)).collect::<Result<_>>()?;
        let mean = |way: usize| Worth::mean(&draws.iter().map(|draw| draw[way]).collect::<Vec<_>>());
        found.push((0..WAYS.len()).map(mean).collect());
        names.push(*name);
        sizes.push(format!("{} items, {} models", jury.set.votes.n_items(), jury.set.annotators.len()));
    }
    print_mean(given, &found);
    let sets = Sets { names, sizes, found };
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    sets.print("Accuracy on each set, percent", 0..WAYS.len(), |it| percent(it.accuracy));
    sets.print("Macro-F1 on each set, percent", 0..WAYS.len(), |it| percent(it.macro_f1));
    sets.print("Cost on each set, 1 is the best single model by gold", 2..WAYS.len(), |it| {
        format!("{:.2}", it.cost)
    });
    sets.print("Decided by the first tier / strong / people, percent", 6..WAYS.len(), |it| {
        it.decided.map(|share| format!("{:.0}", 100.0 * share)).join(" / ")
    });
    Ok(())
}

fn read(given: &Given, file: &str, prompt: &str, prices: &Prices) -> Result<Jury> {
    let all = jury(&given.data, file)?;
    let model_of = |annotator: &str| annotator.split(' ').next().unwrap_or_default().to_owned();
    let counts = all.votes.counts();
    let least = MIN_ANSWERED * all.votes.n_items() as f64;
    let answered: Vec<&String> = all
        .annotators
        .iter()
        .zip(&counts)
        .filter(|(_, n)| **n as f64 >= least)
        .map(|(name, _)| name)
        .collect();
    let is_prompt = |name: &str| prompt.is_empty() || name.split(' ').nth(1) == Some(prompt);
    let set = all.only(|name| {
        is_prompt(name) && Prices::knows(&model_of(name)) && answered.iter().any(|it| *it == name)
    })?;
    let prices = set.annotators.iter().map(|name| prices.of(&model_of(name))).collect::<Result<_>>()?;
    Ok(Jury { set, prices })
}

fn print_mean(given: &Given, found: &[Vec<Worth>]) {
    println!(
        "Mean of {} recorded juries, {N_GOLD} gold items, {} draws; all numbers on the other items. *Strong* is the model that is right most often on the gold, *cheap* are the three best on the gold of those that cost at most a third of it. Cost 1 is the strong model asked about every item; what people cost is not in it, and what they label is taken to be right. A call is 400 tokens in and 20 out; prices are those of `prices.toml` for the model, else of a model of its family and size, else by size (0.025 dollars for a million tokens and a billion parameters: all of flan, falcon, llama-2, zephyr, openchat, Phi, Qwen, and text-davinci as 175 billion, which was dearer then). The moderator decides what the three cheap ones are not unanimous about; its recorded answer was given without seeing theirs. The rules of both cascades are chosen on the gold. All ways with people send as many items to them as the cascade does, chosen as their names say.\n",
        found.len(),
        given.n_seeds
    );
    println!(
        "| way | accuracy | macro-F1 | cost | first tier | strong | people | accuracy of the models' part |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (way, name) in WAYS.iter().enumerate() {
        let it = Worth::mean(&found.iter().map(|set| set[way]).collect::<Vec<_>>());
        println!(
            "| {name} | {:.1} | {:.1} | {:.2} | {} | {:.1} |",
            100.0 * it.accuracy,
            100.0 * it.macro_f1,
            it.cost,
            it.decided.map(|share| format!("{:.0} %", 100.0 * share)).join(" | "),
            100.0 * it.alone
        );
    }
}

/// What was found, set by set.
struct Sets {
    names: Vec<&'static str>,
    sizes: Vec<String>,
    /// For each set the worth of each way.
    found: Vec<Vec<Worth>>,
}

impl Sets {
    /// A table of these ways.
    fn print(&self, title: &str, ways: Range<usize>, cell: impl Fn(&Worth) -> String) {
        println!("\n### {title}\n\n| set | {} |", WAYS[ways.clone()].join(" | "));
        println!("|---{}|", "|---".repeat(ways.len()));
        for ((name, size), set) in self.names.iter().zip(&self.sizes).zip(&self.found) {
            let cells: Vec<String> = set[ways.clone()].iter().map(&cell).collect();
            println!("| {name} ({size}) | {} |", cells.join(" | "));
        }
    }
}
