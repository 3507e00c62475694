//! The Odoo double.
