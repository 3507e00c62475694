//! What an Odoo holds: its models, their fields, its modules.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::layout::ATTRIBUTES;
use super::parts::Shape;
use super::{Odoo, screens};
use crate::entity::Type;
use crate::error::{Error, Kind, Result};
use crate::source::{Described, Object};

impl Odoo {
    /// The models that the user may read.
    ///
    /// `get_available_models` (from Odoo 16 on) gives just these to every internal user; before
    /// it, the list of all models had to do (`odoo/addons/base/models/ir_model.py`).
    pub(super) async fn models(&mut self) -> Result<Vec<Object>> {
        let mut all = Some(Vec::new());
        let method = "get_available_models";
        let asked = self.listing("ir.model", method, vec![], json!({}), |part| add(&mut all, &part));
        let shape = match asked.await {
            Err(error) if is_missing_method(&error) => {
                all = Some(Vec::new());
                self.all_models(|part| add(&mut all, &part)).await?
            }
            shape => shape?,
        };
        let all = all.filter(|_| shape == Shape::List);
        let mut all = all.ok_or_else(|| self.strange("the list of models is none"))?;
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    async fn all_models(&mut self, each: impl FnMut(Value)) -> Result<Shape> {
        let args = vec![("domain", json!([["transient", "=", false]])), ("fields", json!(["model", "name"]))];
        self.listing("ir.model", "search_read", args, json!({"order": "model"}), each).await
    }

    /// The modules that are installed, where the user may see them.
    pub(super) async fn modules(&mut self) -> Result<Vec<Object>> {
        let installed = json!([["state", "=", "installed"]]);
        let args = vec![("domain", installed), ("fields", json!(["name", "shortdesc"]))];
        let mut all = Vec::new();
        let module = |module: Value| {
            let label = text(&module, "shortdesc").unwrap_or_default();
            all.extend(text(&module, "name").map(|name| Object { name, label, kind: "module" }));
        };
        match self.listing("ir.module.module", "search_read", args, json!({"order": "name"}), module).await {
            Err(error) if matches!(error.kind, Kind::Forbidden | Kind::NoObject) => Ok(Vec::new()),
            Ok(Shape::List) => Ok(all),
            shape => shape.map(|_| Vec::new()),
        }
    }

    /// The fields of a model.
    pub(super) async fn described(&mut self, model: &str) -> Result<Vec<Described>> {
        let attributes: Vec<&str> = ATTRIBUTES.into_iter().chain(["string"]).collect();
        let mut fields = Vec::new();
        self.fields_get(model, &attributes, |part| {
            let part = part.as_object().into_iter().flatten();
            fields.extend(part.map(|(name, field)| describe(name, field)));
        })
        .await?;
        let names: HashSet<String> = fields.iter().map(|field| field.name.clone()).collect();
        for field in &mut fields {
            field.is_of_screens = screens::is_of_screens(&field.name, |name| names.contains(name));
        }
        // The key first, then by name: so lists of two servers can be compared.
        fields.sort_by(|a, b| (!a.is_key, &a.name).cmp(&(!b.is_key, &b.name)));
        Ok(fields)
    }
}

/// Puts a model to the list, which is none if this is no model.
fn add(all: &mut Option<Vec<Object>>, model: &Value) {
    let label = model.get("display_name").or_else(|| model.get("name"));
    let name = text(model, "model").zip(label.and_then(Value::as_str));
    match (all.as_mut(), name) {
        (Some(all), Some((name, label))) => {
            all.push(Object { name, label: label.to_string(), kind: "model" });
        }
        _ => *all = None,
    }
}

/// The class of what Odoo raises for a method that is not there differs from version to
/// version and protocol to protocol; all of them count as a refusal of this very request.
fn is_missing_method(error: &Error) -> bool {
    matches!(error.kind, Kind::Remote | Kind::NoObject | Kind::Forbidden | Kind::Internal)
}

fn describe(name: &str, field: &Value) -> Described {
    let kind = text(field, "type").unwrap_or_default();
    let label = text(field, "string").unwrap_or_default();
    let remote_type = match text(field, "relation") {
        Some(relation) => format!("{kind} -> {relation}"),
        None => kind.clone(),
    };
    let column = if is_kept(field) { column(&kind) } else { None };
    let (is_key, is_cursor) = (name == "id", name == "write_date");
    // No scale: what Odoo rounds comes rounded, and its precision may be raised tomorrow.
    Described {
        name: name.to_string(),
        label,
        remote_type,
        column,
        scale: None,
        is_key,
        is_cursor,
        note: None,
        is_of_screens: false,
    }
}

/// Whether a field can be read in bulk: what is neither stored nor read through to something
/// stored is computed anew for every row.
fn is_kept(field: &Value) -> bool {
    let flag = |name| field.get(name).and_then(Value::as_bool).unwrap_or_default();
    let is_related = field.get("related").is_some_and(|related| !related.is_null() && *related != false);
    flag("store") || flag("company_dependent") || (is_related && flag("searchable"))
}

/// The column for a field of this type. The lines behind a one2many have a model of their own.
fn column(kind: &str) -> Option<Type> {
    Some(match kind {
        "integer" | "many2one" | "many2one_reference" => Type::Bigint,
        "float" | "monetary" => Type::Numeric,
        "char" | "text" | "html" | "selection" | "reference" => Type::Text,
        "boolean" => Type::Boolean,
        "date" => Type::Date,
        "datetime" => Type::Timestamptz,
        "json" | "properties" => Type::Jsonb,
        "many2many" => Type::BigintArray,
        _ => return None,
    })
}

fn text(value: &Value, member: &str) -> Option<String> {
    value.get(member).and_then(Value::as_str).map(str::to_string)
}
