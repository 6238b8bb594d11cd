//! How each item's final label came about: by which tier, by the moderator, or not at all; at what cost, and how well.
//!
//! In: a project, its journal, and gold where there is some. Out: [`Decisions`], and a table with a row for each item: what
//! each annotator gave and how long it took, how far they agree, the verdict, the final label and who decided it.
//!
//! A final label is settled by the rule of `[policy.settle]`, tier after tier; else it is the moderator's; else it is left to
//! a person. Consensus by statistics is another matter (`consensus.rs`).

use std::collections::BTreeMap;

use karat_core::{Error, Item, MicroUsd, Outcome, Result, Value};
use karat_format::{Column, ColumnKind, TableWriter};
use karat_stats::{Estimate, Level};
use karat_store::{Effort, Store};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::asker::Asker;
use crate::compare::number;
use crate::evaluate::{GoldSource, Number};
use crate::ladder::{Course, Ladder, Said, agreement, positions, said};
use crate::measure::Measure;
use crate::plain::plain;
use crate::run::chunks;
use crate::setup::Setup;

/// Who decided how much, at what cost, and how well.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decisions {
    /// The parts in the order in which items are decided: tiers, moderator, then what is left to people.
    pub parts: Vec<Part>,
    /// Items.
    pub n_items: u64,
    /// Items with gold.
    pub n_gold: u64,
    /// What all calls cost.
    pub cost: MicroUsd,
    /// Why items are left to people, and how many.
    pub left: BTreeMap<&'static str, u64>,
    /// Everything that has a final label: its accuracy on gold.
    pub accuracy: Option<Number>,
}

/// The items that one tier, the moderator or nobody decided.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Part {
    /// `tier 1`, `moderator`, `people`.
    pub by: String,
    /// Who that is.
    pub names: Vec<String>,
    /// How many items.
    pub n: u64,
    /// Their share of all.
    pub share: f64,
    /// What all calls for them cost.
    pub cost: MicroUsd,
    /// The share of right labels on gold; undefined without gold, and for what is left to people.
    pub accuracy: Option<Number>,
}

/// Who decided an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Tier(usize),
    Moderator,
    Nobody(&'static str),
}

/// Adds up how the items were decided, and writes the table where a file is named.
pub async fn decide(
    setup: &Setup,
    store: &Store,
    askers: &[Asker],
    gold: Option<&GoldSource>,
    to: Option<&str>,
) -> Result<Decisions> {
    let ladder = Ladder::new(askers, setup.settle)?;
    let measure = Measure::of(setup, None)?;
    let mut sum = Sum::new(&ladder, askers);
    let mut table = to.map(|to| Table::create(setup, askers, &ladder, to)).transpose()?;
    let mut chunks = chunks(setup.read.clone(), None);
    while let Some(chunk) = chunks.recv().await {
        let chunk = chunk?;
        let keys: Vec<_> = chunk.iter().map(|it| (it.id.shared(), setup.task.input_hash(it))).collect();
        let ids: Vec<_> = keys.iter().map(|(id, _)| id.clone()).collect();
        let all = said(store, askers, &keys).await?;
        let mut efforts = Vec::with_capacity(askers.len());
        for asker in askers {
            efforts.push(store.efforts(asker.id, &ids).await?);
        }
        for (at, item) in chunk.iter().enumerate() {
            let said: Vec<Said> = all.iter().map(|rows| rows[at].clone()).collect();
            let efforts: Vec<Effort> = efforts.iter().map(|rows| rows[at]).collect();
            let (by, value) = verdict(&ladder, &said);
            let settled = gold.and_then(|gold| gold.cell(item, setup.kind.shape()));
            let settled = settled.and_then(|cell| setup.kind.read_gold(&setup.task, item, cell).ok());
            let is_right = |(value, gold)| measure.fits(&plain(value), &plain(gold));
            let is_right = value.as_ref().zip(settled.as_ref()).map(is_right);
            sum.add(by, (settled.is_some(), is_right), &efforts);
            if let Some(table) = &mut table {
                let heard = match ladder.moderator() {
                    Some(n) if said[n].is_some() => positions(store, item, &said[n..=n]).await?,
                    _ => Vec::new(),
                };
                let reason = heard.into_iter().next().and_then(|it| it.reason);
                table.write(item, &Row { said: &said, efforts: &efforts, by, value, reason })?;
            }
        }
    }
    if let Some(table) = table {
        table.writer.finish()?;
    }
    if sum.n_items == 0 {
        return Err(Error::invalid("no row of the data is an item"));
    }
    Ok(sum.finish())
}

fn verdict(ladder: &Ladder, said: &[Said]) -> (By, Option<Value>) {
    let course = ladder.course(said, ladder.n_tiers());
    let moderated = ladder.moderator().and_then(|n| said[n].as_ref());
    match (course, moderated) {
        (Course::Settled { tier, value }, _) => (By::Tier(tier as usize - 1), Some(value)),
        (Course::Pending, _) => (By::Nobody("not asked yet"), None),
        (Course::Open, _) => (By::Nobody("too few labels, or too unsure"), None),
        (Course::Divided, None) if ladder.moderator().is_some() => {
            (By::Nobody("the moderator was not asked yet"), None)
        }
        (Course::Divided, None) => (By::Nobody("labels differ"), None),
        (Course::Divided, Some(annotation)) => match &annotation.outcome {
            Outcome::Labeled(value) => (By::Moderator, Some(value.clone())),
            Outcome::Abstained(_) | Outcome::Unusable(_) | Outcome::Failed(_) => {
                (By::Nobody("the moderator gave no label"), None)
            }
        },
    }
}

/// One part while it is added up.
#[derive(Default, Clone)]
struct Tally {
    n: u64,
    cost: MicroUsd,
    n_gold: u64,
    n_right: u64,
}

/// What is added up over all items.
struct Sum {
    names: Vec<(String, Vec<String>)>,
    /// Tiers, then the moderator where there is one, then people.
    tallies: Vec<Tally>,
    n_items: u64,
    n_gold: u64,
    left: BTreeMap<&'static str, u64>,
}

impl Sum {
    fn new(ladder: &Ladder, askers: &[Asker]) -> Self {
        let stages = ladder.stages();
        let name = |n: &usize| askers[*n].annotator.name.clone();
        let by = |at: usize| match at < ladder.n_tiers() {
            true => format!("tier {}", at + 1),
            false => "moderator".to_owned(),
        };
        let mut names: Vec<(String, Vec<String>)> =
            stages.iter().enumerate().map(|(at, stage)| (by(at), stage.iter().map(name).collect())).collect();
        names.push(("people".to_owned(), Vec::new()));
        let tallies = vec![Tally::default(); names.len()];
        Self { names, tallies, n_items: 0, n_gold: 0, left: BTreeMap::new() }
    }

    /// `is_right` is `None` where there is no gold, or no label.
    fn add(&mut self, by: By, (has_gold, is_right): (bool, Option<bool>), efforts: &[Effort]) {
        let people = self.tallies.len() - 1;
        let at = match by {
            By::Tier(tier) => tier,
            By::Moderator => people - 1,
            By::Nobody(why) => {
                *self.left.entry(why).or_default() += 1;
                people
            }
        };
        let tally = &mut self.tallies[at];
        tally.n += 1;
        tally.cost = efforts.iter().map(|it| it.cost).chain([tally.cost]).sum();
        self.n_items += 1;
        self.n_gold += u64::from(has_gold);
        if let Some(is_right) = is_right {
            tally.n_gold += 1;
            tally.n_right += u64::from(is_right);
        }
    }

    fn finish(self) -> Decisions {
        let accuracy = |n_right: u64, n_gold: u64| Estimate::share(n_right, n_gold, Level::P95).map(number);
        let all_right = self.tallies.iter().map(|it| it.n_right).sum();
        let all_gold = self.tallies.iter().map(|it| it.n_gold).sum();
        let cost = self.tallies.iter().map(|it| it.cost).sum();
        let part = |((by, names), it): ((String, Vec<String>), Tally)| Part {
            by,
            names,
            n: it.n,
            share: it.n as f64 / self.n_items as f64,
            cost: it.cost,
            accuracy: accuracy(it.n_right, it.n_gold),
        };
        Decisions {
            parts: self.names.into_iter().zip(self.tallies).map(part).collect(),
            n_items: self.n_items,
            n_gold: self.n_gold,
            cost,
            left: self.left,
            accuracy: accuracy(all_right, all_gold),
        }
    }
}

/// What the table says of one item.
struct Row<'a> {
    said: &'a [Said],
    efforts: &'a [Effort],
    by: By,
    value: Option<Value>,
    reason: Option<String>,
}

/// The table with a row for each item.
struct Table<'a> {
    setup: &'a Setup,
    askers: &'a [Asker],
    moderator: Option<usize>,
    writer: TableWriter,
}

impl<'a> Table<'a> {
    fn create(setup: &'a Setup, askers: &'a [Asker], ladder: &Ladder, to: &str) -> Result<Self> {
        let mut columns = vec![Column::new("item", ColumnKind::Text), Column::new("text", ColumnKind::Text)];
        for asker in askers {
            let name = &asker.annotator.name;
            columns.push(Column::new(format!("{name}_label"), ColumnKind::Json));
            columns.push(Column::new(format!("{name}_seconds"), ColumnKind::Number));
        }
        columns.push(Column::new("agreement", ColumnKind::Number));
        if ladder.moderator().is_some() {
            columns.push(Column::new("verdict", ColumnKind::Json));
            columns.push(Column::new("verdict_reason", ColumnKind::Text));
        }
        columns.push(Column::new("final_label", ColumnKind::Json));
        columns.push(Column::new("decided_by", ColumnKind::Text));
        let path = if to == "-" { to.to_owned() } else { setup.path(to).to_string_lossy().into_owned() };
        Ok(Self {
            setup,
            askers,
            moderator: ladder.moderator(),
            writer: TableWriter::create(&path, &columns)?,
        })
    }

    fn write(&mut self, item: &Item, row: &Row) -> Result<()> {
        let schema = &self.setup.task.schema;
        let label = |said: &Said| match said.as_ref().map(|it| &it.outcome) {
            None => Json::Null,
            Some(Outcome::Labeled(value)) => value.to_json(schema),
            Some(outcome) => json!(format!("({})", outcome.kind())),
        };
        let mut fields = Map::new();
        fields.insert("item".into(), json!(item.id.as_str()));
        fields.insert("text".into(), json!(self.setup.task.text_of(item)));
        for ((asker, said), effort) in self.askers.iter().zip(row.said).zip(row.efforts) {
            let name = &asker.annotator.name;
            fields.insert(format!("{name}_label"), label(said));
            let seconds = (effort.n_calls > 0).then_some(effort.latency_ms as f64 / 1000.0);
            fields.insert(format!("{name}_seconds"), json!(seconds));
        }
        let others = row.said.iter().enumerate().filter(|(n, _)| Some(*n) != self.moderator);
        let others: Vec<Said> = others.map(|(_, said)| said.clone()).collect();
        fields.insert("agreement".into(), json!(agreement(&others)));
        if let Some(n) = self.moderator {
            fields.insert("verdict".into(), label(&row.said[n]));
            fields.insert("verdict_reason".into(), json!(row.reason));
        }
        fields.insert("final_label".into(), row.value.as_ref().map_or(Json::Null, |it| it.to_json(schema)));
        let by = match row.by {
            By::Tier(tier) => format!("tier {}", tier + 1),
            By::Moderator => "moderator".to_owned(),
            By::Nobody(why) => format!("nobody: {why}"),
        };
        fields.insert("decided_by".into(), json!(by));
        self.writer.write(&fields)
    }
}
