//! How a thousand servers stand.

use std::time::{Duration, Instant};

use super::{cluster, shop};

/// A thousand servers that shop owns, read every two hours for a day, beside the one that was really read: of the
/// newest tasks those of every fiftieth server failed, and those of the next were skipped.
const FLEET: &str = "
do $$ begin
  for n in 1..1000 loop
    execute format('create server s%s foreign data wrapper odoo
      options (url ''http://127.0.0.1:9'', database ''odoo17'', tenant ''s%s'')', n, n);
    execute format('alter server s%s owner to shop', n);
  end loop;
end $$;
insert into erp_sync.link (server_id, server, schema_id, schema, label, schema_owner)
select regexp_replace(l.server_id, '[0-9]+$', s.oid::text), s.srvname, l.schema_id, l.schema, s.srvname, l.schema_owner
from erp_sync.link l, pg_foreign_server s where s.srvname ~ '^s[0-9]+$' order by s.oid;
insert into erp_sync.run (id, entity, mode, role, settings, state, role_id) overriding system value
select 1000 + n, 'all', 'auto', 'shop', '{}', 'succeeded', r.role_id
from generate_series(1, 12) n, (select role_id from erp_sync.run limit 1) r;
insert into erp_sync.task (run_id, server, entity, ordinal, lane, tenant, mode, state, error, hint, started_at,
                           finished_at, link)
select 1000 + n, l.server, e.entity, 1, l.server, l.server, 'incremental',
       case when n < 12 then 'succeeded' when l.id % 50 = 0 then 'failed' when l.id % 50 = 1 then 'skipped'
            else 'succeeded' end,
       case when n = 12 and l.id % 50 < 2 then 'the remote is down' end, case when n = 12 and l.id % 50 = 0 then 'wait' end,
       now() - (13 - n) * interval '2 hours', now() - (13 - n) * interval '2 hours' + interval '1 minute', l.id
from generate_series(1, 12) n, erp_sync.link l, (select entity from sync_entities() where source = 'odoo') e
where l.server <> 'odoo_main';
insert into erp_sync.position (server, entity, stream, tenant, identity, fingerprint, rows, full_at, link)
select t.server, t.entity, t.entity || k, t.tenant, '', '', 5, now() - interval '1 hour', t.link
from erp_sync.task t, generate_series(1, 2) k where t.run_id = 1012;
analyze";

#[test]
fn a_thousand_servers_are_seen_at_once() {
    let cluster = cluster("thousand");
    let mut shop = shop(&cluster, "thousand");
    shop.run("select sync_run('contacts'); select sync_schedule()");
    let entities: usize =
        shop.value("select count(*) from sync_entities() where source = 'odoo'").parse().unwrap();
    shop.admin.batch_execute(FLEET).expect("a fleet");
    let begun = Instant::now();
    let count = shop.value("select count(*) from sync_status()");
    let took = begun.elapsed();
    println!("status of {count} entities: {took:?}");
    assert_eq!(count, (1001 * entities).to_string());
    assert!(took < Duration::from_secs(2), "{took:?}");

    let states = "select state, count(*) / (select count(*) from sync_entities() where source = 'odoo'), min(rows), max(rows),
                    min(next_mode), min(last_error), min(hint)
                  from sync_status() where server <> 'odoo_main' group by 1 order by 1";
    assert_eq!(
        shop.rows(states),
        [
            "failed|20|10|10|incremental|the remote is down|wait",
            "succeeded|980|10|10|incremental||not read: the remote is down; see: select * from sync_check('s100')"
        ]
    );
    // The lag of an entity whose newest task failed or was skipped counts from the success before it.
    let ages = "select distinct state, date_trunc('hour', lag), hint is null from sync_status()
                where server <> 'odoo_main' order by 1, 2, 3";
    assert_eq!(shop.rows(ages), ["failed|04:00:00|f", "succeeded|02:00:00|t", "succeeded|04:00:00|f"]);
    let due = "select count(*) from sync_status() where extract(minute from next_due_at at time zone 'UTC') <> 0 or next_due_at is null";
    assert_eq!(shop.value(due), "0");
    // The one that was really read is as it was before.
    let own = "select state, rows > 0, lag < interval '10 minutes', rejected, waiting, hint is null
               from sync_status() where server = 'odoo_main' and entity = 'contacts'";
    assert_eq!(shop.rows(own), ["succeeded|t|t|0|0|t"]);
}
