//! What a person can type when a remote no longer gives a column, or gives a field that nobody keeps.

use crate::entity::quote::quote_literal;
use crate::entity::{Entity, offer};

/// What to do about columns (table, name) that are not read; without any, about whole tables.
pub(super) fn without(entity: &Entity, columns: &[(String, String)]) -> String {
    let right = "give the remote user the right to read them";
    if columns.is_empty() {
        return format!("{right}, or do without");
    }
    if entity.definer.is_some() {
        let name = quote_literal(&entity.name);
        return format!(
            "{right}, or store the manifest again with another \"path\" or \"optional\": true in these columns: \
             select manifest from erp_sync.entity where name = {name}"
        );
    }
    let manifest = offer::without(&entity.name, columns).to_string();
    format!(
        "{right}, name their new \"path\", or do without: select sync_define({})",
        quote_literal(&manifest)
    )
}

/// How to keep a field (object, name) that people added to a remote; `None` where there is none.
pub(super) fn keep(server: &str, fields: &[(String, String)]) -> Option<String> {
    let (object, field) = fields.first()?;
    let (server, object, field) = (quote_literal(server), quote_literal(object), quote_literal(field));
    Some(format!(
        "keep one with: select sync_define(manifest) from sync_discover({server}, {object}) where field = {field}"
    ))
}
