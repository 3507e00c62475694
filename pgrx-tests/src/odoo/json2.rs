//! JSON-2 as Odoo 19 speaks it: `/json/2/<model>/<method>`, and the version pages beside it.

use serde_json::{Map, Value};

use super::arguments::{Arguments, METHODS};
use super::call::check_private;
use super::company::Company;
use super::fault::RpcFault;
use super::http::{Answer, Request, error_page};
use super::jsonrpc::write;
use super::query::Query;
use super::reply::Reply;
use super::route::Wanted;
use super::user::User;

/// The page for a database that is not known, not given, or not reachable.
const NO_DATABASE: &str = include_str!("../../fixtures/odoo19/wire/json2_fault_wrong_db.response.html");
const WRONG_TYPE: &str =
    include_str!("../../fixtures/odoo19/wire/json2_fault_wrong_content_type.response.html");
const COOKIE: &str =
    "session_id=0123456789abcdef; Expires=Sat, 20 Nov 2027 10:16:35 GMT; Max-Age=604800; HttpOnly; Path=/";

/// A method call on a model, all arguments by name.
pub(super) struct NamedCall {
    pub(super) model: String,
    pub(super) method: String,
    authorization: String,
    body: Vec<u8>,
}

/// What a request to `/json/...` or `/web/version` wants, or `None` where this version has no such address.
pub(super) fn wanted(company: &Company, request: &Request, path: &str) -> Option<Wanted> {
    let rest = path.strip_prefix("/json/");
    match (company.face.0, rest) {
        (19.., _) if matches!(path, "/json/version" | "/web/version") => Some(Wanted::Page(version())),
        (18.., Some(rest)) => Some(match rest.strip_prefix("2/").filter(|_| company.face.is_19()) {
            Some(call) => by_name(company, request, call),
            None => Wanted::Page(to_login(path)),
        }),
        _ => None,
    }
}

fn version() -> Answer {
    let body = r#"{"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"}"#;
    let mut answer = Answer::new(200, "application/json; charset=utf-8", body).nosniff();
    answer.headers.push(("Set-Cookie", COOKIE.to_owned()));
    answer
}

/// Other addresses below `/json` are for people who are logged in.
fn to_login(path: &str) -> Answer {
    let mut answer = error_page(303, "See Other", "You should be redirected automatically.");
    answer.headers.push(("Location", format!("/web/login?redirect={}%3F", path.replace('/', "%2F"))));
    answer
}

fn by_name(company: &Company, request: &Request, call: &str) -> Wanted {
    let is_offered = match request.database.as_deref() {
        Some(name) => name == company.face.database(),
        None => !company.is_one_of_many,
    };
    if !is_offered || company.is_down {
        return Wanted::Page(Answer::new(404, "text/html; charset=utf-8", NO_DATABASE));
    }
    if request.verb == "POST" && !request.content_type.starts_with("application/json") {
        let mut answer = Answer::new(415, "text/html; charset=utf-8", WRONG_TYPE);
        answer.headers.push(("Accept", "application/json".to_owned()));
        return Wanted::Page(answer);
    }
    // Any other path and any other verb is a call of nothing.
    let (model, method) = call.split_once('/').filter(|_| request.verb == "POST").unwrap_or_default();
    Wanted::NamedCall(NamedCall {
        model: model.to_owned(),
        method: method.to_owned(),
        authorization: request.authorization.clone(),
        body: request.body.clone(),
    })
}

impl NamedCall {
    /// The arguments: what is no object counts as none.
    pub(super) fn named(&self) -> Result<Map<String, Value>, RpcFault> {
        if self.body.is_empty() {
            return Ok(Map::new());
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(named)) => Ok(named),
            Ok(_) => Ok(Map::new()),
            Err(error) => {
                let (line, column) = (error.line(), error.column() + 1);
                let at = format!("line {line} column {column} (char {})", column - 1);
                Err(werkzeug(
                    "BadRequest",
                    format!("could not parse the body as json: Expecting value: {at}"),
                ))
            }
        }
    }

    pub(super) fn answer(&self, company: &Company) -> Result<Reply, RpcFault> {
        let user = self.user(company)?;
        let named = self.named()?;
        let (model, method) = (self.model.as_str(), self.method.as_str());
        if method.is_empty() {
            return Err(not_found("Did you mean POST /json/2/<model>/<method>?"));
        }
        if (model, method) == ("res.users", "context_get") {
            return Ok(context(user));
        }
        let known = company.models.get(model);
        let known = known.ok_or_else(|| not_found(format!("the model '{model}' does not exist")))?;
        check_private(company.face, model, method)?;
        let signature = METHODS.iter().find(|signature| signature.name == method);
        let absent = || not_found(format!("The method '{model}.{method}' does not exist"));
        let signature = signature.ok_or_else(absent)?;
        let arguments = Arguments::by_name(signature, model, named)?;
        Query { company, user, model: known, arguments: &arguments }.run(method)
    }

    /// Whose key it is. One that has expired, was revoked or is of another scope is unknown.
    fn user<'a>(&self, company: &'a Company) -> Result<&'a User, RpcFault> {
        let key = match self.authorization.split_once(' ') {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
            _ => {
                let message = "User not authenticated, use an API Key with a Bearer Authorization header.";
                return Err(werkzeug("Unauthorized", message));
            }
        };
        let user = company.users.iter().find(|user| user.api_key.as_deref() == Some(key));
        user.ok_or_else(|| werkzeug("Unauthorized", "Invalid apikey"))
    }
}

fn context(user: &User) -> Reply {
    let members = [
        ("lang", Reply::text("en_US")),
        ("tz", Reply::text("Europe/Brussels")),
        ("uid", Reply::int(user.uid)),
    ];
    Reply::Struct(members.map(|(name, value)| (name.to_owned(), value)).into())
}

fn werkzeug(name: &str, message: impl Into<String>) -> RpcFault {
    RpcFault::new(&format!("werkzeug.exceptions.{name}"), message)
}

fn not_found(message: impl Into<String>) -> RpcFault {
    werkzeug("NotFound", message)
}

/// An argument that is missing, unknown or not for this method.
pub(super) fn unprocessable(message: String) -> RpcFault {
    werkzeug("UnprocessableEntity", message)
}

/// The status an exception is told with.
fn status(fault: &RpcFault) -> u16 {
    match fault.name.rsplit('.').next().unwrap_or_default() {
        "BadRequest" => 400,
        "Unauthorized" => 401,
        "AccessError" | "AccessDenied" => 403,
        "NotFound" | "MissingError" => 404,
        "LockError" => 409,
        "UserError" | "ValidationError" | "RedirectWarning" | "UnprocessableEntity" => 422,
        _ => 500,
    }
}

/// The answer to a call: the bare value, or the exception under its status.
pub(super) fn answer(result: &Result<Reply, RpcFault>) -> Answer {
    let json = |code, reply: &Reply| {
        let mut body = String::new();
        write(reply, &mut body);
        Answer::new(code, "application/json; charset=utf-8", body)
    };
    match result {
        Ok(reply) => json(200, reply).nosniff(),
        Err(fault) => {
            let code = status(fault);
            let mut answer = json(code, &body(fault, code));
            if code == 401 {
                answer.headers.push(("WWW-Authenticate", "Bearer ".to_owned()));
            }
            answer
        }
    }
}

fn body(fault: &RpcFault, code: u16) -> Reply {
    let mut arguments = vec![Reply::text(&fault.message)];
    if fault.name.starts_with("werkzeug.") {
        arguments.push(Reply::int(code));
    }
    let members = [
        ("name", Reply::text(&fault.name)),
        ("message", Reply::text(&fault.message)),
        ("arguments", Reply::List(arguments)),
        ("context", Reply::Struct(Vec::new())),
        ("debug", Reply::text(fault.traceback())),
    ];
    Reply::Struct(members.map(|(name, value)| (name.to_owned(), value)).into())
}
