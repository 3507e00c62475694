//! The SQL Server source against its double, over real sockets.

mod cursors;
mod discovery;
mod keyless;
mod objects;
mod passes;
mod rejected;
mod server;
mod sink;
mod streams;
mod tls;
mod trouble;
mod types;
