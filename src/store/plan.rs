//! Planning: which entities of which servers a run goes through, in which order.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::runs;
use super::servers::{self, Server};
use super::session::transaction;
use super::sql::{first, value};
use crate::engine::{Mode, Task};
use crate::entity::{Entity, catalog};
use crate::error::{Error, Kind, Result};
use crate::guc::Settings;
use crate::source::{Remote, hint};
use crate::store::call::{Order, Wanted, WantedMode};

/// How far before the position an incremental pass begins, where nothing else is said:
/// `write_date` is the start of the remote's transaction, whose rows appear later.
const OVERLAP: Duration = Duration::from_secs(600);

/// Page sizes where the server says nothing.
const PAGES: (usize, usize) = (50, 2000);

/// What a run will do.
pub struct Plan {
    /// In order; servers one behind the other.
    pub tasks: Vec<Task>,
    /// Tasks that will not be tried, with the reason.
    pub skipped: Vec<(Task, String)>,
    /// By name of the server.
    pub remotes: HashMap<String, Result<Remote>>,
}

/// Plans a run. Errors: unknown names, two Odoo servers for one tenant, no server.
pub fn plan(order: &Order, wanted: &Wanted, queued: Option<i64>) -> Result<Plan> {
    transaction(|| {
        runs::close_orphans(queued)?;
        let servers = servers::wanted(wanted.server.as_deref())?;
        one_odoo_per_tenant(&servers)?;
        let entities = catalog::resolve(&wanted.entity, catalog::builtin())?;
        let mut plan = Plan { tasks: Vec::new(), skipped: Vec::new(), remotes: HashMap::new() };
        for server in &servers {
            let remote = servers::remote(server, &order.settings);
            for entity in entities.iter().filter(|entity| entity.source == server.kind) {
                plan.add(server, entity, &remote, wanted, &order.settings)?;
            }
            plan.remotes.insert(server.name.clone(), remote);
        }
        plan.not_empty(wanted)
    })
}

impl Plan {
    fn add(
        &mut self,
        server: &Server,
        entity: &Entity,
        remote: &Result<Remote>,
        wanted: &Wanted,
        settings: &Settings,
    ) -> Result<()> {
        let username = remote.as_ref().ok().and_then(|remote| remote.username.clone()).unwrap_or_default();
        let (min, max) = PAGES;
        let max = server.number("max_page").unwrap_or(max).min(settings.batch_rows).max(1);
        let task = Task {
            server: server.name.clone(),
            lane: server.lane(),
            tenant: server.tenant(),
            entity: Arc::new(entity.clone()),
            mode: mode(server, entity, wanted.mode)?,
            confirm: wanted.confirm,
            named: wanted.entity.trim() != "all",
            keep_raw: false,
            overlap: OVERLAP,
            pages: (server.number("min_page").unwrap_or(min).min(max), max),
            circumstances: server.circumstances(&username, &settings.target_schema),
        };
        match runs::busy_with(&task)? {
            Some(run) => self.skipped.push((task, format!("already running in run {run}"))),
            None => self.tasks.push(task),
        }
        Ok(())
    }

    fn not_empty(self, wanted: &Wanted) -> Result<Self> {
        if self.tasks.is_empty() && self.skipped.is_empty() {
            return Err(Error::new(Kind::Usage, format!("no server gives \"{}\"", wanted.entity))
                .detail("each entity is read from servers of its own source")
                .hint("compare with: select * from sync_entities()"));
        }
        Ok(self)
    }
}

/// Two Odoo servers of one tenant would write each other's rows.
fn one_odoo_per_tenant(servers: &[Server]) -> Result<()> {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for server in servers.iter().filter(|server| server.kind == "odoo") {
        if let Some(other) = seen.insert(server.tenant(), &server.name) {
            let tenant = server.tenant();
            return Err(Error::new(
                Kind::Conflict,
                format!("servers \"{other}\" and \"{}\" both feed tenant \"{tenant}\"", server.name),
            )
            .detail("a tenant has one Odoo server, else two companies' rows would share keys")
            .hint(format!("alter server {} options (add tenant '...')", hint::ident(&server.name))));
        }
    }
    Ok(())
}

const FULL_DUE: &str = "
select coalesce(bool_or(p.full_at is null or p.full_at <= clock_timestamp() - $3::interval), false)
from erp_sync.position p
where p.server = $1 and p.entity = $2";

/// What is read of an entity: in `auto`, everything when that has come round again.
fn mode(server: &Server, entity: &Entity, wanted: WantedMode) -> Result<Mode> {
    let due = match wanted {
        WantedMode::Incremental => false,
        WantedMode::Full => true,
        WantedMode::Auto => {
            let arguments =
                [value(server.name.clone()), value(entity.name.clone()), value(entity.full_every.clone())];
            super::session::as_owner(|| first(FULL_DUE, &arguments, |row| row.flag(1)))?.unwrap_or(false)
        }
    };
    Ok(if due { Mode::Full } else { Mode::Incremental })
}
