use super::{SHOP, TILL, entity};
use crate::entity::Type;
use crate::entity::catalog;
use crate::entity::statement::*;

#[test]
fn rows_that_are_equal_are_joined_away_before_they_are_touched() {
    insta::assert_snapshot!(upsert(&entity(SHOP).streams[0], "erp", &[0, 1, 2, 3, 4, 5, 6, 7], true), @r#"
    with s as (
      select u."id", u."state", u."partner_id", trim_scale(round(u."price"::numeric, 6)) as "price", u."amount"::numeric as "amount", u."day"::date as "day", u."open", u."tax_ids"::bigint[] as "tax_ids", u."source_updated_at"::timestamptz as "source_updated_at", u."raw"::jsonb as "raw"
      from (select unnest($3::bigint[]) as "id", unnest($4::text[]) as "state", unnest($5::bigint[]) as "partner_id", unnest($6::text[]) as "price", unnest($7::text[]) as "amount", unnest($8::text[]) as "day", unnest($9::boolean[]) as "open", unnest($10::text[]) as "tax_ids", unnest($11::text[]) as "source_updated_at", unnest($12::text[]) as "raw") u
    ),
    differing as materialized (
      select s.*, t."tenant"
      from s left join lateral (
        select t.*, t.xmin from "erp"."bills" as t where t."tenant" = $1::text and t."id" = s."id" offset 0) as t on true
      where t."tenant" is null
         or (t."state", t."partner_id", t."price", t."amount", t."day", t."open", t."tax_ids", t."source_updated_at", t."raw")
            is distinct from (s."state", s."partner_id", s."price", s."amount", s."day", s."open", s."tax_ids", s."source_updated_at", s."raw")
    ),
    fresh as (
      insert into "erp"."bills" as n ("tenant", "id", "state", "partner_id", "price", "amount", "day", "open", "tax_ids", "source_updated_at", "raw", "run_id")
      select $1::text, d."id", d."state", d."partner_id", d."price", d."amount", d."day", d."open", d."tax_ids", d."source_updated_at", d."raw", $2::bigint from differing d where d."tenant" is null
      returning true as inserted
    ),
    changed as (
      insert into "erp"."bills" as n ("tenant", "id", "state", "partner_id", "price", "amount", "day", "open", "tax_ids", "source_updated_at", "raw", "run_id")
      select $1::text, d."id", d."state", d."partner_id", d."price", d."amount", d."day", d."open", d."tax_ids", d."source_updated_at", d."raw", $2::bigint from differing d where d."tenant" is not null
      on conflict ("tenant", "id") do update
      set "state" = excluded."state", "partner_id" = excluded."partner_id", "price" = excluded."price", "amount" = excluded."amount", "day" = excluded."day", "open" = excluded."open", "tax_ids" = excluded."tax_ids", "source_updated_at" = excluded."source_updated_at", "raw" = excluded."raw", "synced_at" = excluded."synced_at", "run_id" = excluded."run_id"
      returning (n.xmax = 0) as inserted
    )
    select count(*) filter (where u.inserted) as inserted, count(*) filter (where not u.inserted) as updated
    from (select * from fresh union all select * from changed) u
    "#);
}

#[test]
fn rows_are_compared_by_key_and_time_in_one_statement() {
    insta::assert_snapshot!(compare(&entity(TILL).streams[0], "erp"), @r#"
    select k.place, t."tenant" is null, t."source_updated_at"::text,
      k.moment is null or $5::timestamptz is null or k.moment::timestamptz < $5::timestamptz,
      t."source_updated_at" is distinct from k.moment::timestamptz, coalesce(t.xmin::text::bigint = any($6::bigint[]), false)
    from unnest($2::text[]::date[], $3::bigint[], $4::text[]) with ordinality as k(k0, k1, moment, place)
    left join "erp"."tills" as t on t."tenant" = $1::text and t."day" = k.k0 and t."no" = k.k1
    where t."tenant" is null or t."source_updated_at" is distinct from k.moment::timestamptz or coalesce(t.xmin::text::bigint = any($6::bigint[]), false)
    order by k.place
    "#);
}

#[test]
fn who_wrote_rows_is_asked_of_the_rows_themselves() {
    let (bills, tills) = (&entity(SHOP).streams[0], &entity(TILL).streams[0].of_server());
    insta::assert_snapshot!(writers(bills, "erp"), @r#"
    select w.xmin::text::bigint from (
      select distinct t.xmin from "erp"."bills" as t where t."tenant" = $1::text) as w
    "#);
    assert!(writers(tills, "erp").contains(r#"where t."tenant" = $1::text and t."server" = $2::text) as w"#));
    insta::assert_snapshot!(written_by(bills, "erp"), @r#"
    select t."id" as "id"
    from "erp"."bills" as t
    where t."tenant" = $1::text and t."id" = any($2::bigint[]) and coalesce(t.xmin::text::bigint = any($3::bigint[]), false)
    "#);
}

#[test]
fn what_rows_hold_is_compared_as_it_would_be_stored() {
    let bills = &entity(SHOP).streams[0];
    let (stored, compared) = (upsert(bills, "erp", &[0, 1], false), altered(bills, "erp", &[0, 1], false));
    let given = |sql: &str| sql.split_once("\n)").map(|(given, _)| given.to_string());
    assert_eq!(given(&stored), given(&compared));
    insta::assert_snapshot!(compared, @r#"
    with s as (
      select u."id", u."state", u."source_updated_at"::timestamptz as "source_updated_at"
      from (select unnest($3::bigint[]) as "id", unnest($4::text[]) as "state", unnest($5::text[]) as "source_updated_at") u
    )
    select t."tenant" is null, s."source_updated_at"::text, t."source_updated_at"::text, coalesce(t.xmin::text::bigint = any($2::bigint[]), false), s."id" as "id"
    from s left join lateral (
        select t.*, t.xmin from "erp"."bills" as t where t."tenant" = $1::text and t."id" = s."id" offset 0) as t on true
      where t."tenant" is null
         or (t."state", t."source_updated_at")
            is distinct from (s."state", s."source_updated_at")
    "#);
}

#[test]
fn rows_that_refer_to_others_are_found_by_their_column() {
    insta::assert_snapshot!(referring(&entity(SHOP).streams[0], "partner_id", "erp"), @r#"
    select t."id" as "id"
    from "erp"."bills" as t
    where t."tenant" = $1::text and t."partner_id" = any($2::bigint[])
    "#);
}

#[test]
fn columns_that_are_not_read_are_neither_compared_nor_written() {
    insta::assert_snapshot!(upsert(&entity(SHOP).streams[0], "erp", &[0, 3], false), @r#"
    with s as (
      select u."id", trim_scale(round(u."price"::numeric, 6)) as "price", u."source_updated_at"::timestamptz as "source_updated_at"
      from (select unnest($3::bigint[]) as "id", unnest($4::text[]) as "price", unnest($5::text[]) as "source_updated_at") u
    ),
    differing as materialized (
      select s.*, t."tenant"
      from s left join lateral (
        select t.*, t.xmin from "erp"."bills" as t where t."tenant" = $1::text and t."id" = s."id" offset 0) as t on true
      where t."tenant" is null
         or (t."price", t."source_updated_at")
            is distinct from (s."price", s."source_updated_at")
    ),
    fresh as (
      insert into "erp"."bills" as n ("tenant", "id", "price", "source_updated_at", "run_id")
      select $1::text, d."id", d."price", d."source_updated_at", $2::bigint from differing d where d."tenant" is null
      returning true as inserted
    ),
    changed as (
      insert into "erp"."bills" as n ("tenant", "id", "price", "source_updated_at", "run_id")
      select $1::text, d."id", d."price", d."source_updated_at", $2::bigint from differing d where d."tenant" is not null
      on conflict ("tenant", "id") do update
      set "price" = excluded."price", "source_updated_at" = excluded."source_updated_at", "synced_at" = excluded."synced_at", "run_id" = excluded."run_id"
      returning (n.xmax = 0) as inserted
    )
    select count(*) filter (where u.inserted) as inserted, count(*) filter (where not u.inserted) as updated
    from (select * from fresh union all select * from changed) u
    "#);
}

#[test]
fn a_key_of_several_columns_is_joined_and_returned_whole() {
    insta::assert_snapshot!(upsert(&entity(TILL).streams[0], "erp", &[0, 1, 2], false), @r#"
    with s as (
      select u."day"::date as "day", u."no", trim_scale(round(u."total"::numeric, 2)) as "total", u."source_updated_at"::timestamptz as "source_updated_at"
      from (select unnest($3::text[]) as "day", unnest($4::bigint[]) as "no", unnest($5::text[]) as "total", unnest($6::text[]) as "source_updated_at") u
    ),
    differing as materialized (
      select s.*, t."tenant"
      from s left join lateral (
        select t.*, t.xmin from "erp"."tills" as t where t."tenant" = $1::text and t."day" = s."day" and t."no" = s."no" offset 0) as t on true
      where t."tenant" is null
         or (t."total", t."source_updated_at")
            is distinct from (s."total", s."source_updated_at")
    ),
    fresh as (
      insert into "erp"."tills" as n ("tenant", "day", "no", "total", "source_updated_at", "run_id")
      select $1::text, d."day", d."no", d."total", d."source_updated_at", $2::bigint from differing d where d."tenant" is null
      returning true as inserted
    ),
    changed as (
      insert into "erp"."tills" as n ("tenant", "day", "no", "total", "source_updated_at", "run_id")
      select $1::text, d."day", d."no", d."total", d."source_updated_at", $2::bigint from differing d where d."tenant" is not null
      on conflict ("tenant", "day", "no") do update
      set "total" = excluded."total", "source_updated_at" = excluded."source_updated_at", "synced_at" = excluded."synced_at", "run_id" = excluded."run_id"
      returning (n.xmax = 0) as inserted
    )
    select count(*) filter (where u.inserted) as inserted, count(*) filter (where not u.inserted) as updated
    from (select * from fresh union all select * from changed) u
    "#);
}

#[test]
fn deleted_rows_come_back_as_json() {
    insta::assert_snapshot!(delete(&entity(SHOP).streams[0], "erp"), @r#"
    with gone as (
      delete from "erp"."bills" as t where t."tenant" = $1::text and t."id" = any($2::bigint[])
      returning t.*
    )
    select to_jsonb(gone.*)::text as content, gone."id" as "id" from gone
    "#);
    insta::assert_snapshot!(delete(&entity(TILL).streams[0], "erp"), @r#"
    with gone as (
      delete from "erp"."tills" as t where t."tenant" = $1::text and (t."day", t."no") in (select * from unnest($2::text[]::date[], $3::bigint[]))
      returning t.*
    )
    select to_jsonb(gone.*)::text as content, gone."day"::text as "day", gone."no" as "no" from gone
    "#);
}

#[test]
fn lines_that_were_not_read_with_their_header_are_found() {
    let shop = entity(SHOP);
    insta::assert_snapshot!(missing_children(&shop.streams[1], "erp").unwrap(), @r#"
    select t."id" as "id"
    from (select t."id"
      from "erp"."bill_lines" as t
      where t."tenant" = $1::text and t."bill_id" = any($2::bigint[])
      except select * from unnest($3::bigint[])) as t
    "#);
    assert_eq!(missing_children(&shop.streams[0], "erp"), None);
}

#[test]
fn keys_absent_from_a_stretch_are_found() {
    let bills = &entity(SHOP).streams[0];
    insta::assert_snapshot!(missing_in_range(bills, "erp", true, true).unwrap(), @r#"
    select t."id" as "id"
    from (select t."id"
      from "erp"."bills" as t
      where t."tenant" = $1::text and t."id" > $3::bigint and t."id" <= $4::bigint
      except select unnest($2::bigint[])) as t
    "#);
    insta::assert_snapshot!(missing_in_range(&bills.of_server(), "erp", false, true).unwrap(), @r#"
    select t."server"::text as "server", t."id" as "id"
    from (select t."server", t."id"
      from "erp"."bills" as t
      where t."tenant" = $1::text and t."id" <= $3::bigint and t."server" = $4::text
      except select $4::text, unnest($2::bigint[])) as t
    "#);
    assert_eq!(missing_in_range(&entity(TILL).streams[0], "erp", true, true), None);
}

#[test]
fn keys_that_the_remote_may_order_otherwise_are_put_aside_and_compared_as_a_whole() {
    let till = entity(TILL).streams[0].of_server();
    insta::assert_snapshot!(make_aside(&till), @r#"create table "pg_temp"."tills" ("server" text, "day" date, "no" bigint)"#);
    insta::assert_snapshot!(put_keys_aside(&till), @r#"insert into "pg_temp"."tills" select * from unnest($1::text[], $2::text[]::date[], $3::bigint[])"#);
    insta::assert_snapshot!(unseen(&till, "erp"), @r#"
    with s as materialized (select a.* from "pg_temp"."tills" as a)
    select t."server"::text as "server", t."day"::text as "day", t."no" as "no"
    from (select t."server", t."day", t."no"
      from "erp"."tills" as t
      where t."tenant" = $1::text and t."server" = $2::text
      except select s.* from s) as t
    "#);
}

#[test]
fn lines_without_a_header_are_found() {
    let shop = entity(SHOP);
    insta::assert_snapshot!(orphans(&shop.streams[1], &shop.streams[0], "erp").unwrap(), @r#"
    select k.k0 as "id"
    from unnest($2::bigint[], $3::bigint[]) as k(k0, header)
    where not exists (select from "erp"."bills" as t where t."tenant" = $1::text and t."id" = k.header)
    "#);
    assert_eq!(orphans(&shop.streams[1], &entity(TILL).streams[0], "erp"), None);
}

#[test]
fn keys_that_are_here_are_found() {
    insta::assert_snapshot!(present(&entity(SHOP).streams[0], "erp"), @r#"
    select t."id" as "id"
    from "erp"."bills" as t
    where t."tenant" = $1::text and t."id" = any($2::bigint[])
    "#);
    insta::assert_snapshot!(present(&entity(TILL).streams[0], "erp"), @r#"
    select t."day"::text as "day", t."no" as "no"
    from "erp"."tills" as t
    where t."tenant" = $1::text and (t."day", t."no") in (select * from unnest($2::text[]::date[], $3::bigint[]))
    "#);
}

/// How often each parameter is named, `$1` first.
fn parameters(sql: &str) -> Vec<usize> {
    let count = |n: usize| {
        let mark = format!("${n}::");
        sql.matches(&mark).count()
    };
    (1..).map(count).take_while(|n| *n > 0).collect()
}

#[test]
fn every_column_of_a_built_in_entity_has_one_parameter_of_its_type() {
    for stream in catalog::builtin().iter().flat_map(|e| &e.streams) {
        let all: Vec<usize> = (0..stream.columns.len()).collect();
        let sql = upsert(stream, "erp", &all, true);
        let found = parameters(&sql);
        assert_eq!(found.len(), 2 + stream.columns.len() + 2, "{}", stream.table);
        assert!(found.iter().skip(2).all(|n| *n == 1), "{}", stream.table);
        for (i, column) in stream.columns.iter().enumerate() {
            let array = if column.kind == Type::Bigint { "bigint[]" } else { column.kind.wire() };
            assert!(sql.contains(&format!("${}::{array}", i + 3)), "{}.{}", stream.table, column.name);
        }
    }
}

#[test]
fn every_table_is_asked_for_one_tenant() {
    let shop = entity(SHOP);
    let (bills, lines) = (&shop.streams[0], &shop.streams[1]);
    let statements = [
        delete(bills, "erp"),
        present(bills, "erp"),
        missing_children(lines, "erp").unwrap(),
        missing_in_range(bills, "erp", true, true).unwrap(),
        orphans(lines, bills, "erp").unwrap(),
        upsert(bills, "erp", &[0, 1], false),
    ];
    for sql in statements {
        assert_eq!(sql.matches("\" as t").count(), 1, "{sql}");
        assert_eq!(sql.matches("t.\"tenant\" = $1::text").count(), 1, "{sql}");
    }
}
