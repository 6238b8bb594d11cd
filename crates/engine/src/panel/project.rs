//! The panel of a project: its data, its journal, and the columns with people's labels.

use karat_core::{Annotation, Hash, Hasher, Item, Result};
use karat_stats::NoLabel;
use karat_stats::aggregate::Voter;
use karat_store::Store;

use super::{Keep, Member, Panel};
use crate::asker::Asker;
use crate::evaluate::GoldSource;
use crate::measure::Measure;
use crate::plain::plain;
use crate::run::chunks;
use crate::setup::Setup;

/// What of a project is put into its panel.
#[derive(Clone, Copy)]
pub struct PanelOptions<'a> {
    /// Where the gold comes from.
    pub gold: Option<&'a GoldSource>,
    /// What is measured: all of the task, or one question.
    pub measure: &'a Measure,
    /// What is kept beside the labels.
    pub keep: Keep,
}

/// Reads data and journal side by side. The members are the people's columns, then the annotators.
pub async fn of_project(
    setup: &Setup,
    store: &Store,
    askers: &[Asker],
    options: PanelOptions<'_>,
) -> Result<Panel> {
    let PanelOptions { gold, measure, .. } = options;
    let task = &setup.task;
    // A moderator has read what the others said: its label is no vote beside theirs. An inspector labels nothing.
    let askers: Vec<&Asker> = askers.iter().filter(|asker| !asker.moderates() && !asker.inspects()).collect();
    let mut panel = empty(setup, &askers, &options);
    let mut data = Hasher::default();
    let mut chunks = chunks(setup.read.clone(), None);
    while let Some(chunk) = chunks.recv().await {
        let chunk = chunk?;
        let keys: Vec<_> = chunk.iter().map(|item| (item.id.shared(), task.input_hash(item))).collect();
        for (n, asker) in askers.iter().enumerate() {
            let rows = store.standing(asker.id, &keys).await?;
            let member = &mut panel.members[setup.people.len() + n];
            for row in rows {
                let read = row.and_then(|row| Annotation::from_row(&row, asker.shape(), &task.schema).ok());
                let confidence = read.as_ref().map(|it| it.confidence);
                if let Some(confidence) = confidence.filter(|it| it.value().is_some()) {
                    member.source = Some(confidence.source());
                }
                let at_ms = read.as_ref().map_or(0, |it| it.at_ms);
                let value = confidence.and_then(karat_core::Confidence::value);
                member.push(measure.given(read.as_ref()), value, at_ms);
            }
        }
        for (item, (id, input)) in chunk.iter().zip(&keys) {
            data = data.part(id.as_bytes()).part(input.0);
            panel.add_item(setup, &options, item);
        }
    }
    panel.data = data.finish();
    let strangers = gold.and_then(|gold| {
        let known = panel.by_id();
        gold.strangers(|id| known.contains_key(id))
    });
    if let Some(problem) = strangers {
        panel.problem(problem);
    }
    Ok(panel)
}

/// The panel before anything is read.
fn empty(setup: &Setup, askers: &[&Asker], options: &PanelOptions<'_>) -> Panel {
    let PanelOptions { gold, measure, .. } = *options;
    let task = measure.task();
    let people = setup.people.iter().map(|column| {
        let id = Hasher::default().part("column").part(column).finish();
        Member::new(column.clone(), Voter::Person, id)
    });
    let models = askers.iter().map(|asker| {
        let mut member = Member::new(asker.annotator.name.clone(), Voter::Model, asker.id);
        member.not_live = (!asker.nature().is_live()).then(|| asker.nature().to_string());
        member
    });
    Panel {
        name: setup.name.clone(),
        kind: measure.kind().id().to_owned(),
        shape: measure.kind().shape(),
        measure: Some(measure.clone()),
        overlap: task.spec.overlap,
        labels: task.schema.names().map(str::to_owned).collect(),
        ids: Vec::new(),
        texts: Vec::new(),
        contexts: Vec::new(),
        members: people.chain(models).collect(),
        gold: Vec::new(),
        gold_from: gold.map(GoldSource::describe),
        problems: Vec::new(),
        n_problems: 0,
        task: task_hash(setup, measure),
        data: Hash::of(b""),
    }
}

impl Panel {
    /// What the data itself says of an item: its gold and the labels in people's columns.
    fn add_item(&mut self, setup: &Setup, options: &PanelOptions<'_>, item: &Item) {
        let PanelOptions { gold, measure, keep } = *options;
        let settled = match gold.and_then(|gold| gold.cell(item, setup.kind.shape())) {
            None => None,
            Some(cell) => match measure.read(item, cell) {
                Ok(value) => value.as_ref().map(plain),
                Err(why) => {
                    self.problem(format!("item `{}`: the gold is not readable: {why}", item.id));
                    None
                }
            },
        };
        self.gold.push(settled);
        for (n, column) in setup.people.iter().enumerate() {
            let cell = item.fields.get(column).filter(|cell| !cell.is_null() && cell.as_str() != Some(""));
            let given = match cell.map(|cell| measure.read(item, cell)) {
                None => Err(NoLabel::Pending),
                Some(Ok(value)) => value.as_ref().map(plain).ok_or(NoLabel::Abstained),
                Some(Err(why)) => {
                    self.problem(format!("item `{}`: column `{column}` is not readable: {why}", item.id));
                    Err(NoLabel::Unusable)
                }
            };
            self.members[n].push(given, None, 0);
        }
        if keep == Keep::Texts {
            self.texts.push(setup.task.text_of(item).as_ref().into());
            let context: Vec<String> = setup
                .task
                .context_of(item)
                .into_iter()
                .map(|(name, text)| format!("{name}: {text}"))
                .collect();
            self.contexts.push(context.join(" · ").into());
        }
        self.ids.push(item.id.shared());
    }
}

/// What all are asked: another guideline, another label or another question is another task.
fn task_hash(setup: &Setup, measure: &Measure) -> Hash {
    let mut hasher = Hasher::default().part(setup.kind.id()).part(&setup.task.guideline);
    if let Some(question) = measure.question() {
        hasher = hasher.part("question").part(question);
    }
    for spec in measure.task().schema.specs() {
        hasher = hasher.part(&spec.name).part(&spec.description);
    }
    if measure.tolerance() > 0.0 {
        hasher = hasher.part("tolerance").part(measure.tolerance().to_le_bytes());
    }
    hasher.finish()
}
