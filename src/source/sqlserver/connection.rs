//! Connections: made within their limits, and thrown away after any failure but an error
//! that the remote itself reports.

use futures_util::TryStreamExt;
use secrecy::ExposeSecret;
use tiberius::error::Error as Driver;
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, Row};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt};

use super::fault::Asked;
use super::settings::{Encrypt, Settings};
use super::{browser, trouble};
use crate::error::{Error, Kind, Result};

/// A connection that is logged in.
pub(super) type Connection = Client<Compat<TcpStream>>;

/// What a session begins with. Whole texts (else they are cut after 4096 bytes); the settings that
/// computed columns and XML need; and when the business itself is in the way, we give way.
const SETTINGS: &str = "set textsize 2147483647; set nocount on; set quoted_identifier on; set ansi_nulls \
                        on; \
                        set ansi_padding on; set ansi_warnings on; set arithabort on; \
                        set concat_null_yields_null on; set deadlock_priority low; set lock_timeout ";

/// Connects, makes the connection secure, logs in. A gateway may send us on, once.
pub(super) async fn connect(settings: &Settings) -> Result<Connection> {
    let port = match (settings.port, &settings.instance) {
        (Some(port), _) => port,
        (None, instance) => browser::port(settings, instance.as_deref().unwrap_or_default()).await?,
    };
    let first = log_in(settings, &settings.host, port).await?;
    let logged_in = match first {
        Err(Driver::Routing { host, port }) => log_in(settings, &host, port).await?,
        done => done,
    };
    let mut connection = logged_in.map_err(|error| trouble::login(settings, error))?;
    let lock_timeout = settings.limits.request_timeout.as_millis().min(i32::MAX as u128);
    rows(settings, &mut connection, &format!("{SETTINGS}{lock_timeout}"), Asked::Session).await?;
    Ok(connection)
}

/// The outer error says why there is no connection at all, the inner one why no login.
async fn log_in(settings: &Settings, host: &str, port: u16) -> Result<tiberius::Result<Connection>> {
    let connecting = TcpStream::connect((host, port));
    let stream = match timeout(settings.limits.connect_timeout, connecting).await {
        Ok(connected) => connected.map_err(|error| trouble::unconnected(settings, &error))?,
        Err(_) => return Err(trouble::silent(settings)),
    };
    // Without it small requests wait for more to be sent with them.
    let _ = stream.set_nodelay(true);
    let mut config = config(settings)?;
    config.host(host);
    Ok(Client::connect(config, stream.compat_write()).await)
}

/// The rows of a short query. After an error of kind other than the remote's own words the
/// connection must not be used again.
pub(super) async fn rows(
    settings: &Settings,
    connection: &mut Connection,
    sql: &str,
    asked: Asked<'_>,
) -> Result<Vec<Row>> {
    let limit = settings.limits.request_timeout;
    let reading =
        async { connection.simple_query(sql).await?.into_row_stream().try_collect::<Vec<Row>>().await };
    match timeout(limit, reading).await {
        Ok(rows) => rows.map_err(|error| trouble::of(settings, error, asked)),
        Err(_) => Err(trouble::slow(settings)),
    }
}

fn config(settings: &Settings) -> Result<Config> {
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
    match (settings.trust_certificate, &settings.ca_file) {
        (true, _) => config.trust_cert(),
        (false, Some(path)) => config.trust_cert_ca_bundle(authorities(settings, path)?),
        (false, None) => {}
    }
    config.handshake_timeout(Some(settings.limits.connect_timeout));
    config.command_timeout(Some(settings.limits.request_timeout));
    // Half a pair of surrogates becomes U+FFFD; else it would end the whole stream.
    config.lossy_utf16_decoding(true);
    Ok(config)
}

fn authorities(settings: &Settings, path: &str) -> Result<Vec<u8>> {
    let unusable = |why: String| {
        let server = &settings.server;
        Error::new(Kind::Config, format!("option \"ca_file\" of server \"{server}\" {why}"))
            .hint(format!("name a readable PEM file: {}", settings.set("ca_file", "/...")))
    };
    let content = std::fs::read(path).map_err(|e| unusable(format!("cannot be read: {}", e.kind())))?;
    match content.windows(11).any(|window| window == b"-----BEGIN ") {
        true => Ok(content),
        false => Err(unusable("holds no certificate in PEM form".into())),
    }
}
