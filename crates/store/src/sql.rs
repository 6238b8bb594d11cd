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
const LIST_SIZES: [usize; 6] = [1, 4, 16, 64, 256, MAX_KEYS];

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

/// Rows that wait for their table.
pub(crate) trait Waiting {
    /// The table.
    fn table(&self) -> &'static Table;
    /// How many rows wait.
    fn len(&self) -> usize;
    /// Binds the next `n` rows.
    fn bind(&mut self, n: usize, binds: &mut Binds);
}

/// Rows of one kind that wait for their table.
pub(crate) struct Waited<R> {
    table: &'static Table,
    rows: std::vec::IntoIter<R>,
    bind: fn(&mut Binds, R),
}

impl<R> Waited<R> {
    pub(crate) fn new(table: &'static Table, rows: Vec<R>, bind: fn(&mut Binds, R)) -> Self {
        let rows = rows.into_iter();
        Self { table, rows, bind }
    }
}

impl<R> Waiting for Waited<R> {
    fn table(&self) -> &'static Table {
        self.table
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn bind(&mut self, n: usize, binds: &mut Binds) {
        for row in self.rows.by_ref().take(n) {
            (self.bind)(binds, row);
        }
    }
}

/// Several statements that are sent as one: each journey to the database and back costs more than many rows.
#[derive(Default)]
pub(crate) struct Script {
    text: String,
    binds: Binds,
}

impl Script {
    pub(crate) fn add(&mut self, statement: &str) {
        if !self.text.is_empty() {
            self.text.push_str("; ");
        }
        self.text.push_str(statement);
    }

    /// The rows of all its statements, one after the other.
    pub(crate) async fn run(self, conn: &mut SqliteConnection) -> sqlx::Result<Vec<SqliteRow>> {
        let binds = self.binds.done()?;
        sqlx::query_with(AssertSqlSafe(self.text), binds).fetch_all(conn).await
    }
}

/// The texts of statements, by table or query and by size.
#[derive(Default)]
pub(crate) struct Statements {
    texts: HashMap<(&'static str, usize), Arc<str>>,
}

impl Statements {
    /// Adds rows to several tables, with as few journeys as possible. Tables with equally many rows go together.
    pub(crate) async fn insert(
        &mut self,
        conn: &mut SqliteConnection,
        waiting: &mut [&mut (dyn Waiting + Send)],
    ) -> sqlx::Result<()> {
        while let Some(n_rows) = waiting.iter().map(|rows| rows.len()).filter(|n| *n > 0).min() {
            let n_rows = part(n_rows);
            let mut script = Script::default();
            for rows in waiting.iter_mut().filter(|rows| rows.len() > 0) {
                self.add(&mut script, &mut **rows, n_rows);
            }
            script.run(conn).await?;
        }
        Ok(())
    }

    /// Adds the next `n_rows` rows of a table to a script.
    pub(crate) fn add(&mut self, script: &mut Script, rows: &mut (dyn Waiting + Send), n_rows: usize) {
        let table = rows.table();
        let text = self.texts.entry((table.name, n_rows));
        script.add(text.or_insert_with(|| insert_text(table, n_rows)));
        script.binds.values.reserve(n_rows * table.columns.len(), 0);
        rows.bind(n_rows, &mut script.binds);
    }

    /// Adds a query over at most [`MAX_KEYS`] keys to a script; `first` is bound before the keys. No keys, no query.
    pub(crate) fn add_lookup<K: Clone>(
        &mut self,
        script: &mut Script,
        lookup: &Lookup,
        first: Option<i64>,
        keys: (&[K], fn(&mut Binds, K)),
    ) {
        let (keys, bind) = keys;
        let size = LIST_SIZES.into_iter().find(|size| *size >= keys.len());
        let (Some(last), Some(size)) = (keys.last(), size) else {
            return;
        };
        let text = self.texts.entry((lookup.head, size)).or_insert_with(|| {
            let list = placeholders(size);
            format!("{}{list}{}", lookup.head, lookup.tail).into()
        });
        script.add(text);
        script.binds.values.reserve(size + 1, 0);
        if let Some(first) = first {
            script.binds.add(first);
        }
        let padding = std::iter::repeat_n(last, size - keys.len());
        for key in keys.iter().chain(padding) {
            bind(&mut script.binds, key.clone());
        }
    }

    /// The rows of a query: see [`Statements::add_lookup`].
    pub(crate) async fn look_up<K: Clone>(
        &mut self,
        conn: &mut SqliteConnection,
        lookup: &Lookup,
        first: Option<i64>,
        keys: (&[K], fn(&mut Binds, K)),
    ) -> sqlx::Result<Vec<SqliteRow>> {
        if keys.0.is_empty() {
            return Ok(Vec::new());
        }
        let mut script = Script::default();
        self.add_lookup(&mut script, lookup, first, keys);
        script.run(conn).await
    }
}

/// How many of `n` rows go into the next statement: few different numbers, so that statements are prepared once.
fn part(n: usize) -> usize {
    match n {
        0..16 => n,
        16..MAX_ROWS => n / 16 * 16,
        _ => MAX_ROWS,
    }
}

fn insert_text(table: &Table, n_rows: usize) -> Arc<str> {
    let row = placeholders(table.columns.len());
    let rows = vec![row; n_rows].join(", ");
    let columns = table.columns.join(", ");
    format!("INSERT INTO {} ({columns}) VALUES {rows} {}", table.name, table.tail).into()
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
