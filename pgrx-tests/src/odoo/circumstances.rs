//! Values that differ by company and by language: how a call's context chooses them, and how a test sets them.

use serde_json::{Value, json};

use super::Odoo;
use super::company::{Model, Row};
use super::fault::RpcFault;
use super::field::Field;
use super::hooks::{model_mut, object};
use super::query::Query;
use super::reply::Reply;

/// The company of every recorded user: what a call gets that names none.
const MAIN_COMPANY: i64 = 1;

impl Query<'_> {
    /// The value of a field as this call sees it. A company that never set a value of its own has none; a text that
    /// was not translated is English.
    pub(super) fn seen<'b>(&'b self, id: i64, row: &'b Row, name: &str, field: &Field) -> Option<&'b Value> {
        let company = self.first_company();
        if field.company_dependent && company != MAIN_COMPANY {
            return self.model.by_company.get(&(company, id)).and_then(|row| row.get(name));
        }
        let translated = self.language().filter(|_| field.translated);
        let translated = translated.and_then(|code| self.model.by_language.get(&(code.to_owned(), id)));
        translated.and_then(|row| row.get(name)).or_else(|| row.get(name))
    }

    fn first_company(&self) -> i64 {
        let companies = self.arguments.context.get("allowed_company_ids");
        companies.and_then(|ids| ids.get(0)?.as_i64()).unwrap_or(MAIN_COMPANY)
    }

    fn language(&self) -> Option<&str> {
        self.arguments.context.get("lang").and_then(Value::as_str)
    }

    /// The languages that are active, each with its name (`res.lang.get_installed`): for every user.
    pub(super) fn installed_languages(&self) -> Result<Reply, RpcFault> {
        if self.model.name != "res.lang" {
            return Err(RpcFault::no_method(self.company.face, self.model.name, "get_installed"));
        }
        let codes = std::iter::once("en_US").chain(self.company.languages.iter().map(String::as_str));
        Ok(Reply::List(codes.map(|code| Reply::List(vec![Reply::text(code), Reply::text(code)])).collect()))
    }

    /// From 18 on a language that is not installed is refused; before, it is English.
    pub(super) fn check_language(&self) -> Result<(), RpcFault> {
        let company = self.company;
        match self.language() {
            Some(code)
                if code != "en_US" && company.face.is_strict() && !company.languages.contains(code) =>
            {
                Err(RpcFault::user_error(format!("Invalid language code: {code}")))
            }
            _ => Ok(()),
        }
    }
}

impl Odoo {
    /// Writes the values that one company has of its own (`standard_price`, `property_...`). As any write it bumps
    /// `write_date`. Those of company 1 are the record's.
    pub fn write_in_company(&self, model: &str, id: i64, company: i64, values: Value) {
        self.write(model, &[id], if company == 1 { values.clone() } else { json!({}) });
        if company != 1 {
            let mut held = self.company();
            let model = model_mut(&mut held, model);
            let kept = model.own_values(&values, |field| field.company_dependent);
            model.by_company.entry((company, id)).or_default().extend(kept);
        }
    }

    /// Writes texts of a record in a further language, which is installed by it. As any write it bumps `write_date`.
    pub fn translate(&self, model: &str, id: i64, language: &str, texts: Value) {
        self.write(model, &[id], json!({}));
        let mut held = self.company();
        held.languages.insert(language.to_owned());
        let model = model_mut(&mut held, model);
        let kept = model.own_values(&texts, |field| field.translated);
        model.by_language.entry((language.to_owned(), id)).or_default().extend(kept);
    }
}

impl Model {
    /// Values as they are kept, of fields that may differ by company or language.
    fn own_values(&self, values: &Value, may_differ: impl Fn(&Field) -> bool) -> Row {
        let kept = |(name, value): (String, Value)| {
            let field = self.fields.get(&name).filter(|field| may_differ(field));
            let field = field.unwrap_or_else(|| panic!("{name:?} of {} is the same everywhere", self.name));
            Some((name, field.kept(&value)?))
        };
        object(values).into_iter().filter_map(kept).collect()
    }
}
