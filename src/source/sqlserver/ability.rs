//! What a server can do: not all that speak TDS have every function, and their version does not tell.

use super::SqlServer;
use super::budget::CATALOG;
use super::connection::Shape;
use super::fault::Asked;
use crate::error::{Error, Kind, Result};

/// What was found out so far, each by asking once.
#[derive(Debug, Default)]
pub(super) struct Abilities {
    /// Whether it describes what columns a query has.
    pub(super) describes: Option<bool>,
    min_active: Option<bool>,
    dialect: Option<Dialect>,
}

/// How a server makes a digest of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// From SQL Server 2016 on.
    Current,
    /// `hashbytes` takes 8,000 bytes, and a float has no text with all its digits.
    Old,
}

/// Both of what [`Dialect::Current`] needs.
const OF_2016: &str = "select convert(nvarchar(max), convert(float, 1), 3), \
                       hashbytes('SHA2_256', replicate(convert(nvarchar(max), N'x'), 4001))";

/// What a rowversion needs to miss no late commit.
pub(super) const MIN_ACTIVE: &str = "select min_active_rowversion()";

impl SqlServer {
    /// Whether it tells the lowest rowversion that an open transaction may still hold.
    pub(super) async fn has_min_active(&mut self) -> Result<bool> {
        if let Some(known) = self.abilities.min_active {
            return Ok(known);
        }
        let has = self.takes(MIN_ACTIVE, 1).await?;
        self.abilities.min_active = Some(has);
        Ok(has)
    }

    /// How it makes digests.
    pub(super) async fn dialect(&mut self) -> Result<Dialect> {
        if let Some(known) = self.abilities.dialect {
            return Ok(known);
        }
        let dialect = if self.takes(OF_2016, 2).await? { Dialect::Current } else { Dialect::Old };
        self.abilities.dialect = Some(dialect);
        Ok(dialect)
    }

    /// Whether it answers a query of one row.
    async fn takes(&mut self, sql: &str, columns: usize) -> Result<bool> {
        let shape = Shape { columns, rows: 1, bytes: CATALOG };
        match self.rows(sql, Asked::Session, shape).await {
            Ok(_) => Ok(true),
            Err(error) if is_lacking(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Whether the server refuses the very statement: it does not know what stands in it, or does not let the login use
/// it. What passes, and what ends the connection, tells nothing.
pub(super) fn is_lacking(error: &Error) -> bool {
    matches!(error.kind, Kind::NoObject | Kind::NoField | Kind::Manifest | Kind::Forbidden | Kind::Remote)
}
