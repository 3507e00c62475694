//! Errors as PostgreSQL reports them: the only place that knows SQLSTATEs.

use pgrx::pg_sys::panic::{CaughtError, ErrorReport, ErrorReportWithLevel};
use pgrx::prelude::*;

use crate::error::{Error, Kind};
use crate::source::hint;

/// The SQLSTATE of a kind.
fn sqlstate(kind: Kind) -> PgSqlErrorCode {
    match kind {
        Kind::Unreachable | Kind::Timeout | Kind::Unavailable | Kind::Throttled => {
            PgSqlErrorCode::ERRCODE_FDW_UNABLE_TO_ESTABLISH_CONNECTION
        }
        Kind::Tls => PgSqlErrorCode::ERRCODE_SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
        Kind::Login => PgSqlErrorCode::ERRCODE_INVALID_PASSWORD,
        Kind::Forbidden | Kind::Denied => PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        Kind::NoDatabase => PgSqlErrorCode::ERRCODE_INVALID_CATALOG_NAME,
        Kind::NoObject => PgSqlErrorCode::ERRCODE_FDW_TABLE_NOT_FOUND,
        Kind::NoField => PgSqlErrorCode::ERRCODE_FDW_COLUMN_NAME_NOT_FOUND,
        Kind::BadAnswer | Kind::TooLarge | Kind::Remote => PgSqlErrorCode::ERRCODE_FDW_ERROR,
        Kind::Config => PgSqlErrorCode::ERRCODE_FDW_OPTION_NAME_NOT_FOUND,
        Kind::Manifest | Kind::Usage => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        Kind::Conflict | Kind::Breaker | Kind::NotReady => {
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE
        }
        Kind::Locked => PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE,
        Kind::Constraint => PgSqlErrorCode::ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION,
        Kind::Altered => PgSqlErrorCode::ERRCODE_INVALID_TABLE_DEFINITION,
        Kind::Full => PgSqlErrorCode::ERRCODE_DISK_FULL,
        Kind::Local => PgSqlErrorCode::ERRCODE_EXTERNAL_ROUTINE_EXCEPTION,
        Kind::Cancelled => PgSqlErrorCode::ERRCODE_QUERY_CANCELED,
        Kind::NoWorker => PgSqlErrorCode::ERRCODE_INSUFFICIENT_RESOURCES,
        Kind::Internal => PgSqlErrorCode::ERRCODE_INTERNAL_ERROR,
    }
}

impl From<Error> for ErrorReport {
    fn from(error: Error) -> Self {
        let hint = error.hint_or_default().to_string();
        // The server's log keeps an error, but no notice.
        if let Some(words) = error.original {
            ereport!(
                NOTICE,
                PgSqlErrorCode::ERRCODE_SUCCESSFUL_COMPLETION,
                format!("original error: {words}")
            );
        }
        let report = ErrorReport::new(sqlstate(error.kind), error.message, "erp_sync").set_hint(hint);
        match error.detail {
            Some(detail) => report.set_detail(detail),
            None => report,
        }
    }
}

/// An error that PostgreSQL raised, or a panic of ours, as one of our own.
pub fn caught(error: &CaughtError) -> Error {
    match error {
        CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => from_postgres(report),
        CaughtError::RustPanic { ereport, .. } => {
            Error::new(Kind::Internal, format!("unexpected fault: {}", one_line(ereport.message())))
        }
    }
}

/// Where the words are that a message leaves out.
const PRECISELY: &str =
    "see PostgreSQL's own words with: select run_id, entity, original_error from erp_sync.errors";

/// An error of a statement on business tables. PostgreSQL's words, or a trigger's, may quote a row: they are kept apart,
/// and the message says what kind of thing went wrong. `restricted`: the owner, where the statement ran for somebody else.
pub fn of_tables(error: &CaughtError, restricted: Option<&str>) -> Error {
    let report = match error {
        CaughtError::PostgresError(report) | CaughtError::ErrorReport(report) => report,
        CaughtError::RustPanic { .. } => return caught(error),
    };
    let kind = kind(report);
    let code = code(report.sql_error_code());
    let message = match kind {
        Kind::Cancelled => of_cancel(report.message()).into(),
        Kind::Locked => "a lock was not granted in time".into(),
        Kind::Constraint => format!("a constraint refused a row (SQLSTATE {code})"),
        Kind::Altered => format!("the tables do not fit the statement (SQLSTATE {code})"),
        Kind::Full => format!("disk space or memory ran out (SQLSTATE {code})"),
        Kind::Denied if restricted.is_none() => format!("a right is lacking (SQLSTATE {code})"),
        Kind::Denied => {
            format!("the tables' own code may not do this here (SQLSTATE {code})")
        }
        _ => format!("PostgreSQL, or a trigger, refused a row (SQLSTATE {code})"),
    };
    let error = Error::new(kind, message).original(one_line(report.message()));
    match (kind, restricted) {
        (Kind::Denied, Some(owner)) => error
            .detail(
                "it runs with the rights of the tables' owner and becomes no other role; temporary tables and \
                 deferred triggers are for the owner's own runs",
            )
            .hint(format!(
                "{PRECISELY}; if it is a temporary table or a deferred trigger, run as the owner: set role {}",
                hint::ident(owner)
            )),
        (Kind::Local | Kind::Denied, _) => error.hint(PRECISELY),
        _ => error,
    }
}

/// What PostgreSQL says of a cancel by itself, in English; a trigger may raise other words with the same code.
fn of_cancel(message: &str) -> &str {
    const OWN: [&str; 2] =
        ["canceling statement due to user request", "canceling statement due to statement timeout"];
    OWN.into_iter().find(|own| *own == message).unwrap_or("the statement was cancelled")
}

/// The five letters of an SQLSTATE.
fn code(code: PgSqlErrorCode) -> String {
    let packed = code as i32;
    let letter = |at: u32| char::from_u32((((packed >> (6 * at)) & 0x3f) + i32::from(b'0')).unsigned_abs());
    (0..5).filter_map(letter).collect()
}

fn from_postgres(report: &ErrorReportWithLevel) -> Error {
    let kind = kind(report);
    let mut error = Error::new(kind, one_line(report.message()));
    // DETAIL of a failed statement may quote a row ("Failing row contains ..."): not passed on.
    // PostgreSQL's hints for a full disk and for what is not there help nobody here.
    if let Some(hint) = report.hint().filter(|_| !matches!(kind, Kind::Full | Kind::Altered)) {
        error = error.hint(one_line(hint));
    }
    error
}

fn kind(report: &ErrorReportWithLevel) -> Kind {
    match report.sql_error_code() {
        PgSqlErrorCode::ERRCODE_QUERY_CANCELED => Kind::Cancelled,
        PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE
        | PgSqlErrorCode::ERRCODE_T_R_DEADLOCK_DETECTED
        | PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE => Kind::Locked,
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE => Kind::Denied,
        PgSqlErrorCode::ERRCODE_NOT_NULL_VIOLATION
        | PgSqlErrorCode::ERRCODE_CHECK_VIOLATION
        | PgSqlErrorCode::ERRCODE_UNIQUE_VIOLATION
        | PgSqlErrorCode::ERRCODE_FOREIGN_KEY_VIOLATION
        | PgSqlErrorCode::ERRCODE_EXCLUSION_VIOLATION => Kind::Constraint,
        // The last three are what comes of an upsert without its key, of values compared with a
        // column of another type, and of a partitioned table.
        PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE
        | PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN
        | PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH
        | PgSqlErrorCode::ERRCODE_INVALID_COLUMN_REFERENCE
        | PgSqlErrorCode::ERRCODE_UNDEFINED_FUNCTION
        | PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED => Kind::Altered,
        PgSqlErrorCode::ERRCODE_DISK_FULL
        | PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY
        | PgSqlErrorCode::ERRCODE_INSUFFICIENT_RESOURCES => Kind::Full,
        _ => Kind::Local,
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
