use super::{SHOP, TILL, entity};
use crate::entity::ddl::{add_columns, create_table, indexes};
use crate::entity::{Stream, Type, catalog};
use crate::error::Kind;

/// The columns of a table that was just made, as PostgreSQL describes them.
fn described(stream: &Stream) -> Vec<(String, String)> {
    let long =
        |kind: &str| if kind == "timestamptz" { "timestamp with time zone".into() } else { kind.to_string() };
    let own = stream.columns.iter().map(|c| (c.name.clone(), long(c.kind.sql())));
    let ours = [
        ("tenant", "text"),
        ("source_updated_at", "timestamptz"),
        ("synced_at", "timestamptz"),
        ("run_id", "bigint"),
        ("raw", "jsonb"),
    ];
    own.chain(ours.map(|(name, kind)| (name.to_string(), long(kind)))).collect()
}

#[test]
fn a_table_begins_with_its_tenant_and_says_what_it_holds() {
    insta::assert_snapshot!(create_table(&entity(SHOP).streams[0], "erp").join(";\n"), @r#"
    create table if not exists "erp"."bills" (
      "tenant" text not null,
      "id" bigint,
      "state" text,
      "partner_id" bigint,
      "price" numeric,
      "amount" numeric,
      "day" date,
      "open" boolean,
      "tax_ids" bigint[],
      "source_updated_at" timestamptz,
      "synced_at" timestamptz not null default now(),
      "run_id" bigint,
      "raw" jsonb,
      constraint "bills_pkey" primary key ("tenant", "id")
    );
    comment on table "erp"."bills" is 'The shop''s bills';
    comment on column "erp"."bills"."tenant" is 'The business the row belongs to';
    comment on column "erp"."bills"."id" is 'Key';
    comment on column "erp"."bills"."state" is 'State';
    comment on column "erp"."bills"."partner_id" is 'Customer';
    comment on column "erp"."bills"."price" is 'Price';
    comment on column "erp"."bills"."amount" is 'Amount';
    comment on column "erp"."bills"."day" is 'Day';
    comment on column "erp"."bills"."open" is 'Whether it is open';
    comment on column "erp"."bills"."tax_ids" is 'Taxes';
    comment on column "erp"."bills"."source_updated_at" is 'When the remote changed the row last, by the remote''s own clock';
    comment on column "erp"."bills"."synced_at" is 'When the row last changed here';
    comment on column "erp"."bills"."run_id" is 'The run that wrote the row: erp_sync.run';
    comment on column "erp"."bills"."raw" is 'The whole remote record, while keep_raw is on for the entity'
    "#);
}

#[test]
fn rows_of_several_servers_are_told_apart() {
    let statements = create_table(&entity(TILL).streams[0].of_server(), "my \"schema\"");
    insta::assert_snapshot!(statements[0], @r#"
    create table if not exists "my ""schema"""."tills" (
      "tenant" text not null,
      "server" text collate "C",
      "day" date,
      "no" bigint,
      "total" numeric,
      "source_updated_at" timestamptz,
      "synced_at" timestamptz not null default now(),
      "run_id" bigint,
      "raw" jsonb,
      constraint "tills_pkey" primary key ("tenant", "server", "day", "no")
    )
    "#);
}

#[test]
fn a_text_in_the_key_of_a_table_of_several_servers_is_sorted_as_it_is_read_there() {
    let mut till = entity(TILL).streams[0].clone();
    till.columns[0].kind = Type::Text;
    till.columns[2].kind = Type::Text;
    let lines = create_table(&till.of_server(), "erp")[0].clone();
    assert!(lines.contains("\"day\" text collate \"C\",\n"), "{lines}");
    assert!(lines.contains("\"total\" text,\n"));
}

#[test]
fn the_parent_of_lines_has_an_index_of_its_own() {
    let shop = entity(SHOP);
    insta::assert_snapshot!(indexes(&shop.streams[0], "erp").join(";\n"), @r#"create index if not exists "bills__partner_id__day_idx" on "erp"."bills" ("tenant", "partner_id", "day")"#);
    insta::assert_snapshot!(indexes(&shop.streams[1], "erp").join(";\n"), @r#"create index if not exists "bill_lines__bill_id_idx" on "erp"."bill_lines" ("tenant", "bill_id")"#);
    let mut covered = shop.streams[1].clone();
    covered.indexes = vec![vec!["bill_id".into(), "id".into()]];
    assert_eq!(indexes(&covered, "erp").len(), 1);
}

#[test]
fn a_table_that_is_as_it_should_be_is_left_alone() {
    for stream in catalog::builtin().iter().flat_map(|e| &e.streams) {
        assert_eq!(add_columns(stream, "erp", &described(stream)).unwrap(), Vec::<String>::new());
    }
}

#[test]
fn missing_columns_are_added_and_described() {
    let shop = entity(SHOP);
    let mut existing = described(&shop.streams[0]);
    existing.retain(|(name, _)| name != "open" && name != "raw");
    existing.push(("added_by_a_user".into(), "money".into()));
    insta::assert_snapshot!(add_columns(&shop.streams[0], "erp", &existing).unwrap().join(";\n"), @r#"
    alter table "erp"."bills"
      add column if not exists "open" boolean,
      add column if not exists "raw" jsonb;
    comment on column "erp"."bills"."open" is 'Whether it is open';
    comment on column "erp"."bills"."raw" is 'The whole remote record, while keep_raw is on for the entity'
    "#);
}

#[test]
fn a_column_of_another_type_is_a_conflict_with_the_line_to_type() {
    let shop = entity(SHOP);
    let mut existing = described(&shop.streams[0]);
    existing[3].1 = "numeric(10,2)".into();
    existing[5].1 = "timestamp without time zone".into();
    let error = add_columns(&shop.streams[0], "erp", &existing).unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert_eq!(error.message, "table \"erp\".\"bills\" has columns of another type");
    insta::assert_snapshot!(error.detail.unwrap(), @r#"
    column "price" is numeric(10,2), needed is numeric
    column "day" is timestamp without time zone, needed is date
    "#);
    insta::assert_snapshot!(error.hint.unwrap(), @r#"drop view if exists "erp"."bills_named"; alter table "erp"."bills" alter column "price" type numeric, alter column "day" type date"#);
}

#[test]
fn a_table_without_tenant_or_key_belongs_to_somebody_else() {
    let shop = entity(SHOP);
    let error = add_columns(&shop.streams[0], "erp", &[("number".into(), "text".into())]).unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert_eq!(error.detail.as_deref(), Some("it lacks: tenant, id"));
    assert_eq!(error.hint.as_deref(), Some("alter table \"erp\".\"bills\" rename to \"bills_old\""));
}
