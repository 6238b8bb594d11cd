//! The rows of one transaction: collected from many entries, numbered, added to their tables, and counted.
//!
//! In: entries whose annotators are known. Out: rows in the log, and the sums over it in step. Not here: beginning and
//! ending the transaction (`writer.rs`).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use karat_core::{AnnotationRow, AttemptRow, Hash, MicroUsd};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::blob::Stored;
use crate::budget::Hold;
use crate::decision::NewDecision;
use crate::sql::{
    Binds, Lookup, MAX_KEYS, Script, Statements, Table, Waited, Waiting, read_hash, read_number,
};
use crate::tally::{Counted, Tallies, in_order, read_kind};

/// What goes into the tables. Annotators are named by their numbers.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) attempts: Vec<(i64, AttemptRow)>,
    pub(crate) annotations: Vec<(i64, AnnotationRow)>,
    pub(crate) blobs: Vec<(Hash, Stored)>,
    pub(crate) settled: Vec<Settled>,
    pub(crate) decisions: Vec<NewDecision>,
}

/// A hold that ends.
pub(crate) struct Settled {
    pub(crate) hold: i64,
    pub(crate) amount: MicroUsd,
    pub(crate) how: &'static str,
    pub(crate) cost: i64,
}

impl Settled {
    /// By attempts that cost so much.
    pub(crate) fn paid(hold: &Hold, cost: i64) -> Self {
        Self { hold: hold.id, amount: hold.amount, how: "settled", cost }
    }

    /// Without a call.
    pub(crate) fn released(hold: &Hold) -> Self {
        Self { hold: hold.id, amount: hold.amount, how: "released", cost: 0 }
    }
}

static ATTEMPT: Table = Table {
    name: "attempt",
    columns: &[
        "seq",
        "run",
        "annotator",
        "item",
        "request",
        "sample",
        "ask",
        "attempt",
        "status",
        "message",
        "prompt",
        "answer",
        "tokens_input",
        "tokens_cached_read",
        "tokens_cached_write",
        "tokens_output",
        "tokens_reasoning",
        "cost",
        "priced",
        "latency_ms",
        "served_model",
        "at_ms",
    ],
    tail: "",
};

static ANNOTATION: Table = Table {
    name: "annotation",
    columns: &[
        "seq",
        "run",
        "annotator",
        "item",
        "input",
        "kind",
        "body",
        "confidence",
        "source",
        "notes",
        "at_ms",
    ],
    tail: "",
};

static BLOB: Table = Table {
    name: "blob",
    columns: &["hash", "codec", "size", "bytes"],
    tail: "ON CONFLICT (hash) DO NOTHING",
};

static HOLD: Table = Table { name: "hold", columns: &["id", "run", "amount"], tail: "" };

static OPEN_HOLD: Table = Table { name: "open_hold", columns: &["hold", "run", "amount"], tail: "" };

static HOLD_END: Table = Table { name: "hold_end", columns: &["hold", "how", "cost"], tail: "" };

/// What stands, for some items of one annotator; of a label nothing but its kind is needed.
const STANDING: Lookup = Lookup {
    head: "SELECT annotator, item, input, kind, CASE WHEN kind = 'labeled' THEN '' ELSE body END FROM annotation \
           WHERE annotator = ? AND item IN ",
    tail: " ORDER BY seq",
};

const CLOSE_HOLDS: Lookup = Lookup { head: "DELETE FROM open_hold WHERE hold IN ", tail: "" };

/// What a transaction starts from: the largest numbers so far, and the money.
pub(crate) struct Start {
    attempt: i64,
    annotation: i64,
    pub(crate) hold: i64,
    pub(crate) spent: MicroUsd,
    pub(crate) held: MicroUsd,
    stands: Stands,
}

/// What stands, for the items of a transaction, by annotator, item and input.
type Stands = HashMap<(i64, Arc<str>, Hash), Counted>;

const START: &str = "SELECT (SELECT max(seq) FROM attempt), (SELECT max(seq) FROM annotation), \
     (SELECT max(id) FROM hold), (SELECT CAST(sum(cost) AS BIGINT) FROM tally), \
     (SELECT CAST(sum(amount) AS BIGINT) FROM open_hold)";

impl Rows {
    /// Begins the transaction, unless that was done (`begin` is empty), and reads what it starts from.
    pub(crate) async fn start(
        &self,
        conn: &mut SqliteConnection,
        statements: &mut Statements,
        begin: Option<&str>,
    ) -> sqlx::Result<Start> {
        let mut by_annotator: BTreeMap<i64, Vec<Arc<str>>> = BTreeMap::new();
        for (annotator, row) in &self.annotations {
            let items = by_annotator.entry(*annotator).or_default();
            items.push(Arc::clone(&row.item));
        }
        let mut lookups: Vec<(i64, &[Arc<str>])> = Vec::new();
        for (annotator, items) in &by_annotator {
            lookups.extend(items.chunks(MAX_KEYS).map(|items| (*annotator, items)));
        }
        let mut lookups = lookups.into_iter();
        let mut script = Script::default();
        if let Some(begin) = begin {
            script.add(begin);
        }
        script.add(START);
        if let Some((annotator, items)) = lookups.next() {
            statements.add_lookup(&mut script, &STANDING, Some(annotator), (items, Binds::add));
        }
        let mut found = script.run(conn).await?.into_iter();
        let first = found.next().ok_or(sqlx::Error::RowNotFound)?;
        let mut start = read_start(&first)?;
        found.try_for_each(|row| read_standing(&row, &mut start.stands))?;
        for (annotator, items) in lookups {
            let found = statements.look_up(conn, &STANDING, Some(annotator), (items, Binds::add)).await?;
            found.iter().try_for_each(|row| read_standing(row, &mut start.stands))?;
        }
        Ok(start)
    }

    /// The changes of the sums: an outcome that is replaced counts no more.
    pub(crate) fn count(&self, start: &mut Start) -> Tallies {
        let mut changes = Tallies::new();
        for (annotator, row) in &self.attempts {
            changes.entry(*annotator).or_default().attempt(row);
        }
        for (annotator, row) in &self.annotations {
            let now = Counted::of(row.kind, &row.body);
            let key = (*annotator, Arc::clone(&row.item), row.input);
            let before = start.stands.get(&key);
            changes.entry(*annotator).or_default().annotation(row, &now, before);
            if before.is_none_or(|before| now.replaces(before)) {
                start.stands.insert(key, now);
            }
        }
        changes
    }

    /// Adds everything to the tables of the log, and ends holds.
    pub(crate) async fn insert(
        self,
        conn: &mut SqliteConnection,
        statements: &mut Statements,
        start: &Start,
    ) -> sqlx::Result<()> {
        let attempts = (start.attempt + 1..).zip(self.attempts).collect();
        let annotations = (start.annotation + 1..).zip(self.annotations).collect();
        let log: &mut [&mut (dyn Waiting + Send)] = &mut [
            &mut Waited::new(&ATTEMPT, attempts, bind_attempt),
            &mut Waited::new(&ANNOTATION, annotations, bind_annotation),
            &mut Waited::new(&BLOB, self.blobs, bind_blob),
        ];
        statements.insert(conn, log).await?;
        let holds: Vec<i64> = self.settled.iter().map(|settled| settled.hold).collect();
        for holds in holds.chunks(MAX_KEYS) {
            statements.look_up(conn, &CLOSE_HOLDS, None, (holds, Binds::add)).await?;
        }
        let mut ends = Waited::new(&HOLD_END, self.settled, bind_hold_end);
        statements.insert(conn, &mut [&mut ends]).await
    }
}

fn read_start(row: &SqliteRow) -> sqlx::Result<Start> {
    let number = |column: usize| row.try_get::<Option<i64>, _>(column).map(Option::unwrap_or_default);
    Ok(Start {
        attempt: number(0)?,
        annotation: number(1)?,
        hold: number(2)?,
        spent: MicroUsd(read_number(number(3)?)),
        held: MicroUsd(read_number(number(4)?)),
        stands: HashMap::new(),
    })
}

/// A row of [`STANDING`], the oldest first.
fn read_standing(row: &SqliteRow, stands: &mut Stands) -> sqlx::Result<()> {
    let item = Arc::from(row.try_get::<&str, _>(1)?);
    let key = (row.try_get(0)?, item, read_hash(row.try_get(2)?)?);
    let now = Counted::of(read_kind(row.try_get(3)?)?, row.try_get(4)?);
    if stands.get(&key).is_none_or(|before| now.replaces(before)) {
        stands.insert(key, now);
    }
    Ok(())
}

/// The number after the largest one.
pub(crate) async fn next_number(conn: &mut SqliteConnection, max: &'static str) -> sqlx::Result<i64> {
    let max: Option<i64> = sqlx::query_scalar(max).fetch_one(conn).await?;
    Ok(max.unwrap_or(0) + 1)
}

/// Adds holds: number, run and amount.
pub(crate) async fn open_holds(
    conn: &mut SqliteConnection,
    statements: &mut Statements,
    holds: Vec<(i64, i64, i64)>,
) -> sqlx::Result<()> {
    let log = &mut Waited::new(&HOLD, holds.clone(), bind_hold);
    let view = &mut Waited::new(&OPEN_HOLD, holds, bind_hold);
    statements.insert(conn, &mut [log, view]).await
}

fn bind_hold(binds: &mut Binds, (hold, run, amount): (i64, i64, i64)) {
    binds.add(hold);
    binds.add(run);
    binds.add(amount);
}

fn bind_hold_end(binds: &mut Binds, settled: Settled) {
    binds.add(settled.hold);
    binds.add(settled.how);
    binds.add(settled.cost);
}

fn bind_attempt(binds: &mut Binds, (seq, (annotator, row)): (i64, (i64, AttemptRow))) {
    binds.add(seq);
    binds.add(row.run);
    binds.add(annotator);
    binds.add(row.item);
    binds.hash(row.request);
    binds.add(i64::from(row.sample));
    binds.add(i64::from(row.ask));
    binds.add(i64::from(row.attempt));
    binds.add(row.status);
    binds.add(row.message);
    binds.hash(row.prompt);
    binds.add(row.answer.map(|hash| hash.0.to_vec()));
    match row.tokens {
        Some(tokens) => in_order(&tokens).into_iter().for_each(|n| binds.add(n)),
        None => (0..5).for_each(|_| binds.add(None::<i64>)),
    }
    binds.number(row.cost.0);
    binds.add(row.priced);
    binds.add(i64::from(row.latency_ms));
    binds.add(row.served_model);
    binds.add(row.at_ms);
}

fn bind_annotation(binds: &mut Binds, (seq, (annotator, row)): (i64, (i64, AnnotationRow))) {
    binds.add(seq);
    binds.add(row.run);
    binds.add(annotator);
    binds.add(row.item);
    binds.hash(row.input);
    binds.add(row.kind.as_str());
    binds.add(row.body);
    binds.add(row.confidence);
    binds.add(row.source);
    binds.add(row.notes);
    binds.add(row.at_ms);
}

fn bind_blob(binds: &mut Binds, (hash, stored): (Hash, Stored)) {
    binds.hash(hash);
    binds.add(stored.codec);
    binds.add(stored.size);
    binds.add(stored.bytes);
}
