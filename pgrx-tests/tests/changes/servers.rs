//! Remotes that are not the one that was read before.

use erp_sync_tests::odoo::{DATABASE, Odoo};

use super::{NOTHING, run, synced};

#[test]
fn another_remote_behind_a_server_is_refused_until_it_is_reset() {
    let mut shop = synced("other_remote");
    let other = Odoo::start();
    let (before, now) = (shop.odoo.url(), other.url());
    shop.run(&format!("alter server odoo_main options (set url '{now}')"));
    let error = shop.error("select sync_run('contacts')");
    assert_eq!(error.message, "contacts from odoo_main: table \"contacts\" was read from another remote");
    let detail = format!("remote before: \"{before}/{DATABASE}\", now: \"{now}/{DATABASE}\"");
    assert_eq!(error.detail, detail);
    let (_, line) = error.hint.split_once("if that is meant: ").expect("a line to type");
    shop.run(line);
    let counts = run(&mut shop, "'contacts'");
    assert_eq!(
        counts, "0 inserted, 1 updated, 0 removed, 0 left out, 0 rejected",
        "the other has the same rows"
    );
    assert_eq!(shop.value("select count(*) from erp_sync.position where full_at is null"), "0");
}

#[test]
fn one_spelling_of_a_url_is_as_good_as_another() {
    let mut shop = synced("spelling");
    let url = shop.odoo.url();
    shop.run(&format!("alter server odoo_main options (set url '{url}/')"));
    assert_eq!(run(&mut shop, "'contacts'"), NOTHING);
}

#[test]
fn two_servers_of_one_tenant_are_refused_and_both_are_named() {
    let mut shop = synced("one_tenant");
    let url = shop.odoo.url();
    shop.run(&format!(
        "create server odoo_copy foreign data wrapper odoo options (url '{url}', database '{DATABASE}');
         create user mapping for current_user server odoo_copy options (username 'admin', password 'admin')"
    ));
    let all = shop.error("select sync_run('all')");
    assert_eq!(all.message, "servers \"odoo_copy\" and \"odoo_main\" both feed tenant \"main\"");
    let one = shop.error("select sync_run('contacts', 'odoo_copy')");
    assert!(one.message.contains("\"odoo_copy\"") || one.message.contains("\"odoo_main\""), "{one:?}");
    shop.run("alter server odoo_copy options (add tenant 'copy')");
    run(&mut shop, "'contacts'");
    let tenants = shop.rows("select tenant, count(*) from erp.contacts group by 1 order by 1");
    assert_eq!(tenants[0].split_once('|').unwrap().1, tenants[1].split_once('|').unwrap().1);
    assert!(tenants[0].starts_with("copy|") && tenants[1].starts_with("main|"), "{tenants:?}");
}

#[test]
fn another_login_reads_everything_again() {
    let mut shop = synced("other_login");
    shop.odoo.delete("res.partner", &[30]);
    shop.odoo.set_api_key("admin", Some("another-secret"));
    shop.run("alter user mapping for current_user server odoo_main options (set password 'another-secret')");
    assert_eq!(run(&mut shop, "'contacts'"), NOTHING, "another password is the same login");
    shop.run("alter user mapping for current_user server odoo_main options (set username 'plain', set password 'plain')");
    assert!(run(&mut shop, "'contacts'").contains(" 1 removed"));
}
