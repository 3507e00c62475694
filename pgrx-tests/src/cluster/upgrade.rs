//! From one major version to the next, with pg_upgrade.

use std::path::{Path, PathBuf};

use super::instance::{Instance, Stop};
use super::options::{Options, start_on_free_port};
use super::process::{self, Context};
use super::{AtDrop, Cluster, Prepared, Result, fail};

/// PostgreSQL 15.20 (and its sisters of that day) keeps a number in each column's options. pg_dump of an older minor
/// version, such as 16.14, takes it for an option that the user has set, and its server knows none of that name.
const FORGET_NUMBERS: &str = "
set allow_system_table_mods = on;
update pg_attribute
set attoptions = nullif(array(select option from unnest(attoptions) option where option not like 'pg_attver=%'), '{}')
where attoptions::text like '%pg_attver=%'";

pub(super) fn upgrade(old: &Cluster, server: &'static Prepared) -> Result<Cluster> {
    forget_numbers(old)?;
    old.instance.stop(Stop::Fast)?;
    let name = old.instance.data.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (instance, slot) = Options::new(&format!("{name}-upgraded")).make(server)?;
    let work = work_folder(&instance)?;
    let upgraded = pg_upgrade(&old.instance, &instance, &work);
    process::remove_dir(&work)?;
    upgraded?;
    let port = start_on_free_port(&instance)?;
    Ok(Cluster { instance, port, at_drop: AtDrop::Remove, _slot: Some(slot) })
}

fn forget_numbers(old: &Cluster) -> Result<()> {
    let databases = "select datname from pg_database where datallowconn";
    for row in old.client("postgres", "postgres").query(databases, &[])? {
        old.client(row.get(0), "postgres").batch_execute(FORGET_NUMBERS)?;
    }
    Ok(())
}

/// With a short path, because a socket's must have less than 108 characters.
fn work_folder(instance: &Instance) -> Result<PathBuf> {
    let work = std::env::temp_dir().join(format!("erp_sync-upgrade-{}", std::process::id()));
    process::remove_dir(&work)?;
    std::fs::create_dir(&work).context(work.display())?;
    process::set_mode(&work, 0o700)?;
    instance.user.own(&work)?;
    Ok(work)
}

fn pg_upgrade(old: &Instance, new: &Instance, work: &Path) -> Result<()> {
    let mut upgrade = new.program("pg_upgrade");
    upgrade.args(["--username=postgres", "--no-sync", "--old-bindir"]).arg(&old.tree.bin);
    upgrade.arg("--new-bindir").arg(&new.tree.bin).arg("--old-datadir").arg(&old.data);
    upgrade.arg("--new-datadir").arg(&new.data).arg("--socketdir").arg(work).current_dir(work);
    match process::output(&mut upgrade, "upgrading the cluster") {
        Ok(_) => Ok(()),
        Err(error) => {
            fail(format!("{error}\nits logs are in {}", new.data.join("pg_upgrade_output.d").display()))
        }
    }
}
