//! What a person reads in psql when something is wrong, word by word; and what nobody may ever read.

mod golden;
mod options;
mod own;
mod remote;
mod secrets;
mod usage;
