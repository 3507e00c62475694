//! A server in front of the double of Odoo: it hands everything on, until a certain method is called.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use flate2::{Compress, Compression, Crc, FlushCompress};

/// What is sent instead of the result, within a right envelope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lie {
    /// Bytes, and how many times they are sent.
    pub(crate) pieces: Vec<(Vec<u8>, u64)>,
    /// Whether they are sent packed.
    pub(crate) is_packed: bool,
    /// Whether nothing is said at all.
    pub(crate) is_silent: bool,
    /// Records instead of the pieces.
    pub(crate) records: Option<Records>,
}

/// As many records of a model as are asked for, further ones each time.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    pub(crate) model: &'static str,
    /// What of a record stands before its id, and behind it.
    pub(crate) before: String,
    pub(crate) behind: String,
}

impl Lie {
    /// What is said to one request, after so many others.
    fn in_turn(mut self, before: usize, request: &[u8]) -> Lie {
        let Some(Records { before: head, behind: tail, .. }) = self.records.take() else { return self };
        let limit = limit(request);
        let ids = before * limit + 1..=(before + 1) * limit;
        let records: Vec<String> = ids.map(|id| format!("{head}{id}{tail}")).collect();
        let (list, between, end) = match tail.starts_with('<') {
            true => ("<value><array><data>", "", "</data></array></value>"),
            false => ("[", ",", "]"),
        };
        self.pieces = vec![(format!("{list}{}{end}", records.join(between)).into_bytes(), 1)];
        self
    }
}

/// How many records a request asks for.
fn limit(request: &[u8]) -> usize {
    let request = String::from_utf8_lossy(request);
    let behind = request.split_once("limit").map_or("", |(_, behind)| behind);
    let digits = behind.trim_start_matches(|c: char| !c.is_ascii_digit());
    let digits = digits.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or(1)
}

/// A running liar.
pub(crate) struct Liar {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    /// Host and port of the remote that answers the rest.
    behind: String,
    /// The method that is lied about, unless the request holds a certain word.
    lie: Mutex<Option<(String, String, Lie)>>,
    told: AtomicUsize,
}

impl Liar {
    /// Stands in front of this URL.
    pub(crate) fn before(url: &str) -> Liar {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url_of_liar = format!("http://{}", listener.local_addr().expect("an address"));
        let behind = url.trim_start_matches("http://").to_string();
        let shared = Arc::new(Shared { behind, lie: Mutex::default(), told: AtomicUsize::new(0) });
        let of_server = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                let shared = Arc::clone(&of_server);
                // Whoever is lied to hangs up.
                thread::spawn(move || drop(shared.connection(&stream)));
            }
        });
        Liar { url: url_of_liar, shared }
    }

    /// From now on lies about this method, unless the request holds a certain word.
    pub(crate) fn lie(&self, method: &str, unless: &str, lie: Lie) {
        *self.shared.lie.lock().expect("no panic") = Some((method.to_string(), unless.to_string(), lie));
        self.shared.told.store(0, Ordering::SeqCst);
    }

    /// How often it was lied since the lie was chosen.
    pub(crate) fn told(&self) -> usize {
        self.shared.told.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn connection(&self, stream: &TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        let (head, body) = request(&mut reader)?;
        let lie = self.lie.lock().expect("no panic").clone();
        let asks = |(method, unless, lie): &(String, String, Lie)| {
            let model = lie.records.as_ref().map_or("", |records| records.model);
            asks(&head, &body, method, unless) && String::from_utf8_lossy(&body).contains(model)
        };
        match lie.filter(asks) {
            Some((_, _, lie)) => {
                let before = self.told.fetch_add(1, Ordering::SeqCst);
                tell(stream, &head, &body, &lie.in_turn(before, &body))
            }
            None => self.hand_on(stream, &head, &body),
        }
    }

    fn hand_on(&self, mut stream: &TcpStream, head: &str, body: &[u8]) -> io::Result<()> {
        let mut behind = TcpStream::connect(&self.behind)?;
        behind.write_all(head.trim_end().as_bytes())?;
        behind.write_all(b"\r\nconnection: close\r\n\r\n")?;
        behind.write_all(body)?;
        io::copy(&mut behind, &mut stream).map(drop)
    }
}

fn request(reader: &mut impl BufRead) -> io::Result<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or_default()];
    reader.read_exact(&mut body)?;
    Ok((head, body))
}

/// Whether a request calls the method, over whichever protocol, and does not hold the word.
fn asks(head: &str, body: &[u8], method: &str, unless: &str) -> bool {
    let body = String::from_utf8_lossy(body);
    let first = head.lines().next().unwrap_or_default();
    let calls = first.contains(&format!("/{method} "))
        || body.contains(&format!("\"{method}\""))
        || body.contains(&format!(">{method}<"));
    calls && (unless.is_empty() || !body.contains(unless))
}

fn tell(mut stream: &TcpStream, head: &str, body: &[u8], lie: &Lie) -> io::Result<()> {
    if lie.is_silent {
        return stream.read(&mut [0; 1]).map(drop);
    }
    let (before, after) = envelope(head, body);
    let packing = if lie.is_packed { "Content-Encoding: gzip\r\n" } else { "" };
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{packing}Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    if lie.is_packed {
        stream.write_all(b"\x1f\x8b\x08\0\0\0\0\0\0\xff")?;
    }
    let whole =
        [(before.into_bytes(), 1)].into_iter().chain(lie.pieces.clone()).chain([(after.into_bytes(), 1)]);
    let mut sum = Crc::new();
    for (bytes, times) in whole {
        repeat(stream, &bytes, times, lie.is_packed.then_some(&mut sum))?;
    }
    if lie.is_packed {
        // An empty last block, and what the whole has to be unpacked.
        stream.write_all(b"\x01\0\0\xff\xff")?;
        stream.write_all(&sum.sum().to_le_bytes())?;
        stream.write_all(&sum.amount().to_le_bytes())?;
    }
    Ok(())
}

/// Sends the bytes so many times, in large pieces; packed where a sum is to be kept of them.
fn repeat(mut stream: &TcpStream, bytes: &[u8], times: u64, mut sum: Option<&mut Crc>) -> io::Result<()> {
    let at_once = (1 << 18) / bytes.len().max(1) as u64;
    let at_once = at_once.clamp(1, times.max(1));
    let (block, rest) = (bytes.repeat(at_once as usize), bytes.repeat((times % at_once) as usize));
    let is_packed = sum.is_some();
    let sent = |bytes: &[u8]| if is_packed { pack(bytes) } else { bytes.to_vec() };
    let (sent_block, sent_rest) = (sent(&block), sent(&rest));
    for _ in 0..times / at_once {
        stream.write_all(&sent_block)?;
        sum.iter_mut().for_each(|sum| sum.update(&block));
    }
    sum.iter_mut().for_each(|sum| sum.update(&rest));
    stream.write_all(&sent_rest)
}

/// Packed so that it can be repeated: a block of its own.
fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(bytes.len() / 2 + 1024);
    let mut packer = Compress::new(Compression::best(), false);
    packer.compress_vec(bytes, &mut packed, FlushCompress::Full).expect("it is packed");
    packed
}

/// What stands before and behind a result.
fn envelope(head: &str, body: &[u8]) -> (String, String) {
    let first = head.lines().next().unwrap_or_default();
    if first.contains("/jsonrpc ") {
        let request: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        return (format!("{{\"jsonrpc\": \"2.0\", \"id\": {}, \"result\": ", request["id"]), "}".into());
    }
    if first.contains("/xmlrpc/") {
        let before = "<?xml version='1.0'?><methodResponse><params><param>";
        return (before.into(), "</param></params></methodResponse>".into());
    }
    (String::new(), String::new())
}
