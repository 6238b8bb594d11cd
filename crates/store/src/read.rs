//! What the log says of items and requests: outcomes that stand, answers that were paid for, the history of an item.
//!
//! In: keys, many at once. Out: rows in the order of the keys. Nothing here writes.

use std::collections::HashMap;
use std::sync::Arc;

use karat_core::{AnnotationRow, AttemptRow, Error, Hash, MicroUsd, OutcomeKind, Result, Tokens, standing};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::blob::Stored;
use crate::known::annotator_number;
use crate::sql::{Binds, Lookup, MAX_KEYS, read_hash, read_number};
use crate::store::{Reader, Store};
use crate::tally::read_kind;

/// An answer that was paid for, ready to be used again.
#[derive(Debug, Clone, PartialEq)]
pub struct CachedAnswer {
    /// The raw answer, as it was stored.
    pub answer: Vec<u8>,
    /// What it used; `None` where the provider did not say.
    pub tokens: Option<Tokens>,
    /// What it cost when it was asked for.
    pub cost: MicroUsd,
    /// The model that the server said it served.
    pub served_model: Option<String>,
    /// How long it took.
    pub latency_ms: u32,
    /// The item for which it was asked.
    pub item: Arc<str>,
    /// The run in which it was asked for.
    pub run: i64,
}

/// What one annotator's calls for one item came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// What they cost.
    pub cost: MicroUsd,
    /// How long they took, one after the other.
    pub latency_ms: u64,
    /// How many there were.
    pub n_calls: u64,
}

const STANDING: Lookup = Lookup {
    head: "SELECT item, input, run, kind, body, confidence, source, notes, at_ms FROM annotation \
           WHERE annotator = ? AND item IN ",
    tail: " ORDER BY seq",
};

const ANSWERS: Lookup = Lookup {
    head: "SELECT a.request, a.item, a.tokens_input, a.tokens_cached_read, a.tokens_cached_write, \
           a.tokens_output, a.tokens_reasoning, a.cost, a.latency_ms, a.served_model, b.codec, b.size, b.bytes, a.run \
           FROM attempt a JOIN blob b ON b.hash = a.answer WHERE a.status = 'ok' AND a.request IN ",
    tail: " ORDER BY a.seq",
};

const EFFORTS: Lookup = Lookup {
    head: "SELECT item, SUM(cost), SUM(latency_ms), COUNT(*) FROM attempt WHERE annotator = ? AND item IN ",
    tail: " GROUP BY item",
};

const ATTEMPTS_OF: &str = "SELECT a.run, n.hash, a.item, a.request, a.sample, a.ask, a.attempt, a.status, a.message, \
     a.prompt, a.answer, a.tokens_input, a.tokens_cached_read, a.tokens_cached_write, a.tokens_output, \
     a.tokens_reasoning, a.cost, a.priced, a.latency_ms, a.served_model, a.at_ms \
     FROM attempt a JOIN annotator n ON n.id = a.annotator WHERE a.item = $1 ORDER BY a.seq";

const ANNOTATIONS_OF: &str = "SELECT a.item, a.input, a.run, a.kind, a.body, a.confidence, a.source, a.notes, a.at_ms, \
     n.hash FROM annotation a JOIN annotator n ON n.id = a.annotator WHERE a.item = $1 ORDER BY a.seq";

impl Store {
    /// The outcome that stands for each key of an annotator, in the order of the keys; `None` where there is none, also
    /// where the item was annotated with another input.
    pub async fn standing(
        &self,
        annotator: Hash,
        keys: &[(Arc<str>, Hash)],
    ) -> Result<Vec<Option<AnnotationRow>>> {
        let mut reading = self.reader().await?;
        let found = standing_rows(reading.get()?, annotator, keys).await;
        found.map_err(|error| self.told(&error))
    }

    /// What an annotator's calls came to for each item, in the order of the items. An answer that was shared with another
    /// item cost nothing here.
    pub async fn efforts(&self, annotator: Hash, items: &[Arc<str>]) -> Result<Vec<Effort>> {
        let mut reading = self.reader().await?;
        let found = effort_rows(reading.get()?, annotator, items).await;
        found.map_err(|error| self.told(&error))
    }

    /// The newest good answer to each request; requests that were never answered are not in the result. The log is the
    /// cache of answers: there is no other.
    pub async fn answers(&self, requests: &[Hash]) -> Result<HashMap<Hash, CachedAnswer>> {
        let mut reading = self.reader().await?;
        let reader = reading.get()?;
        let mut answers = HashMap::new();
        for requests in requests.chunks(MAX_KEYS) {
            let found = reader
                .statements
                .look_up(&mut reader.conn, &ANSWERS, None, (requests, Binds::hash))
                .await
                .map_err(|error| self.told(&error))?;
            for row in found {
                let (request, stored, mut answer) = read_answer(&row).map_err(|error| self.told(&error))?;
                answer.answer =
                    reader.unpacker.unpack(&stored).map_err(|why| damaged("the answer to", request, &why))?;
                answers.insert(request, answer);
            }
        }
        Ok(answers)
    }

    /// Every call that was made for an item, oldest first.
    pub async fn attempts_of(&self, item: &str) -> Result<Vec<AttemptRow>> {
        let mut reading = self.reader().await?;
        let rows = sqlx::query(ATTEMPTS_OF).bind(item).fetch_all(&mut reading.get()?.conn).await;
        let read = rows.and_then(|rows| rows.iter().map(read_attempt).collect());
        read.map_err(|error| self.told(&error))
    }

    /// Every outcome of an item, of all annotators, oldest first.
    pub async fn annotations_of(&self, item: &str) -> Result<Vec<AnnotationRow>> {
        let mut reading = self.reader().await?;
        let rows = sqlx::query(ANNOTATIONS_OF).bind(item).fetch_all(&mut reading.get()?.conn).await;
        let read = rows.and_then(|rows| {
            rows.iter().map(|row| read_annotation(row, read_hash(row.try_get(9)?)?)).collect()
        });
        read.map_err(|error| self.told(&error))
    }

    /// The bytes of a prompt or an answer; `None` where there are none of this hash.
    pub async fn blob(&self, hash: Hash) -> Result<Option<Vec<u8>>> {
        let mut reading = self.reader().await?;
        let reader = reading.get()?;
        let row = sqlx::query("SELECT codec, size, bytes FROM blob WHERE hash = $1")
            .bind(hash.0.to_vec())
            .fetch_optional(&mut reader.conn)
            .await;
        let stored = row.and_then(|row| row.map(|row| read_stored(&row, 0)).transpose());
        let Some(stored) = stored.map_err(|error| self.told(&error))? else {
            return Ok(None);
        };
        let bytes = reader.unpacker.unpack(&stored);
        bytes.map(Some).map_err(|why| damaged("the blob", hash, &why))
    }
}

fn damaged(what: &str, hash: Hash, why: &str) -> Error {
    Error::external(format!("{what} `{hash}` in the journal is damaged: {why}"))
        .hint("`karat verify` lists all that is damaged")
}

async fn standing_rows(
    reader: &mut Reader,
    annotator: Hash,
    keys: &[(Arc<str>, Hash)],
) -> sqlx::Result<Vec<Option<AnnotationRow>>> {
    let mut standing = vec![None; keys.len()];
    let Some(number) = annotator_number(&mut reader.conn, annotator).await? else {
        return Ok(standing);
    };
    for (keys, standing) in keys.chunks(MAX_KEYS).zip(standing.chunks_mut(MAX_KEYS)) {
        let found =
            reader.statements.look_up(&mut reader.conn, &STANDING, Some(number), (keys, bind_item)).await?;
        let mut histories: HashMap<(&str, Hash), Vec<&SqliteRow>> = HashMap::new();
        for row in &found {
            let key = (row.try_get(0)?, read_hash(row.try_get(1)?)?);
            histories.entry(key).or_default().push(row);
        }
        for ((item, input), standing) in keys.iter().zip(standing) {
            if let Some(history) = histories.get(&(&**item, *input)) {
                *standing = newest(history)?.map(|row| read_annotation(row, annotator)).transpose()?;
            }
        }
    }
    Ok(standing)
}

async fn effort_rows(reader: &mut Reader, annotator: Hash, items: &[Arc<str>]) -> sqlx::Result<Vec<Effort>> {
    let mut efforts = HashMap::new();
    let Some(number) = annotator_number(&mut reader.conn, annotator).await? else {
        return Ok(vec![Effort::default(); items.len()]);
    };
    for items in items.chunks(MAX_KEYS) {
        let bind = |binds: &mut Binds, item: Arc<str>| binds.add(item);
        let found =
            reader.statements.look_up(&mut reader.conn, &EFFORTS, Some(number), (items, bind)).await?;
        for row in found {
            let effort = Effort {
                cost: MicroUsd(read_number(row.try_get(1)?)),
                latency_ms: read_number(row.try_get(2)?),
                n_calls: read_number(row.try_get(3)?),
            };
            efforts.insert(Arc::<str>::from(row.try_get::<&str, _>(0)?), effort);
        }
    }
    Ok(items.iter().map(|item| efforts.get(item).copied().unwrap_or_default()).collect())
}

fn bind_item(binds: &mut Binds, (item, _): (Arc<str>, Hash)) {
    binds.add(item);
}

/// The row that stands, of one item and input, oldest first.
fn newest<'r>(history: &[&'r SqliteRow]) -> sqlx::Result<Option<&'r SqliteRow>> {
    let kinds: sqlx::Result<Vec<OutcomeKind>> =
        history.iter().map(|row| read_kind(row.try_get(3)?)).collect();
    Ok(standing(&kinds?).map(|n| history[n]))
}

/// Columns: item, input, run, kind, body, confidence, source, notes, at_ms.
fn read_annotation(row: &SqliteRow, annotator: Hash) -> sqlx::Result<AnnotationRow> {
    Ok(AnnotationRow {
        item: Arc::from(row.try_get::<&str, _>(0)?),
        input: read_hash(row.try_get(1)?)?,
        annotator,
        run: row.try_get(2)?,
        kind: read_kind(row.try_get(3)?)?,
        body: row.try_get(4)?,
        confidence: row.try_get(5)?,
        source: row.try_get(6)?,
        notes: row.try_get(7)?,
        at_ms: row.try_get(8)?,
    })
}

fn read_attempt(row: &SqliteRow) -> sqlx::Result<AttemptRow> {
    let answer: Option<&[u8]> = row.try_get(10)?;
    Ok(AttemptRow {
        run: row.try_get(0)?,
        annotator: read_hash(row.try_get(1)?)?,
        item: Arc::from(row.try_get::<&str, _>(2)?),
        request: read_hash(row.try_get(3)?)?,
        sample: read_u32(row, 4)?,
        ask: read_u32(row, 5)?,
        attempt: read_u32(row, 6)?,
        status: row.try_get(7)?,
        message: row.try_get(8)?,
        prompt: read_hash(row.try_get(9)?)?,
        answer: answer.map(read_hash).transpose()?,
        tokens: read_tokens(row, 11)?,
        cost: MicroUsd(read_number(row.try_get(16)?)),
        priced: row.try_get(17)?,
        latency_ms: read_u32(row, 18)?,
        served_model: row.try_get(19)?,
        at_ms: row.try_get(20)?,
    })
}

fn read_u32(row: &SqliteRow, column: usize) -> sqlx::Result<u32> {
    let number: i64 = row.try_get(column)?;
    u32::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Five columns from `first`; `None` where the provider did not say.
pub(crate) fn read_tokens(row: &SqliteRow, first: usize) -> sqlx::Result<Option<Tokens>> {
    let Some(input) = row.try_get::<Option<i64>, _>(first)? else {
        return Ok(None);
    };
    let column = |n: usize| row.try_get::<i64, _>(first + n).map(read_number);
    Ok(Some(Tokens {
        input: read_number(input),
        cached_read: column(1)?,
        cached_write: column(2)?,
        output: column(3)?,
        reasoning: column(4)?,
    }))
}

/// Three columns from `first`: codec, size and bytes.
pub(crate) fn read_stored(row: &SqliteRow, first: usize) -> sqlx::Result<Stored> {
    Ok(Stored { codec: row.try_get(first)?, size: row.try_get(first + 1)?, bytes: row.try_get(first + 2)? })
}

/// A row of [`ANSWERS`]: the request, the stored bytes, and the rest.
fn read_answer(row: &SqliteRow) -> sqlx::Result<(Hash, Stored, CachedAnswer)> {
    let answer = CachedAnswer {
        answer: Vec::new(),
        tokens: read_tokens(row, 2)?,
        cost: MicroUsd(read_number(row.try_get(7)?)),
        served_model: row.try_get(9)?,
        latency_ms: read_u32(row, 8)?,
        item: Arc::from(row.try_get::<&str, _>(1)?),
        run: row.try_get(13)?,
    };
    Ok((read_hash(row.try_get(0)?)?, read_stored(row, 10)?, answer))
}

#[cfg(test)]
mod tests {
    use sqlx::AssertSqlSafe;

    use super::*;

    /// Every table of the query must be reached by an index or its number, never by reading all of it.
    async fn check_plan(query: &str, index: &str) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let mut conn = store.connect().await.unwrap();
        let explain = format!("EXPLAIN QUERY PLAN {query}");
        let steps = sqlx::query(AssertSqlSafe(explain)).fetch_all(&mut conn).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|step| step.get(3)).collect();
        assert!(steps.iter().any(|step| step.contains(index)), "{query}\n{steps:#?}");
        assert!(!steps.iter().any(|step| step.starts_with("SCAN")), "{query}\n{steps:#?}");
    }

    #[tokio::test]
    async fn no_question_about_items_or_requests_reads_a_whole_table() {
        let list = |lookup: &Lookup| format!("{}(?, ?){}", lookup.head, lookup.tail);
        check_plan(&list(&STANDING), "annotation_by_item").await;
        check_plan(&list(&ANSWERS), "attempt_by_request").await;
        check_plan(ATTEMPTS_OF, "attempt_by_item").await;
        check_plan(ANNOTATIONS_OF, "annotation_by_item").await;
    }
}
