//! The double as Odoo 18 and 19: what it says over each protocol, and what of it is new.

use erp_sync_tests::odoo::{ADMIN_KEY, BUYER_KEY, Odoo, PLAIN_KEY, RpcFault, What, When};
use serde_json::{Value, json};

use super::client::{Answer, by_name, receive, send, send_with};

fn rpc(odoo: &Odoo, service: &str, method: &str, args: Value) -> Value {
    let params = json!({"service": service, "method": method, "args": args});
    let body = json!({"jsonrpc": "2.0", "method": "call", "params": params, "id": 1}).to_string();
    receive(send(odoo, "POST", "/jsonrpc", "application/json", body.as_bytes())).json()
}

/// Calls over JSON-RPC as the administrator.
fn call(odoo: &Odoo, model: &str, method: &str, args: Value, named: Value) -> Value {
    let args = json!([odoo.database(), 2, ADMIN_KEY, model, method, args, named]);
    rpc(odoo, "object", "execute_kw", args)
}

fn get(odoo: &Odoo, path: &str) -> Answer {
    receive(send_with(odoo, "GET", path, &[], b""))
}

#[test]
fn each_version_names_itself_and_only_19_has_pages_for_it() {
    for (version, name, status) in [
        (17, "17.0-20240709", "HTTP/1.1 404 NOT FOUND"),
        (18, "18.0-20250702", "HTTP/1.1 303 SEE OTHER"),
        (19, "19.0", "HTTP/1.1 200 OK"),
    ] {
        let odoo = Odoo::start_as(version);
        let told = rpc(&odoo, "common", "version", json!([]));
        assert_eq!(told["result"]["server_version"], name);
        assert_eq!(told["result"]["server_version_info"][0], version);
        assert_eq!(get(&odoo, "/json/version").status(), status);
        assert_eq!(by_name(&odoo, ADMIN_KEY, "uom.uom/search_count", json!({"domain": []})).status(), status);
    }
}

#[test]
fn an_older_version_has_no_such_calls_and_a_newer_one_keeps_the_old_protocols() {
    let odoo = Odoo::start_as(19);
    let unknown = call(&odoo, "uom.uom", "search_read", json!([[], ["nosuch"]]), json!({}));
    assert_eq!(unknown["error"]["code"], 0);
    assert_eq!(unknown["error"]["data"]["message"], "Invalid field 'nosuch' on 'uom.uom'");
    let private = call(&odoo, "uom.uom", "exists", json!([[1]]), json!({}));
    let message = "Private methods (such as 'uom.uom.exists') cannot be called remotely.";
    assert_eq!(private["error"]["data"]["message"], message);
    let body =
        "<?xml version='1.0'?><methodCall><methodName>version</methodName><params></params></methodCall>";
    let answer = receive(send(&odoo, "POST", "/xmlrpc/2/common", "text/xml", body.as_bytes()));
    assert!(answer.text().starts_with("<?xml version=\"1.0\"?>\n"), "{}", answer.text());
}

#[test]
fn the_same_question_has_the_same_answer_over_both_protocols() {
    let odoo = Odoo::start_as(19);
    let context = json!({"active_test": false});
    let (domain, fields) =
        (json!([["move_type", "!=", "entry"]]), json!(["name", "partner_id", "write_date"]));
    let named = json!({"limit": 7, "order": "id", "load": "", "context": context});
    let old = call(&odoo, "account.move", "search_read", json!([domain, fields]), named.clone());
    let mut new = named;
    (new["domain"], new["fields"]) = (domain, fields);
    let answer = by_name(&odoo, ADMIN_KEY, "account.move/search_read", new).json();
    assert_eq!(answer.as_array().map(Vec::len), Some(7));
    assert_eq!(old["result"], answer);
    let attributes = json!({"attributes": ["type", "relation", "store"]});
    let old = call(&odoo, "account.move", "fields_get", json!([[]]), attributes.clone());
    assert_eq!(old["result"], by_name(&odoo, ADMIN_KEY, "account.move/fields_get", attributes).json());
}

#[test]
fn a_key_opens_what_its_owner_may_read() {
    let odoo = Odoo::start_as(19);
    let uid = |key: &str| by_name(&odoo, key, "res.users/context_get", json!({})).json()["uid"].clone();
    assert_eq!([ADMIN_KEY, PLAIN_KEY, BUYER_KEY].map(uid), [json!(2), json!(7), json!(8)]);
    let may = |key: &str| {
        by_name(&odoo, key, "account.move/has_access", json!({"operation": "read"})).json() == json!(true)
    };
    assert_eq!([ADMIN_KEY, PLAIN_KEY, BUYER_KEY].map(may), [true, false, true]);
    odoo.set_api_key("admin", None);
    let refused = by_name(&odoo, ADMIN_KEY, "res.users/context_get", json!({}));
    assert_eq!(
        (refused.status(), &refused.json()["message"]),
        ("HTTP/1.1 401 UNAUTHORIZED", &json!("Invalid apikey"))
    );
}

#[test]
fn datetimes_are_compared_by_whole_seconds_from_19_on() {
    for version in [18, 19] {
        let odoo = Odoo::start_as(version);
        let stored = json!({"write_date": "2026-11-20 10:12:46.514670"});
        odoo.write_silently("res.partner", &[10], stored);
        let found = |operator: &str, moment: &str| {
            let domain = json!([[["id", "=", 10], ["write_date", operator, moment]]]);
            call(&odoo, "res.partner", "search_count", domain, json!({}))["result"] == json!(1)
        };
        let second = "2026-11-20 10:12:46";
        let whole = ["=", ">", ">=", "<=", "<"].map(|operator| found(operator, second));
        match version {
            18 => assert_eq!(whole, [false, true, true, false, false]),
            _ => assert_eq!(whole, [true, false, true, true, false]),
        }
        assert!(found("=", "2026-11-20 10:12:46.514670") && !found(">", "2026-11-20 10:12:46.999999"));
        assert_eq!(found("!=", second), version == 18);
    }
}

#[test]
fn a_database_that_is_down_looks_like_one_that_is_not_there() {
    let odoo = Odoo::start_as(19);
    let count = || by_name(&odoo, ADMIN_KEY, "uom.uom/search_count", json!({"domain": []}));
    assert_eq!(count().json(), 26);
    odoo.take_database_down(true);
    let answer = count();
    assert_eq!(answer.status(), "HTTP/1.1 404 NOT FOUND");
    assert!(answer.text().contains("No database is selected"));
    let fault = call(&odoo, "uom.uom", "search_count", json!([[]]), json!({}));
    assert_eq!(fault["error"]["data"]["name"], "psycopg2.OperationalError");
    odoo.take_database_down(false);
    assert_eq!(count().json(), 26);
}

#[test]
fn faults_and_the_log_meet_calls_by_name_as_others() {
    let odoo = Odoo::start_as(19);
    let count = || by_name(&odoo, ADMIN_KEY, "uom.uom/search_count", json!({"domain": []}));
    odoo.fault(When::any().service("object").model("uom.uom").nth(1), What::bad_gateway());
    odoo.fault(When::any().method("search_count").nth(2), What::Rpc(RpcFault::serialization_failure()));
    let lock = RpcFault::new("odoo.exceptions.LockError", "busy");
    odoo.fault(When::any().method("search_count").nth(3), What::Rpc(lock));
    let status = [(); 4].map(|()| count().status().split(' ').nth(1).map(str::to_owned).unwrap_or_default());
    assert_eq!(status, ["502", "500", "409", "200"]);
    assert_eq!(odoo.count_calls("uom.uom", "search_count"), 4);
    assert_eq!(odoo.calls()[0].kwargs, json!({"domain": []}));
}
