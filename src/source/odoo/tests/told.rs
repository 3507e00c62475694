//! Refusals as psql shows them, of which most cannot be provoked by what a user may type.

use serde_json::{Value, json};

use super::fixture::remote;
use super::recorded::all;
use crate::error::Error;
use crate::source::http::{Answer, accept};
use crate::source::odoo::fault::{Asked, Fault};
use crate::source::odoo::outside::blocked;
use crate::source::odoo::settings::{Protocol, Settings};

const ASKED: Asked<'static> = Asked { object: "res.partner", method: "search_read" };

fn settings(url: &str) -> Settings {
    Settings::new(remote(url)).unwrap()
}

fn shown(title: &str, error: &Error) -> String {
    let detail = error.detail.as_ref().map(|detail| format!("DETAIL:  {detail}\n")).unwrap_or_default();
    let original = error
        .original
        .as_ref()
        .map(|words| format!("NOTICE:  original error: {words}\n"))
        .unwrap_or_default();
    format!("-- {title}\n{original}ERROR:  {error}\n{detail}HINT:  {}\n", error.hint_or_default())
}

/// The recorded fault of this name, over JSON-RPC.
fn recorded(version: &str, name: &str) -> Error {
    let body: Value = serde_json::from_slice(&all(version, "jsonrpc", "response")[name]).unwrap();
    Fault::from_json(&body["error"]).into_error(&settings("https://erp.example.com"), ASKED)
}

fn raised(url: &str, class: &str, message: &str) -> Error {
    let error = json!({"data": {"name": class, "message": message}});
    Fault::from_json(&error).into_error(&settings(url), ASKED)
}

#[test]
fn a_recorded_refusal_is_told_with_what_to_do() {
    let names = [
        "fault_private_method",
        "fault_bad_operator",
        "fault_bad_date",
        "fault_unknown_field_domain",
        "fault_access_error_field_group",
        "fault_access_rule_record",
        "fault_wrong_password",
    ];
    let told: Vec<String> = names.map(|name| shown(name, &recorded("17", name))).into();
    insta::assert_snapshot!(told.join("\n"), @r#"
    -- fault_private_method
    NOTICE:  original error: Private methods (such as _compute_display_name) cannot be called remotely.
    ERROR:  "odoo_main" refused res.partner.search_read: AccessError
    HINT:  this Odoo may be newer than erp_sync knows, see its version in: select * from sync_check()

    -- fault_bad_operator
    NOTICE:  original error: Invalid leaf ('name', '~~', 'x')
    ERROR:  "odoo_main" refused res.partner.search_read: ValueError
    HINT:  mend the filter in the entity's manifest, which is to be seen in: select sync_entity('...')

    -- fault_bad_date
    NOTICE:  original error: invalid input syntax for type timestamp: "not a date 23:59:59"
    ERROR:  "odoo_main" refused res.partner.search_read: InvalidDatetimeFormat
    HINT:  mend the filter in the entity's manifest, which is to be seen in: select sync_entity('...')

    -- fault_unknown_field_domain
    NOTICE:  original error: Invalid field res.partner.no_such_field in leaf ('no_such_field', '=', 1)
    ERROR:  "odoo_main" lacks a field of "res.partner"
    HINT:  mend the filter in the entity's manifest, which is to be seen in: select sync_entity('...')

    -- fault_access_error_field_group
    NOTICE:  original error: The requested operation can not be completed due to security restrictions. Fields: - passport_id (allowed for groups 'Employees / Officer: Manage all employees')
    ERROR:  user "sync@example.com" may not read "res.partner" on "odoo_main"
    HINT:  give the remote user the right to read, then: select * from sync_check()

    -- fault_access_rule_record
    NOTICE:  original error: You are not allowed to modify 'User' (res.users) records.
    ERROR:  user "sync@example.com" may not read "res.partner" on "odoo_main"
    HINT:  give the remote user the right to read, then: select * from sync_check()

    -- fault_wrong_password
    ERROR:  "odoo_main" refused user "sync@example.com"
    DETAIL:  wrong name, password or API key; with two-factor login only an API key works (My Profile, Account Security)
    HINT:  alter user mapping for current_user server odoo_main options (set password '...')
    "#);
}

#[test]
fn the_filters_of_19_are_told_alike() {
    let bad = [
        "Invalid operator in condition ('name', '~~', 'x')",
        "Invalid term 'not' in expression date: 'not a date'",
    ];
    let told = bad.map(|text| shown(text, &raised("https://erp.example.com", "builtins.ValueError", text)));
    insta::assert_snapshot!(told.join("\n"), @r#"
    -- Invalid operator in condition ('name', '~~', 'x')
    NOTICE:  original error: Invalid operator in condition ('name', '~~', 'x')
    ERROR:  "odoo_main" refused res.partner.search_read: ValueError
    HINT:  mend the filter in the entity's manifest, which is to be seen in: select sync_entity('...')

    -- Invalid term 'not' in expression date: 'not a date'
    NOTICE:  original error: Invalid term 'not' in expression date: 'not a date'
    ERROR:  "odoo_main" refused res.partner.search_read: ValueError
    HINT:  mend the filter in the entity's manifest, which is to be seen in: select sync_entity('...')
    "#);
}

#[test]
fn a_dead_session_and_a_plan_without_api_are_refused_logins() {
    let online = "https://example.odoo.com";
    let settings = settings(online);
    let answer = Answer { status: 403, content_type: "text/html".into(), ..Answer::default() };
    let url = format!("{online}/jsonrpc");
    let blocked =
        blocked(&settings, Protocol::JsonRpc, 403, accept(&settings.way, &url, answer).unwrap_err());
    let session = raised("https://erp.example.com", "odoo.http.SessionExpiredException", "Session expired");
    let denied = raised(online, "odoo.exceptions.AccessDenied", "Access Denied");
    let told = [
        shown("a dead session", &session),
        shown("Odoo Online", &denied),
        shown("Odoo Online, before Odoo", &blocked),
    ];
    insta::assert_snapshot!(told.join("\n"), @r#"
    -- a dead session
    ERROR:  "odoo_main" refused user "sync@example.com": session expired
    DETAIL:  each request carries the login and needs no session: a module there or a proxy asks for one
    HINT:  try another protocol: alter server odoo_main options (add protocol 'xmlrpc')

    -- Odoo Online
    ERROR:  "odoo_main" refused user "sync@example.com"
    DETAIL:  wrong name, password or API key; with two-factor login only an API key works (My Profile, Account Security); Odoo Online lets programs in only with its Custom plan
    HINT:  alter user mapping for current_user server odoo_main options (set password '...')

    -- Odoo Online, before Odoo
    ERROR:  "example.odoo.com:443" refuses requests to /jsonrpc before they reach the application
    DETAIL:  status 403, content type "text/html"; Odoo Online lets programs in only with its Custom plan
    HINT:  name the application itself, without a path: alter server odoo_main options (set url 'https://...'); or try another protocol: alter server odoo_main options (add protocol 'xmlrpc')
    "#);
}
