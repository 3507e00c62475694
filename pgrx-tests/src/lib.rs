//! What the integration tests and the developer's commands share.

pub mod call;
pub mod cluster;
pub mod odoo;
pub mod shop;
pub mod tds;
pub mod till;
