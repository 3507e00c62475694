//! Python's binding of arguments to a method's parameters.

use serde_json::{Map, Value};

use super::fault::{RpcFault, quoted};
use super::json2::unprocessable;

/// A model method's parameters, without `self` and the record ids; the first `required` have no default.
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) parameters: &'static [&'static str],
    pub(super) required: usize,
    /// Called on records: the first argument is a list of ids.
    pub(super) on_records: bool,
}

/// The methods a sync could call.
pub(super) const METHODS: &[Signature] = &[
    on_model("search_read", &["domain", "fields", "offset", "limit", "order", "load"], 0),
    on_model("search", &["domain", "offset", "limit", "order"], 1),
    on_model("search_count", &["domain", "limit"], 1),
    on_model("fields_get", &["allfields", "attributes"], 0),
    on_model("get_available_models", &[], 0),
    on_model("get_installed", &[], 0),
    on_model("check_access_rights", &["operation", "raise_exception"], 1),
    on_model("read_group", &["domain", "fields", "groupby", "offset", "limit", "orderby", "lazy"], 3),
    on_records("read", &["fields", "load"]),
    Signature { required: 1, ..on_records("has_access", &["operation"]) },
    on_records("exists", &[]),
    // Returns nothing: the one way to see an answer without a result.
    on_records("toggle_active", &[]),
];

const fn on_model(name: &'static str, parameters: &'static [&'static str], required: usize) -> Signature {
    Signature { name, parameters, required, on_records: false }
}

const fn on_records(name: &'static str, parameters: &'static [&'static str]) -> Signature {
    Signature { name, parameters, required: 0, on_records: true }
}

/// The arguments of one call, by name.
pub(super) struct Arguments {
    values: Map<String, Value>,
    pub(super) ids: Vec<i64>,
    pub(super) context: Value,
}

impl Arguments {
    pub(super) fn bind(
        signature: &Signature,
        mut args: &[Value],
        mut kwargs: Map<String, Value>,
    ) -> Result<Self, RpcFault> {
        let context = kwargs.remove("context").unwrap_or(Value::Null);
        let mut ids = Vec::new();
        if signature.on_records {
            let (first, rest) = args.split_first().unwrap_or((&Value::Null, &[]));
            ids = listed(first);
            args = rest;
        }
        signature.check(args.len(), &kwargs)?;
        let named = signature.parameters.iter().map(|name| (*name).to_owned());
        let mut values: Map<_, _> = named.zip(args.iter().cloned()).collect();
        values.extend(kwargs);
        Ok(Self { values, ids, context })
    }

    /// All arguments by name, as JSON-2 takes them. Ids that are no list of numbers are no error.
    pub(super) fn by_name(
        signature: &Signature,
        model: &str,
        mut named: Map<String, Value>,
    ) -> Result<Self, RpcFault> {
        let context = named.remove("context").unwrap_or(Value::Null);
        let ids = named.remove("ids");
        let name = signature.name;
        if ids.is_some() && !signature.on_records {
            return Err(unprocessable(format!("cannot call {model}.{name} with ids")));
        }
        let unknown =
            named.keys().find(|key| !signature.parameters.contains(&key.as_str())).map(|key| quoted(key));
        match unknown {
            // It takes any argument and passes it on.
            Some(unknown) if name == "search_read" => {
                let message =
                    format!("BaseModel._read_format() got an unexpected keyword argument {unknown}");
                return Err(RpcFault::type_error(message));
            }
            Some(unknown) => {
                return Err(unprocessable(format!("got an unexpected keyword argument {unknown}")));
            }
            None => {}
        }
        let required = &signature.parameters[..signature.required];
        match required.iter().find(|name| !named.contains_key(**name)) {
            Some(missing) => Err(unprocessable(format!("missing a required argument: '{missing}'"))),
            None => Ok(Self { values: named, ids: ids.as_ref().map(listed).unwrap_or_default(), context }),
        }
    }

    pub(super) fn get(&self, name: &str) -> &Value {
        self.values.get(name).unwrap_or(&Value::Null)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A count: nothing, 0 and false all mean "no limit", and digits in a text are accepted.
    pub(super) fn count(&self, name: &str) -> Option<usize> {
        let value = self.get(name);
        let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
        number.and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0)
    }

    pub(super) fn texts(&self, name: &str) -> Vec<&str> {
        match self.get(name) {
            Value::String(text) => vec![text],
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

fn listed(ids: &Value) -> Vec<i64> {
    match ids {
        Value::Array(ids) => ids.iter().filter_map(Value::as_i64).collect(),
        one => one.as_i64().into_iter().collect(),
    }
}

impl Signature {
    fn check(&self, given: usize, kwargs: &Map<String, Value>) -> Result<(), RpcFault> {
        let name = self.name;
        // `load` reaches `search_read` as one of its keyword arguments only.
        let positional = self.parameters.len() - usize::from(name == "search_read");
        if given > positional {
            let (most, given) = (positional + 1, given + 1);
            let least = self.required + 1;
            let takes = if least == most { format!("{most}") } else { format!("from {least} to {most}") };
            return Err(RpcFault::type_error(format!(
                "BaseModel.{name}() takes {takes} positional arguments but {given} were given"
            )));
        }
        if let Some(unknown) = kwargs.keys().find(|key| !self.parameters.contains(&key.as_str())) {
            let unknown = quoted(unknown);
            let method = if name == "search_read" { "read" } else { name };
            return Err(RpcFault::type_error(format!(
                "BaseModel.{method}() got an unexpected keyword argument {unknown}"
            )));
        }
        match self.parameters[..self.required].iter().skip(given).find(|name| !kwargs.contains_key(**name)) {
            None => Ok(()),
            Some(missing) => Err(RpcFault::type_error(format!(
                "BaseModel.{name}() missing 1 required positional argument: '{missing}'"
            ))),
        }
    }
}
