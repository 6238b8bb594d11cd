//! What a project did so far: annotators with their sums, runs with their ends, money spent and set aside.
//!
//! Everything here reads the sums, not the log, so that it takes milliseconds at any size.

use std::collections::BTreeMap;

use karat_core::{Annotator, AnnotatorKind, Hash, MicroUsd, OutcomeKind, Result, RunRow, Tokens};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::budget::Hold;
use crate::lock::running;
use crate::read::read_tokens;
use crate::sql::{read_hash, read_number};
use crate::store::Store;
use crate::tally::{self, ATTEMPT, OUTCOME, Sums};

/// An annotator and what it did.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// The annotator.
    pub annotator: Annotator,
    /// Outcomes that stand, by kind; a redone failure is no failure. Counted for each item and input.
    pub outcomes: BTreeMap<OutcomeKind, u64>,
    /// Of `outcomes`, those that are no labels, by kind and reason: the tag of an unusable answer, the class of a failure,
    /// `unknown` or `refused`.
    pub reasons: BTreeMap<(OutcomeKind, String), u64>,
    /// All annotations ever made, with those that were replaced.
    pub annotations: u64,
    /// Calls, each with its tries as one.
    pub calls: u64,
    /// Every try of every call.
    pub attempts: u64,
    /// Of `attempts`, by status: `ok` or the class of the error.
    pub statuses: BTreeMap<String, u64>,
    /// What the attempts used, as far as providers said.
    pub tokens: Tokens,
    /// What the attempts cost.
    pub cost: MicroUsd,
    /// The times of the first and the last row, in milliseconds since 1970; `None` for no rows.
    pub at_ms: Option<(i64, i64)>,
}

/// A run and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOverview {
    /// Its number.
    pub id: i64,
    /// As it was begun.
    pub run: RunRow,
    /// How it ended.
    pub state: RunState,
}

/// Whether a run ended, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunState {
    /// A process is executing it.
    Running {
        /// The process; 0 where its number cannot be read.
        pid: u32,
    },
    /// It ended by itself.
    Ended {
        /// `finished`, `interrupted` or `failed: …`.
        how: String,
        /// When, in milliseconds since 1970.
        at_ms: i64,
    },
    /// Its process died before it could write an end.
    Crashed,
}

/// Money spent and set aside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spending {
    /// By all attempts.
    pub spent: MicroUsd,
    /// Set aside for calls in flight, by run.
    pub held: Vec<HeldByRun>,
}

/// What is set aside for the calls of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldByRun {
    /// The run.
    pub run: i64,
    /// How many calls.
    pub n_calls: u64,
    /// At most so much.
    pub amount: MicroUsd,
    /// Whether the run is running. If not, these calls were in flight when it crashed: they may have been paid, and count
    /// as spent for ever.
    pub running: bool,
}

/// What one answered call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageSample {
    /// The size of the prompt as stored, in bytes.
    pub prompt_bytes: u64,
    /// What it used.
    pub tokens: Tokens,
    /// From sending to the whole answer.
    pub latency_ms: u32,
}

impl Spending {
    /// All that is set aside.
    pub fn held_total(&self) -> MicroUsd {
        self.held.iter().map(|held| held.amount).sum()
    }

    /// What was in flight when runs crashed: the number of calls, and at most how much they cost.
    pub fn lost_in_crashes(&self) -> (u64, MicroUsd) {
        let lost = || self.held.iter().filter(|held| !held.running);
        (lost().map(|held| held.n_calls).sum(), lost().map(|held| held.amount).sum())
    }
}

impl Store {
    /// All annotators, in the order of their registration, with what they did.
    pub async fn tallies(&self) -> Result<Vec<Tally>> {
        let mut reading = self.reader().await?;
        let tallies = tallies(&mut reading.get()?.conn).await;
        tallies.map_err(|error| self.told(&error))
    }

    /// All runs, oldest first.
    pub async fn runs(&self) -> Result<Vec<RunOverview>> {
        let mut reading = self.reader().await?;
        let rows = sqlx::query(
            "SELECT r.id, r.plan, r.command, r.seed, r.max_cost, r.at_ms, e.how, e.at_ms \
             FROM run r LEFT JOIN run_end e ON e.run = r.id ORDER BY r.id",
        )
        .fetch_all(&mut reading.get()?.conn)
        .await;
        let read = rows.and_then(|rows| rows.iter().map(|row| self.read_run(row)).collect());
        read.map_err(|error| self.told(&error))
    }

    /// What the project spent, and what is set aside.
    pub async fn spending(&self) -> Result<Spending> {
        let mut reading = self.reader().await?;
        let spending = self.read_spending(&mut reading.get()?.conn).await;
        spending.map_err(|error| self.told(&error))
    }

    /// The hold of this number, where it has not ended: what a process set aside that is no more, for work that goes on
    /// without it. Whoever ends it must know that nobody else does.
    pub async fn open_hold(&self, id: i64) -> Result<Option<Hold>> {
        let mut reading = self.reader().await?;
        let amount: Option<i64> = sqlx::query_scalar("SELECT amount FROM open_hold WHERE hold = $1")
            .bind(id)
            .fetch_optional(&mut reading.get()?.conn)
            .await
            .map_err(|error| self.told(&error))?;
        Ok(amount.map(|amount| Hold { id, amount: MicroUsd(read_number(amount)) }))
    }

    /// What the newest `n` answered calls of an annotator used, newest first: to learn how many tokens its prompts and
    /// answers have. Calls whose provider did not say are left out.
    pub async fn usage_samples(&self, annotator: Hash, n: u32) -> Result<Vec<UsageSample>> {
        let mut reading = self.reader().await?;
        let rows = sqlx::query(
            "SELECT b.size, a.tokens_input, a.tokens_cached_read, a.tokens_cached_write, a.tokens_output, \
             a.tokens_reasoning, a.latency_ms FROM attempt a JOIN blob b ON b.hash = a.prompt \
             WHERE a.annotator = (SELECT id FROM annotator WHERE hash = $1) AND a.status = 'ok' \
             AND a.tokens_input IS NOT NULL ORDER BY a.seq DESC LIMIT $2",
        )
        .bind(annotator.0.to_vec())
        .bind(i64::from(n))
        .fetch_all(&mut reading.get()?.conn)
        .await;
        let read = rows.and_then(|rows| {
            let samples = rows.iter().map(|row| {
                Ok(UsageSample {
                    prompt_bytes: read_number(row.try_get(0)?),
                    tokens: read_tokens(row, 1)?.unwrap_or_default(),
                    latency_ms: u32::try_from(row.try_get::<i64, _>(6)?).unwrap_or(u32::MAX),
                })
            });
            samples.collect()
        });
        read.map_err(|error| self.told(&error))
    }

    fn read_run(&self, row: &SqliteRow) -> sqlx::Result<RunOverview> {
        let id = row.try_get(0)?;
        let how: Option<String> = row.try_get(6)?;
        let state = match how {
            Some(how) => RunState::Ended { how, at_ms: row.try_get(7)? },
            None => match running(&self.place().locks, id) {
                Some(pid) => RunState::Running { pid },
                None => RunState::Crashed,
            },
        };
        let max_cost: Option<i64> = row.try_get(4)?;
        let run = RunRow {
            plan: read_hash(row.try_get(1)?)?,
            command: row.try_get(2)?,
            seed: row.try_get::<i64, _>(3)?.cast_unsigned(),
            max_cost: max_cost.map(|max| MicroUsd(read_number(max))),
            at_ms: row.try_get(5)?,
        };
        Ok(RunOverview { id, run, state })
    }

    pub(crate) async fn read_spending(&self, conn: &mut SqliteConnection) -> sqlx::Result<Spending> {
        let spent: i64 = sqlx::query_scalar("SELECT CAST(coalesce(sum(cost), 0) AS BIGINT) FROM tally")
            .fetch_one(&mut *conn)
            .await?;
        let rows = sqlx::query(
            "SELECT run, count(*), CAST(sum(amount) AS BIGINT) FROM open_hold GROUP BY run ORDER BY run",
        );
        let mut held = Vec::new();
        for row in rows.fetch_all(conn).await? {
            let run = row.try_get(0)?;
            held.push(HeldByRun {
                run,
                n_calls: read_number(row.try_get(1)?),
                amount: MicroUsd(read_number(row.try_get(2)?)),
                running: running(&self.place().locks, run).is_some(),
            });
        }
        let spent = MicroUsd(read_number(spent));
        Ok(Spending { spent, held })
    }
}

async fn tallies(conn: &mut SqliteConnection) -> sqlx::Result<Vec<Tally>> {
    let mut sums = tally::stored(conn).await?;
    let rows = sqlx::query("SELECT id, kind, name, model, prompt, settings FROM annotator ORDER BY id");
    let rows = rows.fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            let id: i64 = row.try_get(0)?;
            let annotator = Annotator {
                kind: read_annotator_kind(row.try_get(1)?)?,
                name: row.try_get(2)?,
                model: row.try_get(3)?,
                prompt: read_hash(row.try_get(4)?)?,
                settings: row.try_get(5)?,
            };
            Ok(tally_of(annotator, sums.remove(&id).unwrap_or_default()))
        })
        .collect()
}

fn tally_of(annotator: Annotator, sums: Sums) -> Tally {
    let [input, cached_read, cached_write, output, reasoning] = sums.tokens.map(read_number);
    let mut tally = Tally {
        annotator,
        outcomes: BTreeMap::new(),
        reasons: BTreeMap::new(),
        annotations: read_number(sums.annotations),
        calls: read_number(sums.calls),
        attempts: read_number(sums.attempts),
        statuses: BTreeMap::new(),
        tokens: Tokens { input, cached_read, cached_write, output, reasoning },
        cost: MicroUsd(read_number(sums.cost)),
        at_ms: sums.at_ms,
    };
    for ((what, name), n) in sums.counts {
        let n = read_number(n);
        if what == ATTEMPT {
            tally.statuses.insert(name, n);
        } else if what == OUTCOME {
            tally.outcomes.extend(OutcomeKind::from_name(&name).map(|kind| (kind, n)));
        } else if let Some(kind) = OutcomeKind::from_name(&what) {
            tally.reasons.insert((kind, name), n);
        }
    }
    tally
}

fn read_annotator_kind(name: &str) -> sqlx::Result<AnnotatorKind> {
    serde_json::from_value(name.into()).map_err(|error| sqlx::Error::Decode(error.into()))
}
