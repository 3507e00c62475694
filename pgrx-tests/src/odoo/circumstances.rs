//! What a call's context decides: for which company and in which language values are shown.

use serde_json::Value;

use super::company::Row;
use super::fault::RpcFault;
use super::field::Field;
use super::query::Query;

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
