//! A double, and the source that reads it.

use std::time::Duration;

use erp_sync::engine::discover;
use erp_sync::entity::{Stream, parse};
use erp_sync::error::{Error, Result};
use erp_sync::source::hosts::Hosts;
use erp_sync::source::{Ask, Key, Layout, Limits, Mark, Page, Remote, Scope, Sent, Source, Values, open};
use erp_sync_tests::tds::{DATABASE, Face, PASSWORD, Tds, USER};
use serde_json::{Value, json};

/// A remote that answers within half a second.
pub fn remote(port: u16) -> Remote {
    let port = port.to_string();
    let options =
        [("host", "127.0.0.1"), ("port", &port), ("database", DATABASE), ("trust_certificate", "true")];
    Remote {
        server: "pos".into(),
        kind: "sqlserver".into(),
        options: options.map(|(name, value)| (name.to_string(), value.to_string())).into(),
        username: Some(USER.into()),
        password: Some(PASSWORD.to_string().into()),
        limits: Limits {
            connect_timeout: Duration::from_secs(2),
            request_timeout: Duration::from_millis(700),
            max_response_bytes: 1_000_000,
        },
        hosts: Hosts::default(),
        sent: Sent::default(),
    }
}

/// With other options.
pub fn remote_with(port: u16, options: &[(&str, &str)]) -> Remote {
    let mut remote = remote(port);
    remote.options.remove("trust_certificate");
    remote.options.extend(options.iter().map(|(name, value)| (name.to_string(), value.to_string())));
    remote
}

/// A double with its source, driven step by step.
pub struct Server {
    pub tds: Tds,
    pub source: Box<dyn Source>,
    layouts: Vec<(Stream, Layout)>,
    runtime: tokio::runtime::Runtime,
}

impl Server {
    pub fn new() -> Self {
        let tds = Tds::start();
        let remote = remote(tds.port());
        Server::of(tds, remote)
    }

    /// As a server of this kind and version.
    pub fn as_face(face: Face) -> Self {
        let tds = Tds::start_as(face);
        let remote = remote(tds.port());
        Server::of(tds, remote)
    }

    /// The draft of an object, and its stream.
    pub fn draft(&mut self, object: &str) -> (Value, Stream) {
        let found =
            self.block_on(async |source| discover(source, "pos", "sqlserver", Some(object)).await).unwrap();
        let manifest = found[0].manifest.clone().unwrap();
        let entity = parse(&manifest.to_string()).unwrap_or_else(|error| panic!("{manifest}: {error:?}"));
        (manifest, entity.streams[0].clone())
    }

    pub fn of(tds: Tds, remote: Remote) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Server { tds, source: open(remote).unwrap(), layouts: Vec::new(), runtime }
    }

    /// With a table of so many rows: `id`, `name`, `changed_at`, `rv`.
    pub fn with_rows(rows: u32) -> Self {
        let server = Server::new();
        server.tds.execute(
            "create table dbo.items (id int primary key, name nvarchar(40), changed_at datetime2(7), rv \
             rowversion)",
        );
        for id in 1..=rows {
            server.tds.execute(&format!(
                "insert into items values ({id}, 'item {id}', '2026-11-21 {:02}:{:02}:{:02}.1234567')",
                id / 3600,
                id / 60 % 60,
                id % 60
            ));
        }
        server
    }

    /// Whatever is asked of a source.
    pub fn block_on<T>(&mut self, ask: impl AsyncFnOnce(&mut dyn Source) -> T) -> T {
        self.runtime.block_on(ask(self.source.as_mut()))
    }

    pub fn layout(&mut self, stream: &Stream) -> Result<Layout> {
        self.runtime.block_on(self.source.layout(stream))
    }

    pub fn watermark(&mut self, stream: &Stream) -> Result<(Option<Mark>, Option<String>)> {
        self.runtime.block_on(self.source.watermark(stream))
    }

    pub fn mark(&mut self, stream: &Stream) -> Mark {
        self.watermark(stream).unwrap().0.unwrap()
    }

    pub fn count(&mut self, stream: &Stream, scope: &Scope) -> Result<u64> {
        self.runtime.block_on(self.source.count(stream, scope))
    }

    pub fn check(&mut self) -> Result<erp_sync::source::About> {
        self.runtime.block_on(self.source.check())
    }

    pub fn page(&mut self, stream: &Stream, scope: Scope, after: Option<Key>, limit: usize) -> Result<Page> {
        let layout = self.layout_of(stream)?;
        self.page_of(stream, &layout, &Ask { scope, after, limit, raw: false })
    }

    pub fn page_of(&mut self, stream: &Stream, layout: &Layout, ask: &Ask) -> Result<Page> {
        self.runtime.block_on(self.source.page(stream, layout, ask))
    }

    /// The layout as a caller keeps it: asked for once.
    fn layout_of(&mut self, stream: &Stream) -> Result<Layout> {
        if let Some((_, layout)) = self.layouts.iter().find(|(of, _)| of == stream) {
            return Ok(layout.clone());
        }
        let layout = self.layout(stream)?;
        self.layouts.push((stream.clone(), layout.clone()));
        Ok(layout)
    }

    /// All pages of a scope, each of at most so many rows.
    pub fn pages(&mut self, stream: &Stream, scope: &Scope, limit: usize) -> Vec<Page> {
        let mut pages = Vec::new();
        let mut after = None;
        loop {
            let page = self.page(stream, scope.clone(), after.clone(), limit).unwrap();
            let more = page.more;
            after.clone_from(&page.last);
            pages.push(page);
            if !more {
                return pages;
            }
        }
    }

    /// The keys of a scope, in the order they come.
    pub fn keys(&mut self, stream: &Stream, scope: &Scope, limit: usize) -> Vec<Key> {
        self.pages(stream, scope, limit).into_iter().flat_map(|page| page.rows.keys).collect()
    }

    /// What changed from one mark to the watermark, and that.
    pub fn changes(&mut self, stream: &Stream, from: &Mark) -> (Vec<Key>, Mark) {
        let until = self.mark(stream);
        let scope = Scope::Since { from: from.clone(), until: Some(until.clone()) };
        (self.keys(stream, &scope, 100), until)
    }
}

/// A stream over an object with columns of these names and types.
pub fn stream(object: &str, key: &[&str], cursor: Option<&str>, columns: &[(&str, &str)]) -> Stream {
    let column = |(name, kind): &(&str, &str)| json!({"name": name, "type": kind, "about": name});
    let columns: Vec<Value> = columns.iter().map(column).collect();
    let mut stream = json!({"table": "t", "about": "t", "object": object, "key": key, "columns": columns});
    if let Some(cursor) = cursor {
        stream["cursor"] = cursor.into();
    }
    serde_json::from_value(stream).unwrap()
}

/// The items by one of their cursors.
pub fn items(cursor: Option<&str>) -> Stream {
    stream("dbo.items", &["id"], cursor, &[("id", "bigint"), ("name", "text")])
}

pub fn ids(ids: impl IntoIterator<Item = i64>) -> Vec<Key> {
    ids.into_iter().map(Key::from).collect()
}

/// The texts of a column of a page.
pub fn texts(page: &Page, column: usize) -> Vec<Option<&str>> {
    match &page.rows.columns[column] {
        Values::Text(texts) => texts.iter().map(Option::as_deref).collect(),
        other => panic!("{other:?} is no text"),
    }
}

/// The error as a person sees it.
pub fn shown(error: &Error) -> String {
    let shown =
        format!("{error}\n{}\n{}", error.detail.as_deref().unwrap_or_default(), error.hint_or_default());
    assert!(!shown.contains(PASSWORD), "{shown}");
    shown
}
