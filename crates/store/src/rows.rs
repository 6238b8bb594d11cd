//! The rows of one transaction: collected from many entries, numbered, added to their tables, and counted.
//!
//! In: entries whose annotators are known. Out: rows in the log, and the sums over it in step. Not here: beginning and
//! ending the transaction (`writer.rs`).

use std::collections::HashMap;
use std::sync::Arc;

use karat_core::{AnnotationRow, AttemptRow, Hash};
use sqlx::{Row, SqliteConnection};

use crate::blob::Stored;
use crate::budget::Hold;
use crate::sql::{Binds, Lookup, MAX_KEYS, Statements, Table, read_hash};
use crate::tally::{self, Counted, Tallies, in_order, read_kind};

/// What goes into the tables. Annotators are named by their numbers.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) attempts: Vec<(i64, AttemptRow)>,
    pub(crate) annotations: Vec<(i64, AnnotationRow)>,
    pub(crate) blobs: Vec<(Hash, Stored)>,
    pub(crate) settled: Vec<Settled>,
}

/// A hold that ends.
pub(crate) struct Settled {
    pub(crate) hold: i64,
    pub(crate) how: &'static str,
    pub(crate) cost: i64,
}

impl Settled {
    /// By attempts that cost so much.
    pub(crate) fn paid(hold: &Hold, cost: i64) -> Self {
        Self {
            hold: hold.id,
            how: "settled",
            cost,
        }
    }

    /// Without a call.
    pub(crate) fn released(hold: &Hold) -> Self {
        Self {
            hold: hold.id,
            how: "released",
            cost: 0,
        }
    }
}

const ATTEMPT: Table = Table {
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

const ANNOTATION: Table = Table {
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

const BLOB: Table = Table {
    name: "blob",
    columns: &["hash", "codec", "size", "bytes"],
    tail: "ON CONFLICT (hash) DO NOTHING",
};

const HOLD: Table = Table {
    name: "hold",
    columns: &["id", "run", "amount"],
    tail: "",
};

const OPEN_HOLD: Table = Table {
    name: "open_hold",
    columns: &["hold", "run", "amount"],
    tail: "",
};

const HOLD_END: Table = Table {
    name: "hold_end",
    columns: &["hold", "how", "cost"],
    tail: "",
};

/// What stands, for some items of one annotator; of a label nothing but its kind is needed.
const STANDING: Lookup = Lookup {
    head: "SELECT item, input, kind, CASE WHEN kind = 'labeled' THEN '' ELSE body END FROM annotation \
           WHERE annotator = ? AND item IN ",
    tail: " ORDER BY seq",
};

const CLOSE_HOLDS: Lookup = Lookup {
    head: "DELETE FROM open_hold WHERE hold IN ",
    tail: "",
};

impl Rows {
    /// Adds everything to the tables, inside the transaction of the caller.
    pub(crate) async fn insert(
        self,
        conn: &mut SqliteConnection,
        statements: &mut Statements,
    ) -> sqlx::Result<()> {
        let changes = self.count(conn, statements).await?;
        statements.insert(conn, &BLOB, self.blobs, bind_blob).await?;
        if !self.attempts.is_empty() {
            let first = next_number(conn, "SELECT max(seq) FROM attempt").await?;
            let rows = (first..).zip(self.attempts).collect();
            statements.insert(conn, &ATTEMPT, rows, bind_attempt).await?;
        }
        if !self.annotations.is_empty() {
            let first = next_number(conn, "SELECT max(seq) FROM annotation").await?;
            let rows = (first..).zip(self.annotations).collect();
            statements
                .insert(conn, &ANNOTATION, rows, bind_annotation)
                .await?;
        }
        end_holds(conn, statements, self.settled).await?;
        tally::apply(conn, statements, changes).await
    }

    /// The changes of the sums. Reads what stood before, since an outcome that is replaced counts no more.
    async fn count(&self, conn: &mut SqliteConnection, statements: &mut Statements) -> sqlx::Result<Tallies> {
        let mut changes = Tallies::new();
        for (annotator, row) in &self.attempts {
            changes.entry(*annotator).or_default().attempt(row);
        }
        let mut by_annotator: HashMap<i64, Vec<&AnnotationRow>> = HashMap::new();
        for (annotator, row) in &self.annotations {
            by_annotator.entry(*annotator).or_default().push(row);
        }
        for (annotator, rows) in by_annotator {
            let mut stands = standing_before(conn, statements, annotator, &rows).await?;
            let sums = changes.entry(annotator).or_default();
            for row in rows {
                let now = Counted::of(row.kind, &row.body);
                let key = (Arc::clone(&row.item), row.input);
                let before = stands.get(&key);
                sums.annotation(row, &now, before);
                if before.is_none_or(|before| now.replaces(before)) {
                    stands.insert(key, now);
                }
            }
        }
        Ok(changes)
    }
}

async fn standing_before(
    conn: &mut SqliteConnection,
    statements: &mut Statements,
    annotator: i64,
    rows: &[&AnnotationRow],
) -> sqlx::Result<HashMap<(Arc<str>, Hash), Counted>> {
    let mut stands = HashMap::new();
    for rows in rows.chunks(MAX_KEYS) {
        let items: Vec<_> = rows.iter().map(|row| Arc::clone(&row.item)).collect();
        let found = statements
            .look_up(conn, &STANDING, Some(annotator), (&items, Binds::add))
            .await?;
        for row in found {
            let key = (Arc::from(row.try_get::<&str, _>(0)?), read_hash(row.try_get(1)?)?);
            let now = Counted::of(read_kind(row.try_get(2)?)?, row.try_get(3)?);
            if stands.get(&key).is_none_or(|before| now.replaces(before)) {
                stands.insert(key, now);
            }
        }
    }
    Ok(stands)
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
    for table in [&HOLD, &OPEN_HOLD] {
        let insert = statements.insert(conn, table, holds.clone(), |binds, (hold, run, amount)| {
            binds.add(hold);
            binds.add(run);
            binds.add(amount);
        });
        insert.await?;
    }
    Ok(())
}

async fn end_holds(
    conn: &mut SqliteConnection,
    statements: &mut Statements,
    settled: Vec<Settled>,
) -> sqlx::Result<()> {
    let holds: Vec<i64> = settled.iter().map(|settled| settled.hold).collect();
    for holds in holds.chunks(MAX_KEYS) {
        statements
            .look_up(conn, &CLOSE_HOLDS, None, (holds, Binds::add))
            .await?;
    }
    let insert = statements.insert(conn, &HOLD_END, settled, |binds, settled| {
        binds.add(settled.hold);
        binds.add(settled.how);
        binds.add(settled.cost);
    });
    insert.await
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
