//! How each item's final label came about: by which tier, by the moderator, or not at all; at what cost, and how well; and
//! what an inspector says of it.
//!
//! In: a project, its journal, and gold where there is some. Out: [`Decisions`], and a table with a row for each item: what
//! each annotator gave and how long it took, how far they agree, the verdict, the final label and who decided it.
//!
//! A final label is settled by the rule of `[policy.settle]`, tier after tier; else it is the moderator's; else it is left to
//! a person. One that the inspector contests is left to a person, too. Consensus by statistics is another matter (`consensus.rs`).

use std::collections::BTreeMap;
use std::sync::Arc;

use karat_core::{Annotation, Error, Hash, Item, LabelSchema, MicroUsd, Outcome, Result, Value};
use karat_format::{Column, ColumnKind, TableWriter};
use karat_stats::{Estimate, Level};
use karat_store::{Effort, Store};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use crate::asker::{Asker, labelers};
use crate::compare::number;
use crate::evaluate::{GoldSource, Number};
use crate::ladder::{By, Ladder, Said, agreement, positions, said};
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
    /// What the inspector said; `None` where there is none.
    pub inspected: Option<Inspected>,
}

/// What an inspector said of the final labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspected {
    /// Who it is.
    pub name: String,
    /// Labels that follow the guideline, by its word.
    pub follows: u64,
    /// Labels that contradict it: their items are left to people.
    pub contests: u64,
    /// Labels of which it gave no verdict: it could not tell, its answer was unusable, or none came. They stand.
    pub without_verdict: u64,
    /// Labels that it was not asked about yet. They stand.
    pub not_asked: u64,
    /// The share of right labels on gold among those that it contests: far below that of the others where it is of use.
    pub accuracy_of_contested: Option<Number>,
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

/// Adds up how the items were decided, and writes the table where a file is named.
pub async fn decide(
    setup: &Setup,
    store: &Store,
    askers: &[Asker],
    gold: Option<&GoldSource>,
    to: Option<&str>,
) -> Result<Decisions> {
    let ladder = Ladder::new(askers, setup.settle)?;
    let mut sum = Sum::new(Measure::of(setup, None)?, &ladder, askers);
    let mut table = to.map(|to| Table::create(setup, askers, &ladder, to)).transpose()?;
    let mut chunks = chunks(setup.read.clone(), None);
    while let Some(chunk) = chunks.recv().await {
        let chunk = chunk?;
        let keys: Vec<_> = chunk.iter().map(|it| (it.id.shared(), setup.task.input_hash(it))).collect();
        let ids: Vec<_> = keys.iter().map(|(id, _)| id.clone()).collect();
        let mut all = said(store, labelers(askers), &keys).await?;
        let final_of =
            |at: usize| ladder.verdict(&all.iter().map(|rows| rows[at].clone()).collect::<Vec<_>>());
        let finals: Vec<(By, Option<Value>)> = (0..chunk.len()).map(final_of).collect();
        if let Some(inspector) = ladder.inspector().map(|n| &askers[n]) {
            all.push(inspections((setup, store), inspector, &chunk, &finals).await?);
        }
        let mut efforts = Vec::with_capacity(askers.len());
        for asker in askers {
            efforts.push(store.efforts(asker.id, &ids).await?);
        }
        for ((at, item), (by, value)) in chunk.iter().enumerate().zip(finals) {
            let said: Vec<Said> = all.iter().map(|rows| rows[at].clone()).collect();
            let efforts: Vec<Effort> = efforts.iter().map(|rows| rows[at]).collect();
            let inspected = value.is_some().then(|| sum.inspect(&ladder, &said)).flatten();
            let settled = gold.and_then(|gold| gold.cell(item, setup.kind.shape()));
            let settled = settled.and_then(|cell| setup.kind.read_gold(&setup.task, item, cell).ok());
            let (by, value) = match inspected {
                Some(Verdict::Contests) => {
                    sum.contest(value.as_ref(), settled.as_ref());
                    (By::Nobody("the inspector contests the label"), None)
                }
                Some(Verdict::Follows | Verdict::None | Verdict::NotAsked) | None => (by, value),
            };
            sum.add(by, value.as_ref(), settled.as_ref(), &efforts);
            if let Some(table) = &mut table {
                let reasons = [
                    reason(store, item, &said, ladder.moderator()).await?,
                    reason(store, item, &said, ladder.inspector()).await?,
                ];
                table.write(item, &Row { said: &said, efforts: &efforts, by, value, reasons })?;
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

/// What an inspector said of a final label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Follows,
    Contests,
    None,
    NotAsked,
}

/// What an inspector said of the final labels of these items.
async fn inspections(
    (setup, store): (&Setup, &Store),
    inspector: &Asker,
    items: &[Item],
    finals: &[(By, Option<Value>)],
) -> Result<Vec<Said>> {
    let labeled = items.iter().zip(finals).enumerate();
    let labeled: Vec<(usize, (Arc<str>, Hash))> = labeled
        .filter_map(|(at, (item, (_, value)))| {
            Some((at, (item.id.shared(), inspector.inspected(setup, item, value.as_ref()?))))
        })
        .collect();
    let keys: Vec<(Arc<str>, Hash)> = labeled.iter().map(|(_, key)| key.clone()).collect();
    let mut found = vec![None; items.len()];
    for ((at, _), row) in labeled.into_iter().zip(store.standing(inspector.id, &keys).await?) {
        found[at] =
            row.and_then(|row| Annotation::from_row(&row, inspector.shape(), &inspector.task().schema).ok());
    }
    Ok(found)
}

/// The reason that an annotator gave, where it was asked and gave one.
async fn reason(store: &Store, item: &Item, said: &[Said], n: Option<usize>) -> Result<Option<String>> {
    let heard = match n {
        Some(n) if said[n].is_some() => positions(store, item, &said[n..=n]).await?,
        _ => Vec::new(),
    };
    Ok(heard.into_iter().next().and_then(|it| it.reason))
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
    /// Whether a value is right.
    measure: Measure,
    names: Vec<(String, Vec<String>)>,
    /// Tiers, then the moderator where there is one, then people.
    tallies: Vec<Tally>,
    n_items: u64,
    n_gold: u64,
    left: BTreeMap<&'static str, u64>,
    inspector: Option<String>,
    /// How often each verdict was given, in the order of [`Verdict`].
    verdicts: [u64; 4],
    contested: Tally,
}

impl Sum {
    fn new(measure: Measure, ladder: &Ladder, askers: &[Asker]) -> Self {
        let stages = ladder.stages();
        let name = |n: &usize| askers[*n].annotator.name.clone();
        let inspector = ladder.inspector().map(|n| askers[n].annotator.name.clone());
        let deciding = stages.len() - usize::from(inspector.is_some());
        let stages = &stages[..deciding];
        let by = |at: usize| match at < ladder.n_tiers() {
            true => format!("tier {}", at + 1),
            false => "moderator".to_owned(),
        };
        let mut names: Vec<(String, Vec<String>)> =
            stages.iter().enumerate().map(|(at, stage)| (by(at), stage.iter().map(name).collect())).collect();
        names.push(("people".to_owned(), Vec::new()));
        let tallies = vec![Tally::default(); names.len()];
        Self {
            measure,
            names,
            tallies,
            n_items: 0,
            n_gold: 0,
            left: BTreeMap::new(),
            inspector,
            verdicts: [0; 4],
            contested: Tally::default(),
        }
    }

    /// Counts what the inspector said of an item's final label.
    fn inspect(&mut self, ladder: &Ladder, said: &[Said]) -> Option<Verdict> {
        let verdict = match said[ladder.inspector()?].as_ref().map(|it| &it.outcome) {
            None => Verdict::NotAsked,
            // The schema of a verdict is `follows`, `contradicts`.
            Some(Outcome::Labeled(Value::Choice(label))) if label.index() == 0 => Verdict::Follows,
            Some(Outcome::Labeled(_)) => Verdict::Contests,
            Some(Outcome::Abstained(_) | Outcome::Unusable(_) | Outcome::Failed(_)) => Verdict::None,
        };
        self.verdicts[verdict as usize] += 1;
        Some(verdict)
    }

    fn contest(&mut self, value: Option<&Value>, gold: Option<&Value>) {
        let Some(gold) = gold else { return };
        let is_right = value.is_some_and(|value| self.measure.fits(&plain(value), &plain(gold)));
        self.contested.n_gold += 1;
        self.contested.n_right += u64::from(is_right);
    }

    fn add(&mut self, by: By, value: Option<&Value>, gold: Option<&Value>, efforts: &[Effort]) {
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
        self.n_gold += u64::from(gold.is_some());
        if let (Some(value), Some(gold)) = (value, gold) {
            tally.n_gold += 1;
            tally.n_right += u64::from(self.measure.fits(&plain(value), &plain(gold)));
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
        let [follows, contests, without_verdict, not_asked] = self.verdicts;
        let inspected = self.inspector.map(|name| Inspected {
            name,
            follows,
            contests,
            without_verdict,
            not_asked,
            accuracy_of_contested: accuracy(self.contested.n_right, self.contested.n_gold),
        });
        Decisions {
            inspected,
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
    /// The moderator's and the inspector's.
    reasons: [Option<String>; 2],
}

/// The table with a row for each item.
struct Table<'a> {
    setup: &'a Setup,
    askers: &'a [Asker],
    moderator: Option<usize>,
    inspector: Option<usize>,
    writer: TableWriter,
}

impl<'a> Table<'a> {
    fn create(setup: &'a Setup, askers: &'a [Asker], ladder: &Ladder, to: &str) -> Result<Self> {
        let mut columns = vec![Column::new("item", ColumnKind::Text), Column::new("text", ColumnKind::Text)];
        for asker in labelers(askers) {
            let name = &asker.annotator.name;
            columns.push(Column::new(format!("{name}_label"), ColumnKind::Json));
            columns.push(Column::new(format!("{name}_seconds"), ColumnKind::Number));
        }
        columns.push(Column::new("agreement", ColumnKind::Number));
        if ladder.moderator().is_some() {
            columns.push(Column::new("verdict", ColumnKind::Json));
            columns.push(Column::new("verdict_reason", ColumnKind::Text));
        }
        if ladder.inspector().is_some() {
            columns.push(Column::new("inspector", ColumnKind::Text));
            columns.push(Column::new("inspector_reason", ColumnKind::Text));
        }
        columns.push(Column::new("final_label", ColumnKind::Json));
        columns.push(Column::new("decided_by", ColumnKind::Text));
        let path = if to == "-" { to.to_owned() } else { setup.path(to).to_string_lossy().into_owned() };
        Ok(Self {
            setup,
            askers,
            moderator: ladder.moderator(),
            inspector: ladder.inspector(),
            writer: TableWriter::create(&path, &columns)?,
        })
    }

    fn write(&mut self, item: &Item, row: &Row) -> Result<()> {
        let schema = &self.setup.task.schema;
        let label = |said| label_of(said, schema);
        let [moderator_reason, inspector_reason] = &row.reasons;
        let mut fields = Map::new();
        fields.insert("item".into(), json!(item.id.as_str()));
        fields.insert("text".into(), json!(self.setup.task.text_of(item)));
        for ((asker, said), effort) in labelers(self.askers).iter().zip(row.said).zip(row.efforts) {
            let name = &asker.annotator.name;
            fields.insert(format!("{name}_label"), label(said));
            let seconds = (effort.n_calls > 0).then_some(effort.latency_ms as f64 / 1000.0);
            fields.insert(format!("{name}_seconds"), json!(seconds));
        }
        let others = row
            .said
            .iter()
            .enumerate()
            .filter(|(n, _)| Some(*n) != self.moderator && Some(*n) != self.inspector);
        let others: Vec<Said> = others.map(|(_, said)| said.clone()).collect();
        fields.insert("agreement".into(), json!(agreement(&others)));
        if let Some(n) = self.moderator {
            fields.insert("verdict".into(), label(&row.said[n]));
            fields.insert("verdict_reason".into(), json!(moderator_reason));
        }
        if let Some(n) = self.inspector {
            fields.insert("inspector".into(), label_of(&row.said[n], &self.askers[n].task().schema));
            fields.insert("inspector_reason".into(), json!(inspector_reason));
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

/// A label as it is exported, or the kind of the outcome in brackets; nothing where there is none.
fn label_of(said: &Said, schema: &LabelSchema) -> Json {
    match said.as_ref().map(|it| &it.outcome) {
        None => Json::Null,
        Some(Outcome::Labeled(value)) => value.to_json(schema),
        Some(outcome) => json!(format!("({})", outcome.kind())),
    }
}
