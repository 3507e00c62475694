//! Who can read a password: in catalogs, logs, dumps and histories, and on the network.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::mpsc;

use erp_sync_tests::call::LIMIT;

use crate::stage::{Stage, attempt, none};

fn set_password(password: &str) -> String {
    format!("alter user mapping for current_user server odoo_main options (set password '{password}')")
}

#[test]
fn a_password_is_shown_to_its_role_and_for_everybodys_mapping_to_the_servers_owner() {
    let mut stage = Stage::open("passwords_mappings");
    stage.shop.run("grant usage on foreign server odoo_main to reader");
    stage.admin(
        "create user mapping for reader server odoo_main options (username 'plain', password 'plain')",
    );
    let shown = "select usename from pg_user_mappings where srvname = 'odoo_main' and umoptions::text like '%password=%'
                 order by usename::text collate \"C\"";
    let mut found = Vec::new();
    for (role, mappings) in [
        ("shop", &["public", "shop"][..]),
        ("manager", &["public"]),
        ("reader", &["reader"]),
        ("outsider", &[]),
        ("monitor", &[]),
        ("postgres", &["public", "reader", "shop"]),
    ] {
        match stage.call(role, shown) {
            Ok(rows) if rows == mappings => (),
            other => found.push(format!("{role}: {other:?}")),
        }
    }
    none(&found);
}

#[test]
fn postgresql_logs_a_statement_that_sets_a_password_where_it_is_told_to() {
    let mut stage = Stage::open("passwords_logged");
    for (setting, value) in [("log_statement", "ddl"), ("log_min_duration_statement", "0")] {
        stage.admin(&format!("alter database passwords_logged set {setting} = '{value}'"));
        let before = stage.shop.cluster.log().len() as u64;
        let canary = format!("canary_of_{setting}");
        stage.by(
            "shop",
            &format!(
                "alter user mapping for current_user server odoo_main options (set password '{canary}')"
            ),
        );
        let (log, _) = stage.shop.cluster.log_behind(before);
        assert!(log.contains(&canary), "{setting}: {log}");
        stage.admin(&format!("alter database passwords_logged reset {setting}"));
    }
}

#[test]
fn the_statement_that_sets_a_password_is_shown_until_the_session_runs_the_next_one() {
    let mut stage = Stage::open("passwords_shown");
    let mut session = stage.session("shop");
    let sql = "alter user mapping for current_user server odoo_main options (set password 'canary_shown')";
    session.batch_execute(sql).expect("it is set");
    let shown = "select count(*) from pg_stat_activity where datname = current_database()
                 and pid <> pg_backend_pid() and query like '%canary\\_shown%'";
    // A member of the role and one of pg_monitor see it too.
    for (role, rows) in
        [("postgres", "1"), ("shop", "1"), ("manager", "1"), ("monitor", "1"), ("outsider", "0")]
    {
        assert_eq!(stage.call(role, shown), Ok(vec![rows.into()]), "{role}");
    }
    session.batch_execute("select 1").expect("another statement");
    assert_eq!(stage.look(shown), ["0"]);
}

/// An address that is not one of loopback, though the machine takes it for its own.
#[test]
fn a_check_warns_of_a_connection_that_is_not_encrypted() {
    let mut stage = Stage::open("passwords_plain_text");
    let port = stage.shop.odoo.port();
    stage.shop.run(&format!("alter server odoo_main options (set url 'http://0.0.0.0:{port}')"));
    let told = stage.shop.rows("select status, detail, hint from sync_check() where aspect = 'tls'");
    let line = "warn|not encrypted: the password can be read on the way|use https in the server option url";
    assert_eq!(told, [line]);
}

#[test]
fn a_superusers_dump_holds_the_password() {
    let stage = Stage::open("passwords_dumped");
    stage.by("shop", &set_password("canary_dumped"));
    let dumped = stage.shop.cluster.dump("passwords_dumped", "postgres", &[]);
    assert!(dumped.contains("canary_dumped"));
}

#[test]
fn a_password_in_a_file_is_in_no_dump_log_activity_or_mapping() {
    const CANARY: &str = "canary_of_a_file";
    let mut stage = Stage::open("passwords_file");
    stage.shop.odoo.set_password("admin", CANARY);
    let file = std::env::temp_dir().join(format!("erp_sync_passwords_{}", std::process::id()));
    std::fs::write(&file, format!("{CANARY}\n")).expect("it is written");
    let before = stage.shop.cluster.log().len() as u64;
    stage.admin(&format!(
        "alter database passwords_file set log_statement = 'all';
         alter database passwords_file set log_min_duration_statement = 0;
         alter server odoo_main owner to postgres; grant usage on foreign server odoo_main to shop;
         alter user mapping for shop server odoo_main options (drop password, add password_file '{}')",
        file.display()
    ));
    let mut session = stage.session("shop");
    session.simple_query("select sync_run('currencies')").expect("the file is read");
    let (log, _) = stage.shop.cluster.log_behind(before);
    let shown = stage.look(
        "select query from pg_stat_activity union all select umoptions::text from pg_user_mappings
         union all select m::text from pg_user_mapping m",
    );
    assert!(log.contains("sync_run"), "the log is as talkative as was asked");
    let dumped = stage.shop.cluster.dump("passwords_file", "postgres", &[]);
    let found: Vec<String> = [log, dumped, shown.join("\n")]
        .iter()
        .flat_map(|text| text.lines().filter(|line| line.contains(CANARY)).map(str::to_owned))
        .collect();
    std::fs::remove_file(&file).expect("it is removed");
    none(&found);
}

/// On a terminal, which `script` plays.
#[test]
fn psql_keeps_the_statement_that_sets_a_password_in_its_history() {
    let stage = Stage::open("passwords_history");
    let history = std::env::temp_dir().join(format!("erp_sync_history_{}", std::process::id()));
    let psql = stage.shop.cluster.command("psql");
    let program = psql.get_program().to_string_lossy();
    let line = format!("'{program}' --no-psqlrc '{}'", stage.shop.cluster.url("passwords_history", "shop"));
    let mut script = std::process::Command::new("script");
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("PSQL_HISTORY", &history);
    script.env("HISTFILE", &history).env("TERM", "dumb");
    let script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut script = script.expect("script of util-linux runs");
    let typed = format!("{};\n\\q\n", set_password("canary_typed"));
    script.stdin.take().expect("its input").write_all(typed.as_bytes()).expect("it is typed");
    let shown = script.wait_with_output().expect("it ends");
    let kept = std::fs::read_to_string(&history).unwrap_or_default();
    let _ = std::fs::remove_file(&history);
    assert!(kept.contains("canary"), "{}", String::from_utf8_lossy(&shown.stdout));
}

/// A proxy that notes what it is asked, and answers that it cannot.
fn proxy() -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let (tell, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let (mut text, mut part) = (String::new(), [0; 4096]);
            while let Ok(read @ 1..) = stream.read(&mut part) {
                text.push_str(&String::from_utf8_lossy(&part[..read]));
                let length = text.to_lowercase().split_once("content-length: ").and_then(|(_, rest)| {
                    rest.split("\r\n").next().and_then(|length| length.parse::<usize>().ok())
                });
                let body = text.split_once("\r\n\r\n").map(|(_, body)| body.len());
                if body.is_some_and(|body| body >= length.unwrap_or_default()) {
                    break;
                }
            }
            let answer = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(answer.as_bytes());
            if tell.send(text).is_err() {
                return;
            }
        }
    });
    (port, heard)
}

#[test]
fn a_password_goes_through_the_proxy_of_its_server() {
    let stage = Stage::open("passwords_proxy");
    let (port, heard) = proxy();
    // Nobody but the proxy could find that host.
    stage.by(
        "shop",
        &format!(
            "{}; alter server odoo_main options (set url 'http://erp.invalid', add proxy 'http://127.0.0.1:{port}')",
            set_password("canary_on_its_way")
        ),
    );
    let mut session = stage.session("shop");
    session.batch_execute("set erp_sync.max_attempts = 1").expect("a setting");
    let error = attempt(&mut session, "select sync_run('currencies')").expect_err("a run");
    assert!(!format!("{error:?}").contains("canary_on_its_way"), "{error:?}");
    let asked = std::iter::from_fn(|| heard.recv_timeout(LIMIT / 10).ok()).collect::<Vec<_>>();
    assert!(asked.iter().all(|text| text.starts_with("POST http://erp.invalid/")), "{asked:?}");
    assert!(asked.iter().any(|text| text.contains("canary_on_its_way")), "{asked:?}");
}
