//! How good the labels are: outcomes compared with gold, failures counted in, every number with its n and interval.
//!
//! In: the data, the journal, gold from a column or a file. Out: a [`Report`]. Nothing is asked and nothing is changed.
//! Not here: the mathematics (`karat-stats`) and the drawing (`html.rs`, the command line).

mod estimate;
mod gather;
pub mod html;
mod report;
mod score;

use std::collections::HashMap;

pub use gather::GoldSource;
use karat_core::{AnnotatorKind, Error, Item, MicroUsd, Result};
use karat_format::{ItemReader, ReadSpec, Row};
use karat_stats::{IntervalOptions, Level, PairedCounts, compare_means, compare_paired};
use karat_store::Store;
pub use report::{
    Confusion, Cost, Counts, Disagreement, Judged, LabelRow, Metric, Number, PartRow, REPORT_VERSION, Report,
    SpanRow, Unit, Versus,
};

use crate::asker::{Asker, labelers};
use crate::measure::Measure;
use crate::plain::{Given, Plain};
use crate::run::chunks;
use crate::setup::Setup;
use estimate::{N_SAMPLE, estimate};
use gather::{Gathered, gather};
pub(crate) use score::{RATING, counts, labels_of};

/// How to evaluate.
#[derive(Debug, Clone)]
pub struct EvaluateOptions {
    /// What is measured: all of the task, or one question of its form.
    pub measure: Measure,
    /// The seed of the resampled intervals.
    pub seed: u64,
    /// How often items are drawn again for an interval.
    pub n_resamples: u32,
}

/// Finds the gold: `written` is a column of the data, or files with an id column and a gold column, with commas between
/// them; without it, the column that the project names.
pub fn find_gold(setup: &Setup, written: Option<&str>) -> Result<GoldSource> {
    let column = match (written, &setup.gold) {
        (Some(written), _) => written.to_owned(),
        (None, Some(column)) => column.clone(),
        (None, None) => {
            return Err(Error::invalid("there is no gold to compare with")
                .hint("name a column of the data or a file: `--gold COLUMN` or `--gold FILE`"));
        }
    };
    if column.contains(',') && !setup.path(&column).exists() {
        return gold_files(setup, &column);
    }
    let path = setup.path(&column);
    let is_column = ItemReader::open(&setup.read)?.columns().contains(&column);
    if is_column || !path.exists() {
        return if is_column {
            Ok(GoldSource::Column(column))
        } else {
            Err(Error::not_found(format!("`{column}` is neither a column of the data nor a file"))
                .hint("name a column or a file: `--gold COLUMN` or `--gold FILE`"))
        };
    }
    gold_file(setup, column)
}

/// Gold in several files: a later one goes before an earlier one.
fn gold_files(setup: &Setup, written: &str) -> Result<GoldSource> {
    let mut all = HashMap::new();
    for file in written.split(',').map(str::trim).filter(|file| !file.is_empty()) {
        if !setup.path(file).exists() {
            return Err(Error::not_found(format!("there is no file `{file}`"))
                .hint("name gold files with commas between them: `--gold a.csv,b.csv`"));
        }
        if let GoldSource::File(_, cells) = gold_file(setup, file.to_owned())? {
            all.extend(cells);
        }
    }
    Ok(GoldSource::File(written.to_owned(), all))
}

/// The column for people in a drawn file, where the data has a column `gold` of its own. It goes before all others: what is
/// in the others was there before anybody looked.
pub(crate) const OWN_GOLD: &str = "karat_gold";

/// Gold in a file of its own: the id column of the data, and `gold`, `label` or the project's gold column.
fn gold_file(setup: &Setup, file: String) -> Result<GoldSource> {
    let id = setup.read.id.clone().ok_or_else(|| {
        Error::invalid("gold in a file needs ids in the data").hint("name the id column: `--id COLUMN`")
    })?;
    let spec = ReadSpec {
        files: vec![file.clone()],
        base: setup.folder.clone(),
        id: Some(id),
        ..ReadSpec::default()
    };
    let reader = ItemReader::open(&spec)?;
    let names = [OWN_GOLD].into_iter().chain(setup.gold.as_deref()).chain(["gold", "label"]);
    let columns = reader.columns().to_vec();
    let column = names.into_iter().find(|name| columns.iter().any(|it| it == name)).map(str::to_owned);
    let column = column.ok_or_else(|| {
        Error::invalid(format!("`{file}` has no column `gold` or `label`"))
            .hint(format!("its columns are `{}`", columns.join("`, `")))
    })?;
    let mut cells = HashMap::new();
    for row in reader {
        match row {
            Row::Item(mut item) => {
                // An empty cell of a gold file is not labeled yet; "no label" is written `[]`.
                let cell = item.fields.remove(&column);
                let cell =
                    cell.filter(|it| !it.is_null() && it.as_str().is_none_or(|it| !it.trim().is_empty()));
                if let Some(cell) = cell {
                    cells.insert(item.id.to_string(), cell);
                }
            }
            Row::Problem(problem, _) => return Err(Error::invalid(problem.to_string())),
        }
    }
    Ok(GoldSource::File(file, cells))
}

/// How many recorded calls the mean latency is taken over.
const N_LATENCIES: u32 = 10_000;

/// Judges all annotators of the setup on the same gold.
pub async fn evaluate(
    setup: &Setup,
    store: &Store,
    askers: &[Asker],
    gold: &GoldSource,
    options: EvaluateOptions,
) -> Result<Report> {
    let measure = &options.measure;
    let askers = labelers(askers);
    let gathered = gather(setup, store, askers, (gold, measure)).await?;
    if gathered.gold.is_empty() {
        return Err(Error::invalid(format!("no item has gold in {}", gold.describe()))
            .hint("label some items by hand first, or name another column: `--gold COLUMN`"));
    }
    let intervals =
        IntervalOptions { level: Level::P95, n_resamples: options.n_resamples, seed: options.seed };
    let costs = costs(store, askers, &gathered.sample).await?;
    let mut annotators = Vec::with_capacity(askers.len());
    for (n, (asker, cost)) in askers.iter().zip(costs).enumerate() {
        let mut judged = score::judge(measure, asker, &gathered, n, &intervals)?;
        judged.cost = per_correct(cost, &judged, gathered.n_right(measure, n));
        annotators.push((n, judged));
    }
    let headline = |judged: &Judged| judged.headline.number.map_or(f64::NEG_INFINITY, |it| it.value);
    annotators
        .sort_by(|a, b| headline(&b.1).total_cmp(&headline(&a.1)).then_with(|| a.1.name.cmp(&b.1.name)));
    let comparisons = versus(measure, &gathered, &annotators, &intervals);
    Ok(Report {
        version: REPORT_VERSION,
        name: setup.name.clone(),
        kind: measure.kind().id().to_owned(),
        question: measure.question().map(str::to_owned),
        tolerance: measure.tolerance(),
        gold: gold.describe(),
        n_items: gathered.n_items,
        n_gold: gathered.gold.len() as u64,
        level: Level::P95.get(),
        seed: options.seed,
        annotators: annotators.into_iter().map(|(_, judged)| judged).collect(),
        comparisons,
        disagreements: gathered.disagreements.into_iter().map(|(_, it)| it).collect(),
        problems: gathered.problems,
    })
}

impl Gathered {
    /// How good an annotator's outcome is, from 0 to 1, for each item that it was asked; `None` where it was not.
    fn credits(
        &self,
        measure: &Measure,
        n: usize,
        credit: impl Fn(&Measure, &Plain, &Plain) -> f64,
    ) -> impl Iterator<Item = Option<f64>> {
        let of = move |(gold, given): (&Plain, &Given)| match given {
            Ok(value) => Some(credit(measure, value, gold)),
            Err(karat_stats::NoLabel::Pending) => None,
            Err(_) => Some(0.0),
        };
        self.gold.iter().zip(&self.given[n]).map(of)
    }

    fn n_right(&self, measure: &Measure, n: usize) -> u64 {
        self.credits(measure, n, right).filter(|it| *it == Some(1.0)).count() as u64
    }
}

fn right(measure: &Measure, given: &Plain, gold: &Plain) -> f64 {
    f64::from(u8::from(measure.fits(given, gold)))
}

fn likeness(measure: &Measure, given: &Plain, gold: &Plain) -> f64 {
    1.0 - measure.distance(given, gold)
}

/// The best annotator against each other one, on the items that both were asked: by right and wrong, and by likeness where
/// values can be right in part.
fn versus(
    measure: &Measure,
    gathered: &Gathered,
    annotators: &[(usize, Judged)],
    intervals: &IntervalOptions,
) -> Vec<Versus> {
    let Some(((best, best_judged), others)) = annotators.split_first() else {
        return Vec::new();
    };
    let compare = |(other, judged): &(usize, Judged)| {
        let credit = if measure.is_whole() { likeness } else { right };
        let of = |n: usize| gathered.credits(measure, n, credit);
        let pairs: Vec<(f64, f64)> = of(*best).zip(of(*other)).filter_map(|(a, b)| a.zip(b)).collect();
        let (difference, p_value) = if measure.is_whole() {
            let compared = compare_means(&pairs, intervals)?;
            (compared.difference, compared.p_value)
        } else {
            let counts = PairedCounts::of(pairs.iter().map(|(a, b)| (*a == 1.0, *b == 1.0)));
            let compared = compare_paired(counts, intervals)?;
            (compared.difference, compared.p_value)
        };
        Some(Versus {
            best: best_judged.name.clone(),
            other: judged.name.clone(),
            difference: score::number(Some(difference)),
            p_value,
        })
    };
    others.iter().filter_map(compare).collect()
}

/// What each annotator spent, and its mean latency; what recordings would cost is estimated on the first items.
pub(crate) async fn spent(setup: &Setup, store: &Store, askers: &[Asker]) -> Result<Vec<(Cost, f64)>> {
    let mut sample = Vec::new();
    let mut chunks = chunks(setup.read.clone(), Some(N_SAMPLE as u64));
    while let Some(chunk) = chunks.recv().await {
        sample.extend(chunk?);
    }
    costs(store, askers, &sample).await
}

/// What each annotator spent over all its calls, as the journal says; for recorded answers an estimate.
async fn costs(store: &Store, askers: &[Asker], sample: &[Item]) -> Result<Vec<(Cost, f64)>> {
    let tallies = store.tallies().await?;
    let mut costs = Vec::with_capacity(askers.len());
    for asker in askers {
        let Some(tally) = tallies.iter().find(|it| it.annotator.id() == asker.id) else {
            costs.push((Cost::default(), 0.0));
            continue;
        };
        let has_tokens = tally.tokens.input > 0;
        let mut cost = Cost {
            micro_usd: (asker.price.is_some() && has_tokens).then_some(tally.cost),
            n_calls: tally.calls,
            tokens_in: tally.tokens.input,
            tokens_out: tally.tokens.output,
            ..Cost::default()
        };
        if !has_tokens && asker.annotator.kind == AnnotatorKind::Replay && asker.price.is_some() {
            cost = estimate(store, asker, sample, tally.calls).await?.unwrap_or(cost);
        }
        let calls = store.usage_samples(asker.id, N_LATENCIES).await?;
        let mean = calls.iter().map(|it| f64::from(it.latency_ms)).sum::<f64>() / calls.len().max(1) as f64;
        costs.push((cost, mean));
    }
    Ok(costs)
}

/// Spreads what all calls cost over the right labels among the items with gold.
fn per_correct((mut cost, mean_ms): (Cost, f64), judged: &Judged, n_right: u64) -> Cost {
    let counts = judged.counts;
    let n_asked = counts.labeled + counts.abstained + counts.unusable + counts.failed;
    if cost.n_calls > 0 && n_right > 0 {
        let per_right = n_asked as f64 / n_right as f64;
        cost.usd_per_correct =
            cost.micro_usd.map(|MicroUsd(micro)| micro as f64 / 1e6 / cost.n_calls as f64 * per_right);
        cost.seconds_per_correct = (mean_ms > 0.0).then(|| mean_ms / 1e3 * per_right);
    }
    cost
}
