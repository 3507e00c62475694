//! TLS in front of the double: a proxy that shows one of the certificates in `fixtures/tls`.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::Odoo;

/// What the proxy shows. All come from one authority, see [`Tls::authority`].
#[derive(Clone, Copy, Debug)]
pub enum Certificate {
    /// For the address 127.0.0.1.
    Right,
    /// For another name.
    Other,
    /// For the address 127.0.0.1, until 2021.
    Expired,
}

impl Certificate {
    fn file(self, kind: &str) -> String {
        let name = match self {
            Certificate::Right => "right",
            Certificate::Other => "other",
            Certificate::Expired => "expired",
        };
        fixture(&format!("{name}.{kind}"))
    }
}

fn fixture(name: &str) -> String {
    format!("{}/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A running proxy. Dropping it closes its port.
pub struct Tls {
    port: u16,
    stopped: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl Odoo {
    /// Starts a proxy that speaks TLS and passes requests on to this double.
    ///
    /// # Panics
    /// When no port can be had, or the fixtures cannot be read.
    pub fn behind_tls(&self, certificate: Certificate) -> Tls {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on 127.0.0.1");
        let port = listener.local_addr().expect("a port").port();
        let (config, odoo) = (Arc::new(config(certificate)), self.port());
        let stopped = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&stopped);
        let server = thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let config = Arc::clone(&config);
                // A connection that the client does not trust is the client's to report.
                thread::spawn(move || drop(serve(stream, config, odoo)));
            }
        });
        Tls { port, stopped, server: Some(server) }
    }
}

impl Tls {
    /// The address a user would give.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The authority that signed every certificate, in PEM form.
    ///
    /// # Panics
    /// When the fixture cannot be read.
    pub fn authority() -> String {
        std::fs::read_to_string(fixture("ca.pem")).expect("the fixture is readable")
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

fn config(certificate: Certificate) -> ServerConfig {
    let chain = vec![CertificateDer::from_pem_file(certificate.file("pem")).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_file(certificate.file("key")).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.expect("versions of TLS").with_no_client_auth();
    builder.with_single_cert(chain, key).expect("a certificate and its key")
}

/// Passes one request on and its answer back: Odoo closes each connection.
fn serve(stream: TcpStream, config: Arc<ServerConfig>, odoo: u16) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let raw = stream.try_clone()?;
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut client = StreamOwned::new(connection, stream);
    let passed_on = pass_on(&mut client, odoo);
    // Closed while something is unread, a connection is reset and its last bytes are lost.
    raw.shutdown(Shutdown::Write)?;
    io::copy(&mut &raw, &mut io::sink())?;
    passed_on
}

fn pass_on(client: &mut StreamOwned<ServerConnection, TcpStream>, odoo: u16) -> io::Result<()> {
    let request = request(client)?;
    let mut odoo = TcpStream::connect((Ipv4Addr::LOCALHOST, odoo))?;
    odoo.write_all(&request)?;
    let mut answer = Vec::new();
    odoo.read_to_end(&mut answer)?;
    client.write_all(&answer)?;
    client.conn.send_close_notify();
    client.flush()
}

/// Head and body of a request, as they came.
fn request(client: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&request).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    client.read_exact(&mut body)?;
    request.extend(body);
    Ok(request)
}
