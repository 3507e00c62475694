//! The login, and calls to models as the user who logged in.

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::Odoo;
use super::fault::{Asked, refused_login};
use super::layout::{ATTRIBUTES, Fields, fields};
use super::rpc::{Call, Reply};
use super::settings::Settings;
use crate::error::{Error, Kind, Result};

impl Odoo {
    /// What the server says about itself; needs no login.
    pub(super) async fn version(&mut self) -> Result<Reply> {
        let call = Call { service: "common", method: "version", args: Vec::new() };
        self.rpc.call(&call, Asked { object: "common", method: "version" }).await
    }

    /// The user's id. Asked for once: each login costs the server 0.7 s (PBKDF2).
    pub(super) async fn uid(&mut self) -> Result<i64> {
        if let Some(uid) = self.uid {
            return Ok(uid);
        }
        let uid = self.authenticate().await?;
        self.uid = Some(uid);
        Ok(uid)
    }

    async fn authenticate(&mut self) -> Result<i64> {
        let settings = self.rpc.settings();
        let args = vec![
            json!(settings.database),
            json!(settings.username),
            json!(settings.password.expose_secret()),
            json!({}),
        ];
        let call = Call { service: "common", method: "authenticate", args };
        let reply = self.rpc.call(&call, Asked { object: "common", method: "authenticate" }).await?;
        match reply.value {
            // Not a fault: a client that took `false` for the id would be refused one call later.
            Value::Bool(false) => Err(refused_login(self.rpc.settings())),
            other => other.as_i64().ok_or_else(|| self.strange("the login's answer is no user id")),
        }
    }

    /// Calls a method of a model. `context` is added to the named arguments.
    pub(super) async fn execute(
        &mut self,
        model: &str,
        method: &str,
        args: Value,
        mut named: Value,
    ) -> Result<Reply> {
        let uid = self.uid().await?;
        let settings = self.rpc.settings();
        if let (Some(named), "search_read" | "search_count") = (named.as_object_mut(), method) {
            named.insert("context".into(), self.context());
        }
        let password = settings.password.expose_secret();
        let args = vec![
            json!(settings.database),
            json!(uid),
            json!(password),
            json!(model),
            json!(method),
            args,
            named,
        ];
        let call = Call { service: "object", method: "execute_kw", args };
        let reply = self.rpc.call(&call, Asked { object: model, method }).await;
        if reply.as_ref().is_err_and(|e| e.kind == Kind::Login) {
            self.uid = None;
        }
        reply
    }

    /// Archived rows are rows; without `lang` texts are English whatever the user's language.
    fn context(&self) -> Value {
        let settings = self.rpc.settings();
        let mut context = Map::from_iter([("active_test".to_string(), json!(false))]);
        if let Some(language) = &settings.language {
            context.insert("lang".into(), json!(language));
        }
        if !settings.companies.is_empty() {
            context.insert("allowed_company_ids".into(), json!(settings.companies));
        }
        Value::Object(context)
    }

    /// Whether the user may read the model. It says nothing about single rows.
    pub(super) async fn may_read(&mut self, model: &str) -> Result<bool> {
        let named = json!({"raise_exception": false});
        let reply = self.execute(model, "check_access_rights", json!(["read"]), named).await?;
        reply.value.as_bool().ok_or_else(|| self.strange("the answer about rights is no boolean"))
    }

    /// The fields of a model, asked for once.
    pub(super) async fn fields(&mut self, model: &str) -> Result<&Fields> {
        if !self.fields.contains_key(model) {
            let reply =
                self.execute(model, "fields_get", json!([[]]), json!({"attributes": ATTRIBUTES})).await?;
            let known = fields(&reply.value).ok_or_else(|| self.strange("the list of fields is none"))?;
            self.fields.insert(model.to_string(), known);
        }
        self.fields.get(model).ok_or_else(|| Error::new(Kind::Internal, "the list of fields was lost"))
    }

    /// An answer in the right protocol that makes no sense.
    pub(super) fn strange(&self, why: &str) -> Error {
        let Settings { server, way, .. } = self.rpc.settings();
        Error::new(Kind::BadAnswer, format!("\"{server}\" does not answer as Odoo does: {why}"))
            .hint(format!("name an Odoo server: {}", way.set("url", "https://...")))
    }
}
