//! Whether an entity can stand beside the others: what a manifest alone cannot tell.

use super::nearest::nearest;
use super::quote::quote_literal;
use super::validate::mistakes;
use super::words::shown;
use super::{Entity, catalog, derive, tsql};
use crate::error::{Error, Kind, Result};

/// Fails when the entity takes a name or a table of another one, names what is not there,
/// or waits for itself. `others` may hold what it replaces: the entity of its own name.
///
/// Errors: [`Kind::Manifest`](crate::error::Kind::Manifest) with one line per mistake.
pub fn admit(entity: &Entity, others: &[Entity]) -> Result<()> {
    let others: Vec<&Entity> = others.iter().filter(|other| other.name != entity.name).collect();
    let mut found = Vec::new();
    names(entity, &others, &mut found);
    tables(entity, &others, &mut found);
    references(entity, &others, &mut found);
    if !found.is_empty() {
        return Err(mistakes(Some(&entity.name), &found));
    }
    let all: Vec<Entity> = others.into_iter().chain([entity]).cloned().collect();
    catalog::resolve("all", &all).map(drop)
}

/// Fails when the entity gives a table that `before` filled another object, or has nothing in common with it but the
/// name: what is stored there would be taken for rows that are gone. A query may be written anew.
///
/// Errors: [`Kind::Conflict`] with the line to type.
pub fn keeps_objects(entity: &Entity, before: &Entity) -> Result<()> {
    let of = |entity: &Entity| -> Vec<(String, String)> {
        entity.streams.iter().map(|stream| (stream.table.clone(), stream.object.trim().to_string())).collect()
    };
    let (now, then) = (of(entity), of(before));
    let another = now.iter().find_map(|(table, object)| {
        let (_, had) = then.iter().find(|(known, _)| known == table)?;
        (had != object && !(tsql::is_query(had) && tsql::is_query(object))).then_some((table, had, object))
    });
    let (what, had, object) = match another {
        Some((table, had, object)) => (format!("table {}", shown(table)), had, object),
        None if now.iter().any(|(table, _)| then.iter().any(|(known, _)| known == table)) => return Ok(()),
        None => match (then.first(), now.first()) {
            (Some((_, had)), Some((_, object))) => (format!("entity {}", shown(&entity.name)), had, object),
            _ => return Ok(()),
        },
    };
    let name = quote_literal(&entity.name);
    let hint = match before.definer {
        Some(_) => format!(
            "give this one another \"name\" and \"table\"; or, to do without the other one: select sync_undefine({name})"
        ),
        None => format!("{} is built in: give this one another \"name\" and \"table\"", entity.name),
    };
    Err(Error::new(Kind::Conflict, format!("{what} is filled from another object already"))
        .detail(format!("object before: {}, now: {}", shown(had), shown(object)))
        .hint(hint))
}

fn names(entity: &Entity, others: &[&Entity], found: &mut Vec<String>) {
    let aliases = entity.aliases.iter().enumerate().map(|(i, alias)| (format!("$.aliases[{i}]"), alias));
    for (at, name) in [("$.name".to_string(), &entity.name)].into_iter().chain(aliases) {
        for other in others.iter().filter(|other| other.name == *name || other.aliases.contains(name)) {
            found.push(format!("{at}: entity \"{}\" is called {} already", other.name, shown(name)));
        }
    }
    for (i, name) in entity.after.iter().enumerate() {
        let known = others.iter().flat_map(|other| std::iter::once(&other.name).chain(&other.aliases));
        let known: Vec<&str> = known.map(String::as_str).collect();
        if !known.contains(&name.as_str()) {
            found.push(format!("$.after[{i}]: there is no entity {}{}", shown(name), instead(name, &known)));
        }
    }
}

fn tables(entity: &Entity, others: &[&Entity], found: &mut Vec<String>) {
    for (i, stream) in entity.streams.iter().enumerate() {
        if derive::table(&stream.table).is_some() {
            let table = shown(&stream.table);
            found.push(format!(
                "$.streams[{i}].table: {table} is made of other tables here: choose another name"
            ));
        }
        let fills = |other: &&&Entity| other.streams.iter().any(|theirs| theirs.table == stream.table);
        for other in others.iter().filter(fills) {
            let table = shown(&stream.table);
            found.push(format!("$.streams[{i}].table: {table} is filled by entity \"{}\"", other.name));
        }
    }
}

fn references(entity: &Entity, others: &[&Entity], found: &mut Vec<String>) {
    let mut known: Vec<&str> = Vec::new();
    for stream in others.iter().copied().chain([entity]).flat_map(|other| &other.streams) {
        if !known.contains(&stream.table.as_str()) {
            known.push(&stream.table);
        }
    }
    for (i, stream) in entity.streams.iter().enumerate() {
        let refers = stream.refers.iter().map(|(column, table)| ("refers", column, table));
        let names = stream.names.iter().map(|(column, table)| ("names", column, table));
        for (member, column, table) in refers.chain(names).filter(|(.., t)| !known.contains(&t.as_str())) {
            let at = format!("$.streams[{i}].{member}.{column}");
            found.push(format!("{at}: no entity fills a table {}{}", shown(table), instead(table, &known)));
        }
    }
}

fn instead(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(word) => format!(", did you mean \"{word}\"?"),
        None => format!("; there are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::parse;

    fn entity(name: &str, table: &str, object: &str) -> Entity {
        let json = serde_json::json!({"name": name, "source": "sqlserver", "streams": [
            {"table": table, "object": object, "key": ["id"], "columns": [{"name": "id", "type": "bigint"}]},
        ]});
        Entity { definer: Some("shop".into()), ..parse(&json.to_string()).unwrap() }
    }

    #[test]
    fn a_known_table_or_entity_gets_no_other_object() {
        let before = entity("items", "items", "dbo.Items");
        for (table, object, what) in
            [("items", "arch.Items", "table \"items\""), ("stock", "dbo.Stock", "entity \"items\"")]
        {
            let error = keeps_objects(&entity("items", table, object), &before).unwrap_err();
            assert_eq!(error.message, format!("{what} is filled from another object already"));
            assert_eq!(error.detail.unwrap(), format!("object before: \"dbo.Items\", now: \"{object}\""));
            assert!(error.hint.unwrap().ends_with("select sync_undefine('items')"));
        }
        keeps_objects(&entity("items", "items", " dbo.Items"), &before).unwrap();
        let query = |text: &str| entity("items", "items", text);
        keeps_objects(&query("select id from a"), &query("select id from a where id > 1")).unwrap();
        keeps_objects(&query("select id from dbo.Items"), &before).unwrap_err();
    }

    #[test]
    fn a_table_that_is_made_of_others_is_no_streams() {
        for table in ["waiting", "stock_movements", "warehouse_inventory", "branch_codes"] {
            let error = admit(&entity("mine", table, "dbo.Items"), catalog::builtin()).unwrap_err();
            assert!(error.detail.unwrap().contains("is made of other tables here"), "{table}");
        }
    }

    #[test]
    fn a_built_in_entity_is_not_read_from_elsewhere_by_its_name() {
        let sales = catalog::find("sales", catalog::builtin()).unwrap();
        let error = keeps_objects(&entity("sales", "sales", "dbo.Sales"), sales).unwrap_err();
        assert!(error.hint.unwrap().starts_with("sales is built in: give this one another"));
        keeps_objects(sales, sales).unwrap();
    }
}
