//! What the demo shows, in the words of the README.

/// One step: a title, and statements that run as a role.
///
/// psql knows the variables `odoo_url`, `odoo_database`, `odoo_username` and `odoo_password`, and where there
/// is a till `pos_port`, `pos_database`, `pos_username` and `pos_password`; in SQL: `:'odoo_url'`.
pub struct Step {
    /// One sentence for a person.
    pub title: &'static str,
    /// The role that psql connects as.
    pub role: &'static str,
    /// Statements as a person would type them, each ended by `;` at the end of a line.
    sql: &'static str,
    expected: Expected,
}

/// What a statement should do.
#[derive(Clone, Copy, PartialEq)]
pub enum Expected {
    /// Succeed.
    Success,
    /// Show rows of tables that a real Odoo may not fill.
    Rows,
    /// Fail.
    Error,
}

/// A statement of a step.
pub struct Statement {
    pub sql: &'static str,
    pub expected: Expected,
}

/// The call that fails in the step that shows errors.
const FAILS: &str = "select * from sync_run('contacts');";

impl Step {
    /// The statements in order.
    pub fn statements(&self) -> impl Iterator<Item = Statement> {
        let statements = self.sql.trim().split_inclusive(";\n").map(str::trim);
        statements.map(|sql| {
            let fails = self.expected == Expected::Error && sql == FAILS;
            let expected = match self.expected {
                Expected::Error if !fails => Expected::Success,
                expected => expected,
            };
            Statement { sql, expected }
        })
    }
}

const fn step(title: &'static str, role: &'static str, sql: &'static str) -> Step {
    Step { title, role, sql, expected: Expected::Success }
}

/// The first words.
pub const INTRODUCTION: &str = "\
A shop keeps its books in Odoo and its tills in SQL Server, and wants both in PostgreSQL: fresh, exact, and without
another service to run.
Below is what its people type into psql, and what they see.";

/// The first words to whom has a real Odoo.
pub const INTRODUCTION_WITH_A_REAL_ODOO: &str = "\
A shop keeps its books in Odoo, and wants them in PostgreSQL: fresh, exact, and without another service to run.
Below is what its people type into psql, and what they see.";

/// What only a superuser may do.
pub const SETUP: Step = step(
    "A superuser creates the extension and lets the role shop use it",
    "postgres",
    "
create extension erp_sync;
create extension pg_cron;
create role shop login;
grant usage on foreign data wrapper odoo, sqlserver to shop;
grant usage on schema cron to shop;
create schema erp authorization shop;
",
);

/// The remote.
pub const SERVER: Step = step(
    "The shop says where its Odoo is",
    "shop",
    "
create server odoo_main foreign data wrapper odoo
  options (url :'odoo_url', database :'odoo_database');
create user mapping for current_user server odoo_main
  options (username :'odoo_username', password :'odoo_password');
",
);

/// Is it reachable, and what may be read?
pub const CHECK: Step = step(
    "Is everything ready?",
    "shop",
    "
select aspect, status, detail, hint from sync_check();
",
);

/// The first run, and one that has nothing to do.
pub const FIRST_RUN: Step = step(
    "The first run fetches everything, the second finds nothing new",
    "shop",
    "
select entity, state, fetched, inserted, updated, unchanged, left_out, duration_ms from sync_run('all');
select entity, state, fetched, inserted, updated, unchanged, left_out, duration_ms from sync_run('all');
",
);

/// How fresh the tables are.
pub const STATUS: Step = step(
    "How fresh is it?",
    "shop",
    "
select entity, state, rows, rejected, date_trunc('second', lag) as lag, synced_to::timestamp(0)
from sync_status();
",
);

/// Rows as a report would read them.
pub const ROWS: Step = Step {
    expected: Expected::Rows,
    ..step(
        "The rows are in ordinary tables",
        "shop",
        "
select number, invoice_date, partner_name, amount_total, payment_state from erp.invoices
where move_type = 'out_invoice' order by invoice_date desc, number limit 5;
select p.name as product, sum(l.quantity) as sold, sum(l.subtotal) as revenue
from erp.invoice_lines l
join erp.invoices i on i.id = l.invoice_id and i.move_type = 'out_invoice'
join erp.products p on p.id = l.product_id
group by p.name order by revenue desc limit 5;
select name, city, email, vat from erp.contacts where is_company order by name limit 5;
",
    )
};

/// pg_cron takes over.
pub const EVERY_MINUTE: Step = step(
    "From now on pg_cron syncs, here once a minute",
    "shop",
    "
select sync_schedule('* * * * *');
select entity, next_due_at, next_mode from sync_status();
",
);

/// The change that was made in Odoo is here.
pub const ARRIVED: Step = step(
    "The change is here",
    "shop",
    "
select default_code, name, list_price, synced_at from erp.products where default_code = 'E-COM07';
select i.number, i.partner_name, i.amount_total, l.name as line, l.quantity, l.price_unit, l.subtotal
from erp.invoices i join erp.invoice_lines l on l.invoice_id = i.id and l.display_type = 'product'
where i.number = 'INV/2026/00007';
",
);

/// What is written down about it.
pub const BOOKS: Step = step(
    "What has been done is written down, and every two hours is enough",
    "shop",
    "
select run_id, entity, mode, state, fetched, inserted, updated, unchanged, started_at::timestamp(0)
from erp_sync.history limit 8;
select command, status, return_message, start_time from cron.job_run_details;
select sync_schedule();
select schedule, role, active, last_state from erp_sync.schedule;
",
);

/// What no change tells of.
pub const VERIFIED: Step = step(
    "Nothing tells of a deleted contact. Comparing all keys does, and pg_cron does it once a day",
    "shop",
    "
select entity, state, fetched, removed from sync_run('contacts');
select stream, key, differs from sync_diff('contacts');
select entity, state, fetched, removed from sync_run('contacts', mode => 'verify');
select stream, key, reason, record ->> 'name' as name from erp_sync.removed;
",
);

/// What it looks like when something is wrong.
pub const BROKEN: Step = Step {
    expected: Expected::Error,
    ..step(
        "And when something is wrong? A password that Odoo does not take",
        "shop",
        "
alter user mapping for current_user server odoo_main options (set password 'wrong');
select * from sync_run('contacts');
select run_id, entity, error, hint from erp_sync.errors;
alter user mapping for current_user server odoo_main options (set password :'odoo_password');
select entity, state, fetched, unchanged from sync_run('contacts');
",
    )
};

/// The second remote.
pub const TILL: Step = step(
    "The tills write into a SQL Server: it is a second server, for the same calls",
    "shop",
    "
create server pos foreign data wrapper sqlserver
  options (host '127.0.0.1', port :'pos_port', database :'pos_database', encrypt 'plaintext');
create user mapping for current_user server pos
  options (username :'pos_username', password :'pos_password');
select aspect, status, detail, hint from sync_check('pos');
",
);

/// Sales, and one that waits.
pub const SALES: Step = step(
    "What was sold finds its warehouse by the branch, and its product by the barcode",
    "shop",
    "
select entity, server, state, fetched, inserted, rejected, waiting from sync_run('sales', 'pos');
select invoice_no, line_no, branch_code, barcode, quantity, unit_price, is_return from erp.pos_sales
order by invoice_no, line_no;
select server, stream, key, reason, value from erp_sync.waiting;
",
);

/// The product's barcode is here, and with it the sale.
pub const ADMITTED: Step = step(
    "The next run brings the barcode, and the sale waits no longer",
    "shop",
    "
select entity, state, fetched, updated, waiting from sync_run('products');
select count(*) as waiting from erp_sync.waiting;
select w.name as warehouse, m.movement_type, p.name as product, m.quantity, m.reference
from erp.stock_movements m
join erp.warehouses w on w.tenant = m.tenant and w.id = m.warehouse_id
join erp.products p on p.tenant = m.tenant and p.id = m.product_id
where m.origin = 'pos_sales' order by m.reference, p.name;
",
);

/// The report. Odoo has not been told what the tills sold: that is what its count lacks.
pub const STOCK: Step = Step {
    expected: Expected::Rows,
    ..step(
        "What came, what went and what is left in each warehouse, and what Odoo counts there",
        "shop",
        "
select w.name as warehouse, p.default_code as code, p.name as product,
       sum(m.quantity) filter (where m.quantity > 0) as came,
       -sum(m.quantity) filter (where m.quantity < 0) as went,
       sum(m.quantity) as left_over, max(i.quantity) as odoo_counts,
       -sum(m.quantity) filter (where m.origin = 'pos_sales') as tills_sold
from erp.stock_movements m
join erp.warehouses w on w.tenant = m.tenant and w.id = m.warehouse_id
join erp.products p on p.tenant = m.tenant and p.id = m.product_id
left join erp.warehouse_inventory i
  on i.tenant = m.tenant and i.warehouse_id = m.warehouse_id and i.product_id = m.product_id
group by w.name, p.id, p.default_code, p.name
having min(m.quantity) < 0 and max(m.quantity) > 0
order by warehouse, went desc, product limit 12;
",
    )
};

/// The last words.
pub const NEXT: &str = "  cargo demo --odoo URL --database NAME --username NAME   the same walk with your own Odoo, which is only read
  cargo demo --keep                                       look around in the tables yourself
  README.md                                               installing it, every function, setting and column";

/// The last words to whom has a real Odoo.
pub const NEXT_WITH_A_REAL_ODOO: &str = "  cargo demo --odoo ... --keep   look around in the tables yourself
  README.md                      installing it, every function, setting and column";
