//! From a call of a service to its answer: the same for both protocols.

use serde_json::{Map, Value, json};

use super::arguments::{Arguments, METHODS};
use super::company::Company;
use super::face::Face;
use super::fault::{RpcFault, quoted};
use super::jsonrpc::Rpc;
use super::query::Query;
use super::reply::Reply;
use super::user::User;

/// The one database there is, of the version that is started by default.
pub const DATABASE: &str = "odoo17";

/// Methods that may not be called remotely from 18 on, as far as a client could want them.
const PRIVATE: &[&str] = &["exists", "filtered", "mapped", "new", "sudo", "with_context"];

/// Answers one call.
pub(super) fn answer(company: &Company, rpc: &Rpc) -> Result<Reply, RpcFault> {
    match rpc.service.as_str() {
        "common" => common(company, rpc),
        "db" => db(company, rpc),
        "object" => object(company, rpc),
        other => Err(RpcFault::new("builtins.KeyError", quoted(other))),
    }
}

fn common(company: &Company, rpc: &Rpc) -> Result<Reply, RpcFault> {
    match rpc.method.as_str() {
        "version" => Ok(version(company.face)),
        "login" | "authenticate" => {
            check_database(company, text(&rpc.args, 0))?;
            let (login, secret) = (text(&rpc.args, 1), text(&rpc.args, 2));
            let user = company.users.iter().find(|user| user.login == login && user.opens_with(secret));
            Ok(user.map_or(Reply::Bool(false), |user| Reply::int(user.uid)))
        }
        other => Err(no_service_method(other)),
    }
}

fn version(face: Face) -> Reply {
    let info = json!([face.0, 0, 0, "final", 0, ""]);
    let members = [
        ("server_version", Reply::text(face.version())),
        ("server_version_info", Reply::from(&info)),
        ("server_serie", Reply::text(format!("{}.0", face.0))),
        ("protocol_version", Reply::int(1)),
    ];
    Reply::Struct(members.map(|(name, value)| (name.to_owned(), value)).into())
}

fn db(company: &Company, rpc: &Rpc) -> Result<Reply, RpcFault> {
    match rpc.method.as_str() {
        "list" => Ok(Reply::List(vec![Reply::text(company.face.database())])),
        "server_version" => Ok(Reply::text(company.face.version())),
        other => Err(no_service_method(other)),
    }
}

fn no_service_method(method: &str) -> RpcFault {
    RpcFault::new("builtins.Exception", format!("Method not found: {method}"))
}

fn object(company: &Company, rpc: &Rpc) -> Result<Reply, RpcFault> {
    check_database(company, text(&rpc.args, 0))?;
    let user = authorized(company, &rpc.args)?;
    let call = Call::read(rpc)?;
    check_private(company.face, &call.model, &call.method)?;
    call.run(company, user)
}

fn check_database(company: &Company, name: &str) -> Result<(), RpcFault> {
    match name == company.face.database() {
        true if company.is_down => Err(RpcFault::database_down()),
        true => Ok(()),
        false => Err(RpcFault::no_database(name)),
    }
}

/// Fails for a method that is not for clients.
pub(super) fn check_private(face: Face, model: &str, method: &str) -> Result<(), RpcFault> {
    let quoted = face.has_private_methods();
    if !method.starts_with('_') && method != "init" && !(quoted && PRIVATE.contains(&method)) {
        return Ok(());
    }
    let name = if quoted { format!("'{model}.{method}'") } else { method.to_owned() };
    let message = format!("Private methods (such as {name}) cannot be called remotely.");
    Err(RpcFault::access_error(message))
}

fn authorized<'a>(company: &'a Company, args: &[Value]) -> Result<&'a User, RpcFault> {
    let uid = args.get(1).and_then(Value::as_i64);
    let user = company.users.iter().find(|user| Some(user.uid) == uid);
    user.filter(|user| user.opens_with(text(args, 2))).ok_or_else(RpcFault::access_denied)
}

fn text(args: &[Value], at: usize) -> &str {
    args.get(at).and_then(Value::as_str).unwrap_or_default()
}

/// A method call on a model.
pub(super) struct Call {
    pub(super) model: String,
    pub(super) method: String,
    pub(super) args: Vec<Value>,
    pub(super) kwargs: Map<String, Value>,
}

impl Call {
    /// Reads the arguments of `execute_kw`, or of `execute`, which takes the method's own flat.
    pub(super) fn read(rpc: &Rpc) -> Result<Self, RpcFault> {
        let (model, method) = (text(&rpc.args, 3).to_owned(), text(&rpc.args, 4).to_owned());
        let rest = rpc.args.get(5..).unwrap_or_default();
        let (args, kwargs) = match rpc.method.as_str() {
            "execute" => (rest.to_vec(), Map::new()),
            "execute_kw" => {
                let list = rest.first().and_then(Value::as_array).cloned();
                let named = rest.get(1).and_then(Value::as_object).cloned();
                (list.unwrap_or_default(), named.unwrap_or_default())
            }
            other => {
                return Err(RpcFault::new("builtins.NameError", format!("Method not available {other}")));
            }
        };
        Ok(Self { model, method, args, kwargs })
    }

    fn run(self, company: &Company, user: &User) -> Result<Reply, RpcFault> {
        let model = company.model(&self.model)?;
        let signature = METHODS.iter().find(|signature| signature.name == self.method);
        let signature =
            signature.ok_or_else(|| RpcFault::no_method(company.face, &self.model, &self.method))?;
        let arguments = Arguments::bind(signature, &self.args, self.kwargs)?;
        let query = Query { company, user, model, arguments: &arguments };
        query.run(signature.name)
    }
}

impl Query<'_> {
    /// Runs one of the methods that the double knows.
    pub(super) fn run(&self, method: &str) -> Result<Reply, RpcFault> {
        self.check_language()?;
        match method {
            "search_read" => self.search_read(),
            "search" => self.search(),
            "search_count" => self.search_count(),
            "read" => self.read(),
            "exists" => Ok(self.exists()),
            "fields_get" => Ok(self.fields_get()),
            "has_access" => Ok(self.has_access()),
            "check_access_rights" => self.check_access_rights(),
            "read_group" => self.read_group(),
            "get_available_models" => self.available_models(),
            "get_installed" => self.installed_languages(),
            _ => Ok(Reply::None),
        }
    }
}
