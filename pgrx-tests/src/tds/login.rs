//! The first messages: what is encrypted, who comes in.

use std::io::{self, Error};
use std::sync::Arc;

use rustls::ServerConfig;

use super::answer;
use super::error::SqlError;
use super::transport::Transport;

/// How much the double encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// It has no certificate and no TLS.
    None,
    /// As the client wishes.
    Offered,
    /// Everything, whether the client wishes or not.
    Forced,
    /// It says so and then agrees on nothing, as an old Windows does.
    Broken,
    /// It insists on encryption, and answers that it knows no TLS as new as the client's.
    TooOld,
}

/// Levels of the prelogin message.
const OFF: u8 = 0;
const ON: u8 = 1;
const NOT_SUPPORTED: u8 = 2;
const REQUIRED: u8 = 3;

/// Answers the prelogin message and makes the connection as secure as was agreed. True: only
/// the login is encrypted.
pub fn prelogin(
    transport: &mut Transport,
    encryption: Encryption,
    tls: Arc<ServerConfig>,
) -> io::Result<bool> {
    let (kind, message) = transport.receive()?;
    if kind != 0x12 {
        return Err(Error::other("no prelogin"));
    }
    let reply = match (encryption, wished(&message)) {
        (Encryption::None, _) | (Encryption::Offered, NOT_SUPPORTED) => NOT_SUPPORTED,
        (Encryption::Offered, wish) => wish.min(ON),
        (Encryption::Forced | Encryption::Broken | Encryption::TooOld, _) => REQUIRED,
    };
    // Five options with their places: version, encryption, instance, thread, MARS.
    transport.out.extend_from_slice(&[
        0, 0, 26, 0, 6, 1, 0, 32, 0, 1, 2, 0, 33, 0, 1, 3, 0, 34, 0, 0, 4, 0, 34, 0, 1, 0xff, 16, 0, 0x10,
        0x27, 0, 0, reply, 0, 0,
    ]);
    transport.finish()?;
    if encryption == Encryption::Broken {
        let _ = transport.receive();
        transport.hang_up();
        return Err(Error::other("no TLS in common"));
    }
    if encryption == Encryption::TooOld {
        let _ = transport.receive();
        // A fatal alert of TLS 1.0: protocol version.
        transport.raw(0x12, &[0x15, 3, 1, 0, 2, 2, 70])?;
        let _ = transport.receive();
        return Err(Error::other("no version of TLS in common"));
    }
    if reply != NOT_SUPPORTED {
        transport.secure(tls)?;
    }
    Ok(reply == OFF)
}

fn wished(message: &[u8]) -> u8 {
    let options = message.chunks(5).take_while(|option| option[0] != 0xff && option.len() == 5);
    let place = options
        .filter(|option| option[0] == 1)
        .map(|option| u16::from_be_bytes([option[1], option[2]]))
        .next();
    place.and_then(|at| message.get(usize::from(at))).copied().unwrap_or(NOT_SUPPORTED)
}

/// Who wants to come in, and where to.
#[derive(Clone, Debug)]
pub struct Login {
    pub user: String,
    pub password: String,
    pub database: String,
    pub application: String,
}

/// Reads the login message.
pub fn receive(transport: &mut Transport) -> io::Result<Login> {
    let (kind, message) = transport.receive()?;
    if kind != 0x10 || message.len() < 94 {
        return Err(Error::other("no login"));
    }
    let number = |at: usize| usize::from(u16::from_le_bytes([message[at], message[at + 1]]));
    let field =
        |at: usize| message.get(number(at)..number(at) + 2 * number(at + 2)).unwrap_or_default().to_vec();
    let asked = u32::from_le_bytes([message[8], message[9], message[10], message[11]]);
    transport.packet = asked.clamp(512, 32_767) as usize;
    // The password is veiled, not encrypted.
    let password: Vec<u8> = field(44).iter().map(|byte| (byte ^ 0xA5).rotate_left(4)).collect();
    Ok(Login {
        user: answer::text(&field(40)),
        password: answer::text(&password),
        database: answer::text(&field(68)),
        application: answer::text(&field(48)),
    })
}

/// Lets the login in, or sends it on to another host.
pub fn accept(transport: &mut Transport, login: &Login, route: Option<(String, u16)>) -> io::Result<()> {
    let size = std::mem::replace(&mut transport.packet, 4096);
    answer::changed(transport, 1, &login.database, "master");
    let note = SqlError::new(5701, 0, format!("Changed database context to '{}'.", login.database));
    answer::message(transport, answer::INFO, &note);
    // The collation: its five bytes.
    answer::token(transport, 0xE3, &[7, 5, 9, 4, 0xD0, 0, 0x34, 0]);
    let mut acknowledged = vec![1, 0x74, 0, 0, 4];
    super::wire::short_text(&mut acknowledged, "Microsoft SQL Server");
    acknowledged.extend_from_slice(&[16, 0, 0x10, 0x27]);
    answer::token(transport, 0xAD, &acknowledged);
    answer::changed(transport, 4, &size.to_string(), "4096");
    if let Some((host, port)) = route {
        answer::route(transport, &host, port);
    }
    answer::done(transport, 0, 0);
    transport.finish()?;
    transport.packet = size;
    Ok(())
}

/// Refuses it, with every error that the real one sends.
pub fn refuse(transport: &mut Transport, errors: &[SqlError]) -> io::Result<()> {
    for error in errors {
        answer::message(transport, answer::ERROR, error);
    }
    answer::done(transport, answer::FAILED, 0);
    transport.finish()
}
