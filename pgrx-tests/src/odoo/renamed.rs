//! What 19 shows under another name, or with another word, than the recorded 18.
//!
//! What 18 had and 19 has not is simply not there; what is new in 19 and was never recorded is empty. The department,
//! the job and the like of an employee, which 19 keeps in `hr.version`, are still fields of the employee: only what
//! they say of where they are kept is different, and that its fields file tells.

use serde_json::Value;

use super::company::Row;

/// Model, field in 18, field in 19.
const RENAMED: &[(&str, &str, &str)] = &[
    ("purchase.order", "notes", "note"),
    ("purchase.order.line", "product_uom", "product_uom_id"),
    ("purchase.order.line", "taxes_id", "tax_ids"),
    ("sale.order.line", "product_uom", "product_uom_id"),
    ("sale.order.line", "tax_id", "tax_ids"),
    // What was called the ratio is now the other way round.
    ("uom.uom", "factor_inv", "factor"),
];

/// Model, the one record a field of 18 points to, the records its successor in 19 does.
const WIDENED: &[(&str, &str, &str)] = &[("mrp.production", "lot_producing_id", "lot_producing_ids")];

/// Model, what a record of 18 says it is, what its successor in 19 says it is not.
const NEGATED: &[(&str, &str, &str)] = &[("account.account", "deprecated", "active")];

/// Model, field, word in 18, word in 19.
const REWORDED: &[(&str, &str, &str, &str)] = &[
    ("product.category", "property_valuation", "manual_periodic", "periodic"),
    // Orders are locked by a field of its own now.
    ("purchase.order", "state", "done", "purchase"),
    ("purchase.order.line", "state", "done", "purchase"),
];

/// Turns a record of 18 into one of 19.
pub(super) fn as_19(model: &str, record: &mut Row) {
    for (_, before, after) in RENAMED.iter().filter(|(of, ..)| *of == model) {
        let value = record.remove(*before);
        record.extend(value.map(|value| ((*after).to_owned(), value)));
    }
    for (_, before, after) in WIDENED.iter().filter(|(of, ..)| *of == model) {
        let one = record.remove(*before).and_then(|pair| pair.get(0).cloned());
        record.insert((*after).to_owned(), Value::Array(one.into_iter().collect()));
    }
    for (_, before, after) in NEGATED.iter().filter(|(of, ..)| *of == model) {
        let flag = record.remove(*before).and_then(|flag| flag.as_bool());
        record.insert((*after).to_owned(), Value::from(flag != Some(true)));
    }
    for (_, field, before, after) in REWORDED.iter().filter(|(of, ..)| *of == model) {
        if record.get(*field).is_some_and(|word| word == before) {
            record.insert((*field).to_owned(), Value::from(*after));
        }
    }
}
