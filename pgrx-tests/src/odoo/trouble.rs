//! What can go wrong on the way: rules that spoil answers.

use std::time::Duration;

use super::fault::RpcFault;

/// Which calls a rule is for. Without a condition it is for every request.
#[derive(Clone, Debug, Default)]
pub struct When {
    service: Option<String>,
    model: Option<String>,
    method: Option<String>,
    skip: usize,
    times: Option<usize>,
}

impl When {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Calls of one service: `common`, `object` or `db`.
    pub fn service(mut self, service: &str) -> Self {
        self.service = Some(service.to_owned());
        self
    }

    /// Calls on one model.
    pub fn model(mut self, model: &str) -> Self {
        self.model = Some(model.to_owned());
        self
    }

    /// Calls of one method: `authenticate`, `search_read`, ...
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Lets the first `skip` matching calls through.
    pub fn after(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }

    /// At most so many calls; without it the rule stays until it is cleared.
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// The next matching call only.
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// The nth matching call from now only, counted from 1.
    pub fn nth(self, nth: usize) -> Self {
        self.after(nth.saturating_sub(1)).once()
    }

    fn is_for(&self, service: &str, model: &str, method: &str) -> bool {
        let fits = |wanted: &Option<String>, got: &str| wanted.as_deref().is_none_or(|wanted| wanted == got);
        fits(&self.service, service) && fits(&self.model, model) && fits(&self.method, method)
    }
}

/// What happens instead of, or to, the answer.
#[derive(Clone, Debug)]
pub enum What {
    /// The answer comes, but later. Joins with another rule.
    Sleep(Duration),
    /// The answer comes when the faults are cleared, worked out only then.
    Held,
    /// No answer; the connection stays open until the faults are cleared or the double stops.
    Silent,
    /// The connection closes without a byte.
    Hangup,
    /// The connection closes in the middle of the answer's head.
    CutHead,
    /// The connection closes after so many bytes of the body; `Content-Length` promises all of it.
    CutBody(usize),
    /// The body comes in pieces of so many bytes with a pause after each.
    Drip {
        /// Bytes a piece.
        bytes: usize,
        /// The pause after each piece.
        every: Duration,
    },
    /// An answer of something in front of Odoo.
    Status {
        /// The status code.
        code: u16,
        /// Headers beside the ones every answer has.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: String,
    },
    /// Status 200 and the right content type, but the body is neither JSON nor XML.
    Garbage,
    /// Status 200 with a body that is well formed, right in type, and at least so many bytes long.
    OverLong(usize),
    /// An error of Odoo itself.
    Rpc(RpcFault),
}

impl What {
    /// The page of a proxy whose Odoo is down.
    pub fn bad_gateway() -> Self {
        Self::html(502, "502 Bad Gateway")
    }

    /// The page of a proxy whose Odoo takes too long.
    pub fn gateway_timeout() -> Self {
        Self::html(504, "504 Gateway Time-out")
    }

    /// A proxy's rate limit, with the seconds to wait.
    pub fn throttled(seconds: u32) -> Self {
        let headers = vec![("Retry-After", seconds.to_string()), ("Content-Type", "text/html".to_owned())];
        Self::Status { code: 429, headers, body: page("429 Too Many Requests") }
    }

    /// A page for people with status 200, as single sign-on proxies send it.
    pub fn login_page() -> Self {
        Self::html(200, "Log in")
    }

    /// Another address.
    pub fn redirect(location: &str) -> Self {
        let headers = vec![("Location", location.to_owned()), ("Content-Type", "text/html".to_owned())];
        Self::Status { code: 301, headers, body: page("301 Moved Permanently") }
    }

    /// Status 200 and nothing else.
    pub fn empty() -> Self {
        Self::Status { code: 200, headers: Vec::new(), body: String::new() }
    }

    /// A page of something in front of Odoo.
    pub fn status(code: u16, title: &str) -> Self {
        Self::html(code, title)
    }

    fn html(code: u16, title: &str) -> Self {
        let headers = vec![("Content-Type", "text/html".to_owned())];
        Self::Status { code, headers, body: page(title) }
    }
}

fn page(title: &str) -> String {
    format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx/1.24.0</center>\r\n</body>\r\n</html>\r\n"
    )
}

/// The rules in force.
#[derive(Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// Counts the clearings, so that what waits for one can tell.
    pub(super) cleared: usize,
}

struct Rule {
    when: When,
    what: What,
    met: usize,
}

/// What the rules say about one call.
#[derive(Default)]
pub(super) struct Verdict {
    pub(super) sleep: Duration,
    pub(super) what: Option<What>,
}

impl Rules {
    pub(super) fn add(&mut self, when: When, what: What) {
        self.rules.push(Rule { when, what, met: 0 });
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
        self.cleared += 1;
    }

    /// Counts the call for every rule it meets; the first rule in force wins, and all sleeps add up.
    pub(super) fn judge(&mut self, service: &str, model: &str, method: &str) -> Verdict {
        let mut verdict = Verdict::default();
        for rule in self.rules.iter_mut().filter(|rule| rule.when.is_for(service, model, method)) {
            rule.met += 1;
            let met = rule.met;
            if met <= rule.when.skip || rule.when.times.is_some_and(|times| met > rule.when.skip + times) {
                continue;
            }
            match &rule.what {
                What::Sleep(time) => verdict.sleep += *time,
                what if verdict.what.is_none() => verdict.what = Some(what.clone()),
                _ => {}
            }
        }
        verdict
    }
}
