//! Whether an entity can stand beside the others: what a manifest alone cannot tell.

use super::nearest::nearest;
use super::validate::mistakes;
use super::words::shown;
use super::{Entity, catalog};
use crate::error::Result;

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
        for (column, table) in stream.refers.iter().filter(|(_, table)| !known.contains(&table.as_str())) {
            let at = format!("$.streams[{i}].refers.{column}");
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
