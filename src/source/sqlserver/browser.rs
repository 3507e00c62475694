//! Finds the port of a named instance: the SQL Server Browser answers on UDP port 1434
//! (MC-SQLR: a byte 4 and the instance's name; back come a byte 5, a length and `name;value;...`).

use std::net::SocketAddr;

use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::reach;
use super::settings::Settings;
use crate::error::{Error, Kind, Result};

const PORT: u16 = 1434;
/// The datagram is asked for again: it may get lost.
const TRIES: u32 = 3;

/// The longest answer that is read, in bytes.
const LONGEST: usize = 4096;

/// The TCP port of the instance, as the browser on its host says. Nothing else is taken from the
/// answer: not the name of a host.
pub(super) async fn port(settings: &Settings, instance: &str) -> Result<u16> {
    let wait = settings.limits.connect_timeout / TRIES;
    let addresses = timeout(wait, reach::addresses(settings, &settings.host, PORT)).await;
    let addresses = addresses.map_err(|_| silent(settings, instance))??;
    for _ in 0..TRIES {
        match timeout(wait, ask(&addresses, instance)).await {
            Ok(Ok(answer)) => return tcp_port(&answer).ok_or_else(|| unknown(settings, instance)),
            // Nothing listens: that does not change.
            Ok(Err(_)) => break,
            Err(_) => {}
        }
    }
    Err(silent(settings, instance))
}

async fn ask(addresses: &[SocketAddr], instance: &str) -> std::io::Result<Vec<u8>> {
    let address = *addresses.first().ok_or(std::io::ErrorKind::NotFound)?;
    let socket = UdpSocket::bind(if address.is_ipv6() { "[::]:0" } else { "0.0.0.0:0" }).await?;
    socket.connect(address).await?;
    let mut question = vec![4];
    question.extend_from_slice(instance.as_bytes());
    socket.send(&question).await?;
    let mut answer = vec![0; LONGEST];
    let length = socket.recv(&mut answer).await?;
    answer.truncate(length);
    Ok(answer)
}

/// The value behind `tcp` in the answer.
fn tcp_port(answer: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(answer.get(3..).filter(|_| answer.first() == Some(&5))?).into_owned();
    let mut words = text.split(';');
    words.find(|word| word.eq_ignore_ascii_case("tcp"))?;
    words.next()?.parse().ok().filter(|port| *port != 0)
}

fn unknown(settings: &Settings, instance: &str) -> Error {
    let host = &settings.host;
    Error::new(Kind::Unreachable, format!("\"{host}\" has no instance \"{instance}\" that listens on TCP"))
        .detail("the SQL Server Browser answered, but names no TCP port for it")
        .hint(format!(
            "check the name: {}; or name the port: {}",
            settings.set("instance", "..."),
            settings.set("port", "1433")
        ))
}

fn silent(settings: &Settings, instance: &str) -> Error {
    let host = &settings.host;
    Error::new(Kind::Unreachable, format!("the SQL Server Browser of \"{host}\" does not answer"))
        .detail(format!("it is asked on UDP port {PORT} for the port of instance \"{instance}\""))
        .hint(format!("start it there, or name the port yourself: {}", settings.set("port", "1433")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_stands_behind_the_word_tcp() {
        let answer = b"\x05\x58\x00ServerName;POS;InstanceName;TILL;IsClustered;No;Version;16.0.1000.6;\
                       tcp;51433;np;\\\\POS\\pipe;;";
        assert_eq!(tcp_port(answer), Some(51433));
    }

    #[test]
    fn what_names_no_port_gives_none() {
        let answers: [&[u8]; 6] =
            [b"", b"\x05", b"\x05\0\0np;x;;", b"\x04\0\0tcp;1;;", b"\x05\0\0tcp", b"\x05\0\0tcp;70000;;"];
        assert_eq!(tcp_port(b"\x05\0\0tcp;0;;"), None);
        assert!(answers.iter().all(|answer| tcp_port(answer).is_none()));
    }

    #[tokio::test]
    async fn a_browser_is_asked_for_the_instance() {
        let browser = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = browser.local_addr().unwrap();
        let addresses = [address];
        let asked = async {
            let mut question = [0; 64];
            let (length, from) = browser.recv_from(&mut question).await.unwrap();
            browser.send_to(b"\x05\x00\x00tcp;4711;;", from).await.unwrap();
            question[..length].to_vec()
        };
        let (question, answer) = tokio::join!(asked, ask(&addresses, "TILL"));
        assert_eq!(question, b"\x04TILL");
        assert_eq!(tcp_port(&answer.unwrap()), Some(4711));
    }
}
