//! Whose user mapping counts.

use std::os::unix::fs::PermissionsExt;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;

use super::as_admin;

const LOGIN: &str = "select detail from sync_check() where aspect = 'login'";

#[test]
fn the_mapping_for_everybody_works_and_ones_own_wins() {
    let mut shop = Shop::open(Cluster::shared(), "mappings", "jsonrpc");
    shop.run("create user mapping for public server odoo_main options (username 'buyer', password 'buyer')");
    assert_eq!(shop.value(LOGIN), "admin (uid 2)");
    shop.run("drop user mapping for current_user server odoo_main");
    assert_eq!(shop.value(LOGIN), "buyer (uid 9)");
    shop.run("select sync_run('contacts')");
    assert_ne!(shop.value("select count(*) from erp.contacts"), "0");
}

#[test]
fn a_password_file_is_set_by_a_superuser_only() {
    let mut shop = Shop::open(Cluster::shared(), "password_file", "jsonrpc");
    let file = std::env::temp_dir().join(format!("erp_sync_password_{}", std::process::id()));
    std::fs::write(&file, "admin\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let path = file.display();
    let add = format!(
        "alter user mapping for shop server odoo_main options (drop password, add password_file '{path}')"
    );
    let error = shop.error(&add);
    assert_eq!(
        (error.sqlstate.as_str(), error.message.as_str()),
        ("42501", "only a superuser may set option \"password_file\"")
    );
    as_admin(&mut shop, "alter server odoo_main owner to postgres");
    as_admin(&mut shop, "grant usage on foreign server odoo_main to shop");
    as_admin(&mut shop, &add);
    assert_eq!(shop.value(LOGIN), "admin (uid 2)");
    let turned =
        shop.error("alter user mapping for shop server odoo_main options (set password_file '/etc/passwd')");
    assert_eq!(turned.sqlstate, "42501");
    std::fs::remove_file(&file).unwrap();
    let error = shop.error("select sync_run('contacts')");
    assert_eq!(
        error.message,
        "contacts from odoo_main: the password file of server \"odoo_main\" is no usable file"
    );
    assert!(!error.hint.is_empty() && error.detail.contains("regular file"), "{error:?}");
}
