//! The `order` of a search.

use std::cmp::Ordering;

use super::company::{Company, Model, Row};
use super::fault::RpcFault;
use super::field::{Field, Key, Kind};

/// An order's parts, those on fields that cannot be sorted by left out, as Odoo silently does.
pub(super) struct Order<'a> {
    company: &'a Company,
    parts: Vec<(String, Field, bool)>,
}

impl<'a> Order<'a> {
    /// Reads `field [asc|desc] [nulls first|last], ...`; without one it is the model's own order.
    pub(super) fn read(company: &'a Company, model: &Model, text: Option<&str>) -> Result<Self, RpcFault> {
        let asked = text.filter(|text| !text.trim().is_empty());
        let mut parts = Vec::new();
        for part in asked.unwrap_or(model.order).split(',') {
            let words: Vec<_> = part.split_whitespace().collect();
            let (name, descending) = direction(&words).ok_or_else(|| bad_order(part))?;
            match model.fields.get(name) {
                Some(field) if !field.sortable && asked.is_some() && company.face.is_strict() => {
                    let field = format!("{}.{name}", model.name);
                    let message = format!("Cannot convert {field} to SQL because it is not stored");
                    return Err(RpcFault::value_error(message));
                }
                Some(field) if field.sortable => parts.push((name.to_owned(), field.clone(), descending)),
                None if asked.is_some() => return Err(RpcFault::no_field(model.name, name)),
                _ => {}
            }
        }
        if parts.is_empty() {
            parts.extend(model.fields.get("write_date").map(|f| ("write_date".to_owned(), f.clone(), true)));
        }
        Ok(Self { company, parts })
    }

    /// Whether this is the order by id alone, and whether it runs down.
    pub(super) fn by_id(&self) -> Option<bool> {
        self.parts.first().filter(|(name, ..)| name == "id").map(|(.., descending)| *descending)
    }

    /// What a row is sorted by; NULL comes last, or first when descending, as in PostgreSQL.
    pub(super) fn keys(&self, row: &Row) -> Vec<Option<Key>> {
        self.parts.iter().map(|(name, field, _)| self.key(field, row, name)).collect()
    }

    fn key(&self, field: &Field, row: &Row, name: &str) -> Option<Key> {
        let value = row.get(name);
        match field.kind {
            // Odoo sorts by the target model's own order; its name is what that mostly is.
            Kind::Many2one => self.company.name_of(field.relation.as_deref(), value?).map(Key::Text),
            _ => field.key(value),
        }
    }

    pub(super) fn compare(&self, one: &[Option<Key>], other: &[Option<Key>]) -> Ordering {
        let sides = one.iter().zip(other).zip(&self.parts);
        sides.fold(Ordering::Equal, |found, ((one, other), (_, _, descending))| {
            let order = match (one, other) {
                (Some(one), Some(other)) => one.cmp(other),
                (one, other) => one.is_none().cmp(&other.is_none()),
            };
            found.then(if *descending { order.reverse() } else { order })
        })
    }
}

fn direction<'a>(words: &[&'a str]) -> Option<(&'a str, bool)> {
    let (name, rest) = words.split_first()?;
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    match rest.first().map(|word| word.to_lowercase()).as_deref() {
        _ if !plain => None,
        None | Some("asc" | "nulls") => Some((name, false)),
        Some("desc") => Some((name, true)),
        Some(_) => None,
    }
}

fn bad_order(part: &str) -> RpcFault {
    RpcFault::user_error(format!(
        "Invalid \"order\" specified ({}). A valid \"order\" specification is a comma-separated list of valid field \
         names (optionally followed by asc/desc for the direction)",
        part.trim()
    ))
}
