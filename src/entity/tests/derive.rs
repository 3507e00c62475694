use crate::entity::derive::{RULES, TOUCHES, matters, rule, table, tables};
use crate::entity::{Stream, catalog};

fn stream(name: &str) -> Option<&'static Stream> {
    catalog::builtin().iter().flat_map(|entity| &entity.streams).find(|stream| stream.table == name)
}

#[test]
fn derived_tables_are_described_as_streams_are_and_are_no_ones_stream() {
    assert_eq!(tables().len(), 4);
    for derived in tables() {
        assert!(stream(&derived.table).is_none(), "{}", derived.table);
        let listed = derived.key.iter().chain(derived.indexes.iter().flatten());
        assert!(listed.clone().all(|name| derived.column(name).is_some()), "{}", derived.table);
        let mut names: Vec<_> = derived.columns.iter().map(|column| &column.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), derived.columns.len());
    }
}

#[test]
fn what_rules_and_touches_name_is_there() {
    let known = |name: &str| stream(name).is_some() || table(name).is_some();
    for rule in RULES {
        assert!(stream(rule.of).is_some(), "{}", rule.of);
        assert!(rule.fills.iter().all(|name| table(name).is_some()), "{:?}", rule.fills);
        assert!(rule.needs.iter().all(|name| known(name)), "{:?}", rule.needs);
    }
    for touch in TOUCHES {
        assert!(stream(touch.on).is_some() && rule(touch.of).is_some(), "{} on {}", touch.of, touch.on);
        assert!(touch.needs.iter().all(|name| known(name)), "{:?}", touch.needs);
        assert!(matters(touch.on) && matters(touch.of));
    }
    assert!(!matters("contacts"));
}

#[test]
fn a_statement_names_its_schema_and_its_tenant_wherever_it_names_a_table() {
    let all =
        RULES.iter().map(|r| r.statement("my schema")).chain(TOUCHES.iter().map(|t| t.query("my schema")));
    for sql in all.chain(RULES.iter().filter_map(|rule| rule.early("my schema"))) {
        assert!(!sql.contains("{schema}"), "{sql}");
        let tables = sql.matches("\"my schema\".").count();
        // An upsert names its table once more than it asks for rows.
        let tenants = sql.matches("tenant = ").count() + sql.matches("(tenant, ").count() / 2;
        assert!(
            tenants >= tables - sql.matches("insert into").count(),
            "{tables} tables, {tenants} tenants: {sql}"
        );
    }
}
