//! Remote systems we can read from. A source knows nothing of local tables,
//! settings or transactions; it turns a [`Stream`] and an [`Ask`] into a [`Page`].

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use self::hosts::Hosts;
pub use self::limits::Limits;
use self::noted::Noted;
pub use self::page::{Odd, Page, Rejected, Rows, Values};
pub use self::redact::Sent;
use crate::entity::{Stream, Type};
use crate::error::{Error, Kind, Result};

mod authority;
mod cell;
pub(crate) mod files;
mod held;
pub(crate) mod hint;
pub mod hosts;
pub mod http;
mod limits;
mod noted;
pub mod odoo;
pub mod options;
mod page;
pub(crate) mod redact;
mod remote;
mod rules;
pub mod sqlserver;

/// One column value of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// A whole number.
    Int(i64),
    /// Anything else, as the text PostgreSQL reads.
    Text(String),
}

/// The values of a stream's key columns, in their order. As JSON: an array.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key(pub Vec<Scalar>);

impl From<i64> for Key {
    fn from(id: i64) -> Self {
        Key(vec![Scalar::Int(id)])
    }
}

/// A cursor value in the source's own text, whose order as text is the source's order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark(pub String);

/// Which rows of a stream are asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Scope {
    /// All, in the order of their keys.
    All,
    /// Those that changed, in whichever order the source reads them best.
    Since {
        /// Cursor values at or after this one.
        from: Mark,
        /// The watermark: a source may leave out what lies behind it.
        until: Option<Mark>,
    },
    /// Documents of this day and later, by the stream's `date`, and those without one; in the order
    /// of their keys.
    From(String),
    /// The lines of these headers (values of the stream's parent column).
    Parents(Vec<Key>),
    /// These rows.
    Keys(Vec<Key>),
}

/// What a page is to hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// Which rows.
    pub scope: Scope,
    /// Only rows behind this place: where the page before ended ([`Page::last`]).
    pub after: Option<Key>,
    /// At most so many rows.
    pub limit: usize,
    /// Whether `rows.raw` is wanted.
    pub raw: bool,
}

/// A manifest column as this remote gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Index into `stream.columns`.
    pub column: usize,
    /// Where the value lies in the remote record.
    pub path: String,
    /// The remote's own type name.
    pub remote_type: String,
}

/// How a stream is read from one remote as one user: which of its columns, and from where.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// The columns that are read, in manifest order.
    pub columns: Vec<Field>,
    /// Columns that are not read, each with the reason (for a person).
    pub left_out: Vec<(String, String)>,
}

/// A remote object, as a person sees it who looks for something to sync.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What a manifest calls it.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// `model`, `table` or `view`; or what else can be seen, such as an installed `module`.
    pub kind: &'static str,
}

impl Object {
    /// Whether rows can be read from it.
    pub fn has_rows(&self) -> bool {
        self.kind != "module"
    }
}

/// The path of a key column for rows without one: a digest of what is read of the row, and
/// behind it a number that tells equal rows apart.
pub const DIGEST: &str = "*";

/// A field of a remote object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// What a manifest calls it: a path.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// The remote's own type.
    pub remote_type: String,
    /// The column it can be kept in; `None`: not to be kept.
    pub column: Option<Type>,
    /// Digits behind the point that mean something.
    pub scale: Option<u8>,
    /// Whether it belongs to the key.
    pub is_key: bool,
    /// Whether it grows with every change of a row.
    pub is_cursor: bool,
    /// How it was found to belong to the key or to be the cursor, where that is not plain, and what weakens it.
    pub note: Option<String>,
    /// Whether the remote keeps it for its own screens, so that it says nothing to a report.
    pub is_of_screens: bool,
}

/// Who can read along on the way to a remote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channel {
    /// Anybody.
    #[default]
    Plain,
    /// Nobody but this machine.
    Loopback,
    /// Anybody, but not the password.
    LoginOnly,
    /// Whoever pretends to be the remote.
    Unverified,
    /// Nobody.
    Verified,
}

/// What a remote says about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// Product version, e.g. `17.0-20240709`.
    pub version: String,
    /// Why nobody can say whether this version is read rightly, for a person.
    pub doubt: Option<String>,
    /// As whom we are logged in, e.g. `sync@example.com (uid 2)`.
    pub login: String,
    /// The protocol that is spoken, e.g. `jsonrpc`.
    pub protocol: String,
    /// How the connection is kept from others.
    pub channel: Channel,
    /// The line that would keep it better.
    pub safer: Option<String>,
    /// The remote's clock minus ours, in seconds, where it shows its clock.
    pub clock_offset_s: Option<i64>,
    /// What this remote cannot give of what others of its kind can, for a person.
    pub lacks: Option<String>,
}

/// A remote system we can read from. Every call returns within its limits and may be repeated.
#[async_trait(?Send)]
pub trait Source {
    /// Connects, logs in and tells about the remote.
    async fn check(&mut self) -> Result<About>;

    /// Which columns of the stream can be read here. Errors: [`Kind::NoObject`],
    /// [`Kind::Forbidden`], and [`Kind::NoField`] when a key, cursor, `keep`, parent
    /// or required column is not readable.
    async fn layout(&mut self, stream: &Stream) -> Result<Layout>;

    /// The newest cursor value among the stream's rows; `None` when there is no row.
    /// The second member is a warning for a person (a row dated in the future).
    async fn watermark(&mut self, stream: &Stream) -> Result<(Option<Mark>, Option<String>)>;

    /// How many rows the scope holds (`ask.after` and `ask.limit` are ignored).
    async fn count(&mut self, stream: &Stream, scope: &Scope) -> Result<u64>;

    /// The rows of the scope behind `ask.after` in the scope's order, at most `ask.limit`.
    async fn page(&mut self, stream: &Stream, layout: &Layout, ask: &Ask) -> Result<Page>;

    /// The layout with as few columns as tell which rows there are: a page of it holds keys, cursor
    /// values and what decides whether a row is kept, in few bytes.
    fn narrow(&self, stream: &Stream, layout: &Layout) -> Layout {
        narrowed(stream, layout)
    }

    /// When a cursor value was, as text PostgreSQL reads as timestamptz; `None` for cursors that are
    /// no moments.
    fn moment(&self, stream: &Stream, mark: &Mark) -> Option<String>;

    /// What there is to be read, and what else helps to tell.
    async fn objects(&mut self) -> Result<Vec<Object>>;

    /// The fields of an object that the user may read. Errors: [`Kind::NoObject`].
    async fn describe(&mut self, object: &str) -> Result<Vec<Described>>;

    /// Fields that people added to the stream's object, that can be kept and that no column is read from.
    /// None where the remote does not tell them from its own.
    async fn unkept(&mut self, _stream: &Stream) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// What may make the stream's key or cursor miss something or take long, for a person.
    async fn weaknesses(&mut self, _stream: &Stream) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// The cursor value from which on rows are read again that were written before `mark` and
    /// committed after it: `by` earlier, for cursors that are moments.
    fn earlier(&self, mark: &Mark, by: Duration) -> Result<Mark>;

    /// What tells this remote from another: kept with every position.
    fn identity(&self) -> String;
}

/// The columns of the key, of `keep` and of the header.
fn narrowed(stream: &Stream, layout: &Layout) -> Layout {
    let keep = stream.keep.iter().map(|keep| &keep.column);
    let named = stream.key.iter().chain(keep).chain(stream.parent.iter().map(|parent| &parent.column));
    let wanted: Vec<usize> = named.filter_map(|name| stream.column(name)).collect();
    let columns = layout.columns.iter().filter(|field| wanted.contains(&field.column)).cloned();
    Layout { columns: columns.collect(), left_out: Vec::new() }
}

/// One remote as a server, its options and a user mapping describe it.
#[derive(Clone, Debug)]
pub struct Remote {
    /// Name of the foreign server: for messages and hints.
    pub server: String,
    /// Name of the foreign data wrapper: `odoo` or `sqlserver`.
    pub kind: String,
    /// Options of the server, already validated one by one.
    pub options: BTreeMap<String, String>,
    /// Option `username` of the user mapping.
    pub username: Option<String>,
    /// Option `password` of the user mapping, or the content of its `password_file`.
    pub password: Option<SecretString>,
    /// Limits of one request.
    pub limits: Limits,
    /// The hosts that may be connected to.
    pub hosts: Hosts,
    /// What the caller wrote of the request that is being answered.
    pub sent: Sent,
}

/// Makes the source of a remote. Does no I/O.
pub fn open(remote: Remote) -> Result<Box<dyn Source>> {
    let sent = remote.sent.clone();
    let source: Box<dyn Source> = match remote.kind.as_str() {
        "odoo" => Box::new(odoo::Odoo::new(remote)?),
        "sqlserver" => Box::new(sqlserver::SqlServer::new(remote)?),
        other => {
            return Err(Error::new(
                Kind::Config,
                format!(
                    "server \"{}\" belongs to the wrapper \"{other}\", which is no source",
                    remote.server
                ),
            )
            .hint("create the server with: foreign data wrapper odoo, or sqlserver"));
        }
    };
    Ok(Box::new(Noted { source, sent }))
}
