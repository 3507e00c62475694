use super::named::tables;
use crate::entity::view::{VIEWS, View};
use crate::entity::{Column, Entity, Stream, catalog, derive, named};

const README: &str = include_str!("../../../README.md");

/// The part of the README about an entity.
fn markdown(entity: &Entity) -> String {
    let tables: Vec<String> = entity.streams.iter().map(table).collect();
    let list = |title: &str, names: &[String]| match names {
        [] => String::new(),
        names => format!(" {title}: {}.", names.join(", ")),
    };
    format!(
        "### {}\n\n{}.{}{} A full pass comes round after {}.\n\n{}",
        entity.name,
        entity.about,
        list("Other names", &entity.aliases),
        list("Runs after", &entity.after),
        entity.full_every,
        tables.join("\n")
    )
}

fn table(stream: &Stream) -> String {
    let rows: Vec<String> = stream.columns.iter().map(row).collect();
    format!(
        "**`{}`** from `{}`: {}.\n\n| column | type | what it holds |\n|---|---|---|\n{}",
        stream.table,
        stream.object,
        stream.about,
        rows.concat()
    )
}

fn row(column: &Column) -> String {
    let kind = match column.scale {
        Some(scale) => format!("{}, {scale} digits", column.kind.sql()),
        None => column.kind.sql().to_string(),
    };
    format!("| `{}` | {kind} | {} |\n", column.name, column.about.replace('|', "\\|"))
}

#[test]
fn the_readme_describes_every_column_of_every_entity() {
    for entity in catalog::builtin() {
        let part = markdown(entity);
        assert!(README.contains(&part), "the README should hold:\n\n{part}");
    }
}

/// The part of the README about a view.
fn view(view: &View) -> String {
    let rows: Vec<String> =
        view.columns.iter().map(|(name, about)| format!("| `{name}` | {about} |\n")).collect();
    format!(
        "**`{}`** is a view of {}: {}.\n\n| column | what it holds |\n|---|---|\n{}",
        view.name,
        view.tables.join(", "),
        view.about,
        rows.concat()
    )
}

/// The part of the README about a derived table.
fn derived(stream: &Stream) -> String {
    let rows: Vec<String> = stream.columns.iter().map(row).collect();
    format!(
        "**`{}`**: {}.\n\n| column | type | what it holds |\n|---|---|---|\n{}",
        stream.table,
        stream.about,
        rows.concat()
    )
}

#[test]
fn the_readme_describes_every_derived_table() {
    for part in derive::tables().iter().map(derived) {
        assert!(README.contains(&part), "the README should hold:\n\n{part}");
    }
}

#[test]
fn the_readme_describes_every_view() {
    for part in VIEWS.iter().map(view) {
        assert!(README.contains(&part), "the README should hold:\n\n{part}");
    }
}

/// The line of the README about the view over a table.
fn named(stream: &Stream) -> Option<String> {
    let streams = named::streams(catalog::builtin());
    let view = named::view(stream, "erp", &streams, &tables(&streams), &[]).unwrap()?;
    let named = view.statements.iter().filter(|statement| statement.contains(" in words: "));
    let columns: Vec<String> =
        named.filter_map(|sql| Some(format!("`{}`", sql.split('"').nth(5)?))).collect();
    (!columns.is_empty()).then(|| format!("| `{}` | {} |\n", view.name, columns.join(", ")))
}

#[test]
fn the_readme_lists_the_names_of_every_view() {
    let streams = named::streams(catalog::builtin());
    let lines: String = streams.iter().filter_map(|stream| named(stream)).collect();
    let part = format!("| view | names beside the table's columns |\n|---|---|\n{lines}");
    assert!(README.contains(&part), "the README should hold:\n\n{part}");
}
