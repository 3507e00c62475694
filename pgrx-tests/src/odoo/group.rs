//! `read_group`: counts and totals by the values of fields.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::company::Row;
use super::domain;
use super::fault::RpcFault;
use super::field::{Field, Key, Kind};
use super::query::Query;
use super::reply::Reply;

/// What is asked of a group: its name in the answer, the field and the function.
struct Aggregate<'a> {
    name: &'a str,
    field: &'a Field,
    function: &'a str,
}

/// A group's place in the order: NULL comes last.
type Place = Vec<(bool, Option<Key>)>;

impl Query<'_> {
    pub(super) fn read_group(&self) -> Result<Reply, RpcFault> {
        let asked = self.arguments.get("domain");
        let lazy = *self.arguments.get("lazy") != json!(false);
        let mut by = self.arguments.texts("groupby");
        if lazy {
            by.truncate(1);
        }
        let by = by.into_iter().map(|name| Ok((name, self.field(name)?))).collect::<Result<Vec<_>, _>>()?;
        let aggregates = self.aggregates(&by)?;
        let mut groups: BTreeMap<Place, Vec<&Row>> = BTreeMap::new();
        for (_, row) in self.rows(asked)? {
            let place =
                by.iter().map(|(name, field)| field.key(row.get(*name))).map(|key| (key.is_none(), key));
            groups.entry(place.collect()).or_default().push(row);
        }
        let count = match by.first() {
            Some((name, _)) if lazy => format!("{name}_count"),
            _ => "__count".to_owned(),
        };
        let base = domain::tokens(asked)?;
        let groups = groups.values().map(|rows| self.group(rows, &by, &aggregates, &count, &base));
        let offset = self.arguments.count("offset").unwrap_or(0);
        let limit = self.arguments.count("limit").unwrap_or(usize::MAX);
        Ok(Reply::List(groups.skip(offset).take(limit).collect()))
    }

    fn field(&self, name: &str) -> Result<&Field, RpcFault> {
        let field = self.model.fields.get(name).ok_or_else(|| RpcFault::no_field(self.model.name, name))?;
        self.user.check_field(self.model, name, field)?;
        Ok(field)
    }

    fn aggregates(&self, by: &[(&str, &Field)]) -> Result<Vec<Aggregate<'_>>, RpcFault> {
        let mut aggregates = Vec::new();
        for spec in self.arguments.texts("fields") {
            let (name, function) = spec.split_once(':').unwrap_or((spec, "sum"));
            let field = self.field(name)?;
            let sums = matches!(field.kind, Kind::Integer | Kind::Float) && name != "id";
            if (spec.contains(':') || sums) && by.iter().all(|(grouped, _)| *grouped != name) {
                aggregates.push(Aggregate { name, field, function });
            }
        }
        Ok(aggregates)
    }

    fn group(
        &self,
        rows: &[&Row],
        by: &[(&str, &Field)],
        aggregates: &[Aggregate],
        count: &str,
        base: &[Value],
    ) -> Reply {
        let mut members = Vec::new();
        let mut terms = Vec::new();
        for (name, field) in by {
            let value = rows.first().and_then(|row| row.get(*name));
            let shown = match value {
                Some(value) if field.kind == Kind::Many2one => self.pair(field, value),
                _ => field.shown(value),
            };
            terms.push(Reply::List(vec![Reply::text(*name), Reply::text("="), field.shown(value)]));
            members.push(((*name).to_owned(), shown));
        }
        members.push((count.to_owned(), Reply::int(rows.len() as i128)));
        members.extend(aggregates.iter().map(|aggregate| (aggregate.name.to_owned(), aggregate.of(rows))));
        let parts = by.len() + usize::from(!base.is_empty());
        let mut domain = vec![Reply::text("&"); parts.saturating_sub(1)];
        domain.extend(terms);
        domain.extend(base.iter().map(Reply::from));
        members.push(("__domain".to_owned(), Reply::List(domain)));
        Reply::Struct(members)
    }
}

impl Aggregate<'_> {
    fn of(&self, rows: &[&Row]) -> Reply {
        let values = rows.iter().filter_map(|row| row.get(self.name));
        let by_key = |value: &&Value| self.field.key(Some(value));
        match self.function {
            "max" => self.field.shown(values.max_by_key(by_key)),
            "min" => self.field.shown(values.min_by_key(by_key)),
            "count" => Reply::int(values.count() as i128),
            _ => sum(values, self.field),
        }
    }
}

/// Sums as PostgreSQL's numeric does, without a float's noise, and shows the total as a Python float.
fn sum<'a>(values: impl Iterator<Item = &'a Value>, field: &Field) -> Reply {
    let total: i128 = values.map(|value| scaled(&value.to_string())).sum();
    if field.kind == Kind::Integer {
        return Reply::int(total / SCALE);
    }
    let cents = format!(
        "{}{}.{:018}",
        if total < 0 { "-" } else { "" },
        (total / SCALE).abs(),
        (total % SCALE).abs()
    );
    Reply::Number(format!("{:?}", cents.parse::<f64>().unwrap_or_default()))
}

const SCALE: i128 = 1_000_000_000_000_000_000;

/// A number's text in units of 10^-18; more digits, or an exponent, pass through a float.
fn scaled(text: &str) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction:0<18}");
    match digits.parse() {
        Ok(number) if fraction.len() <= 18 => number,
        _ => (text.parse::<f64>().unwrap_or_default() * SCALE as f64) as i128,
    }
}
