//! Odoo, over its external API.
//!
//! What the remote does and does not do was found out on real servers (16 to 19);
//! the rules that follow from it stand beside the code they shape. The three that
//! shape most: `write_date` comes cut to whole seconds and is the start of a
//! transaction, so pages go by id within an inclusive, overlapping time scope;
//! deleted rows leave no trace; missing rights give fewer rows rather than an error.

mod cell;
mod decimal;
mod decode;
mod discover;
mod domain;
mod fault;
mod json2;
mod jsonparts;
mod jsonrpc;
mod language;
mod layout;
mod mark;
mod outside;
mod parts;
mod poison;
mod raw;
mod reading;
mod records;
mod refusal;
mod rejection;
mod rpc;
mod screens;
mod searchable;
mod session;
mod settings;
mod version;
mod xmlparts;
mod xmlread;
mod xmlrpc;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use self::fault::Asked;
use self::layout::Fields;
use self::parts::{Allowance, Shape};
use self::records::Records;
use self::rpc::{Reply, Rpc};
use self::searchable::Searchable;
use self::settings::Settings;
use super::{About, Ask, Described, Layout, Mark, Object, Page, Remote, Scope, Source};
use crate::entity::{Column, Stream};
use crate::error::{Error, Kind, Result};

/// What the names of fields begin with that people add to Odoo.
const CUSTOM: &str = "x_";

/// One Odoo database, read as one user.
pub struct Odoo {
    rpc: Rpc,
    uid: Option<i64>,
    /// Whether the server option `language` was looked up.
    language_is_known: bool,
    /// By model.
    fields: BTreeMap<String, Fields>,
    /// By model, what else is known of its fields.
    searchable: BTreeMap<String, Searchable>,
}

impl Odoo {
    /// Makes it; does no I/O. Errors are [`Kind::Config`].
    pub fn new(remote: Remote) -> Result<Self> {
        let (rpc, fields) = (Rpc::new(Settings::new(remote)?), BTreeMap::new());
        Ok(Odoo { rpc, uid: None, language_is_known: false, fields, searchable: BTreeMap::new() })
    }

    /// The remote field that holds the key of a line's header.
    async fn parent_path(&mut self, stream: &Stream) -> Result<Option<String>> {
        let Some(parent) = &stream.parent else { return Ok(None) };
        let Some(column) = stream.columns.iter().find(|column| column.name == parent.column) else {
            return Ok(None);
        };
        let fields = self.fields(&stream.object).await?;
        Ok(layout::path(column, fields))
    }

    async fn domain(&mut self, stream: &Stream, scope: &Scope) -> Result<Vec<Value>> {
        let parent = match scope {
            Scope::Parents(_) => self.parent_path(stream).await?,
            _ => None,
        };
        domain::of(stream, scope, parent.as_deref())
    }

    async fn page_domain(&mut self, stream: &Stream, ask: &Ask) -> Result<Vec<Value>> {
        let mut domain = self.domain(stream, &ask.scope).await?;
        if let Some(after) = &ask.after {
            domain.push(domain::behind(after)?);
        }
        Ok(domain)
    }

    /// An empty page for records of this layout.
    fn no_records<'a>(&self, stream: &'a Stream, layout: &'a Layout, raw: bool) -> Records<'a> {
        Records::new(stream, layout, raw, self.rpc.page_bytes())
    }

    /// Puts the first `limit` records that a domain finds, by id, to `records`.
    async fn read(
        &mut self,
        stream: &Stream,
        layout: &Layout,
        domain: Vec<Value>,
        limit: usize,
        records: &mut Records<'_>,
    ) -> Result<Reply<Shape>> {
        // `load` switches the names of many2one off: they double the answer's size
        // and time. A limit of 0 would mean none.
        let named = json!({"limit": limit.max(1), "order": "id", "load": ""});
        let args = vec![("domain", json!(domain)), ("fields", json!(names(stream, layout)))];
        let asked = Asked { object: &stream.object, method: "search_read" };
        let allowance = self.page_allowance(limit).await?;
        let reply = self.execute_parts(asked, args, named, allowance, records).await?;
        match records.strange(reply.value) {
            Some(why) => Err(self.strange(why)),
            None => Ok(reply),
        }
    }

    async fn page_allowance(&mut self, limit: usize) -> Result<Allowance> {
        let protocol = self.rpc.protocol().await?;
        Ok(Allowance { answer: None, part: self.rpc.record_bytes(protocol), parts: limit.max(1) })
    }
}

#[async_trait(?Send)]
impl Source for Odoo {
    async fn check(&mut self) -> Result<About> {
        let (version, reply) = self.version().await?;
        let uid = self.uid().await?;
        self.check_language().await?;
        let protocol = self.rpc.protocol().await?;
        let settings = self.rpc.settings();
        Ok(About {
            version: settings.way.redactor.line(&version),
            login: format!("{} (uid {uid})", settings.username),
            protocol: protocol.name().to_string(),
            channel: settings.channel(),
            doubt: version::doubt(&version),
            safer: settings.safer(),
            lacks: None,
            clock_offset_s: reply.date.map(|date| (date - reply.received_at).num_seconds()),
        })
    }

    async fn layout(&mut self, stream: &Stream) -> Result<Layout> {
        self.check_language().await?;
        if !self.may_read(&stream.object).await.map_err(|error| without_module(error, stream))? {
            return Err(forbidden(self.rpc.settings(), &stream.object));
        }
        self.fields(&stream.object).await?;
        let fields = self.fields.get(&stream.object).cloned().unwrap_or_default();
        let layout = layout::of(self.rpc.settings(), stream, &fields)?;
        self.check_conditions(stream).await?;
        Ok(layout)
    }

    async fn watermark(&mut self, stream: &Stream) -> Result<(Option<Mark>, Option<String>)> {
        let Some(cursor) = stream.cursor.as_deref() else { return Ok((None, None)) };
        let mut domain = self.domain(stream, &Scope::All).await?;
        // PostgreSQL sorts rows without a value before all others when descending.
        domain.push(json!([cursor, "!=", false]));
        let order = format!("{cursor} desc, id desc");
        let named = json!({"limit": 1, "order": order, "load": ""});
        let args = vec![("domain", json!(domain)), ("fields", json!([cursor]))];
        let reply = self.execute(&stream.object, "search_read", args, named).await?;
        let Some(newest) = reply.value.as_array().and_then(|rows| rows.first()) else {
            return Ok((None, None));
        };
        let moment = newest.get(cursor).and_then(Value::as_str).and_then(mark::datetime);
        let moment = moment.ok_or_else(|| self.strange("the newest cursor value is no moment"))?;
        let (mark, ahead) = mark::capped(moment, clock(reply.date, reply.received_at));
        let id = newest.get("id").cloned().unwrap_or_default();
        Ok((Some(mark), ahead.map(|ahead| warning(stream, &id, ahead))))
    }

    async fn count(&mut self, stream: &Stream, scope: &Scope) -> Result<u64> {
        let domain = self.domain(stream, scope).await?;
        let args = vec![("domain", json!(domain))];
        let reply = self.execute(&stream.object, "search_count", args, json!({})).await?;
        reply.value.as_u64().ok_or_else(|| self.strange("the number of rows is no number"))
    }

    async fn page(&mut self, stream: &Stream, layout: &Layout, ask: &Ask) -> Result<Page> {
        let domain = self.page_domain(stream, ask).await?;
        let mut records = self.no_records(stream, layout, ask.raw);
        let reply = match self.read(stream, layout, domain, ask.limit, &mut records).await {
            Err(error) if poison::may_be_the_reason(&error) => {
                return self.without_poison(stream, layout, ask, error).await;
            }
            reply => reply?,
        };
        if !records.are_asked_for(&ask.scope) {
            return Err(self.strange("records that were not asked for"));
        }
        let page = records.page(ask).map_err(|why| self.strange(&why))?;
        Ok(Page { bytes: reply.bytes, ..page })
    }

    async fn objects(&mut self) -> Result<Vec<Object>> {
        let mut objects = self.models().await?;
        objects.extend(self.modules().await?);
        Ok(objects)
    }

    async fn describe(&mut self, object: &str) -> Result<Vec<Described>> {
        if !self.may_read(object).await? {
            return Err(forbidden(self.rpc.settings(), object));
        }
        self.described(object).await
    }

    async fn unkept(&mut self, stream: &Stream) -> Result<Vec<String>> {
        let read: Vec<&str> = stream.columns.iter().flat_map(Column::paths).collect();
        let own = |name: &&String| name.starts_with(CUSTOM) && !read.contains(&name.as_str());
        let mut own: Vec<String> = self.fields(&stream.object).await?.keys().filter(own).cloned().collect();
        if own.is_empty() {
            return Ok(own);
        }
        let kept = self.described(&stream.object).await?.into_iter().filter(|field| field.column.is_some());
        let kept: Vec<String> = kept.map(|field| field.name).collect();
        own.retain(|name| kept.contains(name));
        Ok(own)
    }

    fn earlier(&self, mark: &Mark, by: Duration) -> Result<Mark> {
        mark::earlier(mark, by)
    }

    fn moment(&self, _stream: &Stream, mark: &Mark) -> Option<String> {
        mark::datetime(&mark.0).map(|moment| format!("{moment}+00"))
    }

    fn identity(&self) -> String {
        let settings = self.rpc.settings();
        format!("{}/{}", settings.url, settings.database)
    }
}

/// The fields to ask for, each once: never none, which would mean all, 15 times
/// slower and an error for some models.
fn names<'a>(stream: &'a Stream, layout: &'a Layout) -> Vec<&'a str> {
    let mut names = vec!["id"];
    let paths = layout.columns.iter().map(|field| field.path.as_str());
    for name in paths.chain(stream.cursor.as_deref()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The remote's clock; ours where a proxy hides it.
fn clock(date: Option<DateTime<Utc>>, received_at: DateTime<Utc>) -> DateTime<Utc> {
    date.unwrap_or(received_at)
}

fn warning(stream: &Stream, id: &Value, ahead: i64) -> String {
    let object = &stream.object;
    format!("the newest row of \"{object}\" (id {id}) is dated {ahead} s after the remote's own clock")
}

/// Names the module that brings an object which is not there.
fn without_module(error: Error, stream: &Stream) -> Error {
    match (&stream.module, error.kind) {
        (Some(module), Kind::NoObject) => {
            error.detail(format!("its module \"{module}\" is not installed there"))
        }
        _ => error,
    }
}

fn forbidden(settings: &Settings, object: &str) -> Error {
    let Settings { server, username, .. } = settings;
    Error::new(Kind::Forbidden, format!("user \"{username}\" may not read \"{object}\" on \"{server}\""))
        .detail("none of the user's groups in Odoo may read these records")
}
