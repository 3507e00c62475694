//! Connections: made within their limits, and thrown away after any failure but an error
//! that the remote itself reports.

use futures_util::TryStreamExt;
use secrecy::ExposeSecret;
use tiberius::error::Error as Driver;
use tiberius::{
    AuthMethod, Client, Column, Config, EncryptionLevel, QueryItem, QueryStream, ResultMetadata, Row,
};
use tokio::time::timeout;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use super::budget::{Budget, CATALOG, Metered, SHORT};
use super::fault::Asked;
use super::settings::{Encrypt, Settings};
use super::trouble::Failure;
use super::{browser, reach, trouble};
use crate::error::Result;

/// A connection that is logged in.
pub(super) struct Connection {
    client: Client<Compat<Metered>>,
    pub(super) budget: Budget,
}

/// What an answer may be, at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// On the wire.
    pub(super) bytes: usize,
}

impl Shape {
    /// A few values, or nothing at all.
    pub(super) fn short(columns: usize, rows: usize) -> Self {
        Shape { columns, rows, bytes: SHORT }
    }

    /// Fails unless these are the columns that were asked for, of the only query: rows take memory by
    /// how many columns were announced, not by what is sent of them.
    pub(super) fn admit(&self, announced: &ResultMetadata) -> std::result::Result<(), Failure> {
        match announced.columns().len() == self.columns && announced.result_index() == 0 {
            true => Ok(()),
            false => Err(Failure::Unasked("columns")),
        }
    }
}

/// What a session begins with. Whole texts (else they are cut after 4096 bytes); the settings that
/// computed columns and XML need; and when the business itself is in the way, we give way.
const SETTINGS: &str = "set textsize 2147483647; set nocount on; set quoted_identifier on; set ansi_nulls \
                        on; \
                        set ansi_padding on; set ansi_warnings on; set arithabort on; \
                        set concat_null_yields_null on; set deadlock_priority low; set lock_timeout ";

impl Connection {
    /// Sends a query, whose columns may take so many bytes.
    pub(super) async fn send(&mut self, sql: &str, bytes: usize) -> tiberius::Result<QueryStream<'_>> {
        self.budget.begin(bytes);
        self.client.simple_query(sql).await
    }

    /// The columns of a query's answer, of which there are at most so many; its rows are not wanted.
    async fn announced(
        &mut self,
        sql: &str,
        most: usize,
        bytes: usize,
    ) -> std::result::Result<Vec<Column>, Failure> {
        let mut stream = self.send(sql, bytes).await?;
        let mut columns = Vec::new();
        while let Some(item) = stream.try_next().await? {
            match item {
                QueryItem::Metadata(announced) if columns.is_empty() && announced.columns().len() <= most => {
                    columns = announced.columns().to_vec();
                }
                QueryItem::Metadata(_) => return Err(Failure::Unasked("columns")),
                QueryItem::Row(_) => return Err(Failure::Unasked("rows")),
            }
        }
        Ok(columns)
    }

    async fn collect(&mut self, sql: &str, shape: Shape) -> std::result::Result<Vec<Row>, Failure> {
        let mut stream = self.send(sql, shape.bytes).await?;
        let mut rows = Vec::new();
        while let Some(item) = stream.try_next().await? {
            match item {
                QueryItem::Metadata(announced) => shape.admit(&announced)?,
                QueryItem::Row(_) if rows.len() >= shape.rows => return Err(Failure::Unasked("rows")),
                QueryItem::Row(row) => rows.push(row),
            }
        }
        Ok(rows)
    }
}

/// Connects, makes the connection secure, logs in. A gateway may send us on, once, where the option
/// `follow_routing` lets it.
pub(super) async fn connect(settings: &Settings) -> Result<Connection> {
    let port = match (settings.port, &settings.instance) {
        (Some(port), _) => port,
        (None, instance) => browser::port(settings, instance.as_deref().unwrap_or_default()).await?,
    };
    let budget = Budget::default();
    let first = log_in(settings, &settings.host, port, &budget).await?;
    let logged_in = match first {
        Err(Driver::Routing { host, port }) => {
            trouble::may_follow(settings, &host, port)?;
            log_in(settings, &host, port, &budget).await?
        }
        done => done,
    };
    let client = logged_in.map_err(|error| match budget.overdrawn() {
        Some(limit) => trouble::too_long(settings, limit),
        None => trouble::login(settings, error),
    })?;
    let mut connection = Connection { client, budget };
    let lock_timeout = settings.limits.request_timeout.as_millis().min(i32::MAX as u128);
    let begin = format!("{SETTINGS}{lock_timeout}");
    rows(settings, &mut connection, &begin, Asked::Session, Shape::short(0, 0)).await?;
    Ok(connection)
}

/// The outer error says why there is no connection at all, the inner one why no login.
async fn log_in(
    settings: &Settings,
    host: &str,
    port: u16,
    budget: &Budget,
) -> Result<tiberius::Result<Client<Compat<Metered>>>> {
    let stream = reach::stream(settings, host, port).await?;
    // Without it small requests wait for more to be sent with them.
    let _ = stream.set_nodelay(true);
    let mut config = config(settings);
    config.host(host);
    budget.begin(SHORT);
    Ok(Client::connect(config, Metered::new(stream, budget.clone()).compat_write()).await)
}

/// The rows of a short query. After an error of kind other than the remote's own words the
/// connection must not be used again.
pub(super) async fn rows(
    settings: &Settings,
    connection: &mut Connection,
    sql: &str,
    asked: Asked<'_>,
    shape: Shape,
) -> Result<Vec<Row>> {
    let collected = timeout(settings.limits.request_timeout, connection.collect(sql, shape)).await;
    match collected {
        Ok(Ok(rows)) => Ok(rows),
        Ok(Err(failure)) => Err(match connection.budget.overdrawn() {
            Some(limit) => trouble::too_long(settings, limit),
            None => trouble::of(settings, failure, asked),
        }),
        Err(_) => Err(trouble::slow(settings)),
    }
}

/// The columns of a query that gives no row. As [`rows`] otherwise.
pub(super) async fn announced(
    settings: &Settings,
    connection: &mut Connection,
    sql: &str,
    asked: Asked<'_>,
    most: usize,
) -> Result<Vec<Column>> {
    let announced = connection.announced(sql, most, CATALOG);
    match timeout(settings.limits.request_timeout, announced).await {
        Ok(Ok(columns)) => Ok(columns),
        Ok(Err(failure)) => Err(match connection.budget.overdrawn() {
            Some(limit) => trouble::too_long(settings, limit),
            None => trouble::of(settings, failure, asked),
        }),
        Err(_) => Err(trouble::slow(settings)),
    }
}

fn config(settings: &Settings) -> Config {
    let mut config = Config::new();
    config.database(&settings.database);
    config.application_name(&settings.application_name);
    let password = settings.password.expose_secret();
    config.authentication(AuthMethod::sql_server(&settings.username, password));
    config.encryption(match settings.encrypt {
        Encrypt::Require => EncryptionLevel::Required,
        Encrypt::LoginOnly => EncryptionLevel::Off,
        Encrypt::Plaintext => EncryptionLevel::NotSupported,
    });
    match (settings.trust_certificate, &settings.ca) {
        (true, _) => config.trust_cert(),
        (false, Some(pem)) => config.trust_cert_ca_bundle(pem.clone().into_bytes()),
        (false, None) => {}
    }
    config.handshake_timeout(Some(settings.limits.connect_timeout));
    config.command_timeout(Some(settings.limits.request_timeout));
    // Half a pair of surrogates becomes U+FFFD; else it would end the whole stream.
    config.lossy_utf16_decoding(true);
    config
}
