use crate::entity::catalog;
use crate::entity::view::VIEWS;

#[test]
fn a_view_reads_tables_of_one_entity_and_tells_its_columns_apart() {
    for view in &VIEWS {
        let has =
            |table: &&str| catalog::builtin().iter().find(|e| e.streams.iter().any(|s| s.table == **table));
        let entities: Vec<_> = view.tables.iter().map(|table| has(table).map(|e| &e.name)).collect();
        assert!(entities.iter().all(|name| name.is_some() && *name == entities[0]), "{entities:?}");
        let mut names: Vec<_> = view.columns.iter().map(|(name, _)| name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), view.columns.len(), "{}", view.name);
        assert!(!catalog::builtin().iter().flat_map(|e| &e.streams).any(|s| s.table == view.name));
    }
}

#[test]
fn a_view_names_its_schema_everywhere_and_keeps_the_row_security_of_its_tables() {
    let sql = VIEWS[0].create("my \"schema\"");
    assert_eq!(sql.len(), 2 + VIEWS[0].columns.len());
    assert_eq!(
        sql[0].matches("\"my \"\"schema\"\"\".").count(),
        1 + VIEWS[0].tables.len() + VIEWS[0].derived.len()
    );
    assert!(sql[0].contains("security_invoker") && !sql[0].contains("{schema}"));
    assert_eq!(
        sql[2],
        "comment on column \"my \"\"schema\"\"\".\"product_stock\".\"tenant\" is 'The business the row belongs to'"
    );
}
