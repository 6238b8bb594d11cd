//! What was decided about labels: samples drawn, calibrations, certificates, audits.
//!
//! In: the kind and the body of a decision, as JSON. Out: its number, and the same again in the order of writing. A
//! decision is never changed: what withdraws it is another one. What a body means belongs to the stage that wrote it.

use karat_core::{Error, Result};
use serde_json::Value as Json;
use sqlx::{Row, SqliteConnection, query};

use crate::error::is_missing_table;
use crate::rows::next_number;
use crate::store::Store;
use crate::writer::{Command, ask};

/// A decision, as the journal keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Its number: later decisions have larger ones.
    pub id: i64,
    /// What was decided: `certificate`, `sample` and so on.
    pub kind: String,
    /// What it says and stands on.
    pub body: Json,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

/// A decision on its way into the journal.
pub(crate) struct NewDecision {
    kind: String,
    body: String,
    at_ms: i64,
}

impl NewDecision {
    pub(crate) fn new(kind: &str, body: &Json, at_ms: i64) -> Self {
        Self { kind: kind.to_owned(), body: body.to_string(), at_ms }
    }
}

impl Store {
    /// Keeps a decision, and returns its number when it is on disk.
    pub async fn decide(&self, kind: &str, body: &Json, at_ms: i64) -> Result<i64> {
        let decision = NewDecision::new(kind, body, at_ms);
        ask(self.writer()?, |reply| Command::Decide(decision, reply)).await
    }

    /// All decisions of a kind, oldest first.
    pub async fn decisions(&self, kind: &str) -> Result<Vec<Decision>> {
        let mut reading = self.reader().await?;
        let rows = query("SELECT id, kind, body, at_ms FROM decision WHERE kind = $1 ORDER BY id")
            .bind(kind.to_owned())
            .fetch_all(&mut reading.get()?.conn)
            .await;
        let rows = match rows {
            // A journal of version 1, opened for reading.
            Err(error) if is_missing_table(&error) => return Ok(Vec::new()),
            rows => rows.map_err(|error| self.told(&error))?,
        };
        rows.iter()
            .map(|row| {
                let read = |error: sqlx::Error| self.told(&error);
                let (id, body): (i64, String) =
                    (row.try_get(0).map_err(read)?, row.try_get(2).map_err(read)?);
                let body = serde_json::from_str(&body).map_err(|error| {
                    Error::external(format!("decision {id} in the journal is damaged")).because(error)
                })?;
                Ok(Decision {
                    id,
                    kind: row.try_get(1).map_err(read)?,
                    body,
                    at_ms: row.try_get(3).map_err(read)?,
                })
            })
            .collect()
    }
}

/// Writes a decision under the next number.
pub(crate) async fn insert_decision(
    conn: &mut SqliteConnection,
    decision: &NewDecision,
) -> sqlx::Result<i64> {
    let id = next_number(conn, "SELECT max(id) FROM decision").await?;
    query("INSERT INTO decision (id, kind, body, at_ms) VALUES ($1, $2, $3, $4)")
        .bind(id)
        .bind(decision.kind.clone())
        .bind(decision.body.clone())
        .bind(decision.at_ms)
        .execute(conn)
        .await?;
    Ok(id)
}
