//! What `sync_check()` tries on one server: everything a sync needs, one finding each.

use std::sync::Arc;

use crate::entity::Entity;
use crate::error::{Error, Kind};
use crate::source::{About, Channel, Scope, Source};

/// Clocks further apart than this are worth a warning: the overlap covers less.
const CLOCK_TOLERANCE_S: i64 = 120;

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What: `connect`, `tls`, `login`, `version`, `clock`, `entity NAME`.
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
        let detail = match &error.detail {
            Some(detail) => format!("{error}: {detail}"),
            None => error.to_string(),
        };
        let hint = Some(error.hint_or_default().to_string());
        Finding { aspect: aspect.into(), status: "fail", detail, hint }
    }
}

/// Connects, logs in and looks at every entity. Stops at the first thing without
/// which nothing else can be tried.
pub async fn check(source: &mut dyn Source, entities: &[Arc<Entity>]) -> Vec<Finding> {
    let about = match source.check().await {
        Ok(about) => about,
        Err(error) => return vec![Finding::failed(aspect_of(&error), &error)],
    };
    let mut findings = standing(source, &about);
    for entity in entities {
        findings.push(look(source, entity).await);
    }
    findings
}

/// Which step an error of [`Source::check`] stopped.
fn aspect_of(error: &Error) -> &'static str {
    match error.kind {
        Kind::Tls => "tls",
        Kind::Login | Kind::NoDatabase => "login",
        Kind::BadAnswer => "version",
        _ => "connect",
    }
}

fn standing(source: &dyn Source, about: &About) -> Vec<Finding> {
    let mut findings = vec![
        Finding::ok("connect", format!("{} over {}", source.identity(), about.protocol)),
        channel(about),
        Finding::ok("login", about.login.clone()),
        Finding::ok("version", about.version.clone()),
    ];
    if let Some(offset) = about.clock_offset_s {
        findings.push(clock(offset));
    }
    findings
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
    let detail = match offset {
        0 => "the remote's clock agrees with this server's".to_string(),
        ahead if ahead > 0 => format!("the remote's clock is {ahead} s ahead of this server's"),
        behind => format!("the remote's clock is {} s behind this server's", -behind),
    };
    let mut finding = Finding::ok("clock", detail);
    if offset.abs() > CLOCK_TOLERANCE_S {
        finding.status = "warn";
        finding.hint = Some("set both clocks by NTP; a sync goes by the remote's clock alone".into());
    }
    finding
}

async fn look(source: &mut dyn Source, entity: &Entity) -> Finding {
    let aspect = format!("entity {}", entity.name);
    let (mut counts, mut left_out, mut absent) = (Vec::new(), Vec::new(), Vec::new());
    for stream in &entity.streams {
        let layout = match source.layout(stream).await {
            Ok(layout) => layout,
            Err(error) if stream.optional && error.kind == Kind::NoObject => {
                absent.push(stream.table.as_str());
                continue;
            }
            Err(error) if stream.optional && error.kind == Kind::Forbidden => {
                left_out.push(format!("{} ({error})", stream.table));
                continue;
            }
            Err(error) => return Finding::failed(aspect, &error),
        };
        left_out.extend(layout.left_out.iter().map(|(c, why)| format!("{}.{c} ({why})", stream.table)));
        match source.count(stream, &Scope::All).await {
            Ok(rows) => counts.push(format!("{rows} {}", stream.table)),
            Err(error) => return Finding::failed(aspect, &error),
        }
    }
    let mut finding = Finding::ok(aspect, format!("readable: {}", counts.join(", ")));
    if !absent.is_empty() {
        finding.detail = format!("{}; not there: {}", finding.detail, absent.join(", "));
    }
    if !left_out.is_empty() {
        finding.status = "warn";
        finding.detail = format!("{}; not read: {}", finding.detail, left_out.join(", "));
        finding.hint = Some("give the remote user the right to read them, or do without".into());
    }
    finding
}
