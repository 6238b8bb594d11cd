//! What holds for the whole data set: shares of labels, differences between groups, slopes, from the labels of models and a
//! small sample of human ones.
//!
//! In: a panel with gold on a random sample. Out: an [`EstimateReport`]: each number three ways. From the models alone (what
//! people count, and what is wrong), from the gold alone, and from both: never wider than the gold alone but by chance, and
//! right however bad the models are.

use std::collections::HashMap;

use karat_core::{Error, LabelId, Result, Shape, Value, cell_text};
use karat_format::Row;
use karat_stats::estimate::{
    Corrected, EstimateError, MeanReport, Regression, Reviewed, Tuning, difference, logistic, mean, needed,
    weighted_mean,
};
use karat_stats::{Class, Level};
use karat_store::Store;
use serde::Serialize;

use crate::evaluate::Number;
use crate::judged::{Judged, judged, usual};
use crate::panel::{Panel, Plain, number_of};
use crate::run::{CHUNK, row_chunks};
use crate::sample::{Kept, last};
use crate::setup::Setup;

/// What to estimate.
#[derive(Debug, Clone, Default)]
pub struct EstimateOptions {
    /// Whose labels are corrected: an annotator, or `consensus`.
    pub by: Option<String>,
    /// A column by which the items are divided: the share of each label in each group, and the differences.
    pub group: Option<String>,
    /// Columns of numbers for a logistic regression of the label on them.
    pub regress: Vec<String>,
    /// The label for the regression, and the only one whose share is told.
    pub label: Option<String>,
    /// The half width that is wanted, as a share.
    pub half_width: Option<f64>,
    /// The seed of the consensus.
    pub seed: u64,
}

/// What holds for the whole data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EstimateReport {
    /// Whose labels are corrected.
    pub by: String,
    /// Items of the data.
    pub n_items: u64,
    /// Items with gold that count.
    pub n_gold: u64,
    /// On what the gold rests: the sample it was drawn in, or that it is taken for one.
    pub basis: String,
    /// Whether the gold is known to be a random sample.
    pub is_sample: bool,
    /// The share of items with each label.
    pub shares: Vec<Share>,
    /// The mean of the labels, where all labels are numbers.
    pub mean: Option<Share>,
    /// The same shares in each group.
    pub groups: Vec<Group>,
    /// How the log-odds of the label change with each column.
    pub slopes: Vec<Slope>,
}

/// A number three ways.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Share {
    /// Of what.
    pub label: String,
    /// Whether it is a share from 0 to 1, and not a mean in a unit of its own.
    pub is_share: bool,
    /// From the models alone: no estimate.
    pub model_only: f64,
    /// From the gold alone.
    pub gold_only: Option<Number>,
    /// From both.
    pub corrected: Option<Number>,
    /// Why there is no interval.
    pub remark: Option<String>,
    /// How many gold items the wanted half width needs, with the models.
    pub needed: Option<u64>,
}

/// The shares of a group, and how they differ from those of the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// The value of the column.
    pub group: String,
    /// Its items.
    pub n_items: u64,
    /// Its shares.
    pub shares: Vec<Share>,
    /// For each label, this group's share minus the first group's, corrected; empty for the first group.
    pub differences: Vec<(String, Option<Number>)>,
}

/// A coefficient of the regression.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Slope {
    /// The column; `(intercept)`.
    pub column: String,
    /// From the gold alone.
    pub gold_only: Option<Number>,
    /// From both.
    pub corrected: Option<Number>,
}

/// Estimates; `store` is where samples are kept.
pub async fn estimate(
    panel: &Panel,
    setup: Option<&Setup>,
    store: Option<&Store>,
    options: &EstimateOptions,
) -> Result<EstimateReport> {
    if let Some(half) = options.half_width.filter(|half| !(*half > 0.0 && *half < 0.5)) {
        return Err(Error::invalid(format!("`--half-width {half}` is no share between 0 and 0.5"))
            .hint("`--half-width 0.02` asks for an interval of two points to each side"));
    }
    if panel.labels.is_empty() && panel.shape != Shape::Number {
        return Err(Error::invalid(format!(
            "there is nothing to count in values of kind `{}`: they have neither labels nor numbers",
            panel.kind
        ))
        .hint("`karat evaluate` says how good they are"));
    }
    let by = options.by.clone().unwrap_or_else(|| usual(panel));
    let judged = judged(panel, &by, &panel.gold, options.seed)?;
    let kept = match store {
        Some(store) => last(store, panel, false).await?,
        None => None,
    };
    let basis = Basis::of(panel, &judged, kept);
    let all: Vec<usize> = (0..panel.n_items()).collect();
    let labels = wanted_labels(panel, options)?;
    let mut report = EstimateReport {
        by,
        n_items: panel.n_items() as u64,
        n_gold: basis.sampled.len() as u64,
        basis: basis.told.clone(),
        is_sample: basis.kept.is_some(),
        shares: basis.shares(panel, &all, &labels, options),
        mean: basis.mean_of_labels(panel, &all, options),
        groups: Vec::new(),
        slopes: Vec::new(),
    };
    if let Some(column) = &options.group {
        let values = columns(setup, std::slice::from_ref(column)).await?;
        report.groups = groups(panel, &basis, &values, &labels, options);
    }
    if !options.regress.is_empty() {
        let values = columns(setup, &options.regress).await?;
        report.slopes = slopes(panel, &basis, &values, options)?;
    }
    Ok(report)
}

/// The labels whose shares are told.
fn wanted_labels(panel: &Panel, options: &EstimateOptions) -> Result<Vec<usize>> {
    match &options.label {
        None => Ok((0..panel.labels.len()).collect()),
        Some(label) => match panel.labels.iter().position(|it| it == label) {
            Some(n) => Ok(vec![n]),
            None => Err(Error::invalid(format!("no label is called `{label}`"))
                .hint(format!("there are `{}`", panel.labels.join("`, `")))),
        },
    }
}

/// The gold that counts, how it was drawn, and what the models say of every item without having seen its gold.
struct Basis<'a> {
    judged: &'a Judged,
    sampled: Vec<usize>,
    kept: Option<Kept>,
    told: String,
}

impl<'a> Basis<'a> {
    fn of(panel: &Panel, judged: &'a Judged, kept: Option<Kept>) -> Self {
        let known: Vec<usize> = (0..panel.n_items()).filter(|item| panel.gold[*item].is_some()).collect();
        if let Some(kept) = kept {
            let sampled: Vec<usize> =
                known.iter().copied().filter(|item| kept.items.contains_key(item)).collect();
            if sampled.len() >= 2 {
                let missing = kept.items.len() - sampled.len();
                let missing =
                    if missing > 0 { format!(", {missing} of it not labeled yet") } else { String::new() };
                let told = format!("sample {}, {}{missing}", kept.id, kept.design);
                return Self { judged, sampled, kept: Some(kept), told };
            }
        }
        let told =
            "all gold, taken for a simple random sample: nobody has recorded that it is one".to_owned();
        Self { judged, sampled: known, kept: None, told }
    }

    /// What the models say, from 0 to 1; of an item with gold, what they say without it.
    fn model(&self, item: usize, has: &dyn Fn(&Plain) -> f64) -> f64 {
        let held = self.judged.consensus.as_ref().and_then(|it| it.held[item].as_ref());
        let label = match held {
            Some(seen) => seen.value.as_ref(),
            None => self.judged.labels[item].as_ref(),
        };
        label.map_or(0.0, has)
    }

    /// A mean over these items, by the design of the sample.
    fn mean(
        &self,
        panel: &Panel,
        items: &[usize],
        has: &dyn Fn(&Plain) -> f64,
    ) -> Result<Three, EstimateError> {
        let is_sampled = |item: usize| self.sampled.binary_search(&item).is_ok();
        let human = |item: usize| panel.gold[item].as_ref().map_or(0.0, has);
        let uneven = self.kept.as_ref().is_some_and(|it| it.design != "simple");
        if let (Some(kept), true) = (&self.kept, uneven) {
            let model: Vec<f64> = items.iter().map(|item| self.model(*item, has)).collect();
            let reviewed = |item: &usize| {
                let (probability, _) = *kept.items.get(item).filter(|_| is_sampled(*item))?;
                Some(Reviewed { human: human(*item), probability })
            };
            let reviewed: Vec<Option<Reviewed>> = items.iter().map(reviewed).collect();
            let found = weighted_mean(&model, &reviewed, Level::P95)?;
            let (classical, corrected) = (found.classical, found.corrected);
            return Ok(Three { model_only: found.model_only, classical, corrected, simple: None });
        }
        let (sampled, rest): (Vec<usize>, Vec<usize>) =
            items.iter().copied().partition(|item| is_sampled(*item));
        let humans: Vec<f64> = sampled.iter().map(|item| human(*item)).collect();
        let models: Vec<f64> = sampled.iter().map(|item| self.model(*item, has)).collect();
        let pool: Vec<f64> = rest.iter().map(|item| self.model(*item, has)).collect();
        let found = mean(&humans, &models, &pool, Tuning::Tuned, Level::P95)?;
        let all = models.iter().chain(&pool).sum::<f64>() / items.len() as f64;
        Ok(Three {
            model_only: all,
            classical: found.classical,
            corrected: found.corrected,
            simple: Some(found),
        })
    }

    fn share(
        &self,
        panel: &Panel,
        items: &[usize],
        (label, has): (String, &dyn Fn(&Plain) -> f64),
        options: &EstimateOptions,
    ) -> (Share, Option<Corrected>) {
        match self.mean(panel, items, has) {
            Err(why) => {
                let model_only =
                    items.iter().map(|item| self.model(*item, has)).sum::<f64>() / items.len().max(1) as f64;
                let remark = Some(why.to_string());
                (
                    Share {
                        label,
                        is_share: true,
                        model_only,
                        gold_only: None,
                        corrected: None,
                        remark,
                        needed: None,
                    },
                    None,
                )
            }
            Ok(found) => {
                let enough = |half: f64| {
                    needed(found.simple.as_ref()?, half, items.len() as u64, Level::P95)?.corrected
                };
                let share = Share {
                    label,
                    is_share: true,
                    model_only: found.model_only,
                    gold_only: number(&found.classical),
                    corrected: number(&found.corrected),
                    remark: found.corrected.error.is_none().then(|| NO_SPREAD.to_owned()),
                    needed: options.half_width.and_then(enough),
                };
                (share, Some(found.corrected))
            }
        }
    }

    fn shares(
        &self,
        panel: &Panel,
        items: &[usize],
        labels: &[usize],
        options: &EstimateOptions,
    ) -> Vec<Share> {
        let one = |label: &usize| {
            let class = Class(*label as u32);
            let name = match panel.shape {
                Shape::Ranking => format!("{} in first place", panel.labels[*label]),
                _ => panel.labels[*label].clone(),
            };
            self.share(panel, items, (name, &move |plain| has(plain, class)), options).0
        };
        labels.iter().map(one).collect()
    }

    /// The mean of numbers, or of labels that are numbers.
    fn mean_of_labels(&self, panel: &Panel, items: &[usize], options: &EstimateOptions) -> Option<Share> {
        let numbers: Option<Vec<f64>> = panel.labels.iter().map(|label| label.trim().parse().ok()).collect();
        let numbers = numbers.filter(|it| it.len() > 2 && panel.shape == Shape::Choice).unwrap_or_default();
        if numbers.is_empty() && panel.shape != Shape::Number {
            return None;
        }
        let value = |plain: &Plain| match plain {
            Plain::Choice(class) => numbers.get(class.0 as usize).copied().unwrap_or(0.0),
            other => number_of(other).unwrap_or(0.0),
        };
        let name = if panel.shape == Shape::Number { "mean of the numbers" } else { "mean of the labels" };
        // An item without a label has no number: it would count as 0.
        let labeled: Vec<usize> =
            items.iter().copied().filter(|item| self.judged.labels[*item].is_some()).collect();
        let options = EstimateOptions { half_width: None, ..options.clone() };
        let (share, _) = self.share(panel, &labeled, (name.to_owned(), &value), &options);
        Some(Share { is_share: false, ..share })
    }
}

const NO_SPREAD: &str = "no sampled item differs: the spread cannot be seen from so few";

/// A mean three ways, and what a plan needs.
struct Three {
    model_only: f64,
    classical: Corrected,
    corrected: Corrected,
    simple: Option<MeanReport>,
}

fn is_label(id: LabelId, label: Class) -> bool {
    id.index() as u32 == label.0
}

/// Whether a value has this label; of spans and relations, whether there is one; of rankings, whether it stands first.
fn has(plain: &Plain, label: Class) -> f64 {
    let is = match plain {
        Plain::Choice(class) => *class == label,
        Plain::Choices(classes) => classes.contains(&label),
        Plain::Spans(spans) => spans.iter().any(|it| it.class == label),
        Plain::Whole(whole) => match whole.value() {
            Value::Ranking(groups) => {
                groups.first().is_some_and(|first| first.iter().any(|it| is_label(*it, label)))
            }
            Value::Relations(graph) => graph.relations.iter().any(|it| is_label(it.label, label)),
            _ => false,
        },
    };
    f64::from(u8::from(is))
}

fn number(it: &Corrected) -> Option<Number> {
    let interval = it.interval?;
    Some(Number { value: it.value, low: interval.low, high: interval.high, n: it.n })
}

/// The cells of columns of the data, item by item.
async fn columns(setup: Option<&Setup>, names: &[String]) -> Result<Vec<Vec<Option<String>>>> {
    let setup = setup.ok_or_else(|| {
        Error::invalid("groups and regressions need the columns of the data")
            .hint("name a project or the data file")
    })?;
    let known = karat_format::scan_columns(&setup.read)?;
    for name in names {
        if !known.iter().any(|it| it.name == *name) {
            let known: Vec<&str> = known.iter().map(|it| it.name.as_str()).collect();
            return Err(Error::invalid(format!("the data has no column `{name}`"))
                .hint(format!("there are `{}`", known.join("`, `"))));
        }
    }
    let mut values = Vec::new();
    let mut chunks = row_chunks(setup.read.clone(), None, CHUNK);
    while let Some(chunk) = chunks.recv().await {
        for row in chunk? {
            if let Row::Item(item) = row {
                let cell = |name: &String| {
                    item.fields.get(name).and_then(cell_text).map(std::borrow::Cow::into_owned)
                };
                values.push(names.iter().map(cell).collect());
            }
        }
    }
    Ok(values)
}

/// The groups with the most items first.
fn groups(
    panel: &Panel,
    basis: &Basis<'_>,
    values: &[Vec<Option<String>>],
    labels: &[usize],
    options: &EstimateOptions,
) -> Vec<Group> {
    let mut members: HashMap<&str, Vec<usize>> = HashMap::new();
    for (item, row) in values.iter().enumerate() {
        if let Some(value) = row.first().and_then(Option::as_deref) {
            members.entry(value).or_default().push(item);
        }
    }
    let mut members: Vec<(&str, Vec<usize>)> = members.into_iter().collect();
    members.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(b.0)));
    let mut first: Vec<Option<Corrected>> = Vec::new();
    let mut groups = Vec::new();
    for (n, (group, items)) in members.into_iter().enumerate() {
        let one = |label: &usize| {
            let class = Class(*label as u32);
            basis.share(
                panel,
                &items,
                (panel.labels[*label].clone(), &move |plain| has(plain, class)),
                options,
            )
        };
        let (shares, found): (Vec<Share>, Vec<Option<Corrected>>) = labels.iter().map(one).unzip();
        let differences = match n {
            0 => Vec::new(),
            _ => {
                let of = |(own, first): (&Option<Corrected>, &Option<Corrected>)| {
                    number(&difference(own.as_ref()?, first.as_ref()?, Level::P95))
                };
                let names = labels.iter().map(|label| panel.labels[*label].clone());
                names.zip(found.iter().zip(&first).map(of)).collect()
            }
        };
        if n == 0 {
            first = found;
        }
        groups.push(Group { group: group.to_owned(), n_items: items.len() as u64, shares, differences });
    }
    groups
}

/// A logistic regression of "has the label" on columns of numbers.
fn slopes(
    panel: &Panel,
    basis: &Basis<'_>,
    values: &[Vec<Option<String>>],
    options: &EstimateOptions,
) -> Result<Vec<Slope>> {
    let label = options.label.as_ref().and_then(|label| panel.labels.iter().position(|it| it == label));
    let label = label
        .ok_or_else(|| Error::invalid("a regression needs one label").hint("name it: `--label NAME`"))?;
    if basis.kept.as_ref().is_some_and(|it| it.design != "simple") {
        return Err(Error::invalid("a regression needs gold from a simple sample")
            .hint("draw one with `karat sample N`"));
    }
    let has = |plain: &Plain| has(plain, Class(label as u32));
    let width = options.regress.len() + 1;
    let (mut features, mut human, mut model) = (Vec::new(), Vec::new(), Vec::new());
    let (mut features_pool, mut model_pool) = (Vec::new(), Vec::new());
    for (item, row) in values.iter().enumerate() {
        let numbers: Option<Vec<f64>> = row
            .iter()
            .map(|cell| cell.as_ref()?.trim().parse().ok().filter(|it: &f64| it.is_finite()))
            .collect();
        let Some(numbers) = numbers else { continue };
        let row = std::iter::once(1.0).chain(numbers);
        if basis.sampled.binary_search(&item).is_ok() {
            features.extend(row);
            human.push(panel.gold[item].as_ref().map_or(0.0, has));
            model.push(basis.model(item, &has));
        } else {
            features_pool.extend(row);
            model_pool.push(basis.model(item, &has));
        }
    }
    let data = Regression {
        n_features: width,
        features: &features,
        human: &human,
        model: &model,
        features_pool: &features_pool,
        model_pool: &model_pool,
    };
    let found = logistic(&data, Tuning::Tuned, Level::P95).map_err(|error| {
        Error::invalid(format!("there is no regression: {error}"))
            .hint("the columns must hold numbers that vary, and more gold items than columns")
    })?;
    let names = std::iter::once("(intercept)".to_owned()).chain(options.regress.iter().cloned());
    let both = found.classical.iter().zip(&found.corrected);
    Ok(names
        .zip(both)
        .map(|(column, (gold, both))| Slope { column, gold_only: number(gold), corrected: number(both) })
        .collect())
}
