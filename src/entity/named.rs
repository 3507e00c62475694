//! Views that show a table with the names of what its rows refer to, and its money with the digits of its currency.
//!
//! A name stands in one row of the table it belongs to, and is looked up when the view is read: what is renamed
//! rewrites no document. Every look-up is an outer join on a key, so that no row vanishes or doubles, and one that a
//! query does not ask for is left out by the planner.

use std::collections::{BTreeMap, BTreeSet};

use super::ddl;
use super::lookup::{Lookups, STEPS};
use super::quote::{NAME_MAX, fnv1a, object_name, qualified, quote_ident, quote_literal};
use super::{Entity, Stream, derive, naming};

/// The tables of a schema that are there: by name, name and type (as `format_type` says it) of every column.
pub type Tables = BTreeMap<String, Vec<(String, String)>>;

/// What the comment of a view ends with that is renewed by itself, with a hash of its definition behind it.
pub const KEPT: &str = "; kept by erp_sync, ";

/// A view as it is to be.
#[derive(Debug, PartialEq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its comment, by which it is found again and compared.
    pub comment: String,
    /// Makes or replaces it, with all comments.
    pub statements: Vec<String>,
}

/// A column that a view has.
#[derive(Clone, Debug)]
pub struct Existing {
    /// Its name.
    pub name: String,
    /// As `format_type` says it.
    pub kind: String,
    /// Whether it is looked up, as its comment tells.
    pub is_name: bool,
}

/// What the comment of a column that is looked up has in it.
pub const IN_WORDS: &str = " in words: the ";

/// A column of a view.
pub(super) struct Item {
    pub(super) name: String,
    /// As `format_type` says it.
    pub(super) kind: String,
    pub(super) sql: String,
    pub(super) about: Option<String>,
    /// Whether it is looked up.
    pub(super) is_name: bool,
}

/// The name of the view over a table.
pub fn name(table: &str) -> String {
    object_name(&[table], "named")
}

/// What is to be typed before a column of the stream's table, or the table, can be changed or dropped: nothing, or the
/// view's end.
pub fn without_view(stream: &Stream, schema: &str) -> String {
    let has_money = stream.columns.iter().any(|column| column.currency.is_some());
    match has_money || targets(stream).next().is_some() {
        true => format!("drop view if exists {}; ", qualified(schema, &name(&stream.table))),
        false => String::new(),
    }
}

/// The streams whose keys others may hold, and the derived tables.
pub fn streams(entities: &[Entity]) -> Vec<&Stream> {
    let single = entities.iter().filter(|entity| !entity.is_of_servers());
    single.flat_map(|entity| &entity.streams).chain(derive::tables()).collect()
}

/// The tables that the view over a stream's table reads, as far as they are known.
pub fn reads<'a>(stream: &'a Stream, streams: &[&'a Stream]) -> BTreeSet<&'a str> {
    let mut all = BTreeSet::from([stream.table.as_str()]);
    let mut edge: Vec<&str> = targets(stream).collect();
    for _ in 0..=STEPS {
        edge.retain(|table| all.insert(table));
        let there = streams.iter().copied().filter(|stream| edge.contains(&stream.table.as_str()));
        edge = there.flat_map(followed).collect();
    }
    all
}

/// Whether the view over a stream's table shows anything of another.
pub fn shows(stream: &Stream, table: &str, streams: &[&Stream]) -> bool {
    stream.table != table && reads(stream, streams).contains(table)
}

fn targets(stream: &Stream) -> impl Iterator<Item = &str> {
    let parent = stream.parent.iter().map(|parent| &parent.table);
    parent.chain(stream.refers.values()).chain(stream.names.values()).map(String::as_str)
}

/// The tables in which a row's name, what tells it apart and the digits of its currency may stand.
fn followed(stream: &Stream) -> impl Iterator<Item = &str> {
    let columns = stream.label.values().chain(&stream.variant).chain(&stream.digits);
    columns.filter_map(|column| stream.target(column))
}

/// The view over a stream's table; `None` where it would show nothing but the table. `existing`: the columns that
/// it has already. They stay where they are, because users build on them; new ones come behind.
///
/// Errors: the columns that it could not keep, each with the reason.
pub fn view(
    stream: &Stream,
    schema: &str,
    streams: &[&Stream],
    tables: &Tables,
    existing: &[Existing],
) -> Result<Option<Named>, Vec<String>> {
    let mut lookups = Lookups::new(schema, streams, tables);
    let Some(items) = items(stream, tables, &mut lookups) else { return Ok(None) };
    let items = arranged(items, existing)?;
    let view = qualified(schema, &name(&stream.table));
    let columns: Vec<String> =
        items.iter().map(|item| format!("  {} as {}", item.sql, quote_ident(&item.name))).collect();
    let mut statements = vec![format!(
        "create or replace view {view} with (security_invoker = true) as\nselect\n{}\nfrom {} t{}",
        columns.join(",\n"),
        qualified(schema, &stream.table),
        lookups.joins()
    )];
    let told = items.iter().filter_map(|item| Some((&item.name, item.about.as_ref()?)));
    statements.extend(told.map(|(name, about)| {
        format!("comment on column {view}.{} is {}", quote_ident(name), quote_literal(about))
    }));
    let hash = fnv1a(&statements.concat());
    let comment = format!("{} (with names){KEPT}{hash:08x}", stream.about);
    statements.push(format!("comment on view {view} is {}", quote_literal(&comment)));
    Ok(Some(Named { name: name(&stream.table), comment, statements }))
}

/// The columns of a new view: those of the table, and names beside what refers to them.
fn items(stream: &Stream, tables: &Tables, lookups: &mut Lookups<'_>) -> Option<Vec<Item>> {
    let columns = tables.get(&stream.table)?;
    let mut taken: BTreeSet<String> = columns.iter().map(|(name, _)| name.clone()).collect();
    let (mut items, mut more) = (Vec::new(), false);
    for (column, kind) in columns {
        let money = lookups.money(stream, column);
        let names = lookups.names(stream, column);
        more |= money.is_some() || !names.is_empty();
        let sql = money.unwrap_or_else(|| format!("t.{}", quote_ident(column)));
        let about = ddl::about(stream, column).map(str::to_string);
        items.push(Item { name: column.clone(), kind: kind.clone(), sql, about, is_name: false });
        for mut item in names {
            item.name = free(item.name, &taken);
            taken.insert(item.name.clone());
            items.push(item);
        }
    }
    more.then_some(items)
}

/// What is behind a name that the table itself has.
const NOW: &str = "_now";

/// The name, or one like it that no column of the table has: an invoice keeps how it was addressed.
fn free(name: String, taken: &BTreeSet<String>) -> String {
    let name = if name.len() > NAME_MAX { naming::marked(&name, &name) } else { name };
    match taken.contains(&name) {
        true => naming::free(format!("{name}{NOW}"), |name| taken.contains(name)),
        false => name,
    }
}

/// The columns in the order of an existing view, new ones last.
fn arranged(mut items: Vec<Item>, existing: &[Existing]) -> Result<Vec<Item>, Vec<String>> {
    let (mut kept, mut lost) = (Vec::new(), Vec::new());
    for Existing { name, kind, is_name } in existing {
        match items.iter().position(|item| item.name == *name) {
            Some(place) if *is_name && !items[place].is_name => {
                lost.push(format!("column \"{name}\" is looked up, and the table has one of that name now"));
            }
            Some(place) if items[place].kind == *kind => kept.push(items.remove(place)),
            Some(place) => lost.push(format!("column \"{name}\" is {kind}, now it is {}", items[place].kind)),
            None => lost.push(format!("column \"{name}\" is nothing that is known now")),
        }
    }
    kept.extend(items);
    if lost.is_empty() { Ok(kept) } else { Err(lost) }
}
