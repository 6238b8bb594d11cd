//! One transaction of the writer: what is in it, in which order it is written, and the answers to those who wait.
//!
//! In: the commands that arrived together. Out: one answer to each. A command that is wrong in itself, such as a row of
//! an annotator that was never registered, is refused alone; an error of the disk refuses all.

use karat_core::{Annotator, Error, Hash, MicroUsd, Result, RunRow};
use sqlx::{SqliteConnection, query};

use crate::blob::Stored;
use crate::budget::{BudgetError, Hold, Wish};
use crate::decision::{NewDecision, insert_decision};
use crate::journal::Entry;
use crate::lock::RunLocks;
use crate::rows::{Rows, Settled, Start, next_number, open_holds};
use crate::sql::read_number;
use crate::tally::{self, Tallies};
use crate::writer::{Command, Reply, RunEnd, Writer};

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";

/// A command, and the answer once there is one.
struct Waiting<C, T> {
    command: C,
    reply: Reply<Result<T>>,
    answer: Option<Result<T>>,
}

/// Commands of one kind, in the order of their arrival.
struct Queue<C, T>(Vec<Waiting<C, T>>);

impl<C, T> Default for Queue<C, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<C, T> Queue<C, T> {
    fn push(&mut self, command: C, reply: Reply<Result<T>>) {
        self.0.push(Waiting { command, reply, answer: None });
    }

    /// Sends the answers. Whoever no longer waits needs none.
    fn answer(self, otherwise: &impl Fn() -> Result<T>) {
        for waiting in self.0 {
            let _ = waiting.reply.send(waiting.answer.unwrap_or_else(otherwise));
        }
    }

    fn refuse(self, error: &impl Fn() -> Error) {
        for waiting in self.0 {
            let _ = waiting.reply.send(Err(error()));
        }
    }
}

/// The commands that arrived together.
#[derive(Default)]
pub(crate) struct Batch {
    registers: Queue<Annotator, ()>,
    begins: Queue<RunRow, i64>,
    ends: Queue<RunEnd, ()>,
    decisions: Queue<NewDecision, i64>,
    entries: Queue<Entry, ()>,
    releases: Queue<Hold, ()>,
    wishes: Queue<Wish, Result<Hold, BudgetError>>,
    rebuilds: Queue<(), ()>,
    tidies: Queue<(), ()>,
    blobs: Vec<(Hash, Stored)>,
}

impl Batch {
    /// Sorts commands, and compresses their blobs before the file is locked.
    pub(crate) fn collect(commands: impl Iterator<Item = Command>, writer: &mut Writer) -> Self {
        let mut batch = Self::default();
        for command in commands {
            match command {
                Command::Write(mut entry, reply) => {
                    for (hash, bytes) in std::mem::take(&mut entry.blobs) {
                        if writer.written.insert(hash) {
                            batch.blobs.push((hash, writer.packer.pack(&bytes)));
                        }
                    }
                    batch.entries.push(entry, reply);
                }
                Command::Reserve(wish, reply) => batch.wishes.push(wish, reply),
                Command::Release(hold, reply) => batch.releases.push(hold, reply),
                Command::BeginRun(run, reply) => batch.begins.push(run, reply),
                Command::EndRun(end, reply) => batch.ends.push(end, reply),
                Command::Decide(decision, reply) => batch.decisions.push(decision, reply),
                Command::Register(annotator, reply) => batch.registers.push(annotator, reply),
                Command::Rebuild(reply) => batch.rebuilds.push((), reply),
                Command::Tidy(reply) => batch.tidies.push((), reply),
            }
        }
        batch
    }

    /// Writes everything in one transaction. On an error nothing is written.
    pub(crate) async fn write(
        &mut self,
        conn: &mut SqliteConnection,
        writer: &mut Writer,
    ) -> sqlx::Result<()> {
        if !self.rebuilds.0.is_empty() {
            // Sorting the whole log does not fit into memory.
            query("PRAGMA temp_store = FILE").execute(&mut *conn).await?;
        }
        // The lock is taken at once: what is read below must still hold when it is written.
        let mut begin = Some(BEGIN);
        if self.is_rare() {
            query(BEGIN).execute(&mut *conn).await?;
            begin = None;
            self.write_rare(conn, writer).await?;
        }
        let mut rows = self.rows(conn, writer).await?;
        for decision in std::mem::take(&mut rows.decisions) {
            insert_decision(conn, &decision).await?;
        }
        let start = &mut rows.start(conn, &mut writer.statements, begin).await?;
        let changes = rows.count(start);
        // After the entries: what they settled is free for others.
        let (granted, decisions) = self.grant(&rows, start, &changes);
        for decision in decisions {
            insert_decision(conn, &decision).await?;
        }
        rows.insert(conn, &mut writer.statements, start).await?;
        open_holds(conn, &mut writer.statements, granted).await?;
        if self.rebuilds.0.is_empty() {
            tally::apply(conn, &mut writer.statements, changes, COMMIT).await?;
        } else {
            rebuild(conn, writer).await?;
            query("PRAGMA temp_store = MEMORY").execute(&mut *conn).await?;
        }
        for waiting in &self.ends.0 {
            writer.runs.end(waiting.command.run);
        }
        if !self.tidies.0.is_empty() {
            // Everything is on disk already: a log that could not be copied is read at the next start.
            let _ = query("PRAGMA wal_checkpoint(TRUNCATE)").execute(conn).await;
        }
        Ok(())
    }

    /// Answers everyone, after the transaction is on disk.
    pub(crate) fn confirm(self) {
        let unanswered = || Error::bug("the journal answered no request");
        self.registers.answer(&|| Ok(()));
        self.begins.answer(&|| Err(unanswered()));
        self.ends.answer(&|| Ok(()));
        self.decisions.answer(&|| Err(unanswered()));
        self.entries.answer(&|| Ok(()));
        self.releases.answer(&|| Ok(()));
        self.wishes.answer(&|| Err(unanswered()));
        self.rebuilds.answer(&|| Ok(()));
        self.tidies.answer(&|| Ok(()));
    }

    /// Tells everyone that nothing was written.
    pub(crate) fn refuse(self, runs: &RunLocks, error: impl Fn() -> Error) {
        let begun = self.begins.0.iter().filter_map(|waiting| waiting.answer.as_ref());
        begun.flatten().for_each(|run| runs.end(*run));
        self.registers.refuse(&error);
        self.begins.refuse(&error);
        self.ends.refuse(&error);
        self.decisions.refuse(&error);
        self.entries.refuse(&error);
        self.releases.refuse(&error);
        self.wishes.refuse(&error);
        self.rebuilds.refuse(&error);
        self.tidies.refuse(&error);
    }

    /// Whether there are commands other than entries and money.
    fn is_rare(&self) -> bool {
        !(self.registers.0.is_empty()
            && self.begins.0.is_empty()
            && self.ends.0.is_empty()
            && self.decisions.0.is_empty()
            && self.entries.0.iter().all(|waiting| waiting.command.decisions.is_empty())
            && self.rebuilds.0.is_empty())
    }

    async fn write_rare(&mut self, conn: &mut SqliteConnection, writer: &mut Writer) -> sqlx::Result<()> {
        for waiting in &self.registers.0 {
            writer.known.register(conn, &waiting.command).await?;
        }
        self.begin_runs(conn, writer).await?;
        for waiting in &self.ends.0 {
            end_run(conn, &waiting.command).await?;
        }
        for waiting in &mut self.decisions.0 {
            waiting.answer = Some(Ok(insert_decision(conn, &waiting.command).await?));
        }
        Ok(())
    }

    async fn begin_runs(&mut self, conn: &mut SqliteConnection, writer: &mut Writer) -> sqlx::Result<()> {
        for waiting in &mut self.begins.0 {
            let id = next_number(conn, "SELECT max(id) FROM run").await?;
            let run = &waiting.command;
            // Locked before others can see the row: a run without a lock is one that crashed.
            if let Err(error) = writer.runs.begin(id) {
                waiting.answer = Some(Err(error));
                continue;
            }
            query(
                "INSERT INTO run (id, plan, command, seed, max_cost, at_ms) VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(id)
            .bind(run.plan.0.to_vec())
            .bind(run.command.clone())
            .bind(run.seed.cast_signed())
            .bind(run.max_cost.map(stored_money))
            .bind(run.at_ms)
            .execute(&mut *conn)
            .await?;
            waiting.answer = Some(Ok(id));
        }
        Ok(())
    }

    /// The rows of all entries that may be written, in the order of their arrival.
    async fn rows(&mut self, conn: &mut SqliteConnection, writer: &mut Writer) -> sqlx::Result<Rows> {
        let mut rows = Rows { blobs: std::mem::take(&mut self.blobs), ..Rows::default() };
        for waiting in &mut self.entries.0 {
            let entry = std::mem::take(&mut waiting.command);
            if let Err(error) = take_entry(entry, &mut rows, conn, writer).await? {
                waiting.answer = Some(Err(error));
            }
        }
        let released = self.releases.0.iter().filter(|waiting| waiting.command.id > 0);
        rows.settled.extend(released.map(|waiting| Settled::released(&waiting.command)));
        for waiting in &mut self.wishes.0 {
            if !writer.known.run(conn, waiting.command.run).await? {
                waiting.answer = Some(Err(unknown_run(waiting.command.run)));
            }
        }
        Ok(rows)
    }

    /// Decides on the requests for money, in the order of their arrival; returns the holds to write, and what they are for.
    fn grant(
        &mut self,
        rows: &Rows,
        start: &Start,
        changes: &Tallies,
    ) -> (Vec<(i64, i64, i64)>, Vec<NewDecision>) {
        let paid = changes.values().map(|sums| MicroUsd(read_number(sums.cost)));
        let spent = start.spent + paid.sum();
        let freed = rows.settled.iter().map(|settled| settled.amount).sum();
        let mut held = start.held.saturating_sub(freed);
        let mut next = start.hold + 1;
        let (mut granted, mut decisions) = (Vec::new(), Vec::new());
        for waiting in self.wishes.0.iter_mut().filter(|waiting| waiting.answer.is_none()) {
            let wish = &waiting.command;
            let hold = wish.check(spent, held).map(|()| {
                held += wish.amount;
                granted.push((next, wish.run, stored_money(wish.amount)));
                decisions.extend(wish.decision(next));
                next += 1;
                Hold { id: next - 1, amount: wish.amount }
            });
            waiting.answer = Some(Ok(hold));
        }
        (granted, decisions)
    }
}

/// Moves an entry into the rows, or says why it may not be written.
async fn take_entry(
    entry: Entry,
    rows: &mut Rows,
    conn: &mut SqliteConnection,
    writer: &mut Writer,
) -> sqlx::Result<Result<()>> {
    let attempts = entry.attempts.iter().map(|row| (row.annotator, row.run));
    let annotations = entry.annotations.iter().map(|row| (row.annotator, row.run));
    let mut annotators = Vec::new();
    for (annotator, run) in attempts.chain(annotations) {
        if !writer.known.run(conn, run).await? {
            return Ok(Err(unknown_run(run)));
        }
        match writer.known.annotator(conn, annotator).await? {
            Some(id) => annotators.push(id),
            None => return Ok(Err(unknown_annotator(annotator))),
        }
    }
    if let Some(hold) = entry.settle.filter(|hold| hold.id > 0) {
        let cost: MicroUsd = entry.attempts.iter().map(|row| row.cost).sum();
        rows.settled.push(Settled::paid(&hold, stored_money(cost)));
    }
    let decisions = entry.decisions.iter().map(|(kind, body, at_ms)| NewDecision::new(kind, body, *at_ms));
    rows.decisions.extend(decisions);
    let of_annotations = annotators.split_off(entry.attempts.len());
    rows.attempts.extend(annotators.into_iter().zip(entry.attempts));
    rows.annotations.extend(of_annotations.into_iter().zip(entry.annotations));
    Ok(Ok(()))
}

fn unknown_run(run: i64) -> Error {
    Error::bug(format!("run {run} was never begun"))
}

fn unknown_annotator(annotator: Hash) -> Error {
    Error::bug(format!("the annotator `{annotator}` was never registered"))
}

async fn end_run(conn: &mut SqliteConnection, end: &RunEnd) -> sqlx::Result<()> {
    query("INSERT INTO run_end (run, how, at_ms) VALUES ($1, $2, $3) ON CONFLICT (run) DO NOTHING")
        .bind(end.run)
        .bind(end.how.clone())
        .bind(end.at_ms)
        .execute(conn)
        .await
        .map(|_| ())
}

/// Computes everything anew that is derived from the log, and ends the transaction.
async fn rebuild(conn: &mut SqliteConnection, writer: &mut Writer) -> sqlx::Result<()> {
    for view in [
        "DELETE FROM tally_count",
        "DELETE FROM tally",
        "DELETE FROM open_hold",
        "INSERT INTO open_hold (hold, run, amount) SELECT id, run, amount FROM hold \
         WHERE NOT EXISTS (SELECT 1 FROM hold_end WHERE hold_end.hold = hold.id)",
    ] {
        query(view).execute(&mut *conn).await?;
    }
    let tallies = tally::recomputed(conn).await?;
    tally::apply(conn, &mut writer.statements, tallies, COMMIT).await
}

fn stored_money(amount: MicroUsd) -> i64 {
    i64::try_from(amount.0).unwrap_or(i64::MAX)
}
