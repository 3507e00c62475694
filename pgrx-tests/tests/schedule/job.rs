//! The job is made, changed, shown and removed; what stands in its way is named.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::{Shop, rows};

use super::{cluster, shop};

#[test]
fn a_job_is_made_changed_shown_and_removed() {
    let cluster = cluster("job");
    let mut shop = shop(&cluster, "job");
    let jobs = "select jobname, schedule, command, username, database from cron.job order by 1, 2";
    let made = shop.value("select sync_schedule()");
    assert_eq!(shop.rows(jobs), ["erp_sync|0 */2 * * *|call erp_sync.sync_auto()|shop|job"]);
    assert_eq!(shop.value("select sync_schedule('30 4 * * *')"), made, "the same job");
    assert_eq!(shop.rows(jobs), ["erp_sync|30 4 * * *|call erp_sync.sync_auto()|shop|job"]);
    let shown = "select job_id, schedule, role, active, last_run_at, last_state from erp_sync.schedule";
    assert_eq!(shop.rows(shown), [format!("{made}|30 4 * * *|shop|t||")]);
    assert_eq!(shop.value("select sync_unschedule()"), "t");
    assert_eq!(shop.value("select sync_unschedule()"), "f");
    assert_eq!(shop.rows(jobs), [""; 0]);
    assert_eq!(shop.rows(shown), [""; 0]);
}

#[test]
fn a_monitor_sees_the_jobs_of_all_and_what_is_due_but_not_what_they_said() {
    let cluster = cluster("watched_job");
    let mut shop = shop(&cluster, "watched_job");
    shop.run("select sync_run('contacts'); select sync_schedule()");
    shop.admin
        .batch_execute(
            "create role watcher login; create role outsider login; grant pg_monitor to watcher;
             insert into cron.job_run_details (jobid, runid, username, status, return_message, start_time)
             select jobid, 7, username, 'failed', 'ERROR: said', now() from cron.job",
        )
        .expect("a run of the job");
    let shown = "select schedule, role, active, last_state, last_message from erp_sync.schedule";
    assert_eq!(shop.rows(shown), ["0 */2 * * *|shop|t|failed|ERROR: said"]);
    let due = "select entity, next_due_at, next_mode from sync_status() order by 1";
    let mut watcher = cluster.client("watched_job", "watcher");
    assert_eq!(rows(&mut watcher, shown), ["0 */2 * * *|shop|t|failed|"]);
    assert_eq!(rows(&mut watcher, due), shop.rows(due));
    assert_ne!(shop.value("select count(next_due_at) from sync_status()"), "0");
    let mut outsider = cluster.client("watched_job", "outsider");
    assert_eq!(rows(&mut outsider, shown), [""; 0]);
    assert_eq!(rows(&mut outsider, due), [""; 0]);
}

#[test]
fn a_schedule_that_pg_cron_does_not_understand_is_an_error_and_changes_nothing() {
    let cluster = cluster("odd_schedule");
    let mut shop = shop(&cluster, "odd_schedule");
    for wrong in ["every now and then", "5 minutes", "daily", ""] {
        let error = shop.error(&format!("select sync_schedule('{wrong}')"));
        assert_eq!(error.message, format!("\"{wrong}\" is no schedule of pg_cron"));
        assert!(error.hint.contains("every 5 minutes: '*/5 * * * *'"), "{error:?}");
    }
    assert!(shop.error("select sync_schedule('99 * * * *')").message.contains("invalid schedule"));
    assert!(shop.error("select sync_schedule(null)").message.contains("must not be null"));
    assert_eq!(shop.value("select count(*) from cron.job"), "0");
}

#[test]
fn what_is_missing_is_named_with_the_line_to_type() {
    let cluster = cluster("missing");
    let mut shop = Shop::open(&cluster, "missing", "jsonrpc");
    assert_eq!(shop.rows("select * from erp_sync.schedule"), [""; 0]);
    let failure = shop.error("select sync_schedule()");
    assert_eq!(failure.message, "pg_cron is loaded, but not created in this database");
    shop.admin.batch_execute(typed(&failure.hint)).expect("the hint's line works");

    assert_eq!(shop.rows("select * from erp_sync.schedule"), [""; 0]);
    let failure = shop.error("select sync_schedule()");
    assert_eq!(failure.message, "this role may not use pg_cron");
    shop.admin.batch_execute(typed(&failure.hint)).expect("the hint's line works");
    shop.run("select sync_schedule()");
}

/// The line of a hint that says what a superuser types.
fn typed(hint: &str) -> &str {
    hint.strip_prefix("a superuser types: ").expect("a line to type")
}

#[test]
fn a_pg_cron_in_another_database_is_named_and_can_be_used_from_there() {
    let cluster = Cluster::start("elsewhere");
    let mut shop = Shop::open(&cluster, "elsewhere", "jsonrpc");
    let failure = shop.error("select sync_schedule('15 3 * * *')");
    assert_eq!(failure.message, "pg_cron lives in database \"postgres\", not in \"elsewhere\"");
    assert_eq!(shop.rows("select * from erp_sync.schedule"), [""; 0]);
    let (here, there) = failure.hint.split_once("; there, as a superuser: ").expect("two lines to type");
    let mut postgres = cluster.client("postgres", "postgres");
    postgres.batch_execute("create extension pg_cron").expect("pg_cron is there");
    postgres.batch_execute(there).expect("the hint's line works");
    let job = "select schedule, command, database, username from cron.job";
    assert_eq!(rows(&mut postgres, job), ["15 3 * * *|call erp_sync.sync_auto()|elsewhere|shop"]);
    assert!(shop.error("call sync_auto()").message.starts_with("schedules are paused"));
    shop.run(here.strip_prefix("here: ").expect("a line to type"));
    shop.run("call public.sync_auto()");
}
