//! Which address speaks which protocol.

use serde_json::Value;

use super::company::Company;
use super::face::Face;
use super::fault::RpcFault;
use super::http::{Answer, Request, error_page};
use super::json2::{self, NamedCall};
use super::jsonrpc::{self, Rpc};
use super::reply::Reply;
use super::xmlrpc;

/// How the answer has to be put.
pub(super) enum Protocol {
    Json { id: Value },
    Json2,
    Xml,
}

/// What a request wants: a call to be answered, or a page at once.
pub(super) enum Wanted {
    Call(Protocol, Result<Rpc, RpcFault>),
    NamedCall(NamedCall),
    Page(Answer),
}

pub(super) fn wanted(request: &Request, company: &Company) -> Wanted {
    let path = request.path.split('?').next().unwrap_or_default();
    if let Some(wanted) = json2::wanted(company, request, path) {
        return wanted;
    }
    match path.strip_prefix("/xmlrpc/2/") {
        Some(_) if request.verb != "POST" => Wanted::Page(error_page(
            405,
            "Method Not Allowed",
            "The method is not allowed for the requested URL.",
        )),
        Some(service) => Wanted::Call(Protocol::Xml, xml(service, &request.body)),
        None if path == "/jsonrpc" => json(request),
        None => Wanted::Page(error_page(
            404,
            "Not Found",
            "The requested URL was not found on the server. If you entered the URL manually please check your \
             spelling and try again.",
        )),
    }
}

fn xml(service: &str, body: &[u8]) -> Result<Rpc, RpcFault> {
    let (method, args) = xmlrpc::read(body)?;
    Ok(Rpc { service: service.to_owned(), method, args })
}

fn json(request: &Request) -> Wanted {
    if !request.content_type.starts_with("application/json") {
        let text = "Request inferred type is compatible with [&#39;http&#39;] but &#39;/jsonrpc&#39; is \
                    type=&#39;json&#39;.";
        return Wanted::Page(error_page(400, "Bad Request", text));
    }
    match jsonrpc::read(&request.body) {
        Some(envelope) => Wanted::Call(Protocol::Json { id: envelope.id }, envelope.call),
        None => Wanted::Page(Answer::new(400, "text/html; charset=utf-8", "Invalid JSON data").nosniff()),
    }
}

impl Protocol {
    /// The answer to a call: status 200, errors too, but over JSON-2.
    pub(super) fn answer(&self, face: Face, result: &Result<Reply, RpcFault>) -> Answer {
        match self {
            Self::Json { id } => {
                let answer =
                    Answer::new(200, "application/json; charset=utf-8", jsonrpc::answer(face, id, result));
                // As recorded: the header is missing beside an error.
                if result.is_ok() { answer.nosniff() } else { answer }
            }
            Self::Json2 => json2::answer(result),
            Self::Xml => {
                let answer = Answer::new(200, "text/xml; charset=utf-8", xmlrpc::answer(face, result));
                // As recorded: from 18 on the header is missing beside a fault here too.
                if !face.is_strict() || !xmlrpc::is_fault(result) { answer.nosniff() } else { answer }
            }
        }
    }
}
