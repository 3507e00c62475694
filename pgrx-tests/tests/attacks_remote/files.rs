//! Files of the database server's machine.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::odoo::{Certificate, Tls};
use erp_sync_tests::shop::Shop;

/// A folder that the server's user may look into.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("erp_sync_attacks_{name}_{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).expect("rights");
    folder
}

fn written(folder: &Path, name: &str, content: &[u8], mode: u32) -> String {
    let path = folder.join(name);
    std::fs::write(&path, content).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("rights");
    path.display().to_string()
}

/// Everything that is no file of certificates.
fn unusable(folder: &Path) -> Vec<String> {
    let fifo = folder.join("fifo").display().to_string();
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
    vec![
        "/dev/zero".into(),
        "/dev/stdin".into(),
        fifo,
        folder.display().to_string(),
        "/no/such/file".into(),
        written(folder, "secret", b"root:x:0:0", 0o600),
        written(folder, "text", b"no certificate", 0o644),
        written(folder, "long", &vec![b'\n'; (1 << 20) + 1], 0o644),
        "/proc/self/environ".into(),
    ]
}

#[test]
fn an_ordinary_role_names_no_file_and_gives_certificates_as_text() {
    let mut shop = Shop::open(Cluster::shared(), "files", "jsonrpc");
    for server in ["odoo_main", "pos"] {
        if server == "pos" {
            shop.run("create server pos foreign data wrapper sqlserver options (host 'pos.example.com')");
        }
        let error = shop.error(&format!("alter server {server} options (add ca_file '/etc/passwd')"));
        assert_eq!(error.sqlstate, "42501", "{error:?}");
        assert!(error.hint.contains("add ca '"), "{error:?}");
    }
    let front = shop.odoo.behind_tls(Certificate::Right);
    shop.run(&format!(
        "alter server odoo_main options (set url '{}', add ca '{}')",
        front.url(),
        Tls::authority()
    ));
    shop.run("select sync_run('contacts')");
    let error = shop.error("alter server odoo_main options (set ca 'nothing')");
    assert!(error.message.starts_with("option \"ca\" of a server must be certificates"), "{error:?}");
    let long = format!("alter server odoo_main options (set ca '{}')", "x".repeat(70_000));
    assert!(shop.error(&long).message.ends_with("must not be longer than 64 kB"));
}

#[test]
fn whatever_is_wrong_with_a_file_comes_out_as_one_message_at_once() {
    // A right of its own: roles are the cluster's.
    let cluster = Cluster::start("attacks_remote_files");
    let mut shop = Shop::open(&cluster, "files_alike", "jsonrpc");
    let folder = folder("alike");
    let front = shop.odoo.behind_tls(Certificate::Right);
    shop.run(&format!("alter server odoo_main options (set url '{}')", front.url()));
    shop.admin.batch_execute("grant pg_read_server_files to shop").expect("granted");
    let mut seen = Vec::new();
    let begun = Instant::now();
    for path in unusable(&folder) {
        let _ = shop.client.simple_query("alter server odoo_main options (drop ca_file)");
        shop.run(&format!("alter server odoo_main options (add ca_file '{path}')"));
        let error = shop.error("select sync_run('contacts')");
        seen.push((error.sqlstate, error.message, error.detail, error.hint));
    }
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:#?}");
    let right = written(&folder, "right.pem", Tls::authority().as_bytes(), 0o644);
    shop.run(&format!("alter server odoo_main options (set ca_file '{right}')"));
    shop.run("select sync_run('contacts')");
    // A role that lost the right, and one that never had it.
    shop.admin.batch_execute("revoke pg_read_server_files from shop").expect("revoked");
    let error = shop.error("select sync_run('contacts')");
    assert_eq!(error.sqlstate, "42501", "{error:?}");
    assert!(error.detail.contains("owner is neither a superuser nor"), "{error:?}");
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn a_file_that_a_superuser_named_is_of_no_use_to_the_owner_of_the_server() {
    let mut shop = Shop::open(Cluster::shared(), "files_owner", "jsonrpc");
    let folder = folder("owner");
    let right = written(&folder, "right.pem", Tls::authority().as_bytes(), 0o644);
    shop.admin
        .batch_execute(&format!("alter server odoo_main options (add ca_file '{right}')"))
        .expect("a superuser may");
    let error = shop.error("alter server odoo_main options (set url 'https://127.0.0.1:1')");
    assert_eq!(error.sqlstate, "42501", "{error:?}");
    assert!(error.hint.contains("drop ca_file, add ca"), "{error:?}");
    assert_eq!(shop.error("select sync_run('contacts')").sqlstate, "42501");
    shop.run("alter server odoo_main options (drop ca_file)");
    shop.run("select sync_run('contacts')");
    std::fs::remove_dir_all(folder).expect("removed");
}

#[test]
fn a_password_file_goes_only_where_a_superuser_decides() {
    let mut shop = Shop::open(Cluster::shared(), "files_password", "jsonrpc");
    let folder = folder("password");
    let path = written(&folder, "password", b"admin\n", 0o644);
    let add = format!(
        "alter user mapping for shop server odoo_main options (drop password, add password_file '{path}')"
    );
    let error = erp_sync_tests::shop::failure(&mut shop.admin, &add);
    assert_eq!(error.sqlstate, "42501", "{error:?}");
    let create = format!(
        "create user mapping for public server odoo_main options (username 'x', password_file '{path}')"
    );
    assert_eq!(erp_sync_tests::shop::failure(&mut shop.admin, &create).sqlstate, "42501");
    // Within a function the statement is not seen; the use is refused.
    shop.admin.batch_execute(&format!("do $$ begin {add}; end $$")).expect("a superuser may");
    let error = shop.error("select sync_run('contacts')");
    assert_eq!(error.sqlstate, "42501", "{error:?}");
    assert!(shop.odoo.count_calls("common", "authenticate") == 0, "the content was sent");
    shop.admin
        .batch_execute(
            "alter server odoo_main owner to postgres; grant usage on foreign server odoo_main to shop",
        )
        .expect("owned");
    shop.run("select sync_run('contacts')");
    shop.admin.batch_execute("alter server odoo_main owner to shop").expect("owned");
    assert_eq!(shop.error("select sync_run('contacts')").sqlstate, "42501");
    shop.admin.batch_execute("alter server odoo_main owner to postgres").expect("owned");
    let mut seen = Vec::new();
    for path in
        unusable(&folder).into_iter().filter(|path| !path.ends_with("text") && !path.ends_with("environ"))
    {
        if path.ends_with("long") {
            continue;
        }
        let set =
            format!("alter user mapping for shop server odoo_main options (set password_file '{path}')");
        shop.admin.batch_execute(&set).expect("a superuser may");
        let error = shop.error("select sync_run('contacts')");
        seen.push((error.sqlstate, error.message, error.detail));
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:#?}");
    std::fs::remove_dir_all(folder).expect("removed");
}
