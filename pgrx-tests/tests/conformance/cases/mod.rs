//! The cases: what holds for every remote, in whatever way it is spoken to.

pub mod changing;
pub mod reading;
pub mod refused;
pub mod trouble;
pub mod values;
