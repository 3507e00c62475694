//! The joins by which a view looks up names and the digits of money.

use std::collections::BTreeMap;

use super::named::{IN_WORDS, Item, Tables};
use super::quote::{qualified, quote_ident};
use super::{Stream, Type};

/// How far a name or a number of digits is followed from table to table.
pub(super) const STEPS: usize = 3;

/// The alias of the view's own table.
const OWN: &str = "t";

/// The kind of name that lists prefer, and that a variant is told apart by.
const NAME: &str = "name";

/// The most digits behind the point that PostgreSQL keeps.
const MOST_DIGITS: u32 = 16383;

/// Looks up what rows refer to, each row by one join.
pub(super) struct Lookups<'a> {
    schema: &'a str,
    streams: &'a [&'a Stream],
    tables: &'a Tables,
    /// The alias of the row that a column of another row refers to.
    joined: BTreeMap<(String, String), String>,
    joins: Vec<String>,
    last: usize,
    /// Within a list, where no further list is shown.
    in_list: bool,
}

/// The columns from a row on to where something is said, each with the stream it leads to; and the column there.
type Way<'a> = (Vec<(&'a str, &'a Stream)>, &'a str);

impl<'a> Lookups<'a> {
    pub(super) fn new(schema: &'a str, streams: &'a [&'a Stream], tables: &'a Tables) -> Self {
        Self { schema, streams, tables, joined: BTreeMap::new(), joins: Vec::new(), last: 0, in_list: false }
    }

    /// What stands behind the table in `from`.
    pub(super) fn joins(&self) -> String {
        self.joins.concat()
    }

    /// The names beside a column of the table.
    pub(super) fn names(&mut self, stream: &Stream, column: &str) -> Vec<Item> {
        let Some(target) = self.target(stream, column) else { return Vec::new() };
        let base = column.strip_suffix("_ids").or_else(|| column.strip_suffix("_id")).unwrap_or(column);
        let item = |name: String, kind: &str, sql| Item {
            name,
            kind: "text".into(),
            sql,
            about: Some(format!("{column}{IN_WORDS}{kind} in {}, as it is now", target.table)),
            is_name: true,
        };
        if is_list(stream, column) {
            let kind = listed(target);
            let list = self.list(OWN, stream, column);
            return list.map(|sql| item(format!("{base}_{kind}s"), kind, sql)).into_iter().collect();
        }
        let kinds = target.label.keys();
        let names = kinds.filter_map(|kind| {
            let way = self.way(target, |stream| stream.label.get(kind))?;
            let row = self.join(OWN, column, target);
            Some(item(format!("{base}_{kind}"), kind, self.label(&row, target, kind, way)))
        });
        names.collect()
    }

    /// A column of money with as many digits as its currency has, and never fewer than it needs. In a currency that is
    /// not known it stays as it is.
    pub(super) fn money(&mut self, stream: &Stream, column: &str) -> Option<String> {
        let currency = stream.columns.iter().find(|c| c.name == column)?.currency.as_deref()?;
        let target = self.target(stream, currency)?;
        let way = self.way(target, |stream| stream.digits.as_ref())?;
        let row = self.join(OWN, currency, target);
        let (row, digits) = self.end(row, way);
        let (amount, digits) = (format!("{OWN}.{}", quote_ident(column)), format!("{row}.{digits}"));
        Some(format!(
            "case when {digits} is null then {amount} \
             else round({amount}, least(greatest({digits}, min_scale({amount})), {MOST_DIGITS})::integer) end"
        ))
    }

    /// The stream whose keys a column holds, where its table is there.
    fn target(&self, stream: &Stream, column: &str) -> Option<&'a Stream> {
        let table = stream.target(column)?;
        let target = self.streams.iter().copied().find(|stream| stream.table == table)?;
        let [key] = target.key.as_slice() else { return None };
        let is_there = self.has(stream, column) && self.has(target, "tenant") && self.has(target, key);
        is_there.then_some(target)
    }

    fn has(&self, stream: &Stream, column: &str) -> bool {
        let columns = self.tables.get(&stream.table);
        columns.is_some_and(|columns| columns.iter().any(|(name, _)| name == column))
    }

    /// The way from a row of `start` to the column that `of` names; what it names may be a reference in turn.
    fn way(&self, start: &'a Stream, of: impl Fn(&'a Stream) -> Option<&'a String>) -> Option<Way<'a>> {
        let (mut at, mut steps) = (start, Vec::new());
        for _ in 0..STEPS {
            let column = of(at)?;
            if at.target(column).is_none() {
                return self.has(at, column).then_some((steps, column.as_str()));
            }
            at = self.target(at, column)?;
            steps.push((column.as_str(), at));
        }
        None
    }

    /// The alias of the row at the end of a way, and the column there.
    fn end(&mut self, row: String, (steps, column): Way<'a>) -> (String, String) {
        let end = steps.into_iter().fold(row, |row, (column, target)| self.join(&row, column, target));
        (end, quote_ident(column))
    }

    /// What a row is called, with what tells it apart from others of its name.
    fn label(&mut self, row: &str, stream: &'a Stream, kind: &str, way: Way<'a>) -> String {
        let at = way.0.last().map_or(stream, |(_, at)| at);
        let (row, column) = self.end(row.to_string(), way);
        let plain = format!("{row}.{column}");
        let variant = at.variant.as_deref().filter(|_| kind == NAME && !self.in_list);
        match variant.and_then(|variant| self.list(&row, at, variant)) {
            Some(apart) => format!("coalesce({plain} || ' (' || {apart} || ')', {plain})"),
            None => plain,
        }
    }

    /// The names of the rows in a list, in its order.
    fn list(&mut self, row: &str, stream: &Stream, column: &str) -> Option<String> {
        let target = self.target(stream, column)?;
        let kind = listed(target);
        let way = self.way(target, |stream| stream.label.get(kind))?;
        let (outer, alias) = (std::mem::take(&mut self.joins), self.alias());
        let was_in_list = std::mem::replace(&mut self.in_list, true);
        let name = self.label(&alias, target, kind, way);
        self.in_list = was_in_list;
        let joins = std::mem::replace(&mut self.joins, outer).concat();
        let on = self.on(&alias, row, target, "e.id");
        let list = format!("{row}.{}", quote_ident(column));
        // Most lists are empty, and need no query.
        Some(format!(
            "case when {list} <> '{{}}' then (select string_agg({name}, ', ' order by e.place) \
             from unnest({list}) with ordinality e(id, place) join {on}{joins}) end"
        ))
    }

    /// The alias of the row of `target` that a column of another row refers to.
    fn join(&mut self, row: &str, column: &str, target: &Stream) -> String {
        let place = (row.to_string(), column.to_string());
        if let Some(alias) = self.joined.get(&place) {
            return alias.clone();
        }
        let alias = self.alias();
        let on = self.on(&alias, row, target, &format!("{row}.{}", quote_ident(column)));
        self.joins.push(format!("\nleft join {on}"));
        self.joined.insert(place, alias.clone());
        alias
    }

    fn alias(&mut self) -> String {
        self.last += 1;
        format!("r{}", self.last)
    }

    fn on(&self, alias: &str, row: &str, target: &Stream, key: &str) -> String {
        let table = qualified(self.schema, &target.table);
        let own: String = target.key.iter().map(|key| quote_ident(key)).collect();
        format!("{table} {alias} on {alias}.\"tenant\" = {row}.\"tenant\" and {alias}.{own} = {key}")
    }
}

/// The kind of name by which lists show the rows of a stream.
fn listed(stream: &Stream) -> &str {
    match stream.label.contains_key(NAME) {
        true => NAME,
        false => stream.label.keys().next().map_or(NAME, String::as_str),
    }
}

fn is_list(stream: &Stream, column: &str) -> bool {
    stream.columns.iter().any(|c| c.name == column && c.kind == Type::BigintArray)
}
