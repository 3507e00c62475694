//! What a term finds in the model that a field points to.

use serde_json::{Value, json};

use super::company::{Company, Model};
use super::domain::Domain;
use super::fault::RpcFault;
use super::field::Field;

/// The ids of a field's model that a domain finds: what a path or `any` stands for.
pub(super) fn targets(
    company: &Company,
    model: &Model,
    field: &Field,
    domain: &Value,
) -> Result<Value, RpcFault> {
    let relation = field.relation.as_deref().and_then(|relation| company.models.get(relation));
    let Some(target) = relation else {
        let message = format!("the double holds no model to look into from {}", model.name);
        return Err(RpcFault::new("builtins.NotImplementedError", message));
    };
    let domain = Domain::compile(company, target, domain)?;
    let ids: Vec<_> = target.rows.iter().filter(|(_, row)| domain.holds(row)).map(|(id, _)| *id).collect();
    Ok(json!(ids))
}

/// The domain of a record's descendants or ancestors, by `parent_path` where the model has one, else itself alone.
pub(super) fn family(company: &Company, field: &Field, name: &str, operator: &str, value: &Value) -> Value {
    let ids = match value {
        Value::Array(ids) => ids.clone(),
        other => vec![other.clone()],
    };
    let target = field.relation.as_deref().and_then(|relation| company.models.get(relation));
    let Some(target) = target.filter(|target| name != "id" && target.fields.contains_key("parent_path"))
    else {
        return json!([["id", "in", ids]]);
    };
    let path = |id: i64| target.rows.get(&id).and_then(|row| row.get("parent_path")?.as_str());
    let within =
        |inner: &str, id: &Value| inner.split('/').any(|part| json!(part.parse::<i64>().ok()) == *id);
    let wanted = |id: &i64| {
        ids.iter().any(|root| match operator {
            "child_of" => path(*id).is_some_and(|path| within(path, root)),
            _ => root.as_i64().and_then(path).is_some_and(|path| within(path, &json!(id))),
        })
    };
    json!([["id", "in", target.rows.keys().copied().filter(wanted).collect::<Vec<_>>()]])
}
