//! What the integration tests and the developer's commands share.

pub mod cluster;
pub mod odoo;
pub mod shop;
