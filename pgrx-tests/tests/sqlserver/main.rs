//! The SQL Server source against its double, over real sockets.

mod cursors;
mod discovery;
mod keyless;
mod objects;
mod rejected;
mod server;
mod streams;
mod tls;
mod trouble;
mod types;
