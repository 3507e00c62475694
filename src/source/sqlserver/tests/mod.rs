//! The pure parts; what needs a server is tested over sockets, in `pgrx-tests`.

mod faults;
pub(in crate::source::sqlserver) mod fixture;
mod options;
mod rows;
mod statements;
