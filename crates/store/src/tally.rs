//! The sums over the log for each annotator: as changes by new rows, as stored, and as recomputed from the log.
//!
//! In: rows. Out: [`Tallies`], one type for all three, so that stored and recomputed are compared with `==`.
//! An outcome counts where it stands (`karat_core::standing`), for each item and input; a redone failure is no failure.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use karat_core::{Abstention, AnnotationRow, AttemptRow, Failure, OutcomeKind, Tokens, Unusable};
use sqlx::{Row, SqliteConnection};

use crate::sql::{Binds, Script, Statements, Table, Waited, Waiting};

/// Changes or sums, by the id of the annotator.
pub(crate) type Tallies = BTreeMap<i64, Sums>;

/// What is counted for one annotator. Differences may be negative in `counts` alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) annotations: i64,
    pub(crate) attempts: i64,
    /// The attempts that were the first of their call.
    pub(crate) calls: i64,
    /// In the order of [`Tokens`].
    pub(crate) tokens: [i64; 5],
    pub(crate) cost: i64,
    /// Of the first and the last row by their times; `None` for no rows.
    pub(crate) at_ms: Option<(i64, i64)>,
    /// By what is counted and its name: `outcome` `labeled`, `unusable` `truncated`, `attempt` `timeout`.
    pub(crate) counts: BTreeMap<(String, String), i64>,
}

/// The group of the outcomes that stand.
pub(crate) const OUTCOME: &str = "outcome";
/// The group of the attempts, by status.
pub(crate) const ATTEMPT: &str = "attempt";

/// The outcome that stands for an item, as far as counting needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) kind: OutcomeKind,
    pub(crate) reason: Option<String>,
}

impl Counted {
    /// Of a stored outcome; the reason is `None` for labels and `other` where the body is not understood.
    pub(crate) fn of(kind: OutcomeKind, body: &str) -> Self {
        let tag = match kind {
            OutcomeKind::Labeled => return Self { kind, reason: None },
            OutcomeKind::Abstained => serde_json::from_str(body).map(|why| match why {
                Abstention::Unknown { .. } => "unknown".to_owned(),
                Abstention::Refused { .. } => "refused".to_owned(),
            }),
            OutcomeKind::Unusable => serde_json::from_str(body).map(|why: Unusable| why.tag().to_owned()),
            OutcomeKind::Failed => serde_json::from_str(body).map(|why: Failure| why.class),
        };
        let reason = Some(tag.unwrap_or_else(|_| "other".to_owned()));
        Self { kind, reason }
    }

    /// Whether this newer outcome takes the place of `before`: as `karat_core::standing`.
    pub(crate) fn replaces(&self, before: &Self) -> bool {
        self.kind != OutcomeKind::Failed || before.kind == OutcomeKind::Failed
    }
}

impl Sums {
    pub(crate) fn attempt(&mut self, row: &AttemptRow) {
        let tokens = row.tokens.unwrap_or_default();
        self.attempts += 1;
        self.calls += i64::from(row.attempt <= 1);
        for (sum, n) in self.tokens.iter_mut().zip(in_order(&tokens)) {
            *sum = sum.saturating_add(n);
        }
        self.cost = self.cost.saturating_add(clamp(row.cost.0));
        self.seen(row.at_ms);
        self.count(ATTEMPT, &row.status, 1);
    }

    /// Counts a new annotation; `before` is what stood until now.
    pub(crate) fn annotation(&mut self, row: &AnnotationRow, now: &Counted, before: Option<&Counted>) {
        self.annotations += 1;
        self.seen(row.at_ms);
        match before {
            Some(before) if !now.replaces(before) => {}
            _ => {
                before.into_iter().for_each(|before| self.outcome(before, -1));
                self.outcome(now, 1);
            }
        }
    }

    pub(crate) fn outcome(&mut self, outcome: &Counted, n: i64) {
        self.count(OUTCOME, outcome.kind.as_str(), n);
        if let Some(reason) = &outcome.reason {
            self.count(outcome.kind.as_str(), reason, n);
        }
    }

    pub(crate) fn count(&mut self, what: &str, name: &str, n: i64) {
        *self.counts.entry((what.to_owned(), name.to_owned())).or_default() += n;
    }

    pub(crate) fn seen(&mut self, at_ms: i64) {
        let (first, last) = self.at_ms.unwrap_or((at_ms, at_ms));
        self.at_ms = Some((first.min(at_ms), last.max(at_ms)));
    }
}

fn clamp(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The tokens in the order of the columns.
pub(crate) fn in_order(tokens: &Tokens) -> [i64; 5] {
    [tokens.input, tokens.cached_read, tokens.cached_write, tokens.output, tokens.reasoning].map(clamp)
}

static TALLY: Table = Table {
    name: "tally",
    columns: &[
        "annotator",
        "annotations",
        "attempts",
        "calls",
        "tokens_input",
        "tokens_cached_read",
        "tokens_cached_write",
        "tokens_output",
        "tokens_reasoning",
        "cost",
        "first_at_ms",
        "last_at_ms",
    ],
    tail: "ON CONFLICT (annotator) DO UPDATE SET \
        annotations = tally.annotations + excluded.annotations, \
        attempts = tally.attempts + excluded.attempts, \
        calls = tally.calls + excluded.calls, \
        tokens_input = tally.tokens_input + excluded.tokens_input, \
        tokens_cached_read = tally.tokens_cached_read + excluded.tokens_cached_read, \
        tokens_cached_write = tally.tokens_cached_write + excluded.tokens_cached_write, \
        tokens_output = tally.tokens_output + excluded.tokens_output, \
        tokens_reasoning = tally.tokens_reasoning + excluded.tokens_reasoning, \
        cost = tally.cost + excluded.cost, \
        first_at_ms = CASE WHEN excluded.first_at_ms < tally.first_at_ms \
            THEN excluded.first_at_ms ELSE tally.first_at_ms END, \
        last_at_ms = CASE WHEN excluded.last_at_ms > tally.last_at_ms \
            THEN excluded.last_at_ms ELSE tally.last_at_ms END",
};

static TALLY_COUNT: Table = Table {
    name: "tally_count",
    columns: &["annotator", "what", "name", "n"],
    tail: "ON CONFLICT (annotator, what, name) DO UPDATE SET n = tally_count.n + excluded.n",
};

/// The most rows of sums that are sent together with the end of a transaction.
const FEW: usize = 16;

/// Adds changes to what is stored, and ends the transaction with the statement `end`.
pub(crate) async fn apply(
    conn: &mut SqliteConnection,
    statements: &mut Statements,
    changes: Tallies,
    end: &str,
) -> sqlx::Result<()> {
    let mut counts = Vec::new();
    for (annotator, sums) in &changes {
        let changed = sums.counts.iter().filter(|(_, n)| **n != 0);
        counts.extend(changed.map(|((what, name), n)| (*annotator, what.clone(), name.clone(), *n)));
    }
    let mut sums = Waited::new(&TALLY, changes.into_iter().collect(), bind_sums);
    let mut counts = Waited::new(&TALLY_COUNT, counts, bind_count);
    if sums.len().max(counts.len()) > FEW {
        statements.insert(conn, &mut [&mut sums]).await?;
        statements.insert(conn, &mut [&mut counts]).await?;
    }
    let mut script = Script::default();
    for rows in [&mut sums as &mut (dyn Waiting + Send), &mut counts] {
        if rows.len() > 0 {
            let n_rows = rows.len();
            statements.add(&mut script, rows, n_rows);
        }
    }
    script.add(end);
    script.run(conn).await.map(|_| ())
}

fn bind_sums(binds: &mut Binds, (annotator, sums): (i64, Sums)) {
    for number in [annotator, sums.annotations, sums.attempts, sums.calls] {
        binds.add(number);
    }
    sums.tokens.into_iter().for_each(|n| binds.add(n));
    binds.add(sums.cost);
    let (first, last) = sums.at_ms.unwrap_or_default();
    binds.add(first);
    binds.add(last);
}

fn bind_count(binds: &mut Binds, (annotator, what, name, n): (i64, String, String, i64)) {
    binds.add(annotator);
    binds.add(what);
    binds.add(name);
    binds.add(n);
}

/// The sums as stored.
pub(crate) async fn stored(conn: &mut SqliteConnection) -> sqlx::Result<Tallies> {
    let mut tallies = Tallies::new();
    let rows = sqlx::query(
        "SELECT annotator, annotations, attempts, calls, tokens_input, tokens_cached_read, tokens_cached_write, \
         tokens_output, tokens_reasoning, cost, first_at_ms, last_at_ms FROM tally",
    );
    for row in rows.fetch_all(&mut *conn).await? {
        let sums = tallies.entry(row.try_get(0)?).or_default();
        sums.annotations = row.try_get(1)?;
        sums.attempts = row.try_get(2)?;
        sums.calls = row.try_get(3)?;
        for (n, sum) in sums.tokens.iter_mut().enumerate() {
            *sum = row.try_get(4 + n)?;
        }
        sums.cost = row.try_get(9)?;
        sums.at_ms = Some((row.try_get(10)?, row.try_get(11)?));
    }
    let counts = sqlx::query("SELECT annotator, what, name, n FROM tally_count WHERE n <> 0");
    for row in counts.fetch_all(conn).await? {
        let sums = tallies.entry(row.try_get(0)?).or_default();
        sums.counts.insert((row.try_get(1)?, row.try_get(2)?), row.try_get(3)?);
    }
    Ok(tallies)
}

/// The sums as the log says; reads all of it.
pub(crate) async fn recomputed(conn: &mut SqliteConnection) -> sqlx::Result<Tallies> {
    let mut tallies = Tallies::new();
    recompute_attempts(conn, &mut tallies).await?;
    let rows =
        sqlx::query("SELECT annotator, count(*), min(at_ms), max(at_ms) FROM annotation GROUP BY annotator");
    for row in rows.fetch_all(&mut *conn).await? {
        let sums = tallies.entry(row.try_get(0)?).or_default();
        sums.annotations = row.try_get(1)?;
        sums.seen(row.try_get(2)?);
        sums.seen(row.try_get(3)?);
    }
    let mut standing = sqlx::query(
        "SELECT a.annotator, a.kind, CASE WHEN a.kind = 'labeled' THEN '' ELSE a.body END FROM annotation a \
         JOIN (SELECT coalesce(max(CASE WHEN kind <> 'failed' THEN seq END), max(seq)) AS seq \
         FROM annotation GROUP BY item, annotator, input) stands ON stands.seq = a.seq",
    )
    .fetch(conn);
    while let Some(row) = standing.try_next().await? {
        let kind = read_kind(row.try_get(1)?)?;
        let counted = Counted::of(kind, row.try_get(2)?);
        tallies.entry(row.try_get(0)?).or_default().outcome(&counted, 1);
    }
    Ok(tallies)
}

async fn recompute_attempts(conn: &mut SqliteConnection, tallies: &mut Tallies) -> sqlx::Result<()> {
    let rows = sqlx::query(
        "SELECT annotator, count(*), sum(CASE WHEN attempt <= 1 THEN 1 ELSE 0 END), \
         CAST(coalesce(sum(tokens_input), 0) AS BIGINT), CAST(coalesce(sum(tokens_cached_read), 0) AS BIGINT), \
         CAST(coalesce(sum(tokens_cached_write), 0) AS BIGINT), CAST(coalesce(sum(tokens_output), 0) AS BIGINT), \
         CAST(coalesce(sum(tokens_reasoning), 0) AS BIGINT), CAST(sum(cost) AS BIGINT), min(at_ms), max(at_ms) \
         FROM attempt GROUP BY annotator",
    );
    for row in rows.fetch_all(&mut *conn).await? {
        let sums = tallies.entry(row.try_get(0)?).or_default();
        sums.attempts = row.try_get(1)?;
        sums.calls = row.try_get(2)?;
        for (n, sum) in sums.tokens.iter_mut().enumerate() {
            *sum = row.try_get(3 + n)?;
        }
        sums.cost = row.try_get(8)?;
        sums.seen(row.try_get(9)?);
        sums.seen(row.try_get(10)?);
    }
    let rows = sqlx::query("SELECT annotator, status, count(*) FROM attempt GROUP BY annotator, status");
    for row in rows.fetch_all(conn).await? {
        let sums = tallies.entry(row.try_get(0)?).or_default();
        sums.count(ATTEMPT, row.try_get(1)?, row.try_get(2)?);
    }
    Ok(())
}

/// Reads the kind of an outcome.
pub(crate) fn read_kind(name: &str) -> sqlx::Result<OutcomeKind> {
    OutcomeKind::from_name(name)
        .ok_or_else(|| sqlx::Error::Decode(format!("the outcome kind `{name}` is unknown").into()))
}
