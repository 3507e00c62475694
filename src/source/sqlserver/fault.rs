//! What SQL Server says when it refuses, and what that means here: by the error's number,
//! which is the same in all languages, or by its class, how severe it is.
//!
//! The numbers are those of `sys.messages`; Azure's are listed in its documentation under
//! "Troubleshoot connectivity issues and other errors".

use super::object;
use super::settings::Settings;
use crate::entity::Stream;
use crate::error::{Error, Kind};
use crate::source::{hint, redact};

/// What was asked for when the fault came.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// Something about the session.
    Session,
    /// Something about the object of a stream.
    Rows(&'a Stream),
}

/// An error that the remote reports.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) number: u32,
    /// 11 to 16: the statement; 17 to 19: resources; from 20 on the connection is lost.
    pub(super) class: u8,
    pub(super) message: String,
}

impl Fault {
    /// What it means here.
    pub(super) fn kind(&self) -> Kind {
        match self.number {
            18452 | 18456 | 18468 | 18470 | 18486 | 18487 | 18488 => Kind::Login,
            911 | 4060 => Kind::NoDatabase,
            208 | 4701 => Kind::NoObject,
            207 => Kind::NoField,
            229 | 230 | 262 | 297 | 300 | 371 | 916 | 15247 => Kind::Forbidden,
            10928 | 10929 | 40501 | 49918 | 49919 | 49920 => Kind::Throttled,
            number if is_passing(number) => Kind::Unavailable,
            number if is_about_the_query(number) => Kind::Manifest,
            // Resources that are short; a process that died. From 21 on the database itself is damaged.
            _ if (17..=20).contains(&self.class) => Kind::Unavailable,
            _ => Kind::Remote,
        }
    }

    /// The error a person sees.
    pub(super) fn into_error(self, settings: &Settings, asked: Asked<'_>) -> Error {
        let kind = self.kind();
        let Settings { server, database, username, .. } = settings;
        let object = asked.object();
        let message = match kind {
            Kind::Login => return self.refused(settings),
            Kind::Unavailable => return self.busy(settings, asked),
            Kind::NoDatabase => {
                format!("\"{server}\" has no database \"{database}\" for user \"{username}\"")
            }
            Kind::NoObject => format!("\"{server}\" has no object {object}"),
            Kind::NoField => format!("\"{server}\" lacks a column of {object}"),
            Kind::Forbidden => format!("user \"{username}\" may not read {object} on \"{server}\""),
            Kind::Manifest => format!("\"{server}\" does not understand {}", asked.query()),
            Kind::Throttled => format!("\"{server}\" asks for patience"),
            _ => format!("\"{server}\" refused {object}"),
        };
        let detail = match kind {
            Kind::NoObject => {
                format!("user \"{username}\" sees no such table or view in database \"{database}\"")
            }
            _ => self.numbered(),
        };
        let error = Error::new(kind, message).detail(detail).hint(asked.hint(kind, settings));
        if kind == Kind::NoObject { error } else { error.original(self.said(settings, asked)) }
    }

    fn numbered(&self) -> String {
        format!("error {}", self.number)
    }

    /// The remote's own words, short enough to be read. A query of the caller's own may have had them
    /// put together there, in search of the password; it is in no statement, so nothing is masked then.
    fn said(&self, settings: &Settings, asked: Asked<'_>) -> String {
        match asked {
            Asked::Rows(stream) if stream.filter.is_some() || object::is_query(&stream.object) => {
                redact::line(&self.message)
            }
            _ => settings.redactor.line(&self.message),
        }
    }

    fn busy(&self, settings: &Settings, asked: Asked<'_>) -> Error {
        let versions = "let readers pass there: alter database ... set read_committed_snapshot on";
        let (what, hint) = match self.number {
            1205 => ("chose our query as a deadlock's victim", format!("when it happens often, {versions}")),
            1222 => ("kept rows locked for too long", format!("see there who holds them, or {versions}")),
            _ => (
                "is out of order or short of something",
                "try again later, or look into its error log".into(),
            ),
        };
        let error = Error::new(Kind::Unavailable, format!("\"{}\" {what}", settings.server));
        error.detail(self.numbered()).original(self.said(settings, asked)).hint(hint)
    }

    fn refused(&self, settings: &Settings) -> Error {
        let Settings { server, username, .. } = settings;
        let set = hint::mapping(server, true, "password");
        let login = object::quote(username);
        let (detail, hint) = match self.number {
            18452 => (
                "only Windows logins are accepted there",
                "allow \"SQL Server and Windows Authentication mode\" there, and make a SQL login"
                    .to_string(),
            ),
            18470 => ("the login is disabled", format!("there: alter login {login} enable")),
            18486 => (
                "the login is locked after too many wrong passwords",
                format!("there: alter login {login} with password = '...' unlock"),
            ),
            18487 | 18488 => {
                ("its password has expired or must be changed", format!("set a new one there, then: {set}"))
            }
            _ => ("wrong user name or password; the remote's own error log says which", set),
        };
        Error::new(Kind::Login, format!("\"{server}\" refused user \"{username}\""))
            .detail(format!("error {}: {detail}", self.number))
            .hint(hint)
    }
}

/// What may be over when it is tried again.
fn is_passing(number: u32) -> bool {
    let in_the_way = [601, 1204, 1205, 1222, 3960, 3961, 596, 4221];
    let starting_or_stopping = [6002, 6005, 17142, 17187, 17188, 17189, 18401, 18451, 18461];
    let database_not_ready = [921, 922, 924, 927, 942, 945, 952, 976, 983];
    let short_of = [701, 802, 1101, 1105, 8645, 8651, 8902, 9002, 17809];
    let azure_moves = [40143, 40197, 40540, 40549, 40613];
    let all: [&[u32]; 5] = [&in_the_way, &starting_or_stopping, &database_not_ready, &short_of, &azure_moves];
    all.concat().contains(&number)
}

/// What only a user's own query or filter can have brought about: syntax, names that are not
/// unique or missing, types that do not go together.
fn is_about_the_query(number: u32) -> bool {
    let syntax = [102, 103, 104, 105, 113, 137, 156, 170, 174, 189, 195, 319, 1033, 2812, 10743];
    let names = [107, 108, 109, 116, 145, 147, 157, 164, 169, 209, 4104, 4121, 8155, 8156, 8158];
    let types = [206, 305, 306, 402, 4145, 8120, 8121];
    let described = 11501..=11530;
    let all: [&[u32]; 3] = [&syntax, &names, &types];
    all.concat().contains(&number) || described.contains(&number)
}

impl Asked<'_> {
    fn object(self) -> String {
        match self {
            Asked::Session => "the session".into(),
            Asked::Rows(stream) => object::title(stream),
        }
    }

    fn query(self) -> String {
        match self.object() {
            query if query.starts_with("the ") => query,
            name => format!("the query of {name}"),
        }
    }

    /// What to type next.
    fn hint(self, kind: Kind, settings: &Settings) -> String {
        let user = object::quote(&settings.username);
        match kind {
            Kind::NoDatabase => format!(
                "check the name: {}; or let the login in there: create user {user} for login {user}",
                settings.set("database", "...")
            ),
            Kind::NoObject => "check the object in the manifest, with its schema: dbo.Sales".into(),
            Kind::Forbidden => format!("there: {}", self.grant(&user)),
            Kind::Manifest | Kind::Remote if self.makes_digest() => {
                "name the columns that tell its rows apart as \"key\", \
                 in the place of the digest \"*\": select sync_entity('...'), then select sync_define('...')"
                    .into()
            }
            Kind::Manifest => "it is read as: select ... from (your query) as o; without order by and with, \
                               and with a name for every column"
                .into(),
            Kind::Throttled => "run it at a quieter hour, or give the database more resources".into(),
            Kind::NoField => kind.hint().into(),
            _ => {
                "look into the remote's own error log; one row that cannot be computed fails the query".into()
            }
        }
    }

    /// Whether rows are told apart by a digest, which the remote has to make.
    fn makes_digest(self) -> bool {
        let Asked::Rows(stream) = self else { return false };
        stream.columns.iter().any(|column| column.paths() == [super::layout::DIGEST])
    }

    fn grant(self, user: &str) -> String {
        match self {
            Asked::Rows(stream) if !object::is_query(&stream.object) => {
                let name = object::from(stream).unwrap_or_else(|_| "...".into());
                format!("grant select on {name} to {user}")
            }
            _ => format!("alter role db_datareader add member {user}"),
        }
    }
}
