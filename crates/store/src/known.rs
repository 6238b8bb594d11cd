//! The short numbers of annotators and runs: rows hold them instead of hashes.
//!
//! In: hashes. Out: numbers that are in the tables. Each is looked up once.

use std::collections::{HashMap, HashSet};

use karat_core::{Annotator, Hash};
use sqlx::SqliteConnection;

use crate::rows::next_number;

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Known {
    annotators: HashMap<Hash, i64>,
    runs: HashSet<i64>,
}

impl Known {
    /// The number of an annotator; `None` where it was never registered.
    pub(crate) async fn annotator(
        &mut self,
        conn: &mut SqliteConnection,
        hash: Hash,
    ) -> sqlx::Result<Option<i64>> {
        if let Some(id) = self.annotators.get(&hash) {
            return Ok(Some(*id));
        }
        let found = annotator_number(conn, hash).await?;
        if let Some(id) = found {
            self.annotators.insert(hash, id);
        }
        Ok(found)
    }

    /// Whether a run was begun.
    pub(crate) async fn run(&mut self, conn: &mut SqliteConnection, run: i64) -> sqlx::Result<bool> {
        if self.runs.contains(&run) {
            return Ok(true);
        }
        let found: Option<i64> =
            sqlx::query_scalar("SELECT id FROM run WHERE id = $1").bind(run).fetch_optional(conn).await?;
        if found.is_some() {
            self.runs.insert(run);
        }
        Ok(found.is_some())
    }

    /// Adds an annotator, unless it is there.
    pub(crate) async fn register(
        &mut self,
        conn: &mut SqliteConnection,
        annotator: &Annotator,
    ) -> sqlx::Result<()> {
        let hash = annotator.id();
        if self.annotator(conn, hash).await?.is_some() {
            return Ok(());
        }
        let id = next_number(conn, "SELECT max(id) FROM annotator").await?;
        sqlx::query(
            "INSERT INTO annotator (id, hash, kind, name, model, prompt, settings) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(id)
        .bind(hash.0.to_vec())
        .bind(annotator.kind.as_str())
        .bind(annotator.name.clone())
        .bind(annotator.model.clone())
        .bind(annotator.prompt.0.to_vec())
        .bind(annotator.settings.clone())
        .execute(conn)
        .await?;
        self.annotators.insert(hash, id);
        Ok(())
    }
}

/// Looks the number of an annotator up.
pub(crate) async fn annotator_number(conn: &mut SqliteConnection, hash: Hash) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("SELECT id FROM annotator WHERE hash = $1")
        .bind(hash.0.to_vec())
        .fetch_optional(conn)
        .await
}
