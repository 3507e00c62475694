//! Whose manifests and settings count for whose runs.

use erp_sync_tests::shop::{failure, rows};

use super::*;

#[test]
fn a_manifest_counts_for_its_definer_and_for_nobody_else() {
    let mut shop = with_leads("own_roles");
    shop.admin
        .batch_execute(
            "create role own_clerk login in role shop; create role own_stranger login;
             grant usage on foreign server odoo_main to own_stranger;
             grant create on database own_roles to own_stranger",
        )
        .unwrap();
    define(&mut shop, &leads(|_| ()));
    let of = |shop: &Shop<'_>, role: &str| {
        rows(
            &mut shop.cluster.client("own_roles", role),
            "select definer from sync_entities() where entity = 'leads'",
        )
    };
    assert_eq!(of(&shop, "shop"), ["shop"]);
    // What a member may do as the group, the group's manifests may not have him do.
    assert_eq!(of(&shop, "own_clerk"), [""; 0]);
    assert_eq!(of(&shop, "own_stranger"), [""; 0]);
    // A superuser is a member of every role in PostgreSQL's eyes, but it was granted none.
    assert_eq!(of(&shop, "postgres"), [""; 0]);

    let mut clerk = shop.cluster.client("own_roles", "own_clerk");
    let shorter = leads(|manifest| manifest["about"] = json!("the clerk's"));
    rows(&mut clerk, &format!("select sync_define('{shorter}')"));
    let about = "select sync_entity('leads')->>'about'";
    assert_eq!(rows(&mut clerk, about), ["the clerk's"]);
    assert_eq!(shop.value(about), "What may become an order");
    rows(&mut clerk, "select sync_undefine('leads')");
    assert_eq!(of(&shop, "own_clerk"), [""; 0]);
    assert_eq!(shop.value(about), "What may become an order");

    // Nobody sees or writes the tables past the functions.
    let mut stranger = shop.cluster.client("own_roles", "own_stranger");
    assert_eq!(rows(&mut stranger, "select count(*) from erp_sync.entity"), ["0"]);
    assert_eq!(shop.value("select count(*) from erp_sync.entity"), "1");
    assert_eq!(failure(&mut stranger, "delete from erp_sync.entity").sqlstate, "42501");
    assert_eq!(
        failure(&mut stranger, "insert into erp_sync.setting values ('shop', 'all', '', '{}')").sqlstate,
        "42501"
    );
}

#[test]
fn settings_count_for_their_role_alone_and_survive_a_dump() {
    let mut shop = Shop::open(Cluster::shared(), "own_role_settings", "jsonrpc");
    shop.admin
        .batch_execute("create role own_cashier login in role shop; create role own_guest login")
        .unwrap();
    shop.run(r#"select sync_configure('contacts', '{"auto": false}')"#);
    let off = "select count(*) from sync_status() where next_mode is null";
    assert_eq!(
        rows(
            &mut shop.cluster.client("own_role_settings", "own_cashier"),
            "select count(*) from erp_sync.setting"
        ),
        ["0"]
    );
    assert_eq!(shop.value("select count(*) from erp_sync.setting"), "1");
    assert_eq!(
        rows(
            &mut shop.cluster.client("own_role_settings", "own_guest"),
            "select count(*) from erp_sync.setting"
        ),
        ["0"]
    );
    assert_eq!(shop.value(off), "1");
    assert_eq!(rows(&mut shop.admin, off), ["0"]);
    let dumped = "select count(*) from pg_extension, unnest(extconfig) t where t in ('erp_sync.entity'::regclass, 'erp_sync.setting'::regclass)";
    assert_eq!(shop.value(dumped), "2");
}
