//! What `sync_check()` tries on one server: everything a sync needs, one finding each.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{breaker, drift};
use crate::entity::{Entity, Stream};
use crate::error::{Error, Kind, Result};
use crate::source::{About, Channel, Scope, Source};

/// Clocks further apart than this are worth a warning: the overlap covers less.
const CLOCK_TOLERANCE_S: u64 = 120;

/// Up to here clocks agree: the remote shows whole seconds, and an answer takes its time.
const CLOCK_AGREES_S: u64 = 2;

/// What to do when the remote shows fewer rows than are here.
const LOST: &str = "give the remote user back what it could read before, unless the rows \
                    are really gone there: then the next full pass will ask for confirmation";

/// What to do about a weak key or cursor.
const WEAK: &str = "mend it there, or name another \"key\" or \"cursor\" in the manifest: select sync_entity('...'), then \
                    select sync_define('...')";

/// An entity that is looked at.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Which.
    pub entity: Arc<Entity>,
    /// How many rows are here, by table.
    pub rows: BTreeMap<String, u64>,
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What: `connect`, `tls`, `login`, `options`, `version`, `clock`, `entity NAME`.
    pub aspect: String,
    /// `ok`, `warn` or `fail`.
    pub status: &'static str,
    /// What was seen.
    pub detail: String,
    /// What to type next.
    pub hint: Option<String>,
}

impl Finding {
    fn ok(aspect: impl Into<String>, detail: impl Into<String>) -> Self {
        Finding { aspect: aspect.into(), status: "ok", detail: detail.into(), hint: None }
    }

    /// Something failed with an error.
    pub fn failed(aspect: impl Into<String>, error: &Error) -> Self {
        let hint = Some(error.hint_or_default().to_string());
        Finding { aspect: aspect.into(), status: "fail", detail: error.in_full(), hint }
    }
}

/// Connects, logs in and looks at every entity. Stops at the first thing without
/// which nothing else can be tried.
pub async fn check(server: &str, source: &mut dyn Source, subjects: &[Subject]) -> Vec<Finding> {
    let about = match source.check().await {
        Ok(about) => about,
        Err(error) => return vec![Finding::failed(aspect_of(&error), &error)],
    };
    let mut findings = standing(source, &about);
    for subject in subjects {
        findings.push(look(server, source, subject).await);
    }
    findings
}

/// Which step an error of [`Source::check`] stopped.
fn aspect_of(error: &Error) -> &'static str {
    match error.kind {
        Kind::Tls => "tls",
        Kind::Login | Kind::NoDatabase => "login",
        Kind::BadAnswer => "version",
        Kind::Config => "options",
        _ => "connect",
    }
}

fn standing(source: &dyn Source, about: &About) -> Vec<Finding> {
    let mut findings = vec![
        Finding::ok("connect", format!("{} over {}", source.identity(), about.protocol)),
        channel(about),
        Finding::ok("login", about.login.clone()),
        version(about),
    ];
    findings.extend(about.lacks.iter().map(|lacks| Finding::ok("abilities", lacks.clone())));
    if let Some(offset) = about.clock_offset_s {
        findings.push(clock(offset));
    }
    findings
}

fn version(about: &About) -> Finding {
    let Some(doubt) = &about.doubt else { return Finding::ok("version", about.version.clone()) };
    Finding {
        aspect: "version".into(),
        status: "warn",
        detail: format!("{}: {doubt}", about.version),
        hint: Some("after the first sync compare some rows with the remote's own screens".into()),
    }
}

fn channel(about: &About) -> Finding {
    let (status, detail) = match about.channel {
        Channel::Verified => ("ok", "encrypted, certificate verified"),
        Channel::Loopback => ("ok", "not encrypted, but it does not leave this machine"),
        Channel::Unverified => ("warn", "encrypted, but anybody may pretend to be the remote"),
        Channel::LoginOnly => ("warn", "the login is encrypted, the rows can be read on the way"),
        Channel::Plain => ("warn", "not encrypted: the password can be read on the way"),
    };
    Finding { aspect: "tls".into(), status, detail: detail.into(), hint: about.safer.clone() }
}

fn clock(offset: i64) -> Finding {
    let apart = duration(offset.unsigned_abs());
    let detail = match offset {
        _ if offset.unsigned_abs() <= CLOCK_AGREES_S => {
            "the remote's clock agrees with this server's".to_string()
        }
        1.. => format!("the remote's clock is {apart} ahead of this server's"),
        _ => format!("the remote's clock is {apart} behind this server's"),
    };
    let mut finding = Finding::ok("clock", detail);
    if offset.unsigned_abs() > CLOCK_TOLERANCE_S {
        finding.status = "warn";
        finding.hint = Some("set both clocks by NTP; a sync goes by the remote's clock alone".into());
    }
    finding
}

/// Seconds, in the unit a person would use.
fn duration(seconds: u64) -> String {
    match seconds {
        0..=120 => format!("{seconds} s"),
        121..=7_200 => format!("{} min", (seconds + 30) / 60),
        7_201..=172_800 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

/// What is found out about the streams of an entity.
#[derive(Default)]
struct Seen {
    readable: Vec<String>,
    absent: Vec<String>,
    left_out: Vec<String>,
    /// Table and name of the columns among them.
    columns: Vec<(String, String)>,
    /// Object and name of fields that people added there and nobody keeps here.
    unkept: Vec<(String, String)>,
    /// Tables that hold more rows than the remote shows.
    lost: Vec<String>,
    /// What weakens keys and cursors.
    weak: Vec<String>,
}

async fn look(server: &str, source: &mut dyn Source, subject: &Subject) -> Finding {
    let aspect = format!("entity {}", subject.entity.name);
    let mut seen = Seen::default();
    for stream in &subject.entity.streams {
        let rows = subject.rows.get(&stream.table).copied().unwrap_or(0);
        if let Err(error) = seen.stream(source, stream, rows).await {
            return Finding::failed(aspect, &error);
        }
    }
    seen.finding(aspect, server, &subject.entity)
}

impl Seen {
    async fn stream(&mut self, source: &mut dyn Source, stream: &Stream, stored: u64) -> Result<()> {
        let table = &stream.table;
        let layout = match source.layout(stream).await {
            Ok(layout) => layout,
            Err(error) if stream.optional && error.kind == Kind::NoObject => {
                self.absent.push(table.clone());
                return Ok(());
            }
            Err(error) if stream.optional && error.kind == Kind::Forbidden => {
                self.left_out.push(format!("{table} ({error})"));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.left_out.extend(layout.left_out.iter().map(|(column, why)| format!("{table}.{column} ({why})")));
        self.columns.extend(layout.left_out.into_iter().map(|(column, _)| (table.clone(), column)));
        let unkept = source.unkept(stream).await?.into_iter();
        self.unkept.extend(unkept.map(|field| (stream.object.clone(), field)));
        let weak = source.weaknesses(stream).await?.into_iter();
        self.weak.extend(weak.map(|weakness| format!("{table}: {weakness}")));
        let rows = source.count(stream, &Scope::All).await?;
        self.readable.push(format!("{rows} {table}"));
        // As many as a full pass would not remove unasked.
        if stored.saturating_sub(rows) > breaker::allowance(stored) {
            self.lost.push(format!("{stored} {table}"));
        }
        Ok(())
    }

    fn finding(self, aspect: String, server: &str, entity: &Entity) -> Finding {
        let unkept: Vec<String> =
            self.unkept.iter().map(|(object, field)| format!("{object}.{field}")).collect();
        let mut finding = Finding::ok(aspect, format!("readable: {}", self.readable.join(", ")));
        for (what, list) in [
            ("not there", &self.absent),
            ("not read", &self.left_out),
            ("but stored here", &self.lost),
            ("weak", &self.weak),
            ("fields of your own that are not kept", &unkept),
        ] {
            if !list.is_empty() {
                finding.detail = format!("{}; {what}: {}", finding.detail, list.join(", "));
            }
        }
        finding.hint = match (self.lost.is_empty(), self.left_out.is_empty(), self.weak.is_empty()) {
            (false, ..) => Some(LOST.to_string()),
            (true, false, _) => Some(drift::without(entity, &self.columns)),
            (true, true, false) => Some(WEAK.to_string()),
            (true, true, true) => None,
        };
        if finding.hint.is_some() {
            finding.status = "warn";
        }
        // To keep them or not is a choice, and nothing to warn of.
        finding.hint = finding.hint.or_else(|| drift::keep(server, &self.unkept));
        finding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_told_in_the_unit_a_person_would_use() {
        let told = |offset| (clock(offset).status, clock(offset).detail);
        assert_eq!(told(-2), ("ok", "the remote's clock agrees with this server's".into()));
        assert_eq!(told(3), ("ok", "the remote's clock is 3 s ahead of this server's".into()));
        assert_eq!(told(-120), ("ok", "the remote's clock is 120 s behind this server's".into()));
        assert_eq!(told(-599), ("warn", "the remote's clock is 10 min behind this server's".into()));
        assert_eq!(told(i64::MIN).0, "warn");
        let spans = [7_200, 7_201, 90_000, 172_801].map(duration);
        assert_eq!(spans, ["120 min", "2 h", "25 h", "2 days"]);
    }
}
