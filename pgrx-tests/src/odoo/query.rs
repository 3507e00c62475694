//! Reading a model as one user: searching, showing, describing.

use serde_json::{Value, json};

use super::arguments::Arguments;
use super::company::{Company, Model, Row};
use super::domain::{self, Domain};
use super::fault::RpcFault;
use super::field::{Field, Kind};
use super::order::Order;
use super::reply::Reply;
use super::user::User;

/// One call's view of a model.
pub(super) struct Query<'a> {
    pub(super) company: &'a Company,
    pub(super) user: &'a User,
    pub(super) model: &'a Model,
    pub(super) arguments: &'a Arguments,
}

impl<'a> Query<'a> {
    pub(super) fn search_read(&self) -> Result<Reply, RpcFault> {
        let fields = self.fields()?;
        let ids = self.found()?;
        self.show(&ids, &fields)
    }

    pub(super) fn search(&self) -> Result<Reply, RpcFault> {
        Ok(Reply::ids(self.found()?))
    }

    /// Stops counting at its limit.
    pub(super) fn search_count(&self) -> Result<Reply, RpcFault> {
        let found = self.rows(self.arguments.get("domain"))?.count();
        let most = self.arguments.count("limit").unwrap_or(usize::MAX);
        Ok(Reply::int(found.min(most) as i128))
    }

    /// Keeps the order and the repetitions asked for, leaves out deleted ids, and fails as a whole when a row is
    /// there but hidden. Archived rows are read.
    pub(super) fn read(&self) -> Result<Reply, RpcFault> {
        self.user.check("read", self.model)?;
        let fields = self.fields()?;
        let there = |id: &i64| self.model.rows.contains_key(id);
        let ids: Vec<_> = self.arguments.ids.iter().copied().filter(there).collect();
        let rules = self.rules()?;
        if !ids.iter().all(|id| visible(self.model, &rules, *id, &self.model.rows[id])) {
            return Err(self.user.hidden_row(self.model));
        }
        self.show(&ids, &fields)
    }

    pub(super) fn exists(&self) -> Reply {
        Reply::ids(self.arguments.ids.iter().copied().filter(|id| self.model.rows.contains_key(id)))
    }

    /// Works without the right to read; fields kept for other groups are not in it.
    pub(super) fn fields_get(&self) -> Reply {
        let (only, attributes) = (self.arguments.texts("allfields"), self.arguments.texts("attributes"));
        let attributes = (!attributes.is_empty()).then_some(attributes);
        let shown = self.model.fields.iter().filter(|(name, field)| {
            (only.is_empty() || only.contains(&name.as_str())) && self.user.sees(self.model, name, field)
        });
        Reply::Struct(
            shown.map(|(name, field)| (name.clone(), field.described(attributes.as_deref()))).collect(),
        )
    }

    pub(super) fn has_access(&self) -> Reply {
        let operation = self.arguments.get("operation").as_str().unwrap_or_default();
        Reply::Bool(self.user.may(operation, self.model.name))
    }

    pub(super) fn check_access_rights(&self) -> Result<Reply, RpcFault> {
        let operation = self.arguments.get("operation").as_str().unwrap_or_default();
        match self.user.check(operation, self.model) {
            Err(fault) if *self.arguments.get("raise_exception") != json!(false) => Err(fault),
            answer => Ok(Reply::Bool(answer.is_ok())),
        }
    }

    /// The rows of a domain that this user sees with this context, by id.
    pub(super) fn rows(
        &self,
        domain: &Value,
    ) -> Result<Box<dyn DoubleEndedIterator<Item = (i64, &'a Row)> + 'a>, RpcFault> {
        self.user.check("read", self.model)?;
        let rules = self.rules()?;
        let active_only = self.model.has_active()
            && self.arguments.context.get("active_test") != Some(&json!(false))
            && !domain::names(domain, "active");
        let domain = Domain::compile(self.company, self.model, domain)?;
        let model = self.model;
        let candidates: Box<dyn DoubleEndedIterator<Item = (&i64, &Row)>> = match domain.ids() {
            Some(ids) => {
                let ids: Vec<_> = ids.iter().filter_map(|id| model.rows.get_key_value(id)).collect();
                Box::new(ids.into_iter())
            }
            None => {
                Box::new(model.rows.range(domain.id_floor().map_or(i64::MIN, |id| id.saturating_add(1))..))
            }
        };
        Ok(Box::new(candidates.map(|(id, row)| (*id, row)).filter(move |(id, row)| {
            (!active_only || row.get("active") == Some(&json!(true)))
                && domain.holds(row)
                && visible(model, &rules, *id, row)
        })))
    }

    /// The ids of a search, ordered and paged.
    fn found(&self) -> Result<Vec<i64>, RpcFault> {
        let order = Order::read(self.company, self.model, self.arguments.get("order").as_str())?;
        let offset = self.arguments.count("offset").unwrap_or(0);
        let limit = self.arguments.count("limit").unwrap_or(usize::MAX);
        let rows = self.rows(self.arguments.get("domain"))?;
        match order.by_id() {
            Some(false) => Ok(rows.map(|(id, _)| id).skip(offset).take(limit).collect()),
            Some(true) => Ok(rows.rev().map(|(id, _)| id).skip(offset).take(limit).collect()),
            None => {
                let mut rows: Vec<_> = rows.map(|(id, row)| (order.keys(row), id)).collect();
                let compare = |one: &(Vec<_>, i64), other: &(Vec<_>, i64)| {
                    order.compare(&one.0, &other.0).then(one.1.cmp(&other.1))
                };
                let last = offset.saturating_add(limit);
                if last < rows.len() {
                    rows.select_nth_unstable_by(last, compare);
                    rows.truncate(last);
                }
                rows.sort_by(compare);
                Ok(rows.into_iter().map(|(_, id)| id).skip(offset).collect())
            }
        }
    }

    /// The record rules of the user and of the companies in the context.
    fn rules(&self) -> Result<Vec<Domain>, RpcFault> {
        let mut rules: Vec<Value> = self.user.rules(self.model.name).cloned().collect();
        if let Some(Value::Array(companies)) = self.arguments.context.get("allowed_company_ids") {
            if !companies.iter().all(|id| matches!(id.as_i64(), Some(1 | 2))) {
                return Err(RpcFault::access_error("Access to unauthorized or invalid companies."));
            }
            let mut companies = companies.clone();
            companies.push(Value::Bool(false));
            if self.model.fields.contains_key("company_id") {
                rules.push(json!([["company_id", "in", companies]]));
            }
        }
        rules.iter().map(|rule| Domain::compile(self.company, self.model, rule)).collect()
    }

    /// The fields asked for, or all that the user sees.
    fn fields(&self) -> Result<Vec<(&'a str, &'a Field)>, RpcFault> {
        let asked = self.arguments.texts("fields");
        let all = asked.is_empty();
        let mut fields = Vec::new();
        for (name, field) in &self.model.fields {
            if all && name != "id" && self.user.sees(self.model, name, field) {
                fields.push((name.as_str(), field));
            }
        }
        for name in asked.into_iter().filter(|name| *name != "id") {
            let found = self.model.fields.get_key_value(name);
            let (name, field) = found.ok_or_else(|| self.no_field(name))?;
            self.user.check_field(self.model, name, field)?;
            fields.push((name.as_str(), field));
        }
        if fields.iter().any(|(name, _)| *name == "compute_all_tax") {
            // A computed dict whose keys neither protocol can write.
            let message = "keys must be str, int, float, bool or None, not frozendict";
            return Err(RpcFault::type_error(message));
        }
        Ok(fields)
    }

    fn no_field(&self, name: &str) -> RpcFault {
        match self.company.face.is_19() {
            true => RpcFault::value_error(format!("Invalid field '{name}' on '{}'", self.model.name)),
            false => RpcFault::no_field(self.model.name, name),
        }
    }

    fn show(&self, ids: &[i64], fields: &[(&str, &Field)]) -> Result<Reply, RpcFault> {
        let records = ids.iter().map(|id| match self.model.poisoned.get(id) {
            Some(fault) => Err(fault.clone()),
            None => Ok(self.record(*id, fields)),
        });
        Ok(Reply::List(records.collect::<Result<_, _>>()?))
    }

    fn record(&self, id: i64, fields: &[(&str, &Field)]) -> Reply {
        let row = &self.model.rows[&id];
        let mut members = vec![("id".to_owned(), Reply::int(id))];
        for (name, field) in fields {
            members.push(((*name).to_owned(), self.value(id, row, name, field)));
        }
        Reply::Struct(members)
    }

    fn value(&self, id: i64, row: &Row, name: &str, field: &Field) -> Reply {
        let value = self.seen(id, row, name, field);
        let load = self.arguments.get("load");
        let with_names = load.as_str().unwrap_or("_classic_read") == "_classic_read"
            && !(load.is_null() && self.arguments.has("load"));
        match (field.kind, value) {
            (Kind::Many2one, Some(value)) if with_names => self.pair(field, value),
            _ => field.shown(value),
        }
    }

    /// A many2one as id and the target's current name.
    pub(super) fn pair(&self, field: &Field, value: &Value) -> Reply {
        let name = self.company.name_of(field.relation.as_deref(), value).unwrap_or_default();
        Reply::List(vec![field.shown(Some(value)), Reply::Text(name)])
    }
}

/// Whether neither a test nor a record rule hides the row.
fn visible(model: &Model, rules: &[Domain], id: i64, row: &Row) -> bool {
    !model.hidden.contains(&id) && rules.iter().all(|rule| rule.holds(row))
}
