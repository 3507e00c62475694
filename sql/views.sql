-- Monitoring. Views run with the reader's rights, so the policies of the tables apply.

create view erp_sync.status as select * from @extschema@.sync_status();
comment on view erp_sync.status is 'per server and entity: last success, lag, rows, next run, last error';

create view erp_sync.progress as select * from @extschema@.sync_progress();
comment on view erp_sync.progress is 'tasks that are running now';

create view erp_sync.history with (security_invoker = true) as
select t.run_id, t.server, t.entity, t.tenant, t.mode, t.state,
       t.fetched, t.inserted, t.updated, t.unchanged, t.left_out, t.rejected, t.duplicates, t.removed, t.waiting,
       t.warnings, t.error, t.detail, t.hint, r.role,
       t.started_at, t.finished_at, t.finished_at - t.started_at as duration
from erp_sync.task t
join erp_sync.run r on r.id = t.run_id
order by t.run_id desc, t.ordinal;
comment on view erp_sync.history is 'one row per task of a run, newest first';

create view erp_sync.errors with (security_invoker = true) as
select t.run_id, t.server, t.entity, t.state, t.error_kind, t.error, t.detail, t.hint, t.finished_at
from erp_sync.task t
where t.state in ('failed', 'cancelled')
union all
select r.id, r.server, r.entity, r.state, null, r.error, null, null, r.finished_at
from erp_sync.run r
where r.error is not null
order by 1 desc;
comment on view erp_sync.errors is 'tasks and runs that failed, newest first';

create view erp_sync.rejections with (security_invoker = true) as
select server, entity, stream, tenant, key, rule, reason, count, first_seen_at, last_seen_at, record
from erp_sync.rejected
order by last_seen_at desc;
comment on view erp_sync.rejections is 'remote rows that could not be stored: a work list';

create view erp_sync.schedule as select * from @extschema@.sync_schedules();
comment on view erp_sync.schedule is 'the pg_cron jobs that call sync_auto() here, with their last run; empty without pg_cron';

-- What a reader sees is decided by the policies of the tables.
grant select on erp_sync.status, erp_sync.progress, erp_sync.history, erp_sync.errors, erp_sync.rejections,
  erp_sync.schedule to public;
