//! Everything that the extension offers, called by a superuser where an ordinary role has planted all it may.

use crate::calls::{About, calls, looks};
use crate::stage::{Stage, attempt, none};

/// What the owner of the tables plants on each of them.
const ON_A_TABLE: &str = "
create trigger sweep_row before insert or update or delete on erp.{table}
  for each row execute function traps_shop.spring('{table}: row');
create trigger sweep_statement after insert or update or delete on erp.{table}
  for each statement execute function traps_shop.spring('{table}: statement');
create trigger sweep_truncate before truncate on erp.{table}
  for each statement execute function traps_shop.spring('{table}: truncate');
create policy sweep on erp.{table} using (traps_shop.trap('{table}: policy'));
alter table erp.{table} enable row level security;
alter table erp.{table} add constraint sweep check (traps_shop.calm('{table}: check ' || (tenant > '')));
create index on erp.{table} (traps_shop.calm('{table}: index', tenant));
grant all on erp.{table} to public";

/// Functions, operators and casts in a schema that everybody has in the path, and in public.
const IN_A_SCHEMA: &str = "
create type {schema}.pair as (one text);
create function {schema}.text({schema}.pair) returns text language plpgsql as
  $f$ begin perform traps_shop.trap('{schema}: cast'); return 'x'; end $f$;
create cast ({schema}.pair as text) with function {schema}.text({schema}.pair) as implicit;
create function {schema}.now() returns timestamptz language plpgsql as
  $f$ begin perform traps_shop.trap('{schema}: now'); return pg_catalog.now(); end $f$;
create function {schema}.clock_timestamp() returns timestamptz language plpgsql as
  $f$ begin perform traps_shop.trap('{schema}: clock_timestamp'); return pg_catalog.now(); end $f$;
create function {schema}.count(text) returns bigint language plpgsql as
  $f$ begin perform traps_shop.trap('{schema}: count'); return 1; end $f$;
create function {schema}.unnest(text[]) returns setof text language plpgsql as
  $f$ begin perform traps_shop.trap('{schema}: unnest'); return; end $f$;
create function {schema}.unnest(bigint[]) returns setof bigint language plpgsql as
  $f$ begin perform traps_shop.trap('{schema}: unnest'); return; end $f$;
create function {schema}.concat(text[], text[]) returns text[] language plpgsql as
  $f$ begin perform traps_shop.trap('{schema}: ||'); return $1; end $f$;
create operator {schema}.|| (leftarg = text[], rightarg = text[], function = {schema}.concat);
create function {schema}.same(text, text) returns boolean language plpgsql as
  $f$ begin perform traps_shop.trap('{schema}: ='); return true; end $f$;
create operator {schema}.= (leftarg = text, rightarg = text, function = {schema}.same);
create function {schema}.same(bigint, bigint) returns boolean language plpgsql as
  $f$ begin perform traps_shop.trap('{schema}: ='); return true; end $f$;
create operator {schema}.= (leftarg = bigint, rightarg = bigint, function = {schema}.same);
create view {schema}.pg_foreign_server as
  select * from pg_catalog.pg_foreign_server where traps_shop.trap('{schema}: pg_foreign_server');
create view {schema}.run as select * from erp_sync.run where traps_shop.trap('{schema}: run')";

/// A schema that looks like pg_cron's.
const CRON: &str = "
create schema cron; grant usage on schema cron to public;
create view cron.job as select 1::bigint as jobid, '* * * * *'::text as schedule,
  'call public.sync_auto()'::text as command, current_database()::text as database, 'shop'::text as username,
  traps_shop.trap('cron.job') as active, 'erp_sync'::text as jobname;
create view cron.job_run_details as select 1::bigint as jobid, 1::bigint as runid, 'x'::text as status,
  traps_shop.trap('cron.job_run_details')::text as return_message, now() as start_time, now() as end_time;
create function cron.schedule(text, text, text) returns bigint language sql as
  $f$ select 1::bigint from (select traps_shop.trap('cron.schedule')) t $f$;
grant select on cron.job, cron.job_run_details to public";

fn swept(name: &str) -> Stage {
    let mut stage = Stage::open(name);
    stage.admin(&format!("grant create on database {name} to shop; grant create on schema public to shop"));
    stage.plant("shop");
    stage.shop.run("select sync_run('all')");
    stage.shop.odoo.advance(3600);
    stage.shop.odoo.delete("res.partner", &[30]);
    stage.shop.odoo.write("res.partner", &[14], serde_json::json!({"city": "\0"}));
    let _ = stage.call("shop", "select sync_run('contacts', mode => 'full')");
    stage.shop.run("create schema own; grant usage on schema own to public");
    for schema in ["own", "public"] {
        stage.shop.run(&IN_A_SCHEMA.replace("{schema}", schema));
    }
    stage.shop.run(CRON);
    stage
}

/// Calls everything, and gives what planted code did that was not its owner's right.
fn all_called(stage: &mut Stage) -> Vec<String> {
    let run = stage.look("select max(id) from erp_sync.run")[0].clone();
    let about = About { entity: "currencies", server: "odoo_main", run };
    let mut statements = looks(stage);
    statements.extend(calls(stage, &about));
    let mut session = stage.session("postgres");
    // The worst path there is: what is planted comes before pg_catalog.
    session.batch_execute("set search_path = own, public, pg_catalog").expect("a path");
    let mut found = Vec::new();
    let mut refused = 0;
    stage.ran();
    for sql in &statements {
        if let Err(error) = attempt(&mut session, sql) {
            println!("{sql}: {}", error.message);
            refused += 1;
        }
        found.extend(stage.stolen("shop").iter().map(|said| format!("{sql}: {said}")));
    }
    println!("{} statements, {refused} of them refused", statements.len());
    assert!(statements.len() > 40, "{statements:?}");
    found
}

#[test]
fn a_superuser_calls_everything_where_code_is_planted_on_every_table() {
    let mut stage = swept("sweep_tables");
    let tables = "select relname from pg_class where relnamespace = 'erp'::regnamespace and relkind = 'r'";
    for table in stage.look(tables) {
        stage.shop.run(&ON_A_TABLE.replace("{table}", &table));
        // So that the next run has rows to write.
        stage.shop.run(&format!("delete from erp.{table}"));
    }
    none(&all_called(&mut stage));
}

#[test]
fn a_superuser_calls_everything_where_a_view_stands_for_every_table() {
    let mut stage = swept("sweep_views");
    let tables = "select relname from pg_class where relnamespace = 'erp'::regnamespace and relkind = 'r'";
    stage.shop.run("create schema kept; drop view if exists erp.product_stock");
    for table in stage.look(tables) {
        stage.shop.run(&format!(
            "alter table erp.{table} set schema kept;
             create view erp.{table} as select * from kept.{table} where traps_shop.trap('{table}: view');
             create trigger t instead of insert or update or delete on erp.{table}
               for each row execute function traps_shop.spring('{table}: instead');
             grant all on erp.{table} to public"
        ));
    }
    none(&all_called(&mut stage));
}
