//! Records that make their whole page fail, against a server that answers from a script.

use super::fixture::{layout, remote, stream};
use super::source::{UID, ask, failed, odoo, sent};
use crate::source::Key;
use crate::source::http::double::{Double, answer, block_on};
use crate::source::odoo::*;

#[test]
fn a_record_that_makes_its_page_fail_is_set_aside_alone() {
    let refused = r#""error": {"data": {"name": "builtins.ValueError", "message": "cannot compute\nit"}}"#;
    let record = |id: i64| format!(r#"{{"id": {id}, "write_date": "2026-11-20 08:52:33"}}"#);
    let (all, first, last) = ("[11, 12, 13]", format!("[{}]", record(11)), format!("[{}]", record(13)));
    let [all, first, last] = [all, &first, &last].map(|list| format!(r#""result": {list}"#));
    let (mut odoo, double) = odoo(&[UID, refused, &all, &first, refused, refused, &last]);
    let stream = stream("res.partner", &[]);
    let ask = Ask { limit: 3, ..ask(Scope::All, Some(10)) };
    let page = block_on(odoo.page(&stream, &layout(&stream), &ask)).unwrap();
    assert_eq!(page.rows.keys, [Key::from(11), Key::from(13)]);
    assert_eq!((page.more, page.last), (true, Some(13.into())));
    let told: Vec<_> =
        page.rejected.iter().map(|r| (r.key.clone(), r.rule.as_str(), r.reason.as_str())).collect();
    let reason = "\"odoo_main\" refused res.partner.search_read: ValueError: cannot compute";
    assert_eq!(told, [(Some(Key::from(12)), "remote", reason)]);
    insta::assert_snapshot!(sent(&double, 2), @r#"["res.partner","search",[[["id",">",10]]],{"context":{"active_test":false},"limit":3,"order":"id"}]"#);
    insta::assert_snapshot!(sent(&double, 4), @r#"["res.partner","search_read",[[["id","in",[12,13]]],["id","write_date"]],{"context":{"active_test":false},"limit":2,"load":"","order":"id"}]"#);
}

#[test]
fn a_page_of_which_nothing_can_be_read_fails_with_the_remotes_words() {
    let refused = r#""error": {"data": {"name": "builtins.ValueError", "message": "cannot compute"}}"#;
    let (mut odoo, _double) = odoo(&[UID, refused, r#""result": [1, 2]"#, refused, refused]);
    let stream = stream("res.partner", &[]);
    let error = failed(block_on(odoo.page(&stream, &layout(&stream), &ask(Scope::All, None))));
    assert_eq!(error.message, "\"odoo_main\" refused res.partner.search_read: ValueError");
    assert_eq!(error.original.as_deref(), Some("cannot compute"));
    assert_eq!(error.detail.as_deref(), Some("none of the 2 records of a page can be read by itself either"));
}

#[test]
fn a_record_that_no_xml_can_hold_is_set_aside_alone() {
    let value = |value: &str| {
        let body = format!("<methodResponse><params><param>{value}</param></params></methodResponse>");
        answer("200 OK", "Content-Type: text/xml\r\n", &body)
    };
    let list = |values: &str| value(&format!("<value><array><data>{values}</data></array></value>"));
    let record = |id: i64, name: &str| {
        let members = [("id", format!("<int>{id}</int>")), ("name", format!("<string>{name}</string>"))];
        let members = members
            .map(|(name, value)| format!("<member><name>{name}</name><value>{value}</value></member>"));
        format!("<value><struct>{}</struct></value>", members.concat())
    };
    let ids = "<value><int>1</int></value><value><int>2</int></value>";
    let (good, bad) = (record(1, "a"), record(2, "&#0;"));
    let both = format!("{good}{bad}");
    let uid = value("<value><int>2</int></value>");
    let double = Double::answers(vec![uid, list(&both), list(ids), list(&good), list(&bad)]);
    let mut remote = remote(&double.url);
    remote.options.insert("protocol".into(), "xmlrpc".into());
    let mut stream = stream("res.partner", &[("name", crate::entity::Type::Text)]);
    stream.cursor = None;
    let mut odoo = Odoo::new(remote).unwrap();
    let page = block_on(odoo.page(&stream, &layout(&stream), &ask(Scope::All, None))).unwrap();
    assert_eq!(page.rows.keys, [Key::from(1)]);
    assert_eq!(page.rejected[0].key, Some(Key::from(2)));
    let reason = "\"odoo_main\" answered with something else where xmlrpc was expected: \
                  content type \"text/xml\": no XML-RPC: unexpected character reference";
    assert_eq!(page.rejected[0].reason, reason);
}
