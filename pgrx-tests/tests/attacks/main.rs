//! Attacks of one role on another, or on the whole server, from inside the database: planted code, swapped tables,
//! forged objects, locks held, workers taken, names taken over, other tenants' rows.

mod calls;
mod cron;
mod expressions;
mod honest;
mod install;
mod locks;
mod messages;
mod names;
mod owners_code;
mod passwords;
mod peers;
mod planted;
mod quotas;
mod readers;
mod restored;
mod servers;
mod share;
mod sight;
mod stage;
mod swapped;
mod sweep;
mod tables;
mod tenants;
