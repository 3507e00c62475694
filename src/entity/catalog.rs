//! Which entities there are, how they are found by name, and in which order
//! several of them run.

use std::sync::LazyLock;

use super::quote::quote_literal;
use super::{Entity, nearest::nearest, parse};
use crate::error::{Error, Kind, Result};

/// The manifests that are compiled in. The order is that of lists shown to a
/// person and, where `after` says nothing, of runs: what others refer to first.
const MANIFESTS: [(&str, &str); 17] = [
    ("categories", include_str!("categories.json")),
    ("products", include_str!("products.json")),
    ("contacts", include_str!("contacts.json")),
    ("companies", include_str!("companies.json")),
    ("currencies", include_str!("currencies.json")),
    ("names", include_str!("names.json")),
    ("warehouses", include_str!("warehouses.json")),
    ("employees", include_str!("employees.json")),
    ("sale_orders", include_str!("sale_orders.json")),
    ("purchases", include_str!("purchases.json")),
    ("stock_moves", include_str!("stock_moves.json")),
    ("inventory", include_str!("inventory.json")),
    ("manufacturing", include_str!("manufacturing.json")),
    ("wastage", include_str!("wastage.json")),
    ("invoices", include_str!("invoices.json")),
    ("payments", include_str!("payments.json")),
    ("sales", include_str!("sales.json")),
];

/// The built-in entities, in the order of the list. A manifest that were not
/// valid would be left out; a test proves that none is.
pub fn builtin() -> &'static [Entity] {
    static PARSED: LazyLock<Vec<Entity>> =
        LazyLock::new(|| MANIFESTS.iter().filter_map(|(_, json)| parse(json).ok()).collect());
    &PARSED
}

/// The entity of this name; where there is none, the one with this alias.
pub fn find<'a>(name: &str, entities: &'a [Entity]) -> Option<&'a Entity> {
    let by_alias = || entities.iter().find(|e| e.aliases.iter().any(|alias| alias == name));
    entities.iter().find(|e| e.name == name).or_else(by_alias)
}

/// The entities that `names` means (`all`, or names and aliases separated by
/// commas), each once, every one behind those it comes `after`; otherwise in
/// the order they were asked for.
///
/// Errors: [`Kind::Usage`] for a name that is unknown, [`Kind::Manifest`] when
/// entities wait for each other in a circle.
pub fn resolve<'a>(names: &str, entities: &'a [Entity]) -> Result<Vec<&'a Entity>> {
    resolve_on(names, None, entities)
}

/// As [`resolve`]; `server`: the one that is asked, for the line that brings an object of it here.
pub fn resolve_on<'a>(names: &str, server: Option<&str>, entities: &'a [Entity]) -> Result<Vec<&'a Entity>> {
    let asked: Vec<&str> = names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if asked.is_empty() {
        return Err(usage("no entity is named".into(), entities));
    }
    let mut chosen: Vec<&Entity> = Vec::new();
    for name in asked.iter().filter(|name| **name != "all") {
        chosen.push(find(name, entities).ok_or_else(|| unknown(name, server, entities))?);
    }
    if asked.contains(&"all") {
        chosen = entities.iter().collect();
    }
    let mut order = Order { entities, done: Vec::new(), open: Vec::new() };
    for entity in &chosen {
        order.visit(entity)?;
    }
    Ok(order.done.into_iter().filter(|e| chosen.iter().any(|c| c.name == e.name)).collect())
}

/// Walks from entities to those they come after. Also through entities nobody
/// asked for: of `a after b after c`, `a` comes behind `c` when only these two run.
struct Order<'a> {
    entities: &'a [Entity],
    done: Vec<&'a Entity>,
    open: Vec<&'a str>,
}

impl<'a> Order<'a> {
    fn visit(&mut self, entity: &'a Entity) -> Result<()> {
        if self.done.iter().any(|d| d.name == entity.name) {
            return Ok(());
        }
        if self.open.contains(&entity.name.as_str()) {
            return Err(self.circle(&entity.name));
        }
        self.open.push(&entity.name);
        // A name that is not there comes from a manifest that somebody removed.
        for earlier in entity.after.iter().filter_map(|name| find(name, self.entities)) {
            self.visit(earlier)?;
        }
        self.open.pop();
        self.done.push(entity);
        Ok(())
    }

    fn circle(&self, name: &str) -> Error {
        let mut chain: Vec<&str> = self.open.iter().copied().skip_while(|open| *open != name).collect();
        chain.push(name);
        Error::new(Kind::Manifest, format!("entity \"{name}\" comes after itself"))
            .detail(format!("each comes after the next: {}", chain.join(", ")))
            .hint("take one of them out of \"after\" and store the manifest again with sync_define")
    }
}

fn unknown(name: &str, server: Option<&str>, entities: &[Entity]) -> Error {
    let words = entities.iter().flat_map(|e| std::iter::once(&e.name).chain(&e.aliases)).map(String::as_str);
    let error = usage(format!("there is no entity \"{name}\""), entities);
    match nearest(name, words.chain(["all"])) {
        Some(word) => error.hint(format!("did you mean \"{word}\"?")),
        None if name.contains('.') => error.hint(format!(
            "bring a table or model of a server here with: select * from sync_add({}, {})",
            quote_literal(server.unwrap_or("...")),
            quote_literal(name)
        )),
        None => error,
    }
}

fn usage(message: String, entities: &[Entity]) -> Error {
    let names: Vec<&str> = entities.iter().map(|e| e.name.as_str()).collect();
    Error::new(Kind::Usage, message).detail(format!("entities are: all, {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(name: &str, after: &[&str], aliases: &[&str]) -> Entity {
        let owned = |list: &[&str]| list.iter().map(|s| s.to_string()).collect();
        let mut entity = builtin()[0].clone();
        (entity.name, entity.after, entity.aliases) = (name.into(), owned(after), owned(aliases));
        entity
    }

    fn names<'a>(entities: &[&'a Entity]) -> Vec<&'a str> {
        entities.iter().map(|e| e.name.as_str()).collect()
    }

    #[test]
    fn every_built_in_manifest_is_valid_and_named_like_its_file() {
        for (name, json) in MANIFESTS {
            let entity = parse(json).unwrap_or_else(|e| panic!("{name}: {e}\n{:?}", e.detail));
            assert_eq!(entity.name, name);
        }
        assert_eq!(builtin().len(), MANIFESTS.len());
    }

    #[test]
    fn what_a_built_in_entity_names_is_there() {
        let tables: Vec<&str> = builtin().iter().flat_map(|e| &e.streams).map(|s| s.table.as_str()).collect();
        for entity in builtin() {
            for name in &entity.after {
                assert!(find(name, builtin()).is_some_and(|e| &e.name == name), "{}: {name}", entity.name);
            }
            for table in entity.streams.iter().flat_map(|s| s.refers.values().chain(s.names.values())) {
                assert!(tables.contains(&table.as_str()), "{}: {table}", entity.name);
            }
        }
    }

    #[test]
    fn no_built_in_name_alias_or_table_occurs_twice() {
        let of = |e: &'static Entity| std::iter::once(&e.name).chain(&e.aliases);
        let mut words: Vec<&String> = builtin().iter().flat_map(of).collect();
        let mut tables: Vec<&String> = builtin().iter().flat_map(|e| &e.streams).map(|s| &s.table).collect();
        for list in [&mut words, &mut tables] {
            let count = list.len();
            list.sort();
            list.dedup();
            assert_eq!(list.len(), count);
        }
    }

    #[test]
    fn all_means_every_entity_in_the_order_of_dependence() {
        let all = resolve("all", builtin()).unwrap();
        let in_order = MANIFESTS.map(|(name, _)| name);
        assert_eq!(names(&all), in_order);
    }

    #[test]
    fn a_list_keeps_its_order_where_nothing_depends() {
        assert_eq!(names(&resolve("contacts, products", builtin()).unwrap()), ["contacts", "products"]);
        assert_eq!(
            names(&resolve("invoices,contacts,invoices", builtin()).unwrap()),
            ["contacts", "invoices"]
        );
        assert_eq!(names(&resolve("invoices,categories", builtin()).unwrap()), ["categories", "invoices"]);
    }

    #[test]
    fn an_alias_is_as_good_as_a_name_and_a_name_goes_first() {
        assert_eq!(names(&resolve("partners,contacts", builtin()).unwrap()), ["contacts"]);
        let entities = [entity("a", &[], &["b"]), entity("b", &[], &[])];
        assert_eq!(find("b", &entities).map(|e| e.name.as_str()), Some("b"));
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        let error = resolve("contacts,invoice", builtin()).unwrap_err();
        assert_eq!(error.kind, Kind::Usage);
        assert_eq!(error.message, "there is no entity \"invoice\"");
        assert_eq!(
            error.detail.as_deref(),
            Some(
                "entities are: all, categories, products, contacts, companies, currencies, names, warehouses, \
                 employees, sale_orders, purchases, stock_moves, inventory, manufacturing, wastage, invoices, \
                 payments, sales"
            )
        );
        assert_eq!(error.hint_or_default(), "did you mean \"invoices\"?");
        let error = resolve("weather", builtin()).unwrap_err();
        assert_eq!(error.hint_or_default(), Kind::Usage.hint());
        for nothing in ["", " , "] {
            assert_eq!(resolve(nothing, builtin()).unwrap_err().message, "no entity is named");
        }
    }

    #[test]
    fn entities_that_wait_for_each_other_are_named() {
        let entities = [entity("a", &["b"], &[]), entity("b", &["c"], &[]), entity("c", &["b"], &[])];
        let error = resolve("a", &entities).unwrap_err();
        assert_eq!(error.kind, Kind::Manifest);
        assert_eq!(error.message, "entity \"b\" comes after itself");
        assert_eq!(error.detail.as_deref(), Some("each comes after the next: b, c, b"));
    }

    #[test]
    fn a_name_in_after_that_is_gone_holds_nothing_up() {
        let entities = [entity("a", &["gone"], &[])];
        assert_eq!(names(&resolve("all", &entities).unwrap()), ["a"]);
    }
}
