//! A schema `cron` that is not pg_cron's.

use crate::stage::{Stage, none};

/// What the extension asks of pg_cron, over planted functions.
const VIEWS: &str = "
create schema cron; grant usage on schema cron to public;
create view cron.job as
  select 1::bigint as jobid, '* * * * *'::text as schedule, 'call public.sync_auto()'::text as command,
    'localhost'::text as nodename, 5432 as nodeport, current_database()::text as database, 'shop'::text as username,
    {traps}.trap('job') as active, 'erp_sync'::text as jobname;
create view cron.job_run_details as
  select 1::bigint as jobid, 1::bigint as runid, 1 as job_pid, 'x'::text as database, 'x'::text as username,
    'x'::text as command, 'succeeded'::text as status, {traps}.trap('details')::text as return_message,
    now() as start_time, now() as end_time;
grant select on cron.job, cron.job_run_details to public;
create function cron.schedule(text, text, text) returns bigint language sql as
  $$ select 1::bigint from (select {traps}.trap('schedule')) t $$;
create function cron.schedule(text, text) returns bigint language sql as
  $$ select 1::bigint from (select {traps}.trap('schedule')) t $$;
create function cron.unschedule(bigint) returns boolean language sql as $$ select {traps}.trap('unschedule') $$;
create function cron.unschedule(text) returns boolean language sql as $$ select {traps}.trap('unschedule') $$;
create function cron.alter_job(bigint, text default null, text default null) returns void language sql as
  $$ select from (select {traps}.trap('alter_job')) t $$;
create function cron.schedule_in_database(text, text, text, text, text default null, boolean default true)
  returns bigint language sql as $$ select 1::bigint from (select {traps}.trap('elsewhere')) t $$";

/// Everything that has to do with schedules.
const CALLS: [&str; 9] = [
    "select * from erp_sync.schedule",
    "select * from sync_schedules()",
    "select * from sync_status()",
    "select * from erp_sync.status",
    "select sync_schedule()",
    "select sync_schedule('*/5 * * * *')",
    "select sync_unschedule()",
    "select sync_schedule(elsewhere => true)",
    "call sync_auto()",
];

fn all_called(stage: &Stage, forger: &str) -> Vec<String> {
    let mut found = Vec::new();
    for caller in ["postgres", "monitor", "shop", "manager"] {
        for call in CALLS {
            let _ = stage.call(caller, call);
            // Nothing that only looks may run it at all.
            found.extend(stage.ran().iter().map(|said| format!("{caller}: {call}: {said}")));
        }
    }
    println!("{} calls on the schema of {forger}", CALLS.len() * 4);
    found
}

#[test]
fn views_that_the_databases_owner_forges_run_nothing() {
    let mut stage = Stage::open("cron_dbo");
    stage.shop.run("select sync_run('currencies')");
    stage.admin("alter database cron_dbo owner to dbo");
    stage.plant("dbo");
    stage.by("dbo", &VIEWS.replace("{traps}", "traps_dbo"));
    none(&all_called(&stage, "dbo"));
}

#[test]
fn views_that_a_role_with_create_forges_run_nothing_once_schedules_count() {
    let mut stage = Stage::open("cron_outsider");
    stage.shop.run("select sync_run('currencies'); select sync_schedule(elsewhere => true)");
    stage.admin("grant create on database cron_outsider to outsider");
    stage.plant("outsider");
    stage.by("outsider", &VIEWS.replace("{traps}", "traps_outsider"));
    none(&all_called(&stage, "outsider"));
}

/// Tables in place of views: what runs is a policy, or a cast of a column's type.
#[test]
fn forged_tables_with_policies_and_casts_run_nothing() {
    let mut stage = Stage::open("cron_tables");
    stage.shop.run("select sync_run('currencies'); select sync_schedule(elsewhere => true)");
    stage.admin("grant create on database cron_tables to outsider");
    stage.plant("outsider");
    stage.by(
        "outsider",
        "create schema cron; grant usage on schema cron to public;
         create type traps_outsider.pair as (one text);
         create function traps_outsider.text(traps_outsider.pair) returns text language plpgsql as
           $f$ begin perform traps_outsider.trap('cast'); return 'call public.sync_auto()'; end $f$;
         create cast (traps_outsider.pair as text) with function traps_outsider.text(traps_outsider.pair) as implicit;
         create table cron.job (jobid bigint, schedule text, command traps_outsider.pair, database text,
           username text, active boolean, jobname text);
         insert into cron.job values (1, '* * * * *', row('x'), current_database(), 'shop', true, 'erp_sync');
         create table cron.job_run_details (jobid bigint, runid bigint, status text, return_message text,
           start_time timestamptz);
         grant select on cron.job, cron.job_run_details to public;
         create policy p on cron.job using (traps_outsider.trap('policy'));
         alter table cron.job enable row level security",
    );
    none(&all_called(&stage, "outsider"));
}
