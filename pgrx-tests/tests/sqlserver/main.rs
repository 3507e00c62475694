//! The SQL Server source against its double, over real sockets.

mod cursors;
mod discovery;
mod faces;
mod keyless;
mod keys;
mod large;
mod objects;
mod passes;
mod rejected;
mod server;
mod sink;
mod streams;
mod tls;
mod trouble;
mod types;
