//! What a person reads in psql when something is wrong, word by word; and what nobody may ever read.

mod answers;
mod check;
mod filters;
mod golden;
mod login;
mod options;
mod own;
mod rights;
mod secrets;
mod tills;
mod tls;
mod unreachable;
mod usage;
