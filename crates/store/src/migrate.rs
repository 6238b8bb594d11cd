//! The numbered changes of the stored format, and the check that a file is not newer than this program.
//!
//! The SQL lies in `migrations/`: one portable file for each number, and one beside it for what each database spells in
//! its own way. A released file never changes; a change of the format is a new number.

use sqlx::SqliteConnection;
use sqlx::{AssertSqlSafe, raw_sql};

use crate::error::is_missing_table;

/// One change of the format.
struct Migration {
    version: i64,
    portable: &'static str,
    sqlite: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        portable: include_str!("../migrations/0001_journal.sql"),
        sqlite: include_str!("../migrations/0001_journal.sqlite.sql"),
    },
    Migration {
        version: 2,
        portable: include_str!("../migrations/0002_decision.sql"),
        sqlite: include_str!("../migrations/0002_decision.sqlite.sql"),
    },
];

/// The newest format that this program reads and writes.
pub const FORMAT_VERSION: i64 = 2;

/// What the placeholders of the portable files are in SQLite (PostgreSQL: `BIGINT PRIMARY KEY`, `BYTEA`,
/// `DOUBLE PRECISION`).
const TYPES: [(&str, &str); 3] = [("{id}", "INTEGER PRIMARY KEY"), ("{bytes}", "BLOB"), ("{real}", "REAL")];

/// The format of the open file; 0 for a file without tables.
pub(crate) async fn version(conn: &mut SqliteConnection) -> sqlx::Result<i64> {
    let found = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM migration");
    match found.fetch_one(conn).await {
        Ok(version) => Ok(version),
        Err(error) if is_missing_table(&error) => Ok(0),
        Err(error) => Err(error),
    }
}

/// Brings the open file from format `from` to [`FORMAT_VERSION`], all or nothing.
pub(crate) async fn migrate(conn: &mut SqliteConnection, from: i64) -> sqlx::Result<()> {
    raw_sql("BEGIN IMMEDIATE").execute(&mut *conn).await?;
    raw_sql("CREATE TABLE IF NOT EXISTS migration (version BIGINT NOT NULL PRIMARY KEY)")
        .execute(&mut *conn)
        .await?;
    for step in MIGRATIONS.iter().filter(|step| step.version > from) {
        let portable = TYPES.iter().fold(step.portable.to_owned(), |sql, (name, is)| sql.replace(name, is));
        raw_sql(AssertSqlSafe(portable)).execute(&mut *conn).await?;
        raw_sql(step.sqlite).execute(&mut *conn).await?;
        sqlx::query("INSERT INTO migration (version) VALUES ($1)")
            .bind(step.version)
            .execute(&mut *conn)
            .await?;
    }
    raw_sql("COMMIT").execute(conn).await?;
    Ok(())
}
