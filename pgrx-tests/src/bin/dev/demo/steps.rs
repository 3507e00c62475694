//! What the demo shows.

/// One step: a title, and statements that run as a role.
///
/// With a remote, psql knows the variables `odoo_url`, `odoo_database`, `odoo_username`
/// and `odoo_password`; in SQL: `:'odoo_url'`.
pub struct Step {
    /// One sentence for a person.
    pub title: &'static str,
    /// The role that psql connects as.
    pub role: &'static str,
    /// Statements, or psql's own commands, as a person would type them.
    pub sql: &'static str,
}

/// The steps, in order.
pub const STEPS: &[Step] = &[
    Step { title: "A superuser creates the extension", role: "postgres", sql: "create extension erp_sync;" },
    Step { title: "Which version is it?", role: "postgres", sql: "select sync_version();" },
];
