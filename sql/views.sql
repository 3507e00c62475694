-- Monitoring. Views run with the reader's rights, so the policies of the tables apply.
set local search_path = pg_catalog, pg_temp;

create view erp_sync.status as select * from @extschema@.sync_status();
comment on view erp_sync.status is 'per server and entity: last success, lag, rows, next run, last error';

create view erp_sync.progress as select * from @extschema@.sync_progress();
comment on view erp_sync.progress is 'tasks that are running now';

create view erp_sync.history with (security_invoker = true) as
select t.run_id, t.server, t.entity, t.tenant, t.mode, t.state,
       t.fetched, t.inserted, t.updated, t.unchanged, t.left_out, t.rejected, t.duplicates, t.removed, t.waiting,
       r.warnings || t.warnings as warnings, t.error, t.detail, t.hint, r.role,
       t.started_at, t.finished_at, t.finished_at - t.started_at as duration, o.message as original_error
from erp_sync.task t
join erp_sync.run r on r.id = t.run_id
left join erp_sync.original_error o on o.run_id = t.run_id and o.server = t.server and o.entity = t.entity
order by t.run_id desc, t.ordinal;
comment on view erp_sync.history is 'one row per task of a run, newest first';

create view erp_sync.errors with (security_invoker = true) as
select t.run_id, t.server, t.entity, t.state, t.error_kind, t.error, t.detail, t.hint, t.finished_at,
       o.message as original_error
from erp_sync.task t
left join erp_sync.original_error o on o.run_id = t.run_id and o.server = t.server and o.entity = t.entity
where t.state in ('failed', 'cancelled')
union all
select r.id, r.server, r.entity, r.state, null, r.error, null, null, r.finished_at, null
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

create view erp_sync.waiting as select * from @extschema@.sync_waiting();
comment on view erp_sync.waiting is 'rows that wait for a partner row, and removals that wait for confirmation: a work list';

create view erp_sync.differences with (security_invoker = true) as
select run_id, server, entity, stream, tenant, key, differs, source_updated_at, stored_updated_at, late, found_at, cause
from erp_sync.difference
order by id desc;
comment on view erp_sync.differences is 'rows that runs of mode verify or repair found to differ from the remote''s, newest first; all but held-back removals were mended';

-- What a reader sees is decided by the policies of the tables.
grant select on erp_sync.status, erp_sync.progress, erp_sync.history, erp_sync.errors, erp_sync.rejections,
  erp_sync.schedule, erp_sync.waiting, erp_sync.differences to public;

comment on column erp_sync.status.server is 'name of the foreign server';
comment on column erp_sync.status.entity is 'name of the entity';
comment on column erp_sync.status.state is 'state of its last task; never when there was none';
comment on column erp_sync.status.last_success_at is 'end of the last task that succeeded';
comment on column erp_sync.status.lag is 'time since everything that was committed on the remote was here';
comment on column erp_sync.status.synced_to is 'until when everything that was committed on the remote is here';
comment on column erp_sync.status.rows is 'rows in its tables';
comment on column erp_sync.status.rejected is 'rows that could not be stored, see erp_sync.rejections';
comment on column erp_sync.status.waiting is 'removals that wait for confirmation, and rows that wait for a partner';
comment on column erp_sync.status.next_due_at is 'when the next pg_cron job takes it along; null without one';
comment on column erp_sync.status.next_mode is 'what that job does with it: incremental, full or verify';
comment on column erp_sync.status.last_error is 'why the last task failed';
comment on column erp_sync.status.hint is 'what to type next';

comment on column erp_sync.progress.run_id is 'the run';
comment on column erp_sync.progress.server is 'name of the foreign server';
comment on column erp_sync.progress.entity is 'name of the entity';
comment on column erp_sync.progress.stream is 'table of the stream that is being read';
comment on column erp_sync.progress.done is 'rows of it read so far';
comment on column erp_sync.progress.expected is 'rows of it that are to be read';
comment on column erp_sync.progress.percent is 'done of expected';
comment on column erp_sync.progress.rows_per_second is 'rows of all its streams read per second';
comment on column erp_sync.progress.eta is 'time until the stream is read';

comment on column erp_sync.history.run_id is 'the run';
comment on column erp_sync.history.server is 'name of the foreign server';
comment on column erp_sync.history.entity is 'name of the entity';
comment on column erp_sync.history.tenant is 'the business the rows belong to';
comment on column erp_sync.history.mode is 'incremental, full, verify or repair';
comment on column erp_sync.history.state is 'queued, running, succeeded, failed, cancelled or skipped';
comment on column erp_sync.history.fetched is 'rows the remote sent; the sum of the next six';
comment on column erp_sync.history.inserted is 'new rows';
comment on column erp_sync.history.updated is 'changed rows';
comment on column erp_sync.history.unchanged is 'rows that were the same already';
comment on column erp_sync.history.left_out is 'rows that are not to be stored';
comment on column erp_sync.history.rejected is 'rows that could not be stored';
comment on column erp_sync.history.duplicates is 'further copies of a row in one answer';
comment on column erp_sync.history.removed is 'rows deleted here';
comment on column erp_sync.history.waiting is 'removals that wait for confirmation';
comment on column erp_sync.history.warnings is 'what a person should know although the task, or the run as a whole, went on';
comment on column erp_sync.history.error is 'why it failed or was skipped';
comment on column erp_sync.history.detail is 'what was seen';
comment on column erp_sync.history.hint is 'what to type next';
comment on column erp_sync.history.role is 'the role that ran it';
comment on column erp_sync.history.started_at is 'when it began';
comment on column erp_sync.history.finished_at is 'when it ended';
comment on column erp_sync.history.duration is 'how long it took';
comment on column erp_sync.history.original_error is 'the error in the words of PostgreSQL, a trigger or the remote, for who may become the tables'' owner';

comment on column erp_sync.errors.run_id is 'the run';
comment on column erp_sync.errors.server is 'name of the foreign server';
comment on column erp_sync.errors.entity is 'name of the entity, or what the run was asked for';
comment on column erp_sync.errors.state is 'failed or cancelled';
comment on column erp_sync.errors.error_kind is 'kind of the error';
comment on column erp_sync.errors.error is 'what is wrong';
comment on column erp_sync.errors.detail is 'what was seen';
comment on column erp_sync.errors.hint is 'what to type next';
comment on column erp_sync.errors.finished_at is 'when it ended';
comment on column erp_sync.errors.original_error is 'the error in the words of PostgreSQL, a trigger or the remote, for who may become the tables'' owner';

comment on column erp_sync.rejections.server is 'name of the foreign server';
comment on column erp_sync.rejections.entity is 'name of the entity';
comment on column erp_sync.rejections.stream is 'table of the stream';
comment on column erp_sync.rejections.tenant is 'the business the row belongs to';
comment on column erp_sync.rejections.key is 'values of the key columns';
comment on column erp_sync.rejections.rule is 'the rule it breaks';
comment on column erp_sync.rejections.reason is 'what is wrong';
comment on column erp_sync.rejections.count is 'how often it was seen';
comment on column erp_sync.rejections.first_seen_at is 'when it was first seen';
comment on column erp_sync.rejections.last_seen_at is 'when it was last seen';
comment on column erp_sync.rejections.record is 'the record as the remote sent it';

comment on column erp_sync.waiting.server is 'name of the foreign server';
comment on column erp_sync.waiting.entity is 'name of the entity';
comment on column erp_sync.waiting.stream is 'table the row is in';
comment on column erp_sync.waiting.key is 'values of its key columns';
comment on column erp_sync.waiting.reason is 'what it waits for, such as an unknown barcode; or removal, and why';
comment on column erp_sync.waiting.value is 'the code or id that has no partner';
comment on column erp_sync.waiting.since is 'since when';

comment on column erp_sync.schedule.job_id is 'pg_cron''s number of the job';
comment on column erp_sync.schedule.schedule is 'when it runs, in cron''s words';
comment on column erp_sync.schedule.role is 'the role it runs as';
comment on column erp_sync.schedule.active is 'whether pg_cron runs it';
comment on column erp_sync.schedule.last_run_at is 'start of its last run';
comment on column erp_sync.schedule.last_state is 'how that ended: succeeded or failed';
comment on column erp_sync.schedule.last_message is 'what pg_cron noted';

comment on column erp_sync.differences.run_id is 'the run that found it';
comment on column erp_sync.differences.server is 'name of the foreign server';
comment on column erp_sync.differences.entity is 'name of the entity';
comment on column erp_sync.differences.stream is 'table of the stream';
comment on column erp_sync.differences.tenant is 'the business the row belongs to';
comment on column erp_sync.differences.key is 'values of the key columns';
comment on column erp_sync.differences.differs is 'missing here, extra here, stale: of another time, or altered: of the same time and another content';
comment on column erp_sync.differences.source_updated_at is 'when it last changed on the remote';
comment on column erp_sync.differences.stored_updated_at is 'the same as it was here';
comment on column erp_sync.differences.late is 'how long after that it was committed, at least';
comment on column erp_sync.differences.found_at is 'when it was found';
comment on column erp_sync.differences.cause is 'why, as far as that can be told: late commit, changed here, deleted here, added here, or without a new time (changed there unmarked, or by a trigger here)';

set local search_path = @extschema@, pg_temp;
