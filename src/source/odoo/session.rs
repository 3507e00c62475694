//! The login, and calls to models as the user who logged in.

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::Odoo;
use super::fault::Asked;
use super::layout::{ATTRIBUTES, Fields, fields};
use super::parts::{Allowance, Counted, Parts, Shape};
use super::refusal::refused_login;
use super::rpc::{Call, Reply, Trouble};
use super::searchable::Searchable;
use super::settings::{Protocol, Settings};
use crate::error::{Error, Kind, Result};

/// Arguments as a protocol takes them.
enum Arguments {
    Named(Value),
    Placed(Vec<Value>),
}

impl Odoo {
    /// The server's version and the answer that told it; needs no login.
    pub(super) async fn version(&mut self) -> Result<(String, Reply)> {
        let (reply, member) = match self.rpc.protocol().await? {
            Protocol::Json2 => (self.rpc.version_page().await?, "version"),
            Protocol::JsonRpc | Protocol::XmlRpc => (self.common_version().await?, "server_version"),
        };
        match reply.value.get(member).and_then(Value::as_str) {
            Some(version) => Ok((version.to_string(), reply)),
            None => Err(self.strange("it tells no version")),
        }
    }

    async fn common_version(&mut self) -> Result<Reply> {
        let call = Call { service: "common", method: "version", args: Vec::new() };
        self.rpc.call(&call, Asked { object: "common", method: "version" }).await
    }

    /// The user's id. Asked for once: each login with a password costs the server 0.7 s (PBKDF2).
    pub(super) async fn uid(&mut self) -> Result<i64> {
        if let Some(uid) = self.uid {
            return Ok(uid);
        }
        let uid = match self.rpc.protocol().await? {
            Protocol::Json2 => self.owner().await?,
            Protocol::JsonRpc | Protocol::XmlRpc => self.authenticate().await?,
        };
        self.uid = Some(uid);
        Ok(uid)
    }

    /// The user whom the API key belongs to: JSON-2 knows no login, each call is checked for itself.
    async fn owner(&mut self) -> Result<i64> {
        let reply = self.rpc.json2("res.users", "context_get", &json!({})).await?;
        let uid = reply.value.get("uid").and_then(Value::as_i64);
        uid.ok_or_else(|| self.strange("it tells no user id"))
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

    /// Calls a method of a model, for a short result. The arguments of `args` have their names, but go by
    /// their places where the protocol knows places, as Odoo's own clients send them.
    pub(super) async fn execute(
        &mut self,
        model: &str,
        method: &str,
        args: Vec<(&str, Value)>,
        named: Value,
    ) -> Result<Reply> {
        let reply = match self.arguments(model, method, args, named).await? {
            Arguments::Named(named) => self.rpc.json2(model, method, &named).await,
            Arguments::Placed(args) => {
                let call = Call { service: "object", method: "execute_kw", args };
                self.rpc.call(&call, Asked { object: model, method }).await
            }
        };
        self.forgetting_the_login(reply)
    }

    /// The same, but hands the parts of the result on as they arrive.
    pub(super) async fn execute_parts(
        &mut self,
        asked: Asked<'_>,
        args: Vec<(&str, Value)>,
        named: Value,
        allowance: Allowance,
        parts: &mut dyn Parts,
    ) -> Result<Reply<Shape>> {
        let counted = Counted::new(parts, allowance);
        let reply = match self.arguments(asked.object, asked.method, args, named).await? {
            Arguments::Named(named) => self.rpc.json2_parts(asked, &named, counted).await,
            Arguments::Placed(args) => {
                let call = Call { service: "object", method: "execute_kw", args };
                self.rpc.call_parts(&call, asked, counted).await
            }
        };
        self.forgetting_the_login(reply)
    }

    fn forgetting_the_login<T>(&mut self, reply: Result<T>) -> Result<T> {
        if reply.as_ref().is_err_and(|e| e.kind == Kind::Login) {
            self.uid = None;
        }
        reply
    }

    async fn arguments(
        &mut self,
        model: &str,
        method: &str,
        args: Vec<(&str, Value)>,
        named: Value,
    ) -> Result<Arguments> {
        let mut named = match named {
            Value::Object(named) => named,
            _ => Map::new(),
        };
        if matches!(method, "search" | "search_read" | "search_count") {
            named.insert("context".into(), self.context());
        }
        if self.rpc.protocol().await? == Protocol::Json2 {
            named.extend(args.into_iter().map(|(name, value)| (name.to_string(), value)));
            return Ok(Arguments::Named(Value::Object(named)));
        }
        let uid = self.uid().await?;
        let settings = self.rpc.settings();
        Ok(Arguments::Placed(vec![
            json!(settings.database),
            json!(uid),
            json!(settings.password.expose_secret()),
            json!(model),
            json!(method),
            args.into_iter().map(|(_, value)| value).collect(),
            Value::Object(named),
        ]))
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
        let (method, named) = match self.rpc.protocol().await? {
            Protocol::Json2 => ("has_access", json!({})),
            Protocol::JsonRpc | Protocol::XmlRpc => {
                ("check_access_rights", json!({"raise_exception": false}))
            }
        };
        let reply = self.execute(model, method, vec![("operation", json!("read"))], named).await?;
        reply.value.as_bool().ok_or_else(|| self.strange("the answer about rights is no boolean"))
    }

    /// The fields of a model, asked for once.
    pub(super) async fn fields(&mut self, model: &str) -> Result<&Fields> {
        if !self.fields.contains_key(model) {
            let (mut known, mut searchable) = (Some(Fields::new()), Searchable::default());
            self.fields_get(model, &ATTRIBUTES, |field| {
                searchable.note(field);
                match (&mut known, fields(field)) {
                    (Some(known), Some(field)) => known.extend(field),
                    _ => known = None,
                }
            })
            .await?;
            let known = known.ok_or_else(|| self.strange("the list of fields is none"))?;
            self.fields.insert(model.to_string(), known);
            self.searchable.insert(model.to_string(), searchable);
        }
        self.fields.get(model).ok_or_else(|| Error::new(Kind::Internal, "the list of fields was lost"))
    }

    /// Asks for these attributes of all fields of a model. `each` gets a structure of one field.
    pub(super) async fn fields_get(
        &mut self,
        model: &str,
        attributes: &[&str],
        mut each: impl FnMut(&Value),
    ) -> Result<()> {
        let all = vec![("allfields", json!([]))];
        let shape =
            self.listing(model, "fields_get", all, json!({"attributes": attributes}), |field| each(&field));
        match shape.await? {
            Shape::Structure => Ok(()),
            _ => Err(self.strange("the list of fields is none")),
        }
    }

    /// Calls a method whose result is a list of what there is. `each` gets one part of it.
    pub(super) async fn listing(
        &mut self,
        model: &str,
        method: &str,
        args: Vec<(&str, Value)>,
        named: Value,
        mut each: impl FnMut(Value),
    ) -> Result<Shape> {
        let mut part = |json: &str| {
            let broken = |_| Trouble::Garbage("no JSON in a part of a list".into());
            each(serde_json::from_str(json).map_err(broken)?);
            Ok(())
        };
        let asked = Asked { object: model, method };
        Ok(self.execute_parts(asked, args, named, Allowance::LISTING, &mut part).await?.value)
    }

    /// An answer in the right protocol that makes no sense.
    pub(super) fn strange(&self, why: &str) -> Error {
        let Settings { server, way, .. } = self.rpc.settings();
        Error::new(Kind::BadAnswer, format!("\"{server}\" does not answer as Odoo does: {why}"))
            .hint(format!("name an Odoo server: {}", way.set("url", "https://...")))
    }
}
