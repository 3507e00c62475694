//! What a hostile remote, or a role that has one reached, could do: take memory, break out of a
//! statement, have a password sent elsewhere, look about in the network or among files.

mod files;
mod hosts;
mod items;
mod memory;
mod models;
mod oracle;
mod routing;
mod tsql;
mod validators;
mod watch;
