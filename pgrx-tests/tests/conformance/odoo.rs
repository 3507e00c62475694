//! The Odoo double as a remote of the conformance list: its invoices, which have a column of every type.

use erp_sync_tests::odoo::{ADMIN_KEY, Logged, Odoo, What, When};
use serde_json::{Map, Value, json};

use crate::remote::{Pages, Place, Remote, Row, Rows, Trouble};

const MODEL: &str = "account.move";
/// In the order of a [`Row`].
const FIELDS: [&str; 6] =
    ["ref", "partner_id", "amount_total", "invoice_date", "create_date", "is_move_sent"];

/// An Odoo, spoken to in one of its protocols.
pub struct OdooRemote {
    odoo: Odoo,
    protocol: &'static str,
    password: &'static str,
}

impl OdooRemote {
    pub fn json_rpc() -> OdooRemote {
        OdooRemote::of(Odoo::start(), "jsonrpc", "admin")
    }

    pub fn xml_rpc() -> OdooRemote {
        OdooRemote::of(Odoo::start(), "xmlrpc", "admin")
    }

    pub fn json_2() -> OdooRemote {
        OdooRemote::of(Odoo::start_as(19), "json2", ADMIN_KEY)
    }

    pub fn json_rpc_behind_proxy() -> OdooRemote {
        OdooRemote::of(Odoo::behind_proxy(), "jsonrpc", "admin")
    }

    pub fn xml_rpc_behind_proxy() -> OdooRemote {
        OdooRemote::of(Odoo::behind_proxy(), "xmlrpc", "admin")
    }

    pub fn json_2_behind_proxy() -> OdooRemote {
        OdooRemote::of(Odoo::behind_proxy_as(19), "json2", ADMIN_KEY)
    }

    fn of(odoo: Odoo, protocol: &'static str, password: &'static str) -> OdooRemote {
        for model in [MODEL, "account.move.line"] {
            let ids: Vec<i64> =
                odoo.records_with(model, &[]).iter().filter_map(|row| row["id"].as_i64()).collect();
            odoo.delete(model, &ids);
        }
        OdooRemote { odoo, protocol, password }
    }

    /// The first question of a run is for the newest row, the pages come behind it.
    fn page_calls(&self, pages: Pages) -> When {
        let calls = When::any().model(MODEL).method("search_read");
        match pages {
            Pages::Only(page) => calls.nth(page + 1),
            Pages::From(page) => calls.after(page),
        }
    }
}

impl Remote for OdooRemote {
    fn setup(&self, max_page: usize) -> String {
        let (url, database) = (self.odoo.url(), self.odoo.database());
        let OdooRemote { protocol, password, .. } = self;
        format!(
            "create server remote foreign data wrapper odoo options
               (url '{url}', database '{database}', protocol '{protocol}', max_page '{max_page}', min_page '1');
             create user mapping for current_user server remote options (username 'admin', password '{password}')"
        )
    }

    fn place(&self) -> Place {
        let columns = ["ref", "partner_id", "amount_total", "invoice_date", "created_at", "is_sent"];
        Place { entity: "invoices", table: "erp.invoices", columns }
    }

    fn add(&self, rows: Vec<Row>) -> Vec<i64> {
        self.odoo.import(MODEL, rows.len(), |at| record(&rows[at]))
    }

    fn add_late(&self, row: Row, seconds_ago: i64) -> i64 {
        self.odoo.commit_late(MODEL, record(&row), seconds_ago)
    }

    fn change(&self, key: i64, text: &str) {
        self.odoo.write(MODEL, &[key], json!({ "ref": text }));
    }

    fn change_late(&self, key: i64, text: &str, seconds_ago: i64) {
        self.odoo.write_late(MODEL, &[key], json!({ "ref": text }), seconds_ago);
    }

    fn delete(&self, key: i64) {
        self.odoo.delete(MODEL, &[key]);
    }

    fn advance(&self, seconds: i64) {
        self.odoo.advance(seconds);
    }

    fn holds(&self) -> Rows {
        let records = self.odoo.records_with(MODEL, &FIELDS);
        records.iter().map(|record| (record["id"].as_i64().expect("an id"), row(record))).collect()
    }

    fn spoil(&self, pages: Pages, trouble: Trouble) {
        self.odoo.fault(self.page_calls(pages), what(trouble));
    }

    fn recover(&self) {
        self.odoo.clear_faults();
    }

    fn pages_asked(&self) -> usize {
        self.odoo.calls().iter().filter(|call| is_page(call)).count()
    }

    fn logins_refused(&self) -> usize {
        // Every call shows the password or key, but for the question for the version.
        self.odoo.calls().iter().filter(|call| call.method != "version").count()
    }

    fn change_password(&self, back: bool) {
        let new = if back { self.password } else { "fedcba9876543210fedcba9876543210fedcba98" };
        self.odoo.set_password("admin", new);
        self.odoo.set_api_key("admin", Some(new));
        self.odoo.forget_calls();
    }

    fn revoke(&self, back: bool) {
        if back { self.odoo.grant("admin", MODEL) } else { self.odoo.revoke("admin", MODEL) }
    }

    fn drop_object(&self) {
        self.odoo.uninstall(MODEL);
    }
}

fn is_page(call: &Logged) -> bool {
    call.model == MODEL && call.method == "search_read" && call.kwargs["order"] == "id"
}

fn what(trouble: Trouble) -> What {
    match trouble {
        Trouble::Late(time) => What::Sleep(time),
        Trouble::Trickling => What::Drip { bytes: 3, every: std::time::Duration::from_millis(50) },
        Trouble::Held => What::Held,
        Trouble::Closed => What::Hangup,
        Trouble::CutAtTheTop => What::CutHead,
        Trouble::CutInTheMiddle => What::CutBody(300),
        Trouble::Garbage => What::Garbage,
        Trouble::OverLong(bytes) => What::OverLong(bytes),
        Trouble::Throttled(seconds) => What::throttled(seconds),
    }
}

/// A posted invoice; what has no value is not given.
fn record(row: &Row) -> Value {
    let number = |text: &String| serde_json::from_str::<Value>(text).expect("a number");
    let values = [
        row.text.clone().map(Value::from),
        row.whole.map(Value::from),
        row.decimal.as_ref().map(number),
        row.day.clone().map(Value::from),
        row.moment.clone().map(Value::from),
        row.flag.map(Value::from),
    ];
    let given = FIELDS.into_iter().zip(values).filter_map(|(field, value)| Some((field.to_owned(), value?)));
    let kept = [("move_type", json!("out_invoice")), ("state", json!("posted"))];
    let kept = kept.map(|(field, value)| (field.to_owned(), value));
    Value::Object(kept.into_iter().chain(given).collect::<Map<_, _>>())
}

/// `false` is no value, but for a flag.
fn row(record: &Value) -> Row {
    let text = |field: &str| record[field].as_str().map(str::to_owned);
    Row {
        text: text("ref"),
        whole: record["partner_id"].as_i64(),
        decimal: record["amount_total"].is_number().then(|| record["amount_total"].to_string()),
        day: text("invoice_date"),
        moment: text("create_date"),
        flag: record["is_move_sent"].as_bool(),
    }
}
