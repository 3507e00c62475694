//! Options of servers and user mappings.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::Shop;

use super::golden::Golden;

#[test]
fn options_that_are_wrong_are_told_when_they_are_set() {
    let shop = Shop::open(Cluster::shared(), "options", "jsonrpc");
    let mut golden = Golden::new("options");
    for (title, options) in [
        ("a typing error", "urll 'https://erp.example.com'"),
        ("no such option", "colour 'red'"),
        ("a credential in the wrong place", "url 'https://erp.example.com', password 'secret'"),
        ("no URL", "url 'erp.example.com'"),
        ("a password in the URL", "url 'https://me:secret@erp.example.com'"),
        ("another scheme", "url 'ftp://erp.example.com'"),
        ("no protocol", "protocol 'soap'"),
        ("no number", "request_delay_ms 'soon'"),
        ("out of range", "max_page '0'"),
        ("turned round", "min_page '100', max_page '10'"),
        ("no ids", "companies '1;2'"),
        ("no flag", "verify_tls 'maybe'"),
        ("a relative path", "ca_file 'ca.pem'"),
        ("nothing", "database ''"),
    ] {
        golden.shows(title, &shop, &format!("create server s foreign data wrapper odoo options ({options})"));
    }
    for (title, options) in [
        ("a typing error", "hots 'pos.example.com'"),
        ("a host with a port", "host 'pos.example.com:1433'"),
        ("no port", "port '70000'"),
        ("no way to encrypt", "encrypt 'yes'"),
    ] {
        golden.shows(
            title,
            &shop,
            &format!("create server s foreign data wrapper sqlserver options ({options})"),
        );
    }
    let mapping = "create user mapping for public server odoo_main options";
    for (title, options) in [
        ("a typing error", "username 'me', passwrd 'secret'"),
        ("another word", "user 'me', password 'secret'"),
        ("an option of the server", "username 'me', url 'https://erp.example.com'"),
        ("a file", "username 'me', password_file '/etc/passwd'"),
        ("both", "username 'me', password 'secret', password_file '/etc/passwd'"),
    ] {
        golden.shows(title, &shop, &format!("{mapping} ({options})"));
    }
    golden.shows_to(
        "postgres",
        "the wrapper",
        &shop,
        "",
        "alter foreign data wrapper odoo options (add url 'x')",
    );
    golden.compare();
}

#[test]
fn options_that_are_missing_are_told_when_they_are_needed() {
    let mut shop = Shop::open(Cluster::shared(), "no_options", "jsonrpc");
    let mut golden = Golden::new("no_options");
    let run = "select state from sync_run('contacts')";
    shop.run("drop user mapping for current_user server odoo_main");
    golden.shows("no user mapping", &shop, run);
    golden.shows("no user mapping, looked at", &shop, "select * from sync_check()");
    shop.run("create user mapping for current_user server odoo_main options (username 'admin')");
    golden.shows("no password", &shop, run);
    shop.run(
        "alter user mapping for current_user server odoo_main options (drop username, add password 'admin')",
    );
    golden.shows("no user name", &shop, run);
    shop.run("alter user mapping for current_user server odoo_main options (add username 'admin')");
    shop.run("alter server odoo_main options (drop database)");
    golden.shows("no database", &shop, run);
    shop.run("alter server odoo_main options (drop url)");
    golden.shows("no URL", &shop, run);
    shop.run("drop server odoo_main cascade");
    golden.shows("no server", &shop, run);
    golden.shows("no server, looked at", &shop, "select * from sync_check()");
    shop.run("create server \"My till\" foreign data wrapper sqlserver options (host 'pos.example.com')");
    golden.shows("a server of another kind", &shop, run);
    golden.compare();
}
