//! A run from its first row to its last, around what is asked in it.
//!
//! In: what a run works with. Out: a number in the journal, the right to its annotators, and in the end a [`RunEnd`]. Not
//! here: which items are asked (`wanted.rs`), and asking them (`run.rs`, `ask.rs`).

use futures::future::join_all;
use karat_core::{Error, Hasher, Result, RunRow};
use karat_store::{Claim, Journal, JournalOptions, Store};

use super::{Line, RunEnd, RunOptions, Watch};
use crate::ask::Halt;
use crate::asker::Asker;
use crate::batch::LeftOut;
use crate::ladder::Ladder;
use crate::purse::Purse;
use crate::setup::Setup;

/// What a run works with.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) setup: &'a Setup,
    pub(crate) store: &'a Store,
    pub(crate) askers: &'a [Asker],
    pub(crate) options: &'a RunOptions,
    pub(crate) watch: &'a Watch,
}

/// A run that has begun: its number, its way into the journal, and the right to its annotators.
pub(crate) struct Begun {
    pub(crate) run: i64,
    pub(crate) journal: Journal,
    pub(crate) ladder: Ladder,
    claims: Vec<Claim>,
}

impl Begun {
    pub(crate) async fn new(scene: Scene<'_>, command: &str) -> Result<Self> {
        let Scene { setup, store, askers, options, .. } = scene;
        require_prices(setup, askers)?;
        let ladder = Ladder::new(askers, setup.settle)?;
        let plan = askers.iter().fold(Hasher::default(), |hash, asker| hash.part(asker.id.0)).finish();
        let row = RunRow {
            plan,
            command: command.to_owned(),
            seed: options.seed,
            max_cost: setup.max_cost,
            at_ms: crate::now_ms(),
        };
        let claims = askers.iter().map(|asker| store.claim(asker.id)).collect::<Result<Vec<_>>>()?;
        for asker in askers {
            store.register(&asker.annotator).await?;
        }
        let run = store.begin_run(&row).await?;
        let journal = store.journal(JournalOptions::default())?;
        Ok(Self { run, journal, ladder, claims })
    }

    /// Asks by live calls, at most so many items of each of these annotators; returns why some could not go on, with their
    /// names.
    pub(crate) async fn ask(
        &self,
        scene: Scene<'_>,
        stage: &[usize],
        left_out: &LeftOut,
        at_most: usize,
    ) -> Result<Vec<(String, Error)>> {
        let Scene { setup, store, askers, .. } = scene;
        let purse = setup.max_cost.map(|max| store.budget(self.run, max)).transpose()?.map(Purse::new);
        let line = Line { scene, begun: self, purse: purse.as_ref(), left_out, at_most };
        let ends = join_all(stage.iter().map(|n| line.annotator(*n))).await;
        let mut errors = Vec::new();
        for (n, end) in stage.iter().zip(ends) {
            if let Err(Halt::Fatal(error)) = end {
                errors.push((askers[*n].annotator.name.clone(), error));
            }
        }
        Ok(errors)
    }

    pub(crate) async fn end(self, scene: Scene<'_>, errors: Vec<(String, Error)>) -> Result<RunEnd> {
        let Scene { store, askers, watch: Watch { progress, stop }, .. } = scene;
        self.journal.finish().await?;
        let how = match (errors.first(), stop.asked()) {
            (Some((name, error)), _) => format!("failed: {name}: {error}"),
            (None, true) => "interrupted".to_owned(),
            (None, false) => "finished".to_owned(),
        };
        store.end_run(self.run, &how, crate::now_ms()).await?;
        drop(self.claims);
        let downgrades = askers
            .iter()
            .flat_map(|it| it.downgrades().into_iter().map(|one| (it.annotator.name.clone(), one)))
            .collect();
        Ok(RunEnd { count: progress.count(), stopped: stop.asked(), errors, downgrades })
    }
}

/// A limit cannot be kept where nobody knows what a call costs.
fn require_prices(setup: &Setup, askers: &[Asker]) -> Result<()> {
    match (setup.max_cost, askers.iter().find_map(Asker::without_price)) {
        (Some(max), Some(name)) => Err(Error::invalid(format!(
            "`{name}` has no price, so that the limit of {max} cannot be kept"
        ))
        .hint("give its price with `--prices FILE` or `prices` under `[budget]`, or leave the limit out")),
        (None, _) | (_, None) => Ok(()),
    }
}
