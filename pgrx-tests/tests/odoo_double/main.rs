//! Proves the Odoo double: that it answers as recorded, and that its hooks and faults do what tests rely on.

mod changes;
mod client;
mod domains;
mod faults;
mod json2;
mod json2_replay;
mod reading;
mod replay;
mod versions;
