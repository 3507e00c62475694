//! The life of an entity of one's own, without a restart and without touching a file.

use serde_json::json;

use super::*;

#[test]
fn an_entity_of_ones_own_is_defined_synced_altered_and_undefined() {
    let mut shop = with_leads("own_life");
    assert_eq!(define(&mut shop, &leads(|_| ())), "leads");
    assert_eq!(
        shop.value("select entity || ' of ' || definer from sync_entities() where definer is not null"),
        "leads of shop"
    );
    assert_eq!(run(&mut shop, "leads"), "incremental: 3 inserted, 0 updated, 0 removed");
    let all = "select id, name, partner_id, revenue from erp.leads order by id";
    assert_eq!(shop.rows(all), ["1|Desks|9|1200.5", "2|Chairs|9|0.1", "3|Archived||0"]);
    let about =
        "select obj_description('erp.leads'::regclass) || ' / ' || col_description('erp.leads'::regclass, 5)";
    assert_eq!(shop.value(about), "Leads / Hoped for");

    // What changes comes with the next run of all.
    shop.odoo.advance(3600);
    shop.odoo.write("crm.lead", &[2], json!({"expected_revenue": 99.995}));
    assert_eq!(shop.value("select updated from sync_run('all') where entity = 'leads'"), "1");
    assert_eq!(shop.rows(all)[1], "2|Chairs|9|100");

    // Altered: a column more, which every row has after the next run.
    let more = json!({"name": "tag_ids", "type": "bigint[]", "about": "Tags"});
    shop.odoo.write_silently("crm.lead", &[1], json!({"tag_ids": [4, 7]}));
    let longer =
        leads(|manifest| manifest["streams"][0]["columns"].as_array_mut().unwrap().push(more.clone()));
    define(&mut shop, &longer);
    assert_eq!(run(&mut shop, "leads"), "incremental: 0 inserted, 3 updated, 0 removed");
    assert_eq!(shop.rows("select id, tag_ids from erp.leads order by id"), ["1|{4,7}", "2|{}", "3|{}"]);

    // Undefined: the table stays, nobody reads into it, and another entity may fill it.
    shop.run("select sync_undefine('leads')");
    assert_eq!(shop.value("select count(*) from erp.leads"), "3");
    assert_eq!(shop.value("select count(*) from erp_sync.position where entity = 'leads'"), "0");
    assert_eq!(shop.value("select count(*) from sync_status() where entity = 'leads'"), "0");
    let error = shop.error("select * from sync_run('leads')");
    assert_eq!(error.message, "there is no entity \"leads\"");
    let other = leads(|manifest| manifest["name"] = json!("opportunities"));
    define(&mut shop, &other);
    assert_eq!(run(&mut shop, "opportunities"), "incremental: 0 inserted, 0 updated, 0 removed");
}

#[test]
fn it_is_synced_over_every_protocol() {
    for (name, protocol) in [("own_xml", "xmlrpc"), ("own_json", "auto")] {
        let mut shop = with_leads_over(name, protocol);
        define(&mut shop, &leads(|_| ()));
        assert_eq!(run(&mut shop, "leads"), "incremental: 3 inserted, 0 updated, 0 removed", "{protocol}");
    }
}

#[test]
fn rows_that_refer_to_a_removed_row_are_read_again_in_ones_own_table_too() {
    let mut shop = with_leads("own_refers");
    define(&mut shop, &leads(|_| ()));
    run(&mut shop, "all");
    shop.odoo.write_silently("crm.lead", &[1, 2], json!({"partner_id": false}));
    shop.odoo.delete("res.partner", &[9]);
    run(&mut shop, "contacts', mode => 'full");
    assert_eq!(shop.value("select count(*) from erp_sync.reread where entity = 'leads'"), "2");
    run(&mut shop, "leads");
    assert_eq!(shop.rows("select id, partner_id from erp.leads order by id"), ["1|", "2|", "3|"]);
}

#[test]
fn a_manifest_that_cannot_be_is_refused_with_every_mistake_and_nothing_is_stored() {
    let mut shop = with_leads("own_wrong");
    let wrong = leads(|manifest| {
        manifest["streams"][0]["columns"][1]["type"] = json!("varchar");
        manifest["streams"][0]["colums"] = json!([]);
        manifest["full_every"] = json!("often");
    });
    let error = shop.error(&format!("select sync_define('{wrong}')"));
    assert_eq!(
        (error.sqlstate.as_str(), error.message.as_str()),
        ("22023", "manifest \"leads\" has 3 mistakes")
    );
    assert_eq!(error.detail.lines().count(), 3, "{}", error.detail);
    let error = shop.error(&format!(
        "select sync_define('{}')",
        leads(|manifest| manifest["streams"][0]["table"] = json!("contacts"))
    ));
    assert_eq!(error.detail, "$.streams[0].table: \"contacts\" is filled by entity \"contacts\"");
    assert_eq!(shop.value("select count(*) from erp_sync.entity"), "0");
    let error = shop.error("select sync_undefine('leads')");
    assert_eq!(error.message, "role \"shop\" has stored no manifest \"leads\"");
    let error = shop.error("select sync_undefine('contacts')");
    assert!(error.hint.starts_with("what is built in cannot be removed"), "{}", error.hint);
}

#[test]
fn a_bad_domain_is_answered_in_the_remotes_words() {
    let mut shop = with_leads("own_domain");
    define(&mut shop, &leads(|manifest| manifest["streams"][0]["filter"] = json!([["stages", "=", "won"]])));
    let error = shop.error("select * from sync_run('leads')");
    assert!(error.message.starts_with("leads from odoo_main: "), "{error:?}");
    let said = shop.value("select original_error from erp_sync.errors limit 1");
    assert!(said.contains("stages"), "{said}");
}

#[test]
fn a_stored_manifest_that_a_later_version_does_not_understand_says_so_and_can_be_replaced() {
    let mut shop = with_leads("own_outdated");
    define(&mut shop, &leads(|_| ()));
    let spoil = "update erp_sync.entity set manifest = manifest || '{\"since\": 1}' where name = 'leads'";
    shop.admin.batch_execute(spoil).unwrap();
    let error = shop.error("select * from sync_entities()");
    assert!(error.hint.contains("stored by role \"shop\""), "{error:?}");
    define(&mut shop, &leads(|_| ()));
    assert_eq!(run(&mut shop, "leads"), "incremental: 3 inserted, 0 updated, 0 removed");
}

#[test]
fn the_manifests_of_the_manual_can_be_stored() {
    const README: &str = include_str!("../../../README.md");
    let mut shop = with_leads("own_manual");
    let chapter = README.split("## Adding your own").nth(1).unwrap().split("\n## ").next().unwrap();
    let block = |start: &str| chapter.split(start).nth(1).unwrap().split("```").next().unwrap().to_owned();
    shop.odoo.add_field("crm.lead", "type", json!({"type": "selection", "string": "Type", "store": true}));
    assert_eq!(define(&mut shop, &block("```json\n").replace('\'', "''")), "leads");
    assert_eq!(run(&mut shop, "leads"), "incremental: 0 inserted, 0 updated, 0 removed");
    shop.run(&block("```sql\n"));
    assert_eq!(
        shop.value("select string_agg(entity, ',') from sync_entities() where definer = 'shop'"),
        "products,leads"
    );
}

#[test]
fn names_of_every_script_need_no_quotes() {
    let mut shop = with_leads("own_scripts");
    let named = leads(|manifest| {
        manifest["name"] = json!("сделки");
        manifest["streams"][0]["table"] = json!("größe_der_сделки");
        manifest["streams"][0]["columns"][3]["name"] = json!("цена");
    });
    assert_eq!(define(&mut shop, &named), "сделки");
    assert_eq!(run(&mut shop, "сделки"), "incremental: 3 inserted, 0 updated, 0 removed");
    assert_eq!(
        shop.rows("select id, цена from erp.größe_der_сделки order by id"),
        ["1|1200.5", "2|0.1", "3|0"]
    );
}

#[test]
fn a_definition_that_gives_a_known_table_or_entity_another_object_is_refused() {
    let mut shop = with_leads("own_objects");
    define(&mut shop, &leads(|_| ()));
    run(&mut shop, "leads");
    let other = leads(|manifest| manifest["streams"][0]["object"] = json!("crm.other"));
    let error = shop.error(&format!("select sync_define('{other}')"));
    assert_eq!(error.message, "table \"leads\" is filled from another object already");
    assert_eq!(error.detail, "object before: \"crm.lead\", now: \"crm.other\"");
    assert!(error.hint.ends_with("select sync_undefine('leads')"), "{}", error.hint);
    let entity = leads(|manifest| {
        manifest["streams"][0]["object"] = json!("crm.other");
        manifest["streams"][0]["table"] = json!("others");
    });
    let error = shop.error(&format!("select sync_define('{entity}')"));
    assert_eq!(error.message, "entity \"leads\" is filled from another object already");
    let built_in = leads(|manifest| {
        manifest["name"] = json!("contacts");
        manifest["after"] = json!([]);
    });
    let error = shop.error(&format!("select sync_define('{built_in}')"));
    assert_eq!(error.hint, "contacts is built in: give this one another \"name\" and \"table\"");
    assert_eq!(shop.value("select count(*) from erp.leads"), "3");
    // The line that the hint proposes.
    shop.run("select sync_undefine('leads')");
    assert_eq!(define(&mut shop, &other), "leads");
}
