//! Remotes that send without end or measure: none makes a worker grow, and none takes the server down.

mod liar;
mod lies;
mod odoo;
