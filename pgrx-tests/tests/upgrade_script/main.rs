//! `alter extension erp_sync update`: a database that version 0.1.0 made goes on where it was, and its catalog is
//! that of a new installation.

mod catalog;
mod goes_on;
mod kept;
mod remotes;
