//! A look at a server.

use super::*;

#[test]
fn a_server_shows_its_models_and_modules_and_which_entity_reads_them() {
    let mut shop = with_leads("own_look");
    let models = "select object, remote_type, label, rows, entities from sync_discover('odoo_main')
                  where object in ('crm.lead', 'res.partner', 'purchase_stock', 'crm') order by 1";
    assert_eq!(
        shop.rows(models),
        [
            "crm.lead|model|Lead|3|{}",
            "purchase_stock|module|Purchase Stock||{}",
            "res.partner|model|Contact|66|{contacts}"
        ]
    );
    assert_eq!(shop.value("select count(*) from sync_discover('odoo_main') where field is not null"), "0");
}

#[test]
fn a_model_shows_its_fields_and_a_manifest_that_can_be_stored_as_it_is() {
    for (name, protocol) in [("own_fields", "jsonrpc"), ("own_fields_xml", "xmlrpc")] {
        let mut shop = with_leads_over(name, protocol);
        let fields = "select field, remote_type, column_type from sync_discover('odoo_main', 'crm.lead') where field is not null";
        assert_eq!(
            shop.rows(fields),
            [
                "id|integer|bigint",
                "active|boolean|boolean",
                "create_date|datetime|timestamptz",
                "date_deadline|date|date",
                "day_open|float|",
                "display_name|char|",
                "expected_revenue|float|numeric",
                "image|binary|",
                "name|char|text",
                "order_ids|one2many -> sale.order|",
                "partner_id|many2one -> res.partner|bigint",
                "stage|selection|text",
                "tag_ids|many2many -> crm.tag|bigint[]",
                "write_date|datetime|timestamptz"
            ]
        );
        let define =
            "select sync_define(manifest) from sync_discover('odoo_main', 'crm.lead') where field is null";
        assert_eq!(shop.value(define), "crm_lead");
        assert_eq!(run(&mut shop, "crm_lead"), "incremental: 3 inserted, 0 updated, 0 removed");
        let of_two =
            "select name, expected_revenue, partner_id, date_deadline from erp.crm_lead where id = 2";
        assert_eq!(shop.rows(of_two), ["Chairs|0.1|9|2026-11-01"]);
    }
}

#[test]
fn a_model_or_server_that_is_not_there_is_said() {
    let mut shop = with_leads("own_nothing");
    let error = shop.error("select * from sync_discover('odoo_main', 'crm.leed')");
    assert_eq!(error.message, "\"odoo_main\" has no object \"crm.leed\"");
    let error = shop.error("select * from sync_discover('odoo')");
    assert_eq!(error.message, "there is no server \"odoo\"");
    let error = shop.error("select * from sync_discover(null)");
    assert_eq!(error.message, "argument \"server\" must not be null");
}

#[test]
fn several_looks_in_one_statement_that_stores_are_answered_with_what_works() {
    let mut shop = with_leads("own_several");
    let one = |object: &str| {
        format!(
            "select sync_define(manifest) from sync_discover('odoo_main', '{object}') where field is null"
        )
    };
    let error = shop.error(&format!("{} union all {}", one("crm.lead"), one("hr.department")));
    assert_eq!(error.message, "this transaction has written, so it cannot wait for a sync");
    assert!(
        !error.hint.contains("wait =>") && error.hint.contains("one remote object a statement"),
        "{error:?}"
    );
    for call in ["sync_check()", "sync_plan('all')", "sync_diff('all')"] {
        shop.run("begin");
        shop.run("create temporary table written (id bigint)");
        assert_eq!(shop.error(&format!("select * from {call}")).hint, "commit first, then call it again");
        shop.run("rollback");
    }
}

#[test]
fn a_user_sees_the_models_he_may_read() {
    let mut shop = with_leads("own_plain");
    shop.run("alter user mapping for current_user server odoo_main options (set username 'plain', set password 'plain')");
    let seen = "select string_agg(object, ',') from sync_discover('odoo_main') where object ~ '[.]' and object ~ 'account|partner'";
    assert_eq!(shop.value(seen), "account.fiscal.position,account.payment.term,account.tax,res.partner");
    let error = shop.error("select * from sync_discover('odoo_main', 'account.move')");
    assert!(error.message.contains("may not read \"account.move\""), "{error:?}");
}
