//! Opens sockets, to hosts that may be connected to.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::settings::Settings;
use super::trouble;
use crate::error::Result;

/// The addresses of a host that may be connected to. A name is looked up once: a second answer of the
/// name server could lead elsewhere.
pub(super) async fn addresses(settings: &Settings, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    settings.hosts.admit(host, port)?;
    let found = lookup_host((host, port)).await;
    let found: Vec<SocketAddr> = found.map_err(|error| trouble::unconnected(settings, &error))?.collect();
    match found.is_empty() {
        true => Err(trouble::unconnected(settings, &io::ErrorKind::NotFound.into())),
        false => settings.hosts.admitted(host, found),
    }
}

/// A connection to a host, within the time for it.
pub(super) async fn stream(settings: &Settings, host: &str, port: u16) -> Result<TcpStream> {
    let connecting = async {
        let addresses = addresses(settings, host, port).await?;
        let connected = TcpStream::connect(addresses.as_slice()).await;
        connected.map_err(|error| trouble::unconnected(settings, &error))
    };
    match timeout(settings.limits.connect_timeout, connecting).await {
        Ok(connected) => connected,
        Err(_) => Err(trouble::silent(settings)),
    }
}
