//! Views beside the tables: what a report would have to join.

use super::quote::{qualified, quote_ident, quote_literal};

/// A view in the target schema, made as soon as the tables that it reads are there.
pub struct View {
    /// Its name.
    pub name: &'static str,
    /// One sentence for a person: the view's comment.
    pub about: &'static str,
    /// The tables it reads, all of one entity.
    pub tables: &'static [&'static str],
    /// Derived tables it reads too: they are made with it, and filled when their entity comes.
    pub derived: &'static [&'static str],
    /// Names and comments of its columns. New ones come last: nothing else can be changed
    /// under the views that users build on it.
    pub columns: &'static [(&'static str, &'static str)],
    query: &'static str,
}

/// The views; their order does not matter.
pub const VIEWS: [View; 1] = [View {
    name: "product_stock",
    about: "Products with unit, prices, what stock is to be kept and what there is, archived ones included",
    tables: &["products", "uoms", "reorder_rules"],
    derived: &["warehouse_inventory"],
    columns: &[
        ("tenant", "The business the row belongs to"),
        ("odoo_id", "Joins products.id"),
        ("name", "Title without the variant's attributes"),
        ("barcode", "EAN, UPC or any other code that is scanned"),
        ("category_id", "Joins categories.id"),
        ("uom_name", "Unit in which stock is counted"),
        ("standard_price", "Cost per unit, for the user's main company"),
        ("list_price", "Sales price, without the surcharges of attributes and without price lists"),
        ("reordering_min_qty", "Sum over its active reordering rules; 0 without one, as Odoo shows it"),
        ("reordering_max_qty", "Sum over its active reordering rules; 0 without one, as Odoo shows it"),
        (
            "on_hand",
            "Sum over all warehouses, in that unit, once the entity inventory has been synced; 0 for none",
        ),
    ],
    query: include_str!("product_stock.sql"),
}];

impl View {
    /// The statements that make or replace the view with its comments. Who reads it needs the
    /// rights on its tables: their row security holds for the view too.
    pub fn create(&self, schema: &str) -> Vec<String> {
        let view = qualified(schema, self.name);
        let query = self.query.trim_end().replace("{schema}", &quote_ident(schema));
        let mut statements = vec![
            format!("create or replace view {view} with (security_invoker = true) as\n{query}"),
            format!("comment on view {view} is {}", quote_literal(self.about)),
        ];
        statements.extend(self.columns.iter().map(|(name, about)| {
            format!("comment on column {view}.{} is {}", quote_ident(name), quote_literal(about))
        }));
        statements
    }
}
