//! The SQL Server double, read by FreeTDS's `tsql`, which knows nothing of it.

mod client;
mod queries;
mod refusals;
mod rowversion;
mod types;
