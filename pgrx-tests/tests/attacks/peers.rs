//! What one role does in its own house has no bearing on another's: retention, new columns, claims, manifests.

use erp_sync_tests::odoo::Odoo;
use serde_json::json;

use crate::stage::{Stage, complaint, none};

/// `peer` with a server of its own beside the shop's; it syncs into its own schema.
fn house(name: &str, options: &str) -> (Stage, Odoo) {
    let mut stage = Stage::open(name);
    let odoo = Odoo::start();
    stage.settle("peer", "peer_main", &odoo, options);
    let sql = format!("alter role peer in database {name} set erp_sync.target_schema = 'peer'");
    stage.admin(&sql);
    (stage, odoo)
}

#[test]
fn a_retention_of_one_role_deletes_nothing_of_another() {
    let (mut stage, _odoo) = house("peers_retention", ", tenant 'peer'");
    stage.shop.run("select sync_run('contacts')");
    stage.shop.odoo.delete("res.partner", &[30]);
    stage.shop.run("select sync_run('contacts', mode => 'full')");
    stage.admin(
        "update erp_sync.removed set removed_at = removed_at - interval '10 days';
         update erp_sync.run set queued_at = queued_at - interval '10 days',
           started_at = started_at - interval '10 days', finished_at = finished_at - interval '10 days';
         update erp_sync.task set started_at = started_at - interval '10 days', finished_at = finished_at - interval '10 days'",
    );
    let count = "select (select count(*) from erp_sync.removed), (select count(*) from erp_sync.history)";
    let before = stage.shop.rows(count);
    let mut found = Vec::new();
    for setting in ["removed_retention", "history_retention"] {
        for set in [
            format!("set erp_sync.{setting} = '1min'; select sync_run('currencies')"),
            format!("select set_config('erp_sync.{setting}', '1min', false), sync_run('currencies')"),
            format!("alter role peer set erp_sync.{setting} = '1min'"),
        ] {
            // PostgreSQL takes any name before the library is loaded, and drops the value when it is.
            let _ = stage.call("peer", &set);
        }
    }
    stage.by("peer", "select sync_run('currencies')");
    stage.admin("alter role peer reset all");
    let shown = "select sync_version(); set erp_sync.history_retention = '1min'";
    if stage.call("peer", shown).is_ok() {
        found.push("a role may set how long history is kept".into());
    }
    let after = stage.shop.rows(count);
    if after != before {
        found.push(format!("removed and history of the shop: {before:?}, then {after:?}"));
    }
    none(&found);
}

/// The setting that a superuser made counts for all; the server's owner may not lengthen or shorten it for others.
#[test]
fn a_superusers_retention_counts() {
    let mut stage = Stage::open("peers_superuser");
    stage.shop.run("select sync_run('currencies')");
    stage.admin("update erp_sync.run set finished_at = finished_at - interval '10 days'");
    stage.admin("set erp_sync.history_retention = '1d'; select sync_run('currencies')");
    assert_eq!(stage.look("select count(*) from erp_sync.run"), ["1"]);
}

/// What the owner's next run would do.
const PLAN: &str = "select stream, mode, rows from sync_plan('currencies', 'odoo_main')";

#[test]
fn a_new_column_in_one_roles_table_makes_nobody_else_read_everything() {
    let (mut stage, odoo) = house("peers_column", ", tenant 'peer'");
    let kind = json!({"type": "char", "string": "Shelf", "store": true});
    odoo.add_field("res.currency", "x_shelf", kind);
    stage.shop.run("select sync_run('currencies')");
    stage.shop.odoo.advance(3600);
    let before = stage.shop.rows(PLAN);
    stage.by("peer", "select sync_run('currencies')");
    stage.by(
        "peer",
        r#"select sync_define('{"extends": "currencies", "streams": [{"table": "currencies", "columns": [
             {"name": "shelf", "type": "text", "path": ["x_shelf"], "about": "Where it stands"}]}]}')"#,
    );
    stage.by("peer", "select sync_run('currencies')");
    let mut found: Vec<String> = Vec::new();
    let after = stage.shop.rows(PLAN);
    if after != before {
        found.push(format!("a column: the plan was {before:?}, is {after:?}"));
    }
    // The peer's own table dropped, emptied, reset: all its own affair.
    for sql in [
        "alter table peer.currencies drop column shelf; select sync_run('currencies')",
        "truncate peer.currencies; select sync_run('currencies')",
        "select sync_reset('currencies', 'peer_main', true); select sync_run('currencies')",
        "drop table peer.currencies; select sync_run('currencies')",
        "select sync_undefine('currencies')",
    ] {
        for sql in sql.split("; ") {
            let _ = stage.call("peer", sql);
        }
        let after = stage.shop.rows(PLAN);
        if after != before {
            found.push(format!("{sql}: the plan was {before:?}, is {after:?}"));
        }
    }
    none(&found);
}

#[test]
fn a_peer_that_syncs_first_in_its_own_schema_blocks_nobody() {
    // No tenant: both are `main`.
    let (mut stage, _odoo) = house("peers_claim", "");
    stage.by("peer", "select sync_run('contacts, currencies')");
    let mut found = Vec::new();
    for call in [
        "select state from sync_run('contacts')",
        "select state from sync_run('contacts', 'odoo_main')",
        "select state from sync_run('contacts', 'odoo_main', 'full')",
        "select sync_reset('contacts', 'odoo_main')",
        "select sync_reset('contacts')",
        "select state from sync_run('contacts, currencies', mode => 'verify')",
    ] {
        let outcome = stage.call("shop", call);
        match &outcome {
            Err(error) => found.push(format!("{call}: {error:?}")),
            Ok(rows) if call.contains("state") && rows.iter().any(|state| state != "succeeded") => {
                found.push(format!("{call}: {rows:?}"));
            }
            Ok(_) => (),
        }
        let text = format!("{outcome:?}");
        if text.contains("peer") {
            found.push(format!("{call} names the peer's: {text}"));
        }
    }
    let kept = "select count(*) > 0 from peer.contacts";
    if stage.look(kept) != ["t"] {
        found.push("the peer's rows are gone".into());
    }
    none(&found);
}

/// An entity of one's own claims a table's name in one's own schema only.
#[test]
fn a_table_name_of_ones_own_entity_blocks_nobody_elses() {
    let (stage, _odoo) = house("peers_own", "");
    let manifest = |name: &str, object: &str| {
        format!(
            r#"select sync_define('{{"name": "{name}", "about": "x", "source": "odoo", "streams": [{{"table": "things",
                 "about": "x", "object": "{object}", "key": ["id"], "cursor": "write_date",
                 "columns": [{{"name": "id", "type": "bigint", "about": "x"}}]}}]}}')"#
        )
    };
    stage.by("peer", &manifest("theirs", "res.currency"));
    stage.by("peer", "select state from sync_run('theirs')");
    stage.by("shop", &manifest("ours", "res.partner"));
    let outcome = stage.call("shop", "select state from sync_run('ours')");
    let mut found: Vec<String> =
        outcome.as_ref().err().map(|error| format!("{error:?}")).into_iter().collect();
    if format!("{outcome:?}").contains("peer_main") || format!("{outcome:?}").contains("theirs") {
        found.push(format!("names the peer's: {outcome:?}"));
    }
    none(&found);
}

/// A group that both are members of.
fn group(stage: &mut Stage, name: &str) {
    stage.admin(&format!("create role {name}; grant {name} to peer, shop, monitor"));
}

#[test]
fn a_manifest_stored_as_a_group_counts_for_none_of_its_members() {
    let (mut stage, _odoo) = house("peers_group", ", tenant 'peer'");
    group(&mut stage, "staff_manifest");
    stage.shop.run("select sync_run('currencies')");
    let known = "select entity, objects from sync_entities()";
    let before = stage.shop.rows(known);
    stage.by(
        "peer",
        r#"set role staff_manifest;
           select sync_define('{"name": "currencies", "about": "x", "source": "odoo", "streams": [{"table": "currencies",
             "about": "x", "object": "res.currency", "key": ["id"], "cursor": "write_date", "filter": [["id", "<", 0]],
             "columns": [{"name": "id", "type": "bigint", "about": "x"}, {"name": "name", "type": "text", "about": "x"}]}]}');
           select sync_define('{"name": "logins", "about": "x", "source": "odoo", "streams": [{"table": "logins",
             "about": "x", "object": "res.users", "key": ["id"], "cursor": "write_date",
             "columns": [{"name": "id", "type": "bigint", "about": "x"}]}]}')"#,
    );
    let mut found = Vec::new();
    let after = stage.shop.rows(known);
    found.extend(
        after.into_iter().filter(|entity| !before.contains(entity)).map(|entity| format!("new: {entity}")),
    );
    let manifest = stage.shop.value("select sync_entity('currencies')");
    if manifest.contains("filter") {
        found.push(format!("another manifest: {manifest}"));
    }
    let before = stage.shop.odoo.calls().len();
    let _ = stage.call("shop", "select * from sync_run('currencies')");
    let _ = stage.call("shop", "select * from sync_run('logins')");
    let _ = stage.call("shop", "select * from sync_plan('logins')");
    let asked: Vec<String> =
        stage.shop.odoo.calls().iter().skip(before).map(|call| call.model.clone()).collect();
    if asked.iter().any(|model| model == "res.users") {
        found.push("the shop's password was used to read res.users".into());
    }
    none(&found);
}

#[test]
fn a_setting_stored_as_a_group_counts_for_none_of_its_members() {
    let (mut stage, _odoo) = house("peers_setting", ", tenant 'peer'");
    group(&mut stage, "staff_setting");
    stage.shop.run("select sync_run('currencies')");
    let looks =
        "select server, entity, state, next_mode from sync_status() where server = 'odoo_main' order by 1, 2";
    let before = stage.shop.rows(looks);
    let mut found = Vec::new();
    for settings in [
        r#"{"auto": false}"#,
        r#"{"interval": "999999 years 999999 years"}"#,
        r#"{"full_every": "178000000 years"}"#,
        r#"{"verify_every": "-5 days"}"#,
        r#"{"keep_raw": true, "initial_range": "1 day"}"#,
        r#"{"overlap": "99999999999 days"}"#,
    ] {
        let _ = stage
            .call("peer", &format!("set role staff_setting; select sync_configure('all', '{settings}')"));
        let _ = stage.call(
            "peer",
            &format!("set role staff_setting; select sync_configure('currencies', '{settings}')"),
        );
        for role in ["shop", "monitor"] {
            if let Err(error) = stage.call(role, "select * from sync_status()") {
                found.push(format!("{settings}: status of {role}: {error:?}"));
            }
        }
        match stage.call("shop", looks) {
            Ok(rows) if rows == before => (),
            other => found.push(format!("{settings}: status was {before:?}, is {other:?}")),
        }
        found.extend(complaint(settings, &stage.call("shop", "select * from sync_run('currencies')")));
    }
    none(&found);
}

/// Nor does what somebody stored for himself break a look at all.
#[test]
fn a_setting_of_ones_own_breaks_no_look() {
    let (stage, _odoo) = house("peers_look", ", tenant 'peer'");
    let mut found = Vec::new();
    for (name, text) in [
        ("interval", "999999 years 999999 years"),
        ("interval", "infinity"),
        ("full_every", "178000000 years"),
        ("verify_every", "2147483647 months"),
        ("initial_range", "999999 years"),
        ("overlap", "999999 years"),
    ] {
        let _ = stage.call("peer", &format!(r#"select sync_configure('all', '{{"{name}": "{text}"}}')"#));
        for (role, call) in [
            ("peer", "select * from sync_status()"),
            ("peer", "select * from sync_run('currencies')"),
            ("monitor", "select * from sync_status()"),
            ("postgres", "select * from sync_status()"),
        ] {
            match (stage.call(role, call), call.contains("sync_run")) {
                (Err(error), false) => found.push(format!("{name} {text}: {role}: {call}: {error:?}")),
                (outcome, true) => found.extend(complaint(call, &outcome)),
                _ => (),
            }
        }
        let _ = stage.call("peer", &format!(r#"select sync_configure('all', '{{"{name}": null}}')"#));
    }
    none(&found);
}

/// Who lets everybody use a server of his takes part in nobody's runs by that.
#[test]
fn a_server_that_everybody_may_use_takes_part_in_nobodys_runs() {
    let mut stage = Stage::open("peers_lent");
    let odoo = std::sync::Arc::clone(&stage.shop.odoo);
    stage.shop.run("select sync_run('currencies')");
    let mut found = Vec::new();
    // Of the shop's tenant, of another, and without credentials for the shop.
    for (server, options) in [("lent_main", ""), ("lent_other", ", tenant 'other'")] {
        stage.settle("peer", server, &odoo, options);
        stage.by("peer", &format!("grant usage on foreign server {server} to public"));
        for mapping in
            ["", "create user mapping for public server {} options (username 'admin', password 'admin')"]
        {
            stage.by("peer", &mapping.replace("{}", server));
            for call in [
                "select server, state from sync_run('currencies')",
                "select distinct server, mode from sync_plan('currencies')",
            ] {
                match stage.call("shop", call) {
                    Ok(rows) if rows.len() == 1 && rows[0].starts_with("odoo_main|") => (),
                    other => found.push(format!("{server}, {mapping}: {call}: {other:?}")),
                }
            }
        }
    }
    // Named once, it is one of all.
    let named = "select server, state from sync_run('currencies', 'lent_other')";
    assert_eq!(stage.call("shop", named), Ok(vec!["lent_other|succeeded".into()]));
    let all = stage.call("shop", "select server from sync_run('currencies') order by 1");
    assert_eq!(all, Ok(vec!["lent_other".into(), "odoo_main".into()]));
    none(&found);
}

/// What was never read is as late as can be, and not on time.
#[test]
fn what_was_never_read_has_no_lag() {
    let mut stage = Stage::open("peers_lag");
    stage.shop.run("select sync_run('currencies')");
    let lag = "select state, lag is null, count(*) > 0 from sync_status() group by 1, 2 order by 1";
    assert_eq!(stage.shop.rows(lag), ["never|t|t", "succeeded|f|t"]);
    assert_eq!(stage.look("select sync_cancel(id) from erp_sync.run"), ["f"]);
}
