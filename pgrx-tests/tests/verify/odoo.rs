//! Of an Odoo: by id and `write_date`.

use super::*;

const HERE: &str = "select count(*) from erp.contacts";

#[test]
fn what_no_incremental_run_can_see_is_shown_told_and_mended() {
    let mut shop = synced("verify");
    // Deleted, committed later than the overlap, and created so; changed here by hand, and lost here.
    shop.odoo.delete("res.partner", &[30]);
    shop.odoo.write_late("res.partner", &[31], json!({"name": "written late"}), 5400);
    let late = shop.odoo.commit_late("res.partner", json!({"name": "created late"}), 5400);
    shop.run("update erp.contacts set source_updated_at = now() - interval '9 days' where id = 32");
    shop.run("delete from erp.contacts where id = 33");
    assert_eq!(run(&mut shop, "'contacts'"), "succeeded 0 0 0 0");
    let wanted = [
        "extra|contacts|[30]".to_owned(),
        "missing|contacts|[33]".to_owned(),
        format!("missing|contacts|[{late}]"),
        "stale|contacts|[31]".to_owned(),
        "stale|contacts|[32]".to_owned(),
    ];
    let count = shop.value(HERE);
    assert_eq!(diff(&mut shop, "'contacts'"), wanted);
    assert_eq!(
        (shop.value(HERE), shop.value("select count(*) from erp_sync.difference")),
        (count, "0".into())
    );

    assert_eq!(run(&mut shop, "'contacts', mode => 'verify'"), "succeeded 2 2 1 0");
    assert_eq!(differences(&mut shop), wanted);
    let names = "select id, name from erp.contacts where name like '% late' order by id";
    assert_eq!(shop.rows(names), ["31|written late".to_owned(), format!("{late}|created late")]);
    assert_eq!(shop.value("select reason from erp_sync.removed where key = '[30]'"), "deleted");
    let told = warnings(&mut shop);
    assert!(told.starts_with("5 rows differed from the remote's: 1 extra, 2 missing, 2 stale"), "{told}");
    assert_eq!(shop.value("select mode from erp_sync.history order by run_id desc limit 1"), "verify");

    assert_eq!(diff(&mut shop, "'all'"), [""; 0]);
    assert_eq!(run(&mut shop, "'all', mode => 'verify'"), "succeeded 0 0 0 0");
    assert_eq!((differences(&mut shop), warnings(&mut shop).as_str()), (Vec::new(), ""));
    let unread = "select count(*) from erp_sync.position where greatest(verified_at, full_at) is null";
    assert_eq!(shop.value(unread), "0");
    let counted = "select count(*) from erp_sync.position where stream = 'contacts' and rows <> (select count(*) from erp.contacts)";
    assert_eq!(shop.value(counted), "0");
}

#[test]
fn how_late_rows_were_is_measured_and_an_overlap_that_covers_them_is_proposed() {
    let mut shop = synced("verify_late");
    // It was on its way for 40 minutes, and two runs went by.
    let began = 2400;
    shop.odoo.advance(900);
    shop.odoo.write("res.partner", &[1], json!({}));
    run(&mut shop, "'contacts'");
    shop.odoo.advance(900);
    shop.odoo.write("res.partner", &[1], json!({}));
    run(&mut shop, "'contacts'");
    shop.odoo.advance(600);
    shop.odoo.write_late("res.partner", &[31], json!({"name": "late"}), began);
    assert_eq!(run(&mut shop, "'contacts'"), "succeeded 0 0 0 0");
    assert_eq!(run(&mut shop, "'contacts', mode => 'verify'"), "succeeded 0 1 0 0");
    // The run that should have brought it saw changes of 15 minutes after it was written, less the time this test takes.
    let late = "select late from erp_sync.differences where late not between '13 minutes' and '15 minutes'";
    assert_eq!(shop.rows(late), [""; 0]);
    let told = warnings(&mut shop);
    let (_, line) = told.split_once("does not cover: ").unwrap_or_else(|| panic!("{told}"));
    assert_eq!(line, r#"select sync_configure('contacts', '{"overlap": "30 minutes"}', 'odoo_main')"#);
    shop.run(line);
    shop.odoo.advance(600);
    shop.odoo.write("res.partner", &[1], json!({}));
    run(&mut shop, "'contacts'");
    shop.odoo.write_late("res.partner", &[30], json!({"name": "late again"}), 1700);
    assert_eq!(run(&mut shop, "'contacts'"), "succeeded 0 1 0 0", "the wider overlap covers it");
}

#[test]
fn merged_contacts_are_followed_from_the_removed_one_to_what_refers_to_it() {
    let mut shop = synced("verify_merged");
    let partner: i64 = shop
        .value("select partner_id from erp.invoices group by 1 order by count(*) desc, 1 limit 1")
        .parse()
        .unwrap();
    let of_partner = format!("select id from erp.invoices where partner_id = {partner} order by 1");
    let invoices: Vec<i64> = shop.rows(&of_partner).iter().map(|id| id.parse().unwrap()).collect();
    let other = shop.odoo.create("res.partner", json!({"name": "the one that stays"}));
    // As the wizard does: raw SQL.
    shop.odoo.write_silently("account.move", &invoices, json!({"partner_id": [other, "the one that stays"]}));
    shop.odoo.delete("res.partner", &[partner]);
    run(&mut shop, "'all'");
    assert_eq!(shop.rows(&of_partner).len(), invoices.len(), "nothing marks them as changed");
    run(&mut shop, "'contacts', mode => 'verify'");
    run(&mut shop, "'all'");
    assert_eq!(shop.rows(&of_partner), [""; 0]);
    let moved = shop.value(&format!("select count(*) from erp.invoices where partner_id = {other}"));
    assert_eq!(moved, invoices.len().to_string());
}

#[test]
fn lines_that_vanish_alone_and_documents_that_left_too_late_are_found() {
    let mut shop = synced("verify_lines");
    let lines = shop.rows("select id from erp.invoice_lines where invoice_id = 3 order by 1");
    let gone: i64 = lines[0].parse().unwrap();
    shop.odoo.delete("account.move.line", &[gone]);
    shop.odoo.write_late("account.move", &[5], json!({"state": "draft"}), 5400);
    assert_eq!(run(&mut shop, "'invoices'"), "succeeded 0 0 0 0");
    let wanted = [format!("extra|invoice_lines|[{gone}]"), "extra|invoices|[5]".to_owned()];
    assert_eq!(diff(&mut shop, "'invoices'"), wanted);
    run(&mut shop, "'invoices', mode => 'verify'");
    // The lines of the draft go with it.
    assert_eq!(differences(&mut shop), wanted);
    assert_eq!(shop.value("select count(*) from erp.invoices where id = 5"), "0");
    assert_eq!(shop.value("select count(*) from erp.invoice_lines where invoice_id = 5"), "0");
    assert_eq!(shop.rows("select id from erp.invoice_lines where invoice_id = 3").len(), lines.len() - 1);
}

#[test]
fn keys_are_few_bytes_and_only_what_differs_is_read_as_a_whole() {
    let mut shop = synced("verify_bytes");
    let rows: i64 = shop.value(HERE).parse().unwrap();
    let before = shop.odoo.calls().len();
    run(&mut shop, "'contacts', mode => 'verify'");
    let asked = shop.odoo.calls().split_off(before);
    let reads = asked.iter().filter(|call| call.method == "search_read" && call.model == "res.partner");
    let fields: Vec<String> = reads.map(|call| format!("{} {}", call.args, call.kwargs)).collect();
    assert_eq!(fields.len(), 3, "the newest change, what changed, all keys: {fields:?}");
    assert!(fields[2].contains(r#"["id","write_date"]"#), "{}", fields[2]);
    assert!(rows > 50);
}

#[test]
fn people_of_a_company_that_was_merged_belong_to_the_other_behind_the_run_that_finds_it_gone() {
    for (name, mode) in [("verify_people", "verify"), ("full_people", "full")] {
        let mut shop = synced(name);
        let company: i64 = shop
            .value("select parent_id from erp.contacts where parent_id is not null order by 1 limit 1")
            .parse()
            .unwrap();
        let of = |company: i64| format!("select count(*) from erp.contacts where parent_id = {company}");
        let people = shop.rows(&format!("select id from erp.contacts where parent_id = {company}"));
        let people: Vec<i64> = people.iter().map(|id| id.parse().unwrap()).collect();
        let other = shop.odoo.create("res.partner", json!({"name": "the one that stays"}));
        shop.odoo.write_silently("res.partner", &people, json!({"parent_id": other}));
        shop.odoo.delete("res.partner", &[company]);
        run(&mut shop, &format!("'contacts', mode => '{mode}'"));
        assert_eq!(shop.value(&of(company)), "0", "{mode}");
        assert_eq!(shop.value(&of(other)), people.len().to_string(), "{mode}");
    }
}

#[test]
fn lost_rights_remove_no_more_than_the_limit_and_come_back() {
    let mut shop = synced("verify_breaker");
    let all: i64 = shop.value(HERE).parse().unwrap();
    shop.odoo.hide_where("res.partner", json!([]));
    let error = shop.error("select * from sync_run('contacts', mode => 'verify')");
    assert!(error.message.contains("vanished at once"), "{error:?}");
    assert_eq!(shop.value(HERE), all.to_string());
    shop.odoo.unhide("res.partner");
    assert_eq!(run(&mut shop, "'contacts', mode => 'verify'"), "succeeded 0 0 0 0");
    shop.odoo.hide("res.partner", &(20..40).collect::<Vec<_>>());
    let error = shop.error("select * from sync_run('contacts', mode => 'verify')");
    let (_, line) = error.hint.split_once("if the rows are really gone: ").expect("a line to type");
    assert!(line.contains("mode => 'verify', confirm => true"), "{line}");
    shop.run(line);
    assert_eq!(shop.value(HERE), (all - 20).to_string());
    shop.odoo.unhide("res.partner");
    assert_eq!(run(&mut shop, "'contacts', mode => 'verify'"), "succeeded 20 0 0 0");
}

#[test]
fn what_was_never_read_is_told_and_a_diff_of_all_leaves_it_out() {
    let mut shop = Shop::open(Cluster::shared(), "verify_unread", "jsonrpc");
    let error = shop.error("select * from sync_diff('contacts')");
    assert_eq!(error.message, "\"contacts\" of server \"odoo_main\" has not been read to the end yet");
    assert_eq!(error.hint, "read it with: select * from sync_run('contacts', 'odoo_main')");
    assert_eq!(diff(&mut shop, "'all'"), [""; 0]);
    assert_eq!(run(&mut shop, "'contacts', mode => 'verify'").split(' ').next(), Some("succeeded"));
    assert_eq!(diff(&mut shop, "'contacts'"), [""; 0]);
    let error = shop.error("select * from sync_run('contacts', mode => 'verfy')");
    assert_eq!(error.hint, "the modes are incremental, full and verify");
}

#[test]
fn a_rejected_record_is_no_difference_and_comes_when_it_is_mended_without_a_trace() {
    let mut shop = synced("verify_rejected");
    shop.odoo.write_silently("res.partner", &[31, 32], json!({"name": "with \u{0} in it"}));
    run(&mut shop, "'contacts', mode => 'full'");
    assert_eq!(shop.rows("select rule from erp_sync.rejections"), ["nul", "nul"]);
    shop.run("delete from erp.contacts where id = 31");
    assert_eq!(diff(&mut shop, "'contacts'"), [""; 0]);
    for _ in 0..2 {
        assert_eq!(run(&mut shop, "'contacts', mode => 'verify'"), "succeeded 0 0 0 2");
        assert_eq!(shop.value("select count(*) from erp_sync.rejected"), "2", "they are still there");
    }
    // One is not here, of the other the last good version is.
    shop.odoo.write_silently("res.partner", &[31, 32], json!({"name": "mended"}));
    assert_eq!(run(&mut shop, "'contacts', mode => 'verify'"), "succeeded 1 1 0 0");
    assert_eq!(shop.value("select count(*) from erp_sync.rejected"), "0");
    assert_eq!(shop.rows("select name from erp.contacts where id in (31, 32)"), ["mended", "mended"]);
    // What is no longer there is nobody's work.
    shop.odoo.write_silently("res.partner", &[31, 32], json!({"name": "with \u{0} again"}));
    run(&mut shop, "'contacts', mode => 'full'");
    shop.odoo.delete("res.partner", &[32]);
    run(&mut shop, "'contacts', mode => 'verify'");
    assert_eq!(shop.rows("select key from erp_sync.rejected"), ["[31]"]);
}
