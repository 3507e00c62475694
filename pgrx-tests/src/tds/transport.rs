//! Packets over TCP, with TLS inside of them while it is agreed on and around them afterwards.

use std::io::{self, Error, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The TCP stream; while TLS is agreed on its records travel in packets.
pub struct Tcp {
    stream: TcpStream,
    wrapped: bool,
    read: Vec<u8>,
    written: Vec<u8>,
}

impl Read for Tcp {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.wrapped && self.read.is_empty() {
            let mut header = [0u8; 8];
            self.stream.read_exact(&mut header)?;
            self.read = vec![0; body_length(header)?];
            self.stream.read_exact(&mut self.read)?;
        }
        if self.read.is_empty() {
            return self.stream.read(into);
        }
        let length = into.len().min(self.read.len());
        into[..length].copy_from_slice(&self.read[..length]);
        self.read.drain(..length);
        Ok(length)
    }
}

impl Write for Tcp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.wrapped {
            true => self.written.extend_from_slice(bytes),
            false => self.stream.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        for part in std::mem::take(&mut self.written).chunks(4088) {
            self.stream.write_all(&header(0x12, true, part.len(), 0))?;
            self.stream.write_all(part)?;
        }
        self.stream.flush()
    }
}

enum Channel {
    Plain(Tcp),
    Tls(Box<StreamOwned<ServerConnection, Tcp>>),
    /// Only while one becomes the other.
    Nothing,
}

/// A connection, message by message.
pub struct Transport {
    channel: Channel,
    /// Bytes of a packet, its header among them.
    pub packet: usize,
    /// What is to be sent.
    pub out: Vec<u8>,
    number: u8,
}

impl Transport {
    /// Over a fresh TCP stream.
    pub fn new(stream: TcpStream) -> Self {
        let tcp = Tcp { stream, wrapped: false, read: Vec::new(), written: Vec::new() };
        Transport { channel: Channel::Plain(tcp), packet: 4096, out: Vec::new(), number: 0 }
    }

    fn reader(&mut self) -> &mut dyn Read {
        match &mut self.channel {
            Channel::Plain(tcp) => tcp,
            Channel::Tls(tls) => tls.as_mut(),
            Channel::Nothing => unreachable!("a channel is being made"),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.channel {
            Channel::Plain(tcp) => tcp.write_all(bytes),
            Channel::Tls(tls) => tls.write_all(bytes).and_then(|()| tls.flush()),
            Channel::Nothing => unreachable!("a channel is being made"),
        }
    }

    /// Agrees on TLS.
    pub fn secure(&mut self, config: Arc<ServerConfig>) -> io::Result<()> {
        let Channel::Plain(mut tcp) = std::mem::replace(&mut self.channel, Channel::Nothing) else {
            return Err(Error::other("TLS twice"));
        };
        tcp.wrapped = true;
        let mut tls = ServerConnection::new(config).map_err(Error::other)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut tcp)?;
        }
        tcp.flush()?;
        tcp.wrapped = false;
        self.channel = Channel::Tls(Box::new(StreamOwned::new(tls, tcp)));
        Ok(())
    }

    /// Goes on without TLS, behind a login that was encrypted alone.
    pub fn unsecure(&mut self) {
        self.channel = match std::mem::replace(&mut self.channel, Channel::Nothing) {
            Channel::Tls(tls) => Channel::Plain(tls.sock),
            other => other,
        };
    }

    /// A whole message: its type and what it holds.
    pub fn receive(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut all = Vec::new();
        loop {
            let mut header = [0u8; 8];
            let reader = self.reader();
            reader.read_exact(&mut header)?;
            let at = all.len();
            all.resize(at + body_length(header)?, 0);
            reader.read_exact(&mut all[at..])?;
            if header[1] & 1 == 1 {
                return Ok((header[0], all));
            }
        }
    }

    /// Sends the packets that are full.
    pub fn pump(&mut self) -> io::Result<()> {
        let body = self.packet - 8;
        while self.out.len() > body {
            self.send(body, false)?;
        }
        Ok(())
    }

    /// Sends all that is queued, though more follows.
    pub fn flush(&mut self) -> io::Result<()> {
        self.pump()?;
        self.send(self.out.len(), false)
    }

    /// Sends what is left, as the end of the message.
    pub fn finish(&mut self) -> io::Result<()> {
        self.pump()?;
        self.send(self.out.len(), true)
    }

    fn send(&mut self, length: usize, last: bool) -> io::Result<()> {
        self.number = self.number.wrapping_add(1);
        let mut packet = header(4, last, length, self.number).to_vec();
        packet.extend(self.out.drain(..length));
        self.write_all(&packet)
    }

    /// Sends a packet of this type.
    pub fn raw(&mut self, kind: u8, bytes: &[u8]) -> io::Result<()> {
        let packet = [&header(kind, true, bytes.len(), 0)[..], bytes].concat();
        self.write_all(&packet)
    }

    /// Sends half of what is queued, in a packet that promises all of it, and hangs up.
    pub fn cut(&mut self) {
        let mut packet = header(4, true, self.out.len(), 1).to_vec();
        packet.extend_from_slice(&self.out[..self.out.len() / 2]);
        let _ = self.write_all(&packet);
        self.hang_up();
    }

    /// Closes the connection.
    pub fn hang_up(&mut self) {
        let stream = match &self.channel {
            Channel::Plain(tcp) => &tcp.stream,
            Channel::Tls(tls) => &tls.sock.stream,
            Channel::Nothing => return,
        };
        let _ = stream.shutdown(Shutdown::Both);
    }
}

fn header(kind: u8, last: bool, length: usize, number: u8) -> [u8; 8] {
    let [high, low] = (length as u16 + 8).to_be_bytes();
    [kind, u8::from(last), high, low, 0, 0, number, 0]
}

fn body_length(header: [u8; 8]) -> io::Result<usize> {
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    length.checked_sub(8).ok_or_else(|| Error::other("a packet shorter than its header"))
}
