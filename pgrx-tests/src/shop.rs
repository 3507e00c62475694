//! A shop: a database with the extension, a role that is no superuser, and an Odoo to read from.

use std::sync::Arc;

use postgres::{Client, SimpleQueryMessage};

use crate::cluster::Cluster;
use crate::odoo::Odoo;

/// The role everything is done as.
pub const ROLE: &str = "shop";

/// A database set up as the README's first page says, with one server that is an [`Odoo`] double.
pub struct Shop<'a> {
    /// The cluster it lives in.
    pub cluster: &'a Cluster,
    /// Its database.
    pub database: String,
    /// The remote.
    pub odoo: Arc<Odoo>,
    /// A session of the role.
    pub client: Client,
    /// A session of the superuser.
    pub admin: Client,
}

impl<'a> Shop<'a> {
    /// Opens a shop in a new database of the cluster, speaking the given protocol.
    pub fn open(cluster: &'a Cluster, database: &str, protocol: &str) -> Shop<'a> {
        Shop::with(cluster, database, &format!("protocol '{protocol}'"))
    }

    /// Opens a shop whose server has further options.
    pub fn with(cluster: &'a Cluster, database: &str, options: &str) -> Shop<'a> {
        Shop::reading(cluster, database, Odoo::start(), options, "admin")
    }

    /// Opens a shop that reads the given remote as `admin`, with the password or an API key.
    pub fn reading(
        cluster: &'a Cluster,
        database: &str,
        odoo: Odoo,
        options: &str,
        password: &str,
    ) -> Shop<'a> {
        cluster.create_database(database);
        let mut admin = cluster.client(database, "postgres");
        admin.batch_execute(&setup_as_superuser(database)).unwrap_or_else(|e| panic!("setting up: {e:?}"));
        let mut client = cluster.client(database, ROLE);
        let sql = setup_as_shop(&odoo, options, password);
        client.batch_execute(&sql).unwrap_or_else(|e| panic!("setting up: {e:?}"));
        Shop { cluster, database: database.into(), odoo: Arc::new(odoo), client, admin }
    }

    /// A further session of the role.
    pub fn session(&self) -> Client {
        self.cluster.client(&self.database, ROLE)
    }

    /// Connects both sessions again, after the server restarted.
    pub fn reconnect(&mut self) {
        self.client = self.cluster.client(&self.database, ROLE);
        self.admin = self.cluster.client(&self.database, "postgres");
    }

    /// Runs SQL as the role.
    pub fn run(&mut self, sql: &str) {
        self.client.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The rows of a query as text, columns joined by `|`, NULL as nothing.
    pub fn rows(&mut self, sql: &str) -> Vec<String> {
        rows(&mut self.client, sql)
    }

    /// The only value of a query, as text.
    pub fn value(&mut self, sql: &str) -> String {
        self.rows(sql).into_iter().next().unwrap_or_default()
    }

    /// The error of a statement: SQLSTATE, message, detail, hint.
    pub fn error(&mut self, sql: &str) -> Failure {
        failure(&mut self.client, sql)
    }
}

/// The rows of a query as text, columns joined by `|`, NULL as nothing.
pub fn rows(client: &mut Client, sql: &str) -> Vec<String> {
    let messages = client.simple_query(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    messages.iter().filter_map(text).collect()
}

/// A row of an answer as text, columns joined by `|`, NULL as nothing.
pub(crate) fn text(message: &SimpleQueryMessage) -> Option<String> {
    match message {
        SimpleQueryMessage::Row(row) => {
            let values: Vec<&str> = (0..row.len()).map(|i| row.get(i).unwrap_or_default()).collect();
            Some(values.join("|"))
        }
        _ => None,
    }
}

/// An error as a client sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// Five letters.
    pub sqlstate: String,
    /// One line.
    pub message: String,
    /// What was seen.
    pub detail: String,
    /// What to type next.
    pub hint: String,
}

/// The error of a statement.
///
/// # Panics
/// When it succeeds.
pub fn failure(client: &mut Client, sql: &str) -> Failure {
    let Err(error) = client.simple_query(sql) else { panic!("{sql} succeeded") };
    assert!(error.as_db_error().is_some(), "{sql}: {error:?}");
    Failure::of(&error)
}

impl Failure {
    /// What a client was told; of a connection that broke, only that.
    pub(crate) fn of(error: &postgres::Error) -> Failure {
        let Some(told) = error.as_db_error() else {
            return Failure { message: error.to_string(), ..Failure::default() };
        };
        Failure {
            sqlstate: told.code().code().into(),
            message: told.message().into(),
            detail: told.detail().unwrap_or_default().into(),
            hint: told.hint().unwrap_or_default().into(),
        }
    }
}

/// What a superuser does first in a new database.
pub fn setup_as_superuser(database: &str) -> String {
    format!(
        "do $$ begin
           create role {ROLE} login;
         exception when duplicate_object or unique_violation then
           -- Another shop of the cluster made it, perhaps at this moment.
         end $$;
         create extension erp_sync;
         grant usage on foreign data wrapper odoo, sqlserver to {ROLE};
         grant connect on database \"{database}\" to {ROLE};
         create schema erp authorization {ROLE};"
    )
}

fn setup_as_shop(odoo: &Odoo, options: &str, password: &str) -> String {
    let (url, remote) = (odoo.url(), odoo.database());
    let comma = if options.is_empty() { "" } else { ", " };
    format!(
        "create server odoo_main foreign data wrapper odoo
           options (url '{url}', database '{remote}'{comma}{options});
         create user mapping for current_user server odoo_main options (username 'admin', password '{password}');"
    )
}
