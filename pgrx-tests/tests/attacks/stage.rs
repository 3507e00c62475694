//! A database with several roles in it that do not trust each other, and functions that say as whom they ran.

use std::cell::Cell;
use std::sync::OnceLock;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::Odoo;
use erp_sync_tests::shop::{Failure, Shop, rows};
use postgres::{Client, SimpleQueryMessage};

/// Beside `shop`, who owns the tables: `peer` has a server and a schema of its own, `outsider` may connect and no
/// more, `reader` may use one server, `dbo` owns the database, `monitor` watches, `manager` is a member of `shop`.
const ROLES: [(&str, &str); 7] = [
    ("shop", ""),
    ("peer", ""),
    ("outsider", ""),
    ("reader", ""),
    ("dbo", ""),
    ("monitor", "in role pg_monitor"),
    ("manager", "in role shop"),
];

/// No call of an attack test takes longer.
const PATIENCE: &str = "set statement_timeout = '20s'";

/// Rows of a call, or its error.
pub type Outcome = Result<Vec<String>, Failure>;

/// A shop with neighbours.
pub struct Stage {
    pub shop: Shop<'static>,
    /// So many bytes of the server's log were looked at.
    seen: Cell<u64>,
}

impl Stage {
    /// A stage in a new database of the shared cluster; every role may use the shop's server.
    pub fn open(database: &str) -> Stage {
        make_roles();
        let shop = Shop::open(Cluster::shared(), database, "jsonrpc");
        let mut stage = Stage { shop, seen: Cell::new(0) };
        stage.admin(&format!(
            "create role rise_{database};
             create schema locker; create table locker.secret as select 1; revoke all on schema locker from public;
             create schema office authorization manager;
             set role manager; create table office.secret as select 1; reset role;
             create user mapping for public server odoo_main options (username 'admin', password 'admin')"
        ));
        stage.ran();
        stage
    }

    /// A session of a role.
    pub fn session(&self, role: &str) -> Client {
        let mut client = self.shop.cluster.client(&self.shop.database, role);
        client.batch_execute(PATIENCE).expect("a timeout");
        client
    }

    /// Runs SQL as a superuser.
    pub fn admin(&mut self, sql: &str) {
        self.shop.admin.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Runs SQL as a role.
    pub fn by(&self, role: &str, sql: &str) {
        self.session(role).batch_execute(sql).unwrap_or_else(|error| panic!("{role}: {sql}: {error:?}"));
    }

    /// Runs SQL as a role, which may fail.
    pub fn call(&self, role: &str, sql: &str) -> Outcome {
        attempt(&mut self.session(role), sql)
    }

    /// Rows as a superuser sees them.
    pub fn look(&mut self, sql: &str) -> Vec<String> {
        rows(&mut self.shop.admin, sql)
    }

    /// Gives a role a server that reads the Odoo, a schema of the role's name and CREATE there.
    pub fn settle(&mut self, role: &str, server: &str, odoo: &Odoo, options: &str) {
        self.admin(&format!(
            "grant usage on foreign data wrapper odoo, sqlserver to {role};
             create schema if not exists {role} authorization {role}"
        ));
        let (url, database) = (odoo.url(), odoo.database());
        self.by(
            role,
            &format!(
                "create server {server} foreign data wrapper odoo options (url '{url}', database '{database}' {options});
                 create user mapping for current_user server {server} options (username 'admin', password 'admin')"
            ),
        );
    }

    /// Makes a schema `traps_ROLE` with the role's planted functions. `trap` may do anything; `calm` is declared
    /// immutable, as an index or a generated column wants it; `spring` is a trigger.
    pub fn plant(&mut self, role: &str) {
        self.admin(&format!(
            "create schema traps_{role} authorization {role}; grant usage on schema traps_{role} to public"
        ));
        // Of what they say the first line is enough.
        let database = &self.shop.database;
        let terse = format!(
            "alter database {database} set log_error_verbosity = terse;
                             alter database {database} set log_min_error_statement = panic"
        );
        self.admin(&terse);
        let sql = TRAPS.replace("{traps}", &format!("traps_{role}")).replace("{rise}", &self.rise());
        self.by(role, &sql);
    }

    fn rise(&self) -> String {
        format!("rise_{}", self.shop.database)
    }

    /// What planted code said since the last look: `TAG ran as ROLE`, or `TAG did STATEMENT` where it got through
    /// with something its owner may not do. A rollback does not hide it.
    pub fn ran(&self) -> Vec<String> {
        let (log, seen) = self.shop.cluster.log_behind(self.seen.get());
        self.seen.set(seen);
        let begin = format!("planted {}: ", self.shop.database);
        let lines = log.lines();
        let said =
            lines.filter(|line| line.contains("LOG:  planted ")).filter_map(|line| line.split_once(&begin));
        let mut all: Vec<String> = said.map(|(_, said)| said.to_owned()).collect();
        all.sort();
        all.dedup();
        all
    }

    /// What planted code said that its owner could not have said alone.
    pub fn stolen(&self, owner: &str) -> Vec<String> {
        let own = format!(" ran as {owner}");
        self.ran().into_iter().filter(|said| !said.ends_with(&own)).collect()
    }
}

/// Runs SQL in a session; rows or the error.
pub fn attempt(client: &mut Client, sql: &str) -> Outcome {
    let messages = client.simple_query(sql).map_err(|error| match error.as_db_error() {
        None => Failure { message: error.to_string(), ..Failure::default() },
        Some(told) => Failure {
            sqlstate: told.code().code().into(),
            message: told.message().into(),
            detail: told.detail().unwrap_or_default().into(),
            hint: told.hint().unwrap_or_default().into(),
        },
    })?;
    Ok(messages.iter().filter_map(columns).collect())
}

fn columns(message: &SimpleQueryMessage) -> Option<String> {
    let SimpleQueryMessage::Row(row) = message else { return None };
    let values: Vec<&str> = (0..row.len()).map(|at| row.get(at).unwrap_or_default()).collect();
    Some(values.join("|"))
}

/// What is wrong with an outcome that may be a success or a refusal that says what to type.
pub fn complaint(what: &str, outcome: &Outcome) -> Option<String> {
    match outcome {
        Err(failure) if failure.sqlstate == "57014" => Some(format!("{what}: hangs")),
        Err(failure) if failure.hint.is_empty() || failure.sqlstate == "XX000" => {
            Some(format!("{what}: an error without a hint: {failure:?}"))
        }
        _ => None,
    }
}

/// Fails with everything that was found.
pub fn none(found: &[String]) {
    assert!(found.is_empty(), "{} found:\n{}", found.len(), found.join("\n"));
}

/// Roles belong to the cluster, and all tests share it.
fn make_roles() {
    static MADE: OnceLock<()> = OnceLock::new();
    MADE.get_or_init(|| {
        let mut admin = Cluster::shared().client("postgres", "postgres");
        for (role, more) in ROLES {
            admin.batch_execute(&format!("create role {role} login {more}")).expect("a role");
        }
    });
}

const TRAPS: &str = "
create function {traps}.attempt(tag text, sql text) returns void language plpgsql as $$
begin
  execute sql;
  raise log 'planted %: % did %', current_database(), tag, sql;
  raise 'undone';
exception when others then null;
end $$;
create function {traps}.trap(tag text) returns boolean language plpgsql as $$
declare
  -- Once a transaction is enough, however many rows there are.
  said text := 'traps.said_' || md5(tag || current_user);
begin
  if current_setting(said, true) = now()::text then return true; end if;
  perform set_config(said, now()::text, false);
  raise log 'planted %: % ran as %', current_database(), tag, current_user;
  perform {traps}.attempt(tag, 'alter role {rise} superuser');
  perform {traps}.attempt(tag, 'set role postgres');
  perform {traps}.attempt(tag, 'set session authorization postgres');
  perform {traps}.attempt(tag, 'select * from locker.secret');
  perform {traps}.attempt(tag, 'select * from office.secret');
  return true;
end $$;
create function {traps}.calm(tag text) returns boolean language plpgsql immutable as $$
begin return {traps}.trap(tag); end $$;
create function {traps}.calm(tag text, value anyelement) returns anyelement language plpgsql immutable as $$
begin perform {traps}.trap(tag); return value; end $$;
create function {traps}.spring() returns trigger language plpgsql as $$
begin
  perform {traps}.trap(coalesce(tg_argv[0], tg_name));
  return case when tg_op = 'DELETE' then old else new end;
end $$;
";
