//! Settings: the configuration parameters `erp_sync.*`.

use std::ffi::{CStr, CString, c_char, c_void};
use std::time::Duration;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, pg_guard, pg_sys};
use serde::{Deserialize, Serialize};

use crate::engine;
use crate::source::Limits;
use crate::source::hosts::Hosts;

static ENABLED: GucSetting<bool> = GucSetting::<bool>::new(true);
static MAX_WORKERS: GucSetting<i32> = GucSetting::<i32>::new(4);
static TARGET_SCHEMA: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"erp"));
static BATCH_ROWS: GucSetting<i32> = GucSetting::<i32>::new(5000);
static CONNECT_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(10_000);
static REQUEST_TIMEOUT: GucSetting<i32> = GucSetting::<i32>::new(60_000);
static MAX_RESPONSE_BYTES: GucSetting<i32> = GucSetting::<i32>::new(32 << 20);
static MAX_RESPONSE_BYTES_CEILING: GucSetting<i32> = GucSetting::<i32>::new(256 << 20);
static ALLOWED_HOSTS: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static MAX_ATTEMPTS: GucSetting<i32> = GucSetting::<i32>::new(4);
static MAX_WORKERS_PER_ROLE: GucSetting<i32> = GucSetting::<i32>::new(4);
static RETRY_BASE: GucSetting<i32> = GucSetting::<i32>::new(1_000);
static HISTORY_RETENTION: GucSetting<i32> = GucSetting::<i32>::new(90 * 24 * 60);
static REMOVED_RETENTION: GucSetting<i32> = GucSetting::<i32>::new(90 * 24 * 60);

/// The settings as one session sees them. They travel to the worker with the call. What bounds a
/// caller does not: the worker reads that itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// `erp_sync.max_workers`
    pub max_workers: usize,
    /// `erp_sync.target_schema`
    pub target_schema: String,
    /// `erp_sync.batch_rows`
    pub batch_rows: usize,
    /// `erp_sync.connect_timeout`, in milliseconds
    pub connect_timeout_ms: u64,
    /// `erp_sync.request_timeout`, in milliseconds
    pub request_timeout_ms: u64,
    /// `erp_sync.max_response_bytes`
    pub max_response_bytes: usize,
    /// `erp_sync.max_attempts`
    pub max_attempts: u32,
    /// `erp_sync.retry_base`, in milliseconds
    pub retry_base_ms: u64,
    /// `erp_sync.history_retention`, in minutes; only a superuser can have set it
    pub history_retention_min: i32,
    /// `erp_sync.removed_retention`, in minutes; only a superuser can have set it
    pub removed_retention_min: i32,
}

impl Settings {
    /// As the current session sees them.
    pub fn current() -> Self {
        let schema = TARGET_SCHEMA.get().map(|s| s.to_string_lossy().into_owned());
        Settings {
            max_workers: positive(&MAX_WORKERS) as usize,
            target_schema: schema.unwrap_or_else(|| "erp".into()),
            batch_rows: positive(&BATCH_ROWS) as usize,
            connect_timeout_ms: positive(&CONNECT_TIMEOUT) as u64,
            request_timeout_ms: positive(&REQUEST_TIMEOUT) as u64,
            max_response_bytes: positive(&MAX_RESPONSE_BYTES) as usize,
            max_attempts: positive(&MAX_ATTEMPTS),
            retry_base_ms: positive(&RETRY_BASE) as u64,
            history_retention_min: HISTORY_RETENTION.get(),
            removed_retention_min: REMOVED_RETENTION.get(),
        }
    }

    /// What a source needs of them, within the superuser's ceiling as this process sees it.
    pub fn limits(&self) -> Limits {
        let ceiling = positive(&MAX_RESPONSE_BYTES_CEILING) as usize;
        Limits {
            connect_timeout: Duration::from_millis(self.connect_timeout_ms),
            request_timeout: Duration::from_millis(self.request_timeout_ms),
            max_response_bytes: self.max_response_bytes.min(ceiling),
        }
    }

    /// What the engine needs of them.
    pub fn engine(&self) -> engine::Settings {
        engine::Settings {
            max_attempts: self.max_attempts,
            retry_base: Duration::from_millis(self.retry_base_ms),
            retry_limit: Duration::from_secs(300),
            patience: engine::Patience::default(),
        }
    }
}

fn positive(setting: &GucSetting<i32>) -> u32 {
    setting.get().unsigned_abs()
}

/// Whether `erp_sync.enabled` is on.
pub fn enabled() -> bool {
    ENABLED.get()
}

/// `erp_sync.max_workers_per_role`, as this process sees it.
pub fn max_workers_per_role() -> usize {
    positive(&MAX_WORKERS_PER_ROLE) as usize
}

/// `erp_sync.allowed_hosts`, as this process sees it. An entry that cannot be read allows nothing.
pub fn allowed_hosts() -> Hosts {
    let list = ALLOWED_HOSTS.get().map(|list| list.to_string_lossy().into_owned()).unwrap_or_default();
    Hosts::parse(&list).0
}

/// Refuses a list with an entry that cannot be read.
///
/// # Safety
///
/// Called by PostgreSQL with the setting's new value, or none.
#[pg_guard]
unsafe extern "C-unwind" fn check_hosts(
    value: *mut *mut c_char,
    _extra: *mut *mut c_void,
    _source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: the value is a C string where it is not null.
    let list = unsafe {
        match (*value).is_null() {
            true => return true,
            false => CStr::from_ptr(*value).to_string_lossy(),
        }
    };
    let (_, wrong) = Hosts::parse(&list);
    let Some(entry) = wrong.first() else { return true };
    let detail = format!("\"{entry}\" is no host, host:port, *.domain or network.");
    if let Ok(detail) = CString::new(detail) {
        // SAFETY: PostgreSQL copies the text when it reports the error, right after this call.
        unsafe { pg_sys::GUC_check_errdetail_string = pg_sys::pstrdup(detail.as_ptr()) };
    }
    false
}

/// Defines the parameters; called once, from `_PG_init`.
pub fn define() {
    GucRegistry::define_bool_guc(
        c"erp_sync.enabled",
        c"Whether runs may begin.",
        c"Off pauses everything: sync_run() and sync_auto() say so and do nothing.",
        &ENABLED,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"erp_sync.max_workers",
        c"Workers of one run, at most.",
        c"Each reads one server at a time; each takes one of max_worker_processes.",
        &MAX_WORKERS,
        1,
        64,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"erp_sync.max_workers_per_role",
        c"Workers of one role, at most, over all its runs.",
        c"Further runs wait until one of them has ended.",
        &MAX_WORKERS_PER_ROLE,
        1,
        64,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"erp_sync.target_schema",
        c"Schema of the business tables.",
        c"Made on first use where the role may make it.",
        &TARGET_SCHEMA,
        GucContext::Userset,
        GucFlags::IS_NAME,
    );
    whole(
        c"erp_sync.batch_rows",
        c"Rows written in one transaction, at most.",
        &BATCH_ROWS,
        1,
        100_000,
        None,
    );
    time(c"erp_sync.connect_timeout", c"Longest wait for a connection to a remote.", &CONNECT_TIMEOUT);
    time(c"erp_sync.request_timeout", c"Longest wait for an answer of a remote.", &REQUEST_TIMEOUT);
    whole(
        c"erp_sync.max_response_bytes",
        c"Longest answer of a remote that is accepted.",
        &MAX_RESPONSE_BYTES,
        64 << 10,
        1 << 30,
        Some(GucFlags::UNIT_BYTE),
    );
    GucRegistry::define_int_guc(
        c"erp_sync.max_response_bytes_ceiling",
        c"How far max_response_bytes counts.",
        c"A worker that reads an answer may take memory in this order.",
        &MAX_RESPONSE_BYTES_CEILING,
        64 << 10,
        1 << 30,
        GucContext::Suset,
        GucFlags::UNIT_BYTE,
    );
    // SAFETY: the hook is guarded.
    unsafe {
        GucRegistry::define_string_guc_with_hooks(
            c"erp_sync.allowed_hosts",
            c"Hosts that servers may connect to; empty: all.",
            c"Names, host:port, *.example.com and networks such as 10.0.0.0/8, with commas between them.",
            &ALLOWED_HOSTS,
            GucContext::Suset,
            GucFlags::default(),
            Some(check_hosts),
            None,
            None,
        );
    }
    whole(c"erp_sync.max_attempts", c"How often a request is tried.", &MAX_ATTEMPTS, 1, 20, None);
    time(
        c"erp_sync.retry_base",
        c"Wait before the second try of a request; doubles with each further one.",
        &RETRY_BASE,
    );
    days(c"erp_sync.history_retention", c"How long runs, tasks and batches are kept.", &HISTORY_RETENTION);
    days(c"erp_sync.removed_retention", c"How long the content of removed rows is kept.", &REMOVED_RETENTION);
    // A mistyped setting is an error from now on, not a silent placeholder.
    // SAFETY: a constant name, in `_PG_init`.
    unsafe { pg_sys::MarkGUCPrefixReserved(c"erp_sync".as_ptr()) };
}

fn whole(
    name: &'static CStr,
    about: &'static CStr,
    setting: &'static GucSetting<i32>,
    min: i32,
    max: i32,
    unit: Option<GucFlags>,
) {
    let unit = unit.unwrap_or_default();
    GucRegistry::define_int_guc(name, about, c"", setting, min, max, GucContext::Userset, unit);
}

fn time(name: &'static CStr, about: &'static CStr, setting: &'static GucSetting<i32>) {
    whole(name, about, setting, 1, 3_600_000, Some(GucFlags::UNIT_MS));
}

/// What is deleted is everybody's, so it is no setting of anybody's.
fn days(name: &'static CStr, about: &'static CStr, setting: &'static GucSetting<i32>) {
    let (longest, minutes) = (100 * 365 * 24 * 60, GucFlags::UNIT_MIN);
    GucRegistry::define_int_guc(name, about, c"", setting, 1, longest, GucContext::Suset, minutes);
}
