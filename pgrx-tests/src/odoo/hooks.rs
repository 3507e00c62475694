//! What happens in the company while a test runs: the changes of its users and of its administrator.

use std::collections::BTreeSet;

use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Value, json};

use super::clock;
use super::company::{Company, Model, Row};
use super::domain::Domain;
use super::fault::RpcFault;
use super::{Odoo, user::User};

/// Rows that go with the row they belong to: model, its parent's model, the field that points there.
const CASCADES: &[(&str, &str, &str)] = &[("account.move.line", "account.move", "move_id")];

impl Odoo {
    /// Creates a record and returns its id. `write_date` and `id` may be given; else they are now and the next one.
    ///
    /// # Panics
    /// As every hook: when the model or a field does not exist, for then the test is wrong.
    pub fn create(&self, model: &str, values: Value) -> i64 {
        let now = self.now();
        self.create_at(model, &values, now)
    }

    /// A transaction that began so many seconds ago creates a record and commits only now: the record appears
    /// with a `write_date` older than ones that may have been read.
    pub fn commit_late(&self, model: &str, values: Value, seconds_ago: i64) -> i64 {
        let began_at = self.now() - TimeDelta::seconds(seconds_ago);
        self.create_at(model, &values, began_at)
    }

    fn create_at(&self, model: &str, values: &Value, at: NaiveDateTime) -> i64 {
        let mut company = self.company();
        let model = model_mut(&mut company, model);
        model.create(&object(values), at)
    }

    /// Creates `n` records in one transaction: they all have one single `write_date`. Returns their ids.
    pub fn import(&self, model: &str, n: usize, record: impl Fn(usize) -> Value) -> Vec<i64> {
        let now = self.now();
        let mut company = self.company();
        let model = model_mut(&mut company, model);
        (0..n).map(|at| model.create(&object(&record(at)), now)).collect()
    }

    /// Writes the same values to records, and their `write_date` with them, changed or not.
    pub fn write(&self, model: &str, ids: &[i64], values: Value) {
        let now = self.now();
        self.write_at(model, ids, &values, Some(now));
    }

    /// As `write`, by a transaction that began so many seconds ago.
    pub fn write_late(&self, model: &str, ids: &[i64], values: Value, seconds_ago: i64) {
        let began_at = self.now() - TimeDelta::seconds(seconds_ago);
        self.write_at(model, ids, &values, Some(began_at));
    }

    /// As raw SQL in Odoo's own code does it (merged contacts, nulled references): `write_date` stays.
    pub fn write_silently(&self, model: &str, ids: &[i64], values: Value) {
        self.write_at(model, ids, &values, None);
    }

    fn write_at(&self, model: &str, ids: &[i64], values: &Value, at: Option<NaiveDateTime>) {
        let mut company = self.company();
        let model = model_mut(&mut company, model);
        for id in ids {
            assert!(model.rows.contains_key(id), "{} has no record {id}", model.name);
            model.write(*id, &object(values), at);
        }
    }

    /// Archives a record, which is a write.
    pub fn archive(&self, model: &str, id: i64) {
        self.write(model, &[id], json!({ "active": false }));
    }

    /// Deletes records without a trace, and the lines of deleted journal entries.
    pub fn delete(&self, model: &str, ids: &[i64]) {
        let mut company = self.company();
        let gone: BTreeSet<_> = ids.iter().copied().collect();
        model_mut(&mut company, model).rows.retain(|id, _| !gone.contains(id));
        for (child, _, field) in CASCADES.iter().filter(|(_, parent, _)| *parent == model) {
            if let Some(child) = company.models.get_mut(*child) {
                child.rows.retain(|_, row| !points_to(row, field, &gone));
            }
        }
    }

    /// Puts a backup back: all models are as recorded again. Users, rights and the clock stay.
    pub fn restore(&self) {
        let face = self.shared.face;
        self.company().models = Company::new(face).models;
    }

    /// Hides records from every user, as a record rule does: fewer rows, no error.
    pub fn hide(&self, model: &str, ids: &[i64]) {
        model_mut(&mut self.company(), model).hidden.extend(ids);
    }

    /// Hides the records that a domain finds now.
    pub fn hide_where(&self, model: &str, domain: Value) {
        let mut company = self.company();
        let hidden: Vec<i64> = {
            let model = company.model(model).expect("a recorded model");
            let domain = Domain::compile(&company, model, &domain).expect("a domain");
            model.rows.iter().filter(|(_, row)| domain.holds(row)).map(|(id, _)| *id).collect()
        };
        model_mut(&mut company, model).hidden.extend(hidden);
    }

    /// Shows all records again.
    pub fn unhide(&self, model: &str) {
        model_mut(&mut self.company(), model).hidden.clear();
    }

    /// From now on every read that would show this record fails with `fault`.
    pub fn poison(&self, model: &str, id: i64, fault: RpcFault) {
        model_mut(&mut self.company(), model).poisoned.insert(id, fault);
    }

    /// Lets a record be read again.
    pub fn cure(&self, model: &str, id: i64) {
        model_mut(&mut self.company(), model).poisoned.remove(&id);
    }

    /// Uninstalls what brings the model: it is unknown from now on.
    pub fn uninstall(&self, model: &str) {
        self.company().models.remove(model);
    }

    /// Removes a field from the model: it is unknown from now on.
    pub fn drop_field(&self, model: &str, field: &str) {
        let mut company = self.company();
        let model = model_mut(&mut company, model);
        assert!(model.fields.remove(field).is_some(), "{} has no field {field}", model.name);
        model.rows.values_mut().for_each(|row| drop(row.remove(field)));
    }

    /// Keeps a field from a login: it is missing in `fields_get`, and reading it is an access error.
    pub fn forbid_field(&self, login: &str, model: &str, field: &str) {
        user_mut(&mut self.company(), login).forbidden.insert((model.to_owned(), field.to_owned()));
    }

    /// Gives a login a field back.
    pub fn allow_field(&self, login: &str, model: &str, field: &str) {
        user_mut(&mut self.company(), login).forbidden.remove(&(model.to_owned(), field.to_owned()));
    }

    /// Takes from a login every right on a model.
    pub fn revoke(&self, login: &str, model: &str) {
        user_mut(&mut self.company(), login).denied.insert(model.to_owned());
    }

    /// Gives the rights on a model back.
    pub fn grant(&self, login: &str, model: &str) {
        user_mut(&mut self.company(), login).denied.remove(model);
    }

    /// Changes a login's password; its API key stays.
    pub fn set_password(&self, login: &str, password: &str) {
        user_mut(&mut self.company(), login).password = password.to_owned();
    }

    /// Gives a login an API key, or takes it away.
    pub fn set_api_key(&self, login: &str, key: Option<&str>) {
        user_mut(&mut self.company(), login).api_key = key.map(str::to_owned);
    }

    /// Stops PostgreSQL behind Odoo, or starts it again.
    pub fn take_database_down(&self, down: bool) {
        self.company().is_down = down;
    }

    /// From now on the server offers further databases, so that a request must name the one it means.
    pub fn offer_further_databases(&self) {
        self.company().is_one_of_many = true;
    }

    /// The database server's time, UTC. It starts at 2026-11-20 10:00:00, as 18 and 19 half an hour
    /// later, whatever the machine's calendar says.
    pub fn now(&self) -> NaiveDateTime {
        self.company().clock.now()
    }

    /// Sets the time.
    pub fn set_now(&self, now: NaiveDateTime) {
        self.company().clock.set(now);
    }

    /// Lets seconds pass, or takes them back.
    pub fn advance(&self, seconds: i64) {
        self.company().clock.shift(seconds);
    }

    /// Sets the web host's clock (the `Date` header) apart from the database's.
    pub fn skew_http_date(&self, seconds: i64) {
        self.company().clock.shift_http(seconds);
    }
}

impl Model {
    fn create(&mut self, values: &Row, at: NaiveDateTime) -> i64 {
        let id = values.get("id").and_then(Value::as_i64).unwrap_or(self.last_id + 1);
        let at = Value::String(clock::kept(at));
        let mut row = Row::from_iter([("create_date".to_owned(), at.clone()), ("write_date".to_owned(), at)]);
        if self.has_active() {
            row.insert("active".to_owned(), Value::Bool(true));
        }
        row.extend(values.clone());
        row.retain(|name, _| name == "id" || self.fields.contains_key(name) || values.contains_key(name));
        self.name_it(&mut row, values);
        self.put(id, &row);
        id
    }

    fn write(&mut self, id: i64, values: &Row, at: Option<NaiveDateTime>) {
        let mut row = values.clone();
        if let Some(at) = at {
            row.entry("write_date").or_insert_with(|| Value::String(clock::kept(at)));
        }
        self.name_it(&mut row, values);
        self.put(id, &row);
    }

    /// The names that Odoo computes from `name`; a test may give them itself.
    fn name_it(&self, row: &mut Row, values: &Row) {
        let Some(name) = values.get("name") else { return };
        for computed in ["display_name", "complete_name"] {
            if self.fields.contains_key(computed) {
                row.entry(computed).or_insert_with(|| name.clone());
            }
        }
    }
}

fn points_to(row: &Row, field: &str, ids: &BTreeSet<i64>) -> bool {
    let target = row.get(field).and_then(|pair| pair.get(0)?.as_i64());
    target.is_some_and(|id| ids.contains(&id))
}

pub(super) fn object(values: &Value) -> Row {
    values.as_object().expect("a record is a JSON object").clone()
}

pub(super) fn model_mut<'a>(company: &'a mut Company, name: &str) -> &'a mut Model {
    company.models.get_mut(name).unwrap_or_else(|| panic!("the double has no model {name}"))
}

fn user_mut<'a>(company: &'a mut Company, login: &str) -> &'a mut User {
    let user = company.users.iter_mut().find(|user| user.login == login);
    user.unwrap_or_else(|| panic!("the double has no login {login}"))
}
