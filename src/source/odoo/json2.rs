//! JSON-2, as Odoo speaks it from version 19 on: `POST /json/2/<model>/<method>`.
//!
//! The API key goes in a header with every call, arguments go by name, and the status
//! of the answer carries its meaning. There is no login, no session and no envelope.

use secrecy::ExposeSecret;
use serde_json::Value;

use super::fault::{Asked, Fault};
use super::jsonrpc;
use super::parts::{Counted, Shape};
use super::reading::Reading;
use super::refusal::no_database;
use super::rpc::{Reply, Rpc, SHORT, is_page};
use super::settings::{Protocol, Settings};
use crate::entity::validate::is_model;
use crate::error::{Error, Kind, Result};
use crate::source::hint;
use crate::source::http::{Answer, Request};

impl Rpc {
    /// Calls a method of a model with these arguments, for a short result.
    pub(super) async fn json2(&mut self, model: &str, method: &str, named: &Value) -> Result<Reply> {
        let asked = Asked { object: model, method };
        let request = request(self.settings(), asked, named)?;
        let url = request.url.clone();
        let answer = self.exchange(request.at_most(SHORT)).await?;
        let answer = self.taken(&url, answer, asked)?;
        let decoded = jsonrpc::parse(&answer.body);
        self.reply(answer, decoded, asked)
    }

    /// The same, but hands the parts of the result on as they arrive.
    pub(super) async fn json2_parts(
        &mut self,
        asked: Asked<'_>,
        named: &Value,
        counted: Counted<'_>,
    ) -> Result<Reply<Shape>> {
        let request = request(self.settings(), asked, named)?;
        let url = request.url.clone();
        let most = counted.longest_answer();
        let mut reading = Reading::new(Protocol::Json2, 0, counted);
        let answer = self.exchange_parts(request, most, &mut reading).await?;
        let answer = self.taken(&url, answer, asked)?;
        self.read(answer, reading, asked)
    }

    /// The answer, unless it is a refusal.
    fn taken(&self, url: &str, answer: Answer, asked: Asked<'_>) -> Result<Answer> {
        match refusal(self.settings(), &answer, asked) {
            Some(error) => Err(error),
            None => self.accepted(Protocol::Json2, url, answer),
        }
    }
}

fn request(settings: &Settings, asked: Asked<'_>, named: &Value) -> Result<Request> {
    let Settings { server, url, database, password, .. } = settings;
    // Anything else would be another path.
    if !asked.object.is_empty() && !is_model(asked.object) {
        let message = format!("\"{}\" is no name of a model", asked.object);
        return Err(Error::new(Kind::Usage, message).hint(hint::models(server)));
    }
    let url = format!("{url}/json/2/{}/{}", asked.object, asked.method);
    let unfit = |what: &str, hint: String| {
        Error::new(
            Kind::Config,
            format!("{what} for server \"{server}\" holds a character that HTTP cannot carry"),
        )
        .hint(hint)
    };
    Request::post(url, "application/json", named.to_string().into_bytes())
        .header("x-odoo-database", database)
        .ok_or_else(|| unfit("the database name", settings.way.set("database", "...")))?
        .header("authorization", &format!("bearer {}", password.expose_secret()))
        .ok_or_else(|| unfit("the password", hint::mapping(server, true, "password")))
}

/// The error that Odoo tells by a status. Other ones come from something in front of
/// it, which speaks no JSON-2.
pub(super) fn refusal(settings: &Settings, answer: &Answer, asked: Asked<'_>) -> Option<Error> {
    match answer.status {
        200 => None,
        404 if is_page(answer) => Some(no_database(settings)),
        status => {
            let body = serde_json::from_slice(&answer.body).ok()?;
            Fault::from_status(status, &body).map(|fault| fault.into_error(settings, asked))
        }
    }
}
