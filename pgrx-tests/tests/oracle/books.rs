//! What must hold after every run, however it ended: counters add up, and nothing is left behind.

use erp_sync_tests::shop::Shop;

const COUNTS: &str = "fetched, inserted, updated, unchanged, left_out, rejected, duplicates, removed";

/// What does not add up.
pub fn errors(shop: &mut Shop<'_>) -> Vec<String> {
    let mut all = labelled("a task's batches do not add up", shop.rows(&batches()));
    all.extend(labelled("rows gained and lost are not the rows there", gained(shop)));
    all.extend(labelled("removals are not the removed rows", shop.rows(REMOVED)));
    all.extend(labelled("an unconfirmed run removed", shop.rows(UNASKED)));
    all.extend(positions(shop));
    all
}

fn labelled(what: &str, rows: Vec<String>) -> Vec<String> {
    rows.into_iter().map(|row| format!("{what}: {row}")).collect()
}

fn batches() -> String {
    let sums: Vec<String> =
        COUNTS.split(", ").map(|count| format!("coalesce(sum({count}), 0)::bigint")).collect();
    format!(
        "select run_id, server, entity, {COUNTS} from erp_sync.task
         except
         select t.run_id, t.server, t.entity, b.* from erp_sync.task t, lateral
           (select {} from erp_sync.batch b
            where (b.run_id, b.server, b.entity) = (t.run_id, t.server, t.entity)) b",
        sums.join(", ")
    )
}

/// Whatever left a table was either never there or is kept aside; a snapshot's rows are not.
const REMOVED: &str = "
select b.entity, b.n as counted, coalesce(r.n, 0) as kept
from (select entity, sum(removed) as n from erp_sync.batch where entity <> 'inventory' group by 1) b
left join (select entity, count(*) as n from erp_sync.removed group by 1) r using (entity)
where b.n <> coalesce(r.n, 0)";

/// A run may end a pass that was open and go through another: each may remove ten rows unasked.
const UNASKED: &str = "
select m.run_id, m.stream, count(*) from erp_sync.removed m join erp_sync.run r on r.id = m.run_id
where not r.confirm and m.stream <> 'invoice_lines' group by 1, 2 having count(*) > 20";

fn gained(shop: &mut Shop<'_>) -> Vec<String> {
    let entities = shop.rows(
        "select b.entity, sum(inserted - removed),
           (select string_agg(distinct p.stream, ' ') from erp_sync.position p where p.entity = b.entity)
         from erp_sync.batch b group by 1",
    );
    let mut unlike = Vec::new();
    for line in entities {
        let parts: Vec<&str> = line.split('|').collect();
        let tables = parts[2].split(' ').map(|table| format!("(select count(*) from erp.\"{table}\")"));
        let rows = shop.value(&format!("select {}", tables.collect::<Vec<_>>().join(" + ")));
        if rows != parts[1] {
            unlike.push(format!("{}: {} gained, {rows} there", parts[0], parts[1]));
        }
    }
    unlike
}

fn positions(shop: &mut Shop<'_>) -> Vec<String> {
    let mut unlike = Vec::new();
    for stream in shop.rows("select stream, sum(rows) from erp_sync.position group by 1") {
        let (table, rows) = stream.split_once('|').expect("two columns");
        let there = shop.value(&format!("select count(*) from erp.\"{table}\""));
        if there != rows {
            unlike.push(format!("the position of {table} counts {rows} rows, there are {there}"));
        }
    }
    unlike
}

/// Everything that a run may hold, and no run does now.
const LEFT: &str = "
select 'task ' || entity || ' of run ' || run_id || ' is ' || state from erp_sync.task where state in ('queued', 'running')
union all
select 'run ' || id || ' is ' || state from erp_sync.run where state in ('queued', 'running')
union all
select 'a lock ' || classid || ' ' || objid from pg_locks l join pg_database d on d.oid = l.database
where datname = current_database() and (locktype = 'advisory' or locktype = 'object' and classid in (
  select oid from pg_class where relnamespace = to_regnamespace('erp_sync')))
union all
select 'a temporary table ' || c.oid::regclass from pg_class c
where relpersistence = 't' and relkind = 'r' and relnamespace <> pg_my_temp_schema()
union all
select 'an open pass of ' || stream || ': ' || pass from erp_sync.position where pass is not null
union all
select 'a candidate of ' || stream || ': ' || key from erp_sync.candidate
union all
select 'a worker ' || pid || ' is ' || coalesce(state, '') from pg_stat_activity
where backend_type = 'erp_sync' and datname = current_database()
union all
select 'a prepared transaction ' || gid from pg_prepared_xacts";

/// What is left behind.
pub fn left(shop: &mut Shop<'_>) -> Vec<String> {
    labelled("left behind", shop.rows(LEFT))
}
