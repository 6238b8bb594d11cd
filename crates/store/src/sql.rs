//! Statements of many rows: their text, made once for a few fixed sizes, and the binding of their values.
//!
//! In: rows. Out: as few statements as possible, each prepared once for a connection. Not here: what the rows mean.

use std::collections::HashMap;
use std::sync::Arc;

use karat_core::Hash;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, Sqlite, SqliteConnection, Type};

/// The most rows of one statement.
const MAX_ROWS: usize = 256;

/// The sizes of lists: a shorter list is filled up with its last key.
const LIST_SIZES: [usize; 4] = [1, 16, 128, 512];

/// The most keys of one list.
pub(crate) const MAX_KEYS: usize = 512;

/// A table as rows are added to it.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
    /// What follows the values, as `ON CONFLICT …`.
    pub(crate) tail: &'static str,
}

/// A query over a list of keys: `head` opens the list, `tail` follows it.
pub(crate) struct Lookup {
    pub(crate) head: &'static str,
    pub(crate) tail: &'static str,
}

/// The values of one statement, in the order of its placeholders.
#[derive(Default)]
pub(crate) struct Binds {
    values: SqliteArguments,
    failed: Option<BoxDynError>,
}

impl Binds {
    pub(crate) fn add<'v, T: Encode<'v, Sqlite> + Type<Sqlite>>(&mut self, value: T) {
        if let Err(error) = self.values.add(value) {
            self.failed = Some(error);
        }
    }

    pub(crate) fn hash(&mut self, hash: Hash) {
        self.add(hash.0.to_vec());
    }

    /// Numbers above 2^63 - 1 become 2^63 - 1.
    pub(crate) fn number(&mut self, number: u64) {
        self.add(i64::try_from(number).unwrap_or(i64::MAX));
    }

    fn done(self) -> sqlx::Result<SqliteArguments> {
        match self.failed {
            None => Ok(self.values),
            Some(error) => Err(sqlx::Error::Encode(error)),
        }
    }
}

/// The texts of statements, by table or query and by size.
#[derive(Default)]
pub(crate) struct Statements {
    texts: HashMap<(&'static str, usize), Arc<str>>,
}

impl Statements {
    /// Adds rows: one statement for each power of two in their number.
    pub(crate) async fn insert<R>(
        &mut self,
        conn: &mut SqliteConnection,
        table: &Table,
        rows: Vec<R>,
        bind: impl Fn(&mut Binds, R),
    ) -> sqlx::Result<()> {
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let n_rows = (1 << rows.len().ilog2()).min(MAX_ROWS);
            let mut binds = Binds::default();
            binds.values.reserve(n_rows * table.columns.len(), 0);
            for row in rows.by_ref().take(n_rows) {
                bind(&mut binds, row);
            }
            let text = self
                .texts
                .entry((table.name, n_rows))
                .or_insert_with(|| insert_text(table, n_rows));
            sqlx::query_with(AssertSqlSafe(Arc::clone(text)), binds.done()?)
                .execute(&mut *conn)
                .await?;
        }
        Ok(())
    }

    /// The rows of a query over at most [`MAX_KEYS`] keys; `first` is bound before the keys. No keys, no query.
    pub(crate) async fn look_up<K: Clone>(
        &mut self,
        conn: &mut SqliteConnection,
        lookup: &Lookup,
        first: Option<i64>,
        keys: (&[K], fn(&mut Binds, K)),
    ) -> sqlx::Result<Vec<SqliteRow>> {
        let (keys, bind) = keys;
        let (Some(last), Some(size)) = (
            keys.last(),
            LIST_SIZES.into_iter().find(|size| *size >= keys.len()),
        ) else {
            return Ok(Vec::new());
        };
        let mut binds = Binds::default();
        binds.values.reserve(size + 1, 0);
        if let Some(first) = first {
            binds.add(first);
        }
        let padding = std::iter::repeat_n(last, size - keys.len());
        keys.iter()
            .chain(padding)
            .for_each(|key| bind(&mut binds, key.clone()));
        let text = self
            .texts
            .entry((lookup.head, size))
            .or_insert_with(|| format!("{}{}{}", lookup.head, placeholders(size), lookup.tail).into());
        sqlx::query_with(AssertSqlSafe(Arc::clone(text)), binds.done()?)
            .fetch_all(conn)
            .await
    }
}

fn insert_text(table: &Table, n_rows: usize) -> Arc<str> {
    let row = placeholders(table.columns.len());
    let rows = vec![row; n_rows].join(", ");
    let columns = table.columns.join(", ");
    format!(
        "INSERT INTO {} ({columns}) VALUES {rows} {}",
        table.name, table.tail
    )
    .into()
}

/// `(?, ?, …)`: the one place to change for a database that numbers its placeholders.
fn placeholders(n: usize) -> String {
    format!("({})", vec!["?"; n].join(", "))
}

/// Reads a hash from a column.
pub(crate) fn read_hash(bytes: &[u8]) -> sqlx::Result<Hash> {
    let told = || sqlx::Error::Decode(format!("a hash has 16 bytes and not {}", bytes.len()).into());
    Ok(Hash(bytes.try_into().map_err(|_| told())?))
}

/// Reads a number that is never below zero; a negative one, which only damage makes, is 0.
pub(crate) fn read_number(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
