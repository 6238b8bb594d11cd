//! Checks a journal against itself: the file, every blob, every reference, and every sum.
//!
//! In: a store. Out: a [`Verification`]: counts, and the differences in words. Nothing is repaired here.

use std::collections::BTreeSet;

use futures::TryStreamExt;
use karat_core::Result;
use sqlx::{Row, SqliteConnection, query};

use crate::blob::Unpacker;
use crate::overview::Spending;
use crate::read::read_stored;
use crate::sql::{read_hash, read_number};
use crate::store::Store;
use crate::tally::{self, Sums, Tallies};

/// The most differences that are told in words.
const TOLD: usize = 1000;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// Runs in the log.
    pub runs: u64,
    /// Annotators in the log.
    pub annotators: u64,
    /// Attempts in the log.
    pub attempts: u64,
    /// Annotations in the log.
    pub annotations: u64,
    /// Blobs in the log; each was read and its hash compared.
    pub blobs: u64,
    /// The size of all blobs before compression, in bytes.
    pub blob_bytes: u64,
    /// The size of all blobs as stored, in bytes.
    pub stored_bytes: u64,
    /// Money spent and set aside.
    pub spending: Spending,
    /// How many differences there are.
    pub n_differences: u64,
    /// The first thousand of them.
    pub differences: Vec<String>,
}

impl Verification {
    /// Whether nothing differs.
    pub fn is_whole(&self) -> bool {
        self.n_differences == 0
    }

    fn tell(&mut self, difference: String) {
        self.n_differences += 1;
        if self.differences.len() < TOLD {
            self.differences.push(difference);
        }
    }
}

impl Store {
    /// Checks everything: the file itself, the hash of every blob, that every blob named is there, and that the sums are
    /// what the log says. Reads the whole file, in one state, also while another process writes. Repairs nothing: see
    /// [`Store::rebuild`].
    pub async fn verify(&self) -> Result<Verification> {
        let mut conn = self.connect().await?;
        let found = self.check(&mut conn).await;
        found.map_err(|error| self.told(&error))
    }

    async fn check(&self, conn: &mut SqliteConnection) -> sqlx::Result<Verification> {
        let mut found = Verification::default();
        query("BEGIN").execute(&mut *conn).await?;
        check_file(conn, &mut found).await?;
        count_rows(conn, &mut found).await?;
        check_blobs(conn, &mut found).await?;
        check_references(conn, &mut found).await?;
        let stored = tally::stored(conn).await?;
        let recomputed = tally::recomputed(conn).await?;
        compare(&stored, &recomputed, &mut found);
        check_holds(conn, &mut found).await?;
        found.spending = self.read_spending(conn).await?;
        query("COMMIT").execute(conn).await?;
        Ok(found)
    }
}

async fn check_file(conn: &mut SqliteConnection, found: &mut Verification) -> sqlx::Result<()> {
    let told: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(100)").fetch_all(&mut *conn).await?;
    for line in told.into_iter().filter(|line| line != "ok") {
        found.tell(format!("the file: {line}"));
    }
    let keys = query("PRAGMA foreign_key_check").fetch_all(conn).await?;
    for row in keys {
        let table: String = row.try_get(0)?;
        found.tell(format!("a row of `{table}` names a run, an annotator or a hold that is not there"));
    }
    Ok(())
}

async fn count_rows(conn: &mut SqliteConnection, found: &mut Verification) -> sqlx::Result<()> {
    let row = query(
        "SELECT (SELECT count(*) FROM run), (SELECT count(*) FROM annotator), \
         (SELECT count(*) FROM attempt), (SELECT count(*) FROM annotation)",
    )
    .fetch_one(conn)
    .await?;
    found.runs = read_number(row.try_get(0)?);
    found.annotators = read_number(row.try_get(1)?);
    found.attempts = read_number(row.try_get(2)?);
    found.annotations = read_number(row.try_get(3)?);
    Ok(())
}

async fn check_blobs(conn: &mut SqliteConnection, found: &mut Verification) -> sqlx::Result<()> {
    let mut unpacker = Unpacker::new();
    let mut blobs = query("SELECT hash, codec, size, bytes FROM blob").fetch(conn);
    while let Some(row) = blobs.try_next().await? {
        let stored = read_stored(&row, 1)?;
        found.blobs += 1;
        found.blob_bytes += read_number(stored.size);
        found.stored_bytes += stored.bytes.len() as u64;
        match read_hash(row.try_get(0)?) {
            Err(error) => found.tell(format!("a blob has no proper name: {error}")),
            Ok(hash) => {
                if let Err(why) = unpacker.check(hash, &stored) {
                    found.tell(format!("the blob `{hash}` is damaged: {why}"));
                }
            }
        }
    }
    Ok(())
}

async fn check_references(conn: &mut SqliteConnection, found: &mut Verification) -> sqlx::Result<()> {
    for (what, missing) in [
        (
            "prompt",
            "SELECT seq, item, prompt FROM attempt WHERE NOT EXISTS \
             (SELECT 1 FROM blob WHERE blob.hash = attempt.prompt)",
        ),
        (
            "answer",
            "SELECT seq, item, answer FROM attempt WHERE answer IS NOT NULL AND NOT EXISTS \
             (SELECT 1 FROM blob WHERE blob.hash = attempt.answer)",
        ),
    ] {
        let mut rows = query(missing).fetch(&mut *conn);
        while let Some(row) = rows.try_next().await? {
            let (seq, item): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
            let hash = read_hash(row.try_get(2)?)?;
            found.tell(format!("the {what} `{hash}` of attempt {seq} on item `{item}` is not there"));
        }
    }
    Ok(())
}

/// Tells where the stored sums are not those of the log.
fn compare(stored: &Tallies, recomputed: &Tallies, found: &mut Verification) {
    let annotators: BTreeSet<i64> = stored.keys().chain(recomputed.keys()).copied().collect();
    let nothing = Sums::default();
    for id in annotators {
        let (is, should) = (stored.get(&id).unwrap_or(&nothing), recomputed.get(&id).unwrap_or(&nothing));
        let mut differ = |what: &str, is: i64, should: i64| {
            if is != should {
                found.tell(format!("annotator {id}: the sum says {is} {what}, and the log {should}"));
            }
        };
        differ("annotations", is.annotations, should.annotations);
        differ("attempts", is.attempts, should.attempts);
        differ("calls", is.calls, should.calls);
        differ("micro-dollars", is.cost, should.cost);
        for ((is, should), what) in is.tokens.iter().zip(should.tokens).zip(TOKENS) {
            differ(what, *is, should);
        }
        let groups: BTreeSet<_> = is.counts.keys().chain(should.counts.keys()).collect();
        for group in groups {
            let of = |sums: &Sums| sums.counts.get(group).copied().unwrap_or(0);
            differ(&format!("of {} `{}`", group.0, group.1), of(is), of(should));
        }
        if is.at_ms != should.at_ms {
            found.tell(format!("annotator {id}: the times of the first or last row differ"));
        }
    }
}

const TOKENS: [&str; 5] = [
    "input tokens",
    "tokens read from a cache",
    "tokens written to a cache",
    "output tokens",
    "reasoning tokens",
];

async fn check_holds(conn: &mut SqliteConnection, found: &mut Verification) -> sqlx::Result<()> {
    let wrong: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM hold WHERE NOT EXISTS (SELECT 1 FROM hold_end WHERE hold_end.hold = hold.id) \
         AND NOT EXISTS (SELECT 1 FROM open_hold WHERE open_hold.hold = hold.id AND open_hold.amount = hold.amount \
         AND open_hold.run = hold.run) \
         UNION ALL SELECT hold FROM open_hold WHERE hold NOT IN (SELECT id FROM hold) \
         OR EXISTS (SELECT 1 FROM hold_end WHERE hold_end.hold = open_hold.hold)",
    )
    .fetch_all(conn)
    .await?;
    for hold in wrong {
        found.tell(format!("hold {hold}: the list of open holds is not what the log says"));
    }
    Ok(())
}
