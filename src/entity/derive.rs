//! Tables made from other tables: what they hold, the statement that makes their rows, and
//! whose changes make it run.
//!
//! Parameters of every statement: `$1` the tenant, `$2` the server, then one array per key
//! column of the stream. A statement brings what is made of these rows to what it should be,
//! whatever it was before, so that it can run any number of times. It gives a row for each server
//! whose number of waiting rows changed: the server, and by how many.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::quote::quote_ident;
use super::{Column, Stream};

/// What is made of the rows of a stream.
pub struct Rule {
    /// The stream's table.
    pub of: &'static str,
    /// The entity that rows of it wait as.
    pub entity: &'static str,
    /// The tables it fills.
    pub fills: &'static [&'static str],
    /// Further tables it reads: without one of them it does not run.
    pub needs: &'static [&'static str],
    sql: &'static str,
    /// What runs instead of it until then: the rows wait, else nobody would look at them again.
    early: Option<&'static str>,
    /// Why rows wait, each reason with the condition under which what they wait for is there: `c.value` is its name or
    /// number. A barcode is not among them: a product that gets it is looked at when it comes.
    waits: &'static [(&'static str, &'static str)],
}

/// Rows of one table whose change bears on what is made of another's.
pub struct Touch {
    /// The table that changed; its keys are `$3`.
    pub on: &'static str,
    /// The table whose rows are looked at again.
    pub of: &'static str,
    /// Further tables it reads: without one of them it does not run.
    pub needs: &'static [&'static str],
    /// Gives the keys of these rows.
    sql: &'static str,
}

/// The rules; their order does not matter.
pub const RULES: &[Rule] = &[
    Rule {
        of: "pos_sales",
        entity: "sales",
        fills: &["stock_movements", "waiting", "branch_codes"],
        needs: &["products", "warehouses"],
        sql: include_str!("sales.sql"),
        early: Some(include_str!("sales_early.sql")),
        waits: &[
            (
                "unknown branch",
                "exists (select from {schema}.branch_codes m
                         where m.tenant = $1 and m.branch_code = c.value and m.warehouse_id is not null)
                 or exists (select from {schema}.warehouses h where h.tenant = $1 and h.code = c.value)",
            ),
            (
                "ambiguous branch",
                "exists (select from {schema}.branch_codes m
                         where m.tenant = $1 and m.branch_code = c.value and m.warehouse_id is not null)
                 or (select count(*) from {schema}.warehouses h where h.tenant = $1 and h.code = c.value) < 2",
            ),
        ],
    },
    Rule {
        of: "stock_quants",
        entity: "inventory",
        fills: &["warehouse_inventory"],
        needs: &["locations", "warehouses"],
        sql: include_str!("inventory.sql"),
        early: None,
        waits: &[],
    },
    Rule {
        of: "stock_moves",
        entity: "stock_moves",
        fills: &["stock_movements", "waiting"],
        needs: &["locations", "warehouses", "picking_types", "products", "uoms", "pickings"],
        sql: include_str!("stock_moves.sql"),
        early: Some(include_str!("stock_moves_early.sql")),
        // A row that is asked for as a value is looked up for each value, whatever the planner thinks of the tables.
        waits: &[
            (
                "unknown location",
                "(select true from {schema}.locations l where l.tenant = $1 and l.id = c.value::bigint)",
            ),
            (
                "unknown product",
                "(select true from {schema}.products p where p.tenant = $1 and p.id = c.value::bigint)",
            ),
            (
                "unknown unit",
                "(select u.factor is not null from {schema}.uoms u where u.tenant = $1 and u.id = c.value::bigint)",
            ),
        ],
    },
];

/// One is as good as all: what lies in the warehouses is summed up as a whole.
const ANY_QUANT: &str =
    "select q.id from {schema}.stock_quants q where q.tenant = $1 and cardinality($3::bigint[]) > 0 limit 1";

/// Rows that wait for one reason, and whose value fulfils a condition. Each value is looked at once.
const FOUND: &str = "(select w.row_key
 from {values of {reason}} c cross join lateral (
   select w.row_key from {schema}.waiting w
   where w.tenant = $1 and w.reason = '{reason}' and w.value = c.value
     and w.server = $2 and w.stream = '{stream}'
   limit $3) w
 where {condition}
 limit $3)";

/// The values that rows wait with for one reason, each once: as many looks into an index as there are values, however
/// many rows wait.
const VALUES: &str = "(
  with recursive v(value) as (
    (select w.value from {schema}.waiting w where w.tenant = $1 and w.reason = '{reason}' order by w.value limit 1)
    union all
    select (select w.value from {schema}.waiting w
            where w.tenant = $1 and w.reason = '{reason}' and w.value > v.value order by w.value limit 1)
    from v where v.value is not null)
  select v.value from v where v.value is not null)";

/// What bears on what; the order does not matter.
pub const TOUCHES: &[Touch] = &[
    Touch {
        on: "products",
        of: "pos_sales",
        needs: &["stock_movements", "waiting"],
        sql: "select s.server, s.invoice_no, s.line_no from {schema}.products p
              join {schema}.pos_sales s on s.tenant = $1 and s.barcode = p.barcode
              where p.tenant = $1 and p.id = any($3)
              union
              select t.origin_key::jsonb ->> 0, t.origin_key::jsonb ->> 1, (t.origin_key::jsonb ->> 2)::bigint
              from {schema}.stock_movements t
              where t.tenant = $1 and t.product_id = any($3) and t.origin = 'pos_sales'
              union
              -- Its barcode may have been that of two until now.
              select w.row_key::jsonb ->> 0, w.row_key::jsonb ->> 1, (w.row_key::jsonb ->> 2)::bigint
              from {values of ambiguous barcode} c cross join lateral (
                select w.row_key from {schema}.waiting w
                where w.tenant = $1 and w.reason = 'ambiguous barcode' and w.value = c.value and w.stream = 'pos_sales'
                offset 0) w
              where (select count(*) from (
                       select rank() over (order by coalesce(q.active, true) desc) as place
                       from {schema}.products q where q.tenant = $1 and q.barcode = c.value) q
                     where q.place = 1) < 2",
    },
    Touch {
        on: "warehouses",
        of: "pos_sales",
        needs: &["stock_movements", "waiting"],
        sql: "select s.server, s.invoice_no, s.line_no from {schema}.warehouses w
              join {schema}.pos_sales s on s.tenant = $1 and s.branch_code = w.code
              where w.tenant = $1 and w.id = any($3)
              union
              select t.origin_key::jsonb ->> 0, t.origin_key::jsonb ->> 1, (t.origin_key::jsonb ->> 2)::bigint
              from {schema}.stock_movements t
              where t.tenant = $1 and t.warehouse_id = any($3) and t.origin = 'pos_sales'
              union
              -- Its code may have been that of two until now.
              select w.row_key::jsonb ->> 0, w.row_key::jsonb ->> 1, (w.row_key::jsonb ->> 2)::bigint
              from {values of ambiguous branch} c cross join lateral (
                select w.row_key from {schema}.waiting w
                where w.tenant = $1 and w.reason = 'ambiguous branch' and w.value = c.value and w.stream = 'pos_sales'
                offset 0) w
              where (select count(*) from {schema}.warehouses h where h.tenant = $1 and h.code = c.value) < 2",
    },
    Touch { on: "locations", of: "stock_quants", needs: &[], sql: ANY_QUANT },
    Touch { on: "warehouses", of: "stock_quants", needs: &[], sql: ANY_QUANT },
    Touch {
        on: "locations",
        of: "stock_moves",
        needs: &[],
        sql: "select m.id from {schema}.stock_moves m
              where m.tenant = $1 and (m.source_location_id = any($3) or m.destination_location_id = any($3))",
    },
    Touch {
        on: "warehouses",
        of: "stock_moves",
        needs: &["locations", "stock_movements"],
        sql: "select m.id from {schema}.warehouses w
              join {schema}.locations v on v.tenant = $1 and v.id = w.view_location_id
              join {schema}.locations l on l.tenant = $1 and starts_with(l.parent_path, v.parent_path)
              join {schema}.stock_moves m on m.tenant = $1 and l.id in (m.source_location_id, m.destination_location_id)
              where w.tenant = $1 and w.id = any($3)
              union
              select t.origin_key::bigint from {schema}.stock_movements t
              where t.tenant = $1 and t.warehouse_id = any($3) and t.origin = 'stock_moves'",
    },
    Touch {
        on: "picking_types",
        of: "stock_moves",
        needs: &[],
        sql: "select m.id from {schema}.stock_moves m where m.tenant = $1 and m.picking_type_id = any($3)",
    },
    Touch {
        on: "pickings",
        of: "stock_moves",
        needs: &[],
        sql: "select m.id from {schema}.stock_moves m where m.tenant = $1 and m.picking_id = any($3)",
    },
    Touch {
        on: "products",
        of: "stock_moves",
        needs: &[],
        sql: "select m.id from {schema}.stock_moves m where m.tenant = $1 and m.product_id = any($3)",
    },
    Touch {
        on: "uoms",
        of: "stock_moves",
        needs: &["products"],
        sql: "select m.id from {schema}.stock_moves m where m.tenant = $1 and m.uom_id = any($3)
              union
              select m.id from {schema}.products p
              join {schema}.stock_moves m on m.tenant = $1 and m.product_id = p.id
              where p.tenant = $1 and p.uom_id = any($3)",
    },
];

impl Rule {
    /// The statement.
    pub fn statement(&self, schema: &str) -> String {
        in_schema(self.sql, schema)
    }

    /// Rows that wait for something that is there now, by hand or since tables were not there yet. Parameters: `$1` the
    /// tenant, `$2` the server, `$3` how many at most. Gives the key of each as JSON text.
    pub fn found(&self, schema: &str) -> Option<String> {
        let of = |(reason, condition): &(&str, &str)| {
            FOUND.replace("{reason}", reason).replace("{stream}", self.of).replace("{condition}", condition)
        };
        let each: Vec<String> = self.waits.iter().map(of).collect();
        (!each.is_empty()).then(|| with_values(&format!("{}\nlimit $3", each.join("\nunion all\n")), schema))
    }

    /// The statement for as long as one of the tables it reads is not there.
    pub fn early(&self, schema: &str) -> Option<String> {
        self.early.map(|sql| in_schema(sql, schema))
    }
}

impl Touch {
    /// The query.
    pub fn query(&self, schema: &str) -> String {
        with_values(self.sql, schema)
    }
}

/// The statement with what `{values of REASON}` stands for.
fn with_values(sql: &str, schema: &str) -> String {
    let mut parts = sql.split("{values of ");
    let mut whole = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (reason, rest) = part.split_once('}').unwrap_or((part, ""));
        whole += &VALUES.replace("{reason}", reason);
        whole += rest;
    }
    in_schema(&whole, schema)
}

fn in_schema(sql: &str, schema: &str) -> String {
    sql.trim_end().replace("{schema}", &quote_ident(schema))
}

/// The rule for the rows of a table.
pub fn rule(table: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.of == table)
}

/// Whether a change of the table's rows makes a statement run.
pub fn matters(table: &str) -> bool {
    rule(table).is_some() || TOUCHES.iter().any(|touch| touch.on == table)
}

/// A table as `derived.json` describes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Derived {
    table: String,
    about: String,
    key: Vec<String>,
    indexes: Vec<Vec<String>>,
    #[serde(default)]
    names: BTreeMap<String, String>,
    columns: Vec<Column>,
}

/// The derived tables, as streams of no object. What were not valid would be left out; a test
/// proves that none is.
pub fn tables() -> &'static [Stream] {
    static PARSED: LazyLock<Vec<Stream>> = LazyLock::new(|| {
        let all: Vec<Derived> = serde_json::from_str(include_str!("derived.json")).unwrap_or_default();
        all.into_iter().map(stream).collect()
    });
    &PARSED
}

fn stream(derived: Derived) -> Stream {
    let Derived { table, about, key, indexes, names, columns } = derived;
    Stream { table, about, key, indexes, names, columns, ..Stream::default() }
}

/// A derived table by its name.
pub fn table(name: &str) -> Option<&'static Stream> {
    tables().iter().find(|stream| stream.table == name)
}
