use super::{SHOP, TILL, entity};
use crate::entity::named::{Existing, KEPT, Tables, name, reads, shows, streams, view};
use crate::entity::{Entity, Stream, catalog, parse};

/// Tables as they are made of these streams.
pub(super) fn tables(streams: &[&Stream]) -> Tables {
    let of = |stream: &&Stream| {
        let own = stream.columns.iter().map(|column| (column.name.clone(), column.kind.sql().to_string()));
        let columns = std::iter::once(("tenant".to_string(), "text".to_string())).chain(own);
        (stream.table.clone(), columns.collect())
    };
    streams.iter().map(of).collect()
}

/// Partners, and currencies that say their digits.
const OTHERS: &str = r#"{"name": "others", "source": "odoo", "streams": [
    {"table": "contacts", "object": "contact", "key": ["id"], "label": {"name": "name", "code": "ref"},
      "variant": "kind_ids", "names": {"kind_ids": "kinds"},
      "columns": [{"name": "id", "type": "bigint"}, {"name": "name", "type": "text"},
                  {"name": "ref", "type": "text"}, {"name": "kind_ids", "type": "bigint[]"}]},
    {"table": "kinds", "object": "kind", "key": ["id"], "label": {"name": "word_id"}, "names": {"word_id": "words"},
      "columns": [{"name": "id", "type": "bigint"}, {"name": "word_id", "type": "bigint"}]},
    {"table": "words", "object": "word", "key": ["id"], "label": {"name": "text"},
      "columns": [{"name": "id", "type": "bigint"}, {"name": "text", "type": "text"}]},
    {"table": "companies", "object": "company", "key": ["id"], "digits": "currency_id",
      "names": {"currency_id": "currencies"},
      "columns": [{"name": "id", "type": "bigint"}, {"name": "currency_id", "type": "bigint"}]},
    {"table": "currencies", "object": "currency", "key": ["id"], "digits": "places",
      "columns": [{"name": "id", "type": "bigint"}, {"name": "places", "type": "bigint"}]}]}"#;

/// The shop, whose bills are in the currency of a company.
fn shop() -> Vec<Entity> {
    let bills = SHOP
        .replace(r#""amount", "type": "numeric""#, r#""amount", "type": "numeric", "currency": "company_id""#)
        .replace(r#"{"name": "open","#, r#"{"name": "company_id", "type": "bigint"}, {"name": "open","#)
        .replace(r#""refers""#, r#""names": {"company_id": "companies"}, "refers""#);
    vec![entity(&bills), entity(OTHERS)]
}

fn find<'a>(streams: &[&'a Stream], table: &str) -> &'a Stream {
    streams.iter().copied().find(|stream| stream.table == table).unwrap()
}

#[test]
fn a_view_shows_names_beside_their_keys_and_money_with_the_digits_of_its_currency() {
    let entities = shop();
    let streams = streams(&entities);
    let view = view(find(&streams, "bills"), "erp", &streams, &tables(&streams), &[]).unwrap().unwrap();
    insta::assert_snapshot!(view.statements[0], @r#"
    create or replace view "erp"."bills_named" with (security_invoker = true) as
    select
      t."tenant" as "tenant",
      t."id" as "id",
      t."state" as "state",
      t."partner_id" as "partner_id",
      r1."ref" as "partner_code",
      coalesce(r1."name" || ' (' || case when r1."kind_ids" <> '{}' then (select string_agg(r3."text", ', ' order by e.place) from unnest(r1."kind_ids") with ordinality e(id, place) join "erp"."kinds" r2 on r2."tenant" = r1."tenant" and r2."id" = e.id
    left join "erp"."words" r3 on r3."tenant" = r2."tenant" and r3."id" = r2."word_id") end || ')', r1."name") as "partner_name",
      t."price" as "price",
      case when r5."places" is null then t."amount" else round(t."amount", least(greatest(r5."places", min_scale(t."amount")), 16383)::integer) end as "amount",
      t."day" as "day",
      t."company_id" as "company_id",
      t."open" as "open",
      t."tax_ids" as "tax_ids"
    from "erp"."bills" t
    left join "erp"."contacts" r1 on r1."tenant" = t."tenant" and r1."id" = t."partner_id"
    left join "erp"."companies" r4 on r4."tenant" = t."tenant" and r4."id" = t."company_id"
    left join "erp"."currencies" r5 on r5."tenant" = r4."tenant" and r5."id" = r4."currency_id"
    "#);
    assert_eq!(view.name, "bills_named");
    assert!(view.comment.starts_with(&format!("The shop's bills (with names){KEPT}")), "{}", view.comment);
    assert!(view.statements.contains(
        &r#"comment on column "erp"."bills_named"."partner_code" is 'partner_id in words: the code in contacts, as it is now'"#
            .to_string()
    ));
}

#[test]
fn what_is_not_there_is_not_shown() {
    let entities = shop();
    let streams = streams(&entities);
    let mut there = tables(&streams);
    there.remove("words");
    there.remove("currencies");
    let bills = find(&streams, "bills");
    let of = |tables: &Tables| view(bills, "erp", &streams, tables, &[]).unwrap();
    let sql = of(&there).unwrap().statements.remove(0);
    assert!(sql.contains("as \"partner_name\"") && !sql.contains("string_agg"), "{sql}");
    assert!(sql.contains("t.\"amount\" as \"amount\"") && !sql.contains("companies"), "{sql}");
    there.remove("contacts");
    assert_eq!(of(&there), None);
    there.remove("bills");
    assert_eq!(of(&there), None);
}

#[test]
fn columns_of_a_view_stay_where_they_are_and_new_ones_come_last() {
    let entities = shop();
    let streams = streams(&entities);
    let mut tables = tables(&streams);
    let bills = find(&streams, "bills");
    tables.get_mut("bills").unwrap().push(("own".into(), "my.kind".into()));
    let had = [("tenant", "text"), ("id", "bigint"), ("partner_name", "text")];
    let had = had.map(|(name, kind)| existing(name, kind, name == "partner_name"));
    let sql = view(bills, "erp", &streams, &tables, &had).unwrap().unwrap().statements.remove(0);
    let order: Vec<_> =
        sql.lines().filter_map(|line| line.rsplit_once(" as \"")?.1.split('"').next()).collect();
    assert_eq!(order[..5], ["tenant", "id", "partner_name", "state", "partner_id"]);
    assert_eq!(order.last(), Some(&"own"));
    let had = [("tenant", "uuid", false), ("gone", "text", false), ("id", "bigint", true)]
        .map(|(name, kind, is_name)| existing(name, kind, is_name));
    assert_eq!(
        view(bills, "erp", &streams, &tables, &had).unwrap_err(),
        [
            r#"column "tenant" is uuid, now it is text"#,
            r#"column "gone" is nothing that is known now"#,
            r#"column "id" is looked up, and the table has one of that name now"#
        ]
    );
}

fn existing(name: &str, kind: &str, is_name: bool) -> Existing {
    Existing { name: name.into(), kind: kind.into(), is_name }
}

#[test]
fn a_name_that_the_table_has_itself_is_left_to_it() {
    let streams = streams(catalog::builtin());
    let tables = tables(&streams);
    let sql = view(find(&streams, "invoices"), "erp", &streams, &tables, &[])
        .unwrap()
        .unwrap()
        .statements
        .remove(0);
    assert!(
        sql.contains("t.\"partner_name\" as \"partner_name\"") && sql.contains(" as \"partner_name_now\""),
        "{sql}"
    );
}

#[test]
fn a_table_that_refers_to_itself_is_followed_to_an_end() {
    let json = r#"{"name": "loops", "source": "odoo", "streams": [{"table": "loops", "object": "loop", "key": ["id"],
        "names": {"parent_id": "loops", "all_ids": "loops"}, "label": {"name": "parent_id"}, "variant": "all_ids",
        "digits": "parent_id",
        "columns": [{"name": "id", "type": "bigint"}, {"name": "parent_id", "type": "bigint"},
                    {"name": "all_ids", "type": "bigint[]"},
                    {"name": "sum", "type": "numeric", "currency": "parent_id"}]}]}"#;
    let entities = [entity(json)];
    let streams = streams(&entities);
    assert_eq!(view(streams[0], "erp", &streams, &tables(&streams), &[]), Ok(None));
    let named = json
        .replace(r#""label": {"name": "parent_id"}"#, r#""label": {"name": "word"}"#)
        .replace(r#"{"name": "all_ids""#, r#"{"name": "word", "type": "text"}, {"name": "all_ids""#);
    let entities = [entity(&named)];
    let streams = crate::entity::named::streams(&entities);
    let sql =
        view(streams[0], "erp", &streams, &tables(&streams), &[]).unwrap().unwrap().statements.remove(0);
    assert_eq!(sql.matches("string_agg").count(), 2, "{sql}");
}

#[test]
fn rows_of_tills_have_no_names_and_give_none() {
    let entities = [entity(TILL)];
    assert!(!streams(&entities).iter().any(|stream| stream.table == "tills"));
}

#[test]
fn what_a_view_reads_is_what_it_may_show_a_part_of() {
    let entities = shop();
    let streams = streams(&entities);
    let bills = find(&streams, "bills");
    let all: Vec<_> = reads(bills, &streams).into_iter().collect();
    assert_eq!(all, ["bills", "companies", "contacts", "currencies", "kinds", "words"]);
    let invoices = crate::entity::named::streams(catalog::builtin());
    let all = reads(find(&invoices, "sale_order_lines"), &invoices);
    assert!(all.contains("attribute_values") && !all.contains("attributes") && !all.contains("journals"));
    assert!(shows(bills, "currencies", &streams) && !shows(bills, "bills", &streams));
    assert!(!shows(find(&streams, "words"), "bills", &streams));
}

#[test]
fn a_long_name_is_cut() {
    assert_eq!(name("contacts"), "contacts_named");
    assert!(name(&"x".repeat(63)).len() <= 63);
    let long = format!("{}_id", "p".repeat(60));
    let entities = [entity(&SHOP.replace("partner_id", &long)), entity(OTHERS)];
    let streams = streams(&entities);
    let made = view(streams[0], "erp", &streams, &tables(&streams), &[]).unwrap().unwrap();
    let names = made.statements[0].lines().filter_map(|line| line.rsplit_once(" as \"")?.1.split('"').next());
    assert!(names.clone().count() > 8 && names.map(str::len).all(|length| length <= 63));
}

#[test]
fn mistakes_in_names_are_told_with_their_places() {
    let json = r#"{"name": "x", "source": "odoo", "streams": [{"table": "x", "object": "x", "key": ["id"],
        "refers": {"a_id": "contacts"}, "names": {"a_id": "contacts", "word": "contacts", "none": "contacts"},
        "label": {"name": "id", "code": "nothing"}, "variant": "b_ids", "digits": "word", "follows": [],
        "columns": [{"name": "id", "type": "bigint"}, {"name": "a_id", "type": "bigint"},
                    {"name": "b_ids", "type": "bigint[]"},
                    {"name": "word", "type": "text", "currency": "a_id"},
                    {"name": "sum", "type": "numeric", "currency": "id"},
                    {"name": "total", "type": "numeric", "currency": "money"}]}]}"#;
    insta::assert_snapshot!(parse(json).unwrap_err().detail.unwrap(), @r#"
    $.streams[0].follows: must not be empty
    $.streams[0].names.none: "none" is no column of this stream
    $.streams[0].names.word: column "word" must be bigint or bigint[], not text
    $.streams[0].label.code: "nothing" is no column of this stream
    $.streams[0].label.name: column "id" must be text, or stand in "names"
    $.streams[0].variant: column "b_ids" must stand in "names"
    $.streams[0].digits: column "word" must be bigint, not text
    $.streams[0].columns[3].currency: only a numeric column has one
    $.streams[0].columns[4].currency: column "id" must stand in "names" or "refers"
    $.streams[0].columns[5].currency: "money" is no column of this stream
    "#);
}

#[test]
fn every_built_in_view_can_be_made() {
    let streams = streams(catalog::builtin());
    let tables = tables(&streams);
    for stream in &streams {
        let made = view(stream, "erp", &streams, &tables, &[]).unwrap();
        let target = |column: &str| stream.target(column).is_some();
        let money = stream.columns.iter().any(|column| column.currency.is_some());
        let may = money || stream.columns.iter().any(|column| target(&column.name));
        assert!(made.is_none() || may, "{}", stream.table);
        for column in stream.columns.iter().filter(|column| column.currency.is_some()) {
            let sql = &made.as_ref().unwrap().statements[0];
            assert!(sql.contains(&format!("round(t.\"{}\"", column.name)), "{}: {sql}", column.name);
        }
    }
}
