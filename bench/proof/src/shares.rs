//! Whether shares of classes from few human labels and a panel of models are right, and what the models save.
//!
//! In: the panels `llm_*`. Out: tables; the targets are those of the study that came before the code.
//!
//! Not here: what may go without review (`acceptance.rs`).

use anyhow::Result;
use karat_stats::Class;
use karat_stats::Level;
use karat_stats::aggregate::Votes;
use karat_stats::estimate::{
    ClassShares, Corrected, Reviewed, Stratum, Tuning, class_shares, stratified_mean, weighted_mean,
};
use karat_stats::sample::{self, Allocation, Draw};

use crate::{Given, acceptance, data};

const N_SPLITS: u64 = 200;

/// The study's widths: human labels alone, PPI++; coverage of PPI++.
const STUDY: [(usize, f64, f64, f64); 3] =
    [(50, 0.250, 0.228, 0.949), (100, 0.177, 0.164, 0.969), (200, 0.125, 0.119, 0.990)];

/// Items with gold: the class, and the share of the votes of each class.
struct Panel {
    name: String,
    n_classes: usize,
    gold: Vec<Class>,
    shares: Vec<f64>,
}

impl Panel {
    fn read(folder: &std::path::Path) -> Result<Self> {
        let crowd = data::crowd(folder)?;
        let n_classes = crowd.votes.n_classes();
        let (mut gold, mut shares) = (Vec::new(), Vec::new());
        for (item, class) in crowd.gold.iter().enumerate() {
            if let Some(class) = class {
                gold.push(*class);
                shares.extend(vote_shares(&crowd.votes, item));
            }
        }
        Ok(Self { name: crowd.name, n_classes, gold, shares })
    }

    /// Whether each item is of a class, and the models' share for it.
    fn of_class(&self, class: usize) -> (Vec<f64>, Vec<f64>) {
        let human = self.gold.iter().map(|it| f64::from(u8::from(it.0 as usize == class))).collect();
        (human, self.shares.iter().skip(class).step_by(self.n_classes).copied().collect())
    }
}

fn vote_shares(votes: &Votes, item: usize) -> Vec<f64> {
    let mut shares = vec![0.0; votes.n_classes()];
    let of = votes.of(item);
    of.iter().for_each(|(_, class)| shares[*class as usize] += 1.0 / of.len() as f64);
    shares
}

/// Sums over shares: how wide, how often the truth was inside, how far off.
#[derive(Default)]
struct Tally {
    n: f64,
    n_covered: f64,
    width: f64,
    off: f64,
    /// Estimates without an interval: no sampled item has the class.
    n_without: f64,
}

impl Tally {
    fn add(&mut self, found: &Corrected, truth: f64) {
        let Some(interval) = found.interval else {
            self.n_without += 1.0;
            return;
        };
        self.n += 1.0;
        self.n_covered += f64::from(u8::from(interval.contains(truth)));
        self.width += interval.high - interval.low;
        self.off += (found.value - truth).abs();
    }

    fn width(&self) -> f64 {
        self.width / self.n
    }

    fn coverage(&self) -> f64 {
        self.n_covered / self.n
    }
}

pub(crate) fn run(given: &Given) -> Result<()> {
    let panels: Vec<Panel> =
        acceptance::panels(given)?.iter().map(|folder| Panel::read(folder)).collect::<Result<_>>()?;
    print_sizes(&panels)?;
    print_panels(&panels)?;
    print_designs(&panels)
}

/// Both estimates of every share of a panel, over all splits.
fn tally(panel: &Panel, n: usize, classical: &mut Tally, corrected: &mut Tally) -> Result<f64> {
    let (mut off, mut n_shares) = (0.0, 0.0);
    for seed in 0..N_SPLITS {
        let mut is_sampled = vec![false; panel.gold.len()];
        let sampled = sample::simple(panel.gold.len(), n, seed)?;
        sampled.iter().for_each(|it| is_sampled[it.item] = true);
        let human: Vec<Class> = sampled.iter().map(|it| panel.gold[it.item]).collect();
        let rows = |wanted: bool| -> Vec<f64> {
            let rows = panel.shares.chunks_exact(panel.n_classes).zip(&is_sampled);
            rows.filter(|(_, is)| **is == wanted).flat_map(|(row, _)| row.to_vec()).collect()
        };
        let data = ClassShares {
            n_classes: panel.n_classes,
            human: &human,
            model: &rows(true),
            model_pool: &rows(false),
        };
        for (class, report) in class_shares(&data, Tuning::Tuned, Level::P95)?.iter().enumerate() {
            let of_class = panel.gold.iter().filter(|it| it.0 as usize == class).count();
            if of_class == 0 {
                continue;
            }
            let truth = of_class as f64 / panel.gold.len() as f64;
            classical.add(&report.classical, truth);
            corrected.add(&report.corrected, truth);
            off += (report.model_only - truth).abs();
            n_shares += 1.0;
        }
    }
    Ok(off / n_shares)
}

fn print_sizes(panels: &[Panel]) -> Result<()> {
    println!(
        "Shares of classes, {} panels, {N_SPLITS} samples each; the model's number is its share of the votes. Level 95 %.\n",
        panels.len()
    );
    println!(
        "| human labels | width, human alone | width, PPI++ | covered, human alone | covered, PPI++ | no interval | mean distance, human alone | PPI++ | models alone | study: widths, covered by PPI++ |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (n, study_classical, study_corrected, study_covered) in STUDY {
        // Each panel counts the same, however many classes it has.
        let mut means = [0.0; 8];
        for panel in panels {
            let (mut classical, mut corrected) = (Tally::default(), Tally::default());
            let off = tally(panel, n, &mut classical, &mut corrected)?;
            let of_panel = [
                classical.width(),
                corrected.width(),
                classical.coverage(),
                corrected.coverage(),
                corrected.n_without / (corrected.n + corrected.n_without),
                classical.off / classical.n,
                corrected.off / corrected.n,
                off,
            ];
            means.iter_mut().zip(of_panel).for_each(|(to, it)| *to += it / panels.len() as f64);
        }
        let cells: Vec<String> = means.iter().map(|it| format!("{it:.3}")).collect();
        println!(
            "| {n} | {} | {study_classical:.3}, {study_corrected:.3}, {study_covered:.3} |",
            cells.join(" | ")
        );
    }
    println!();
    Ok(())
}

fn print_panels(panels: &[Panel]) -> Result<()> {
    println!("Panel by panel, 100 human labels.\n");
    println!(
        "| panel | width, human alone | width, PPI++ | covered, human alone | covered, PPI++ | models alone off by |"
    );
    println!("|---|---|---|---|---|---|");
    for panel in panels {
        let (mut classical, mut corrected) = (Tally::default(), Tally::default());
        let off = tally(panel, 100, &mut classical, &mut corrected)?;
        println!(
            "| {} | {:.3} | {:.3} | {:.3} | {:.3} | {off:.3} |",
            panel.name,
            classical.width(),
            corrected.width(),
            classical.coverage(),
            corrected.coverage(),
        );
    }
    println!();
    Ok(())
}

/// One class of a panel by other designs: strata by vote share with Neyman's allocation, and active sampling.
fn print_designs(panels: &[Panel]) -> Result<()> {
    const N: usize = 100;
    println!(
        "Other samples of {N} human labels, for the most frequent class of each panel; the models' share p gives strata (five parts, expected spread sqrt(p (1 − p))) and expected errors (the same, 0.3 of the sample uniform).\n"
    );
    println!("| design | width, human alone | width, corrected | covered, corrected | no interval |");
    println!("|---|---|---|---|---|");
    let names = ["strata, Neyman", "active, systematic", "active, Poisson"];
    for (design, name) in names.into_iter().enumerate() {
        let (mut classical, mut corrected) = (Tally::default(), Tally::default());
        for panel in panels {
            let count = |class: &usize| panel.gold.iter().filter(|it| it.0 as usize == *class).count();
            let Some(class) = (0..panel.n_classes).max_by_key(count) else { continue };
            let (human, model) = panel.of_class(class);
            let truth = human.iter().sum::<f64>() / human.len() as f64;
            for seed in 0..N_SPLITS {
                let [alone, both] = match design {
                    0 => by_strata(&human, &model, N, seed)?,
                    1 => by_errors(&human, &model, (N, Draw::Systematic), seed)?,
                    _ => by_errors(&human, &model, (N, Draw::Poisson), seed)?,
                };
                classical.add(&alone, truth);
                corrected.add(&both, truth);
            }
        }
        println!(
            "| {name} | {:.3} | {:.3} | {:.3} | {:.1} % |",
            classical.width(),
            corrected.width(),
            corrected.coverage(),
            100.0 * corrected.n_without / (corrected.n + corrected.n_without),
        );
    }
    println!();
    Ok(())
}

/// The spread of a label that is 1 with this probability, never quite 0.
fn spread(p: f64) -> f64 {
    (p * (1.0 - p)).sqrt().max(0.1)
}

fn by_strata(human: &[f64], model: &[f64], n: usize, seed: u64) -> Result<[Corrected; 2]> {
    let strata = sample::strata(model, &vec![Class(0); model.len()], 5)?;
    let of_item = &strata.of_item;
    let of = |stratum: usize| (0..model.len()).filter(move |item| of_item[*item] as usize == stratum);
    let spreads: Vec<f64> = (0..strata.cells.len())
        .map(|stratum| spread(of(stratum).map(|item| model[item]).sum::<f64>() / of(stratum).count() as f64))
        .collect();
    let drawn = sample::stratified(of_item, Allocation::Neyman(&spreads), n, 5, seed)?;
    let mut is_drawn = vec![false; model.len()];
    drawn.iter().for_each(|it| is_drawn[it.item] = true);
    let pick = |from: &[f64], stratum: usize, drawn: bool| -> Vec<f64> {
        of(stratum).filter(|item| is_drawn[*item] == drawn).map(|item| from[item]).collect()
    };
    let parts: Vec<[Vec<f64>; 3]> = (0..strata.cells.len())
        .map(|stratum| [pick(human, stratum, true), pick(model, stratum, true), pick(model, stratum, false)])
        .collect();
    let strata: Vec<Stratum<'_>> =
        parts.iter().map(|[human, model, model_pool]| Stratum { human, model, model_pool }).collect();
    let found = stratified_mean(&strata, Tuning::Tuned, Level::P95)?;
    Ok([found.classical, found.corrected])
}

fn by_errors(human: &[f64], model: &[f64], (n, draw): (usize, Draw), seed: u64) -> Result<[Corrected; 2]> {
    let expected: Vec<f64> = model.iter().map(|p| spread(*p)).collect();
    let mut reviewed = vec![None; human.len()];
    for it in sample::active(&expected, n, 0.3, draw, seed)? {
        reviewed[it.item] = Some(Reviewed { human: human[it.item], probability: it.probability });
    }
    let found = weighted_mean(model, &reviewed, Level::P95)?;
    Ok([found.classical, found.corrected])
}
