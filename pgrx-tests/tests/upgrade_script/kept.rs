//! The database that version 0.1.0 made, restored beside the remotes that it was made from.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::{ROLE, Shop, rows};
use erp_sync_tests::tds::Tds;

use super::remotes;

/// With its ports and the day of its making left open.
const DATABASE: &str = include_str!("../../fixtures/0.1.0/database.sql");

/// Its name: pg_cron is to live in it.
pub const NAME: &str = "kept";

const ROLES: &str = "
create role shop login; create role peer login; create role clerk login; create role reader login;
create role staff; grant staff to shop;
alter role peer set erp_sync.target_schema = 'second'";

/// What the old version noted where `sync_schedule()` was called; never dumped.
const AT_HOME: &str = "
insert into erp_sync.home (system_identifier, database)
select c.system_identifier, d.oid from pg_control_system() c, pg_database d where d.datname = current_database()";

/// Where the database is updated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Where it was made.
    Home,
    /// In another cluster, to which a dump was taken.
    Elsewhere,
}

/// The shop of the kept database, with its remotes.
pub struct Kept<'a> {
    pub shop: Shop<'a>,
    pub north: Tds,
    /// Needed as long as the shop is.
    _south: Tds,
}

/// A cluster for it.
pub fn cluster(name: &str) -> Cluster {
    let options = Cluster::options(name).own_identity().cron_database(NAME);
    options.start().unwrap_or_else(|error| panic!("cluster {name}: {error}"))
}

/// Restores it as version 0.1.0, and updates it.
pub fn updated(cluster: &Cluster, place: Place) -> Kept<'_> {
    let (odoo, north, south) = (remotes::odoo(), remotes::north(), remotes::south());
    remotes::after_two_hours(&odoo);
    remotes::after_three_hours(&odoo);
    remotes::after_four_hours(&odoo);
    let mut postgres = cluster.client("postgres", "postgres");
    postgres.batch_execute(ROLES).expect("roles");
    let yesterday = rows(&mut postgres, "select current_date - 1").concat();
    let dump = DATABASE
        .replace(
            "CREATE EXTENSION IF NOT EXISTS erp_sync WITH SCHEMA public",
            "create extension erp_sync version '0.1.0'",
        )
        .replace("SELECT pg_catalog.set_config('search_path', '', false)", "set search_path = public")
        // From its version 1.5 on it lies in another schema.
        .replace("pg_cron WITH SCHEMA public", "pg_cron")
        .replace("MADE_DAY", &yesterday)
        .replace("ODOO_PORT", &odoo.port().to_string())
        .replace("NORTH_PORT", &north.port().to_string())
        .replace("SOUTH_PORT", &south.port().to_string());
    cluster.create_database(NAME);
    let restored = cluster.psql(NAME, "postgres", &dump);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let mut admin = cluster.client(NAME, "postgres");
    if place == Place::Home {
        admin.batch_execute(AT_HOME).expect("at home");
    }
    assert_eq!(rows(&mut admin, "select extversion from pg_extension where extname = 'erp_sync'"), ["0.1.0"]);
    admin.batch_execute("alter extension erp_sync update").expect("the update");
    let client = cluster.client(NAME, ROLE);
    let shop = Shop { cluster, database: NAME.into(), odoo: odoo.into(), client, admin };
    Kept { shop, north, _south: south }
}
