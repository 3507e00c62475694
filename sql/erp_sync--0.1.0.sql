-- The script of version 0.1.0, for who restores a dump of that version before it is updated: create extension erp_sync
-- version '0.1.0', restore, alter extension erp_sync update. As pgrx has generated it, but for the lines that set
-- search_path and the schema before the validators' names: so that nothing of others can get into it. What it makes is
-- the same. It never changes.

/* <begin connected objects> */
-- src/lib.rs:28
-- bootstrap
set local search_path = pg_catalog, pg_temp;
-- Bookkeeping. Written only by the store, as the extension's owner; readable
-- through the policies of policies.sql.

create schema erp_sync;
comment on schema erp_sync is 'bookkeeping and monitoring of erp_sync';
grant usage on schema erp_sync to public;

create table erp_sync.run (
  id bigint generated always as identity,
  entity text not null,
  server text,
  mode text not null,
  confirm boolean not null default false,
  role name not null,
  settings jsonb not null,
  state text not null default 'queued',
  worker_pid integer,
  warnings text[] not null default '{}',
  error text,
  queued_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  finished_at timestamptz,
  constraint run_pkey primary key (id),
  constraint run_state_is_known check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  constraint run_mode_is_known check (mode in ('incremental', 'full', 'verify', 'auto'))
);
comment on table erp_sync.run is 'one row per call of sync_run() or sync_auto()';
comment on column erp_sync.run.id is 'number of the run';
comment on column erp_sync.run.entity is 'the entities that were asked for';
comment on column erp_sync.run.server is 'the server that was asked for; null is all';
comment on column erp_sync.run.mode is 'incremental, full, verify, or auto (each entity as is due)';
comment on column erp_sync.run.confirm is 'whether removals beyond the breaker''s limit were confirmed';
comment on column erp_sync.run.role is 'the role that runs it';
comment on column erp_sync.run.settings is 'the settings erp_sync.* as the caller saw them';
comment on column erp_sync.run.state is 'queued, running, succeeded, failed or cancelled';
comment on column erp_sync.run.worker_pid is 'process of its first worker, which leads the others';
comment on column erp_sync.run.warnings is 'what a person should know although the run went on';
comment on column erp_sync.run.error is 'why the run as a whole could not go on';
comment on column erp_sync.run.queued_at is 'when it was asked for';
comment on column erp_sync.run.started_at is 'when its first worker began';
comment on column erp_sync.run.finished_at is 'when its last worker ended';

create table erp_sync.task (
  run_id bigint not null,
  server text not null,
  entity text not null,
  ordinal integer not null,
  lane text not null,
  tenant text not null,
  mode text not null,
  state text not null default 'queued',
  stream text,
  done bigint not null default 0,
  expected bigint,
  fetched bigint not null default 0,
  inserted bigint not null default 0,
  updated bigint not null default 0,
  unchanged bigint not null default 0,
  left_out bigint not null default 0,
  rejected bigint not null default 0,
  duplicates bigint not null default 0,
  removed bigint not null default 0,
  waiting bigint not null default 0,
  warnings text[] not null default '{}',
  not_read text[] not null default '{}',
  error_kind text,
  error text,
  detail text,
  hint text,
  started_at timestamptz,
  finished_at timestamptz,
  constraint task_pkey primary key (run_id, server, entity),
  constraint task_belongs_to_a_run foreign key (run_id) references erp_sync.run (id) on delete cascade,
  constraint task_state_is_known
    check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'skipped')),
  constraint task_counts_add_up
    check (fetched = inserted + updated + unchanged + left_out + rejected + duplicates)
);
create index task_by_entity on erp_sync.task (server, entity, run_id desc);
create index task_open on erp_sync.task (server, entity) where state in ('queued', 'running');
comment on table erp_sync.task is 'one row per entity and server of a run';
comment on column erp_sync.task.run_id is 'the run';
comment on column erp_sync.task.server is 'name of the foreign server';
comment on column erp_sync.task.entity is 'name of the entity';
comment on column erp_sync.task.ordinal is 'its place in the order of the run';
comment on column erp_sync.task.lane is 'host and port of the remote: tasks of one lane never run at the same time';
comment on column erp_sync.task.tenant is 'the business the rows belong to';
comment on column erp_sync.task.mode is 'incremental, full or verify';
comment on column erp_sync.task.state is 'queued, running, succeeded, failed, cancelled or skipped';
comment on column erp_sync.task.stream is 'table of the stream that is being read';
comment on column erp_sync.task.done is 'rows of that stream read so far in this run';
comment on column erp_sync.task.expected is 'rows of that stream that are to be read in this run';
comment on column erp_sync.task.fetched is 'rows the remote sent; the sum of the next six';
comment on column erp_sync.task.inserted is 'new rows';
comment on column erp_sync.task.updated is 'changed rows';
comment on column erp_sync.task.unchanged is 'rows that were the same already';
comment on column erp_sync.task.left_out is 'rows that are not to be stored: outside the entity''s keep, or lines without a header';
comment on column erp_sync.task.rejected is 'rows that could not be stored, see erp_sync.rejections';
comment on column erp_sync.task.duplicates is 'further copies of a row in one answer';
comment on column erp_sync.task.removed is 'rows deleted here because the remote no longer has them, or because they left the entity''s keep';
comment on column erp_sync.task.waiting is 'removals that wait for confirmation, and rows that wait for a partner';
comment on column erp_sync.task.warnings is 'what a person should know although the task went on';
comment on column erp_sync.task.not_read is 'columns and tables that the remote did not give, each with the reason';
comment on column erp_sync.task.error_kind is 'kind of the error';
comment on column erp_sync.task.error is 'why it failed or was skipped';
comment on column erp_sync.task.detail is 'what was seen';
comment on column erp_sync.task.hint is 'what to type next';
comment on column erp_sync.task.started_at is 'when it began';
comment on column erp_sync.task.finished_at is 'when it ended';

create table erp_sync.batch (
  id bigint generated always as identity,
  run_id bigint not null,
  server text not null,
  entity text not null,
  stream text not null,
  fetched bigint not null,
  inserted bigint not null,
  updated bigint not null,
  unchanged bigint not null,
  left_out bigint not null,
  rejected bigint not null,
  duplicates bigint not null,
  removed bigint not null,
  written_at timestamptz not null default clock_timestamp(),
  constraint batch_pkey primary key (id),
  constraint batch_belongs_to_a_task
    foreign key (run_id, server, entity) references erp_sync.task (run_id, server, entity) on delete cascade
);
create index batch_by_task on erp_sync.batch (run_id, server, entity);
comment on table erp_sync.batch is 'one row per transaction that wrote rows, stored in that transaction';
comment on column erp_sync.batch.id is 'number of the batch';
comment on column erp_sync.batch.run_id is 'the run';
comment on column erp_sync.batch.server is 'name of the foreign server';
comment on column erp_sync.batch.entity is 'name of the entity';
comment on column erp_sync.batch.stream is 'table of the stream';
comment on column erp_sync.batch.fetched is 'rows the remote sent';
comment on column erp_sync.batch.inserted is 'new rows';
comment on column erp_sync.batch.updated is 'changed rows';
comment on column erp_sync.batch.unchanged is 'rows that were the same already';
comment on column erp_sync.batch.left_out is 'rows that are not to be stored';
comment on column erp_sync.batch.rejected is 'rows that could not be stored';
comment on column erp_sync.batch.duplicates is 'further copies of a row';
comment on column erp_sync.batch.removed is 'rows that were removed';
comment on column erp_sync.batch.written_at is 'when it was written';

create table erp_sync.position (
  server text not null,
  entity text not null,
  stream text not null,
  tenant text not null,
  identity text not null,
  fingerprint text not null,
  position text,
  pass jsonb,
  rows bigint not null default 0,
  initial_range text,
  initial_from date,
  filled boolean not null default false,
  full_at timestamptz,
  verified_at timestamptz,
  finished_at timestamptz,
  watermarks timestamptz[] not null default '{}',
  constraint position_pkey primary key (server, entity, stream)
);
comment on table erp_sync.position is 'how far each stream of a server is committed';
comment on column erp_sync.position.server is 'name of the foreign server';
comment on column erp_sync.position.entity is 'name of the entity';
comment on column erp_sync.position.stream is 'table of the stream';
comment on column erp_sync.position.tenant is 'the business the rows belong to';
comment on column erp_sync.position.identity is 'the remote that was read';
comment on column erp_sync.position.fingerprint is 'what else decided which rows were read and stored';
comment on column erp_sync.position.position is 'how far it is committed, in the source''s own text';
comment on column erp_sync.position.pass is 'the open pass: mode, from, until, after';
comment on column erp_sync.position.rows is 'rows stored in the table for this tenant';
comment on column erp_sync.position.initial_range is 'how far back documents are read in full, as it was set when the first pass began';
comment on column erp_sync.position.initial_from is 'the day from which on documents are read in full';
comment on column erp_sync.position.filled is 'whether the table held rows after the last batch of a pass: empty now, somebody emptied it';
comment on column erp_sync.position.full_at is 'when the last full pass was finished';
comment on column erp_sync.position.verified_at is 'when all its keys were last compared with the remote''s';
comment on column erp_sync.position.finished_at is 'when the last pass was finished';
comment on column erp_sync.position.watermarks is 'the newest changes that the last passes saw: by them a row that came late tells how late';

create table erp_sync.candidate (
  server text not null,
  entity text not null,
  stream text not null,
  key jsonb not null,
  reason text not null,
  found_at timestamptz not null default clock_timestamp(),
  constraint candidate_pkey primary key (server, entity, stream, key)
);
comment on table erp_sync.candidate is 'rows that seem to be gone from the remote and are asked for once more before they are removed';
comment on column erp_sync.candidate.server is 'name of the foreign server';
comment on column erp_sync.candidate.entity is 'name of the entity';
comment on column erp_sync.candidate.stream is 'table of the stream';
comment on column erp_sync.candidate.key is 'values of the key columns';
comment on column erp_sync.candidate.reason is 'missing, or left keep';
comment on column erp_sync.candidate.found_at is 'when it was missed';

create table erp_sync.reread (
  server text not null,
  entity text not null,
  stream text not null,
  key jsonb not null,
  found_at timestamptz not null default clock_timestamp(),
  constraint reread_pkey primary key (server, entity, stream, key)
);
comment on table erp_sync.reread is 'rows that refer to a removed row; the next run reads them again, because the remote may not mark them as changed';
comment on column erp_sync.reread.server is 'name of the foreign server';
comment on column erp_sync.reread.entity is 'name of the entity';
comment on column erp_sync.reread.stream is 'table of the stream';
comment on column erp_sync.reread.key is 'values of the key columns';
comment on column erp_sync.reread.found_at is 'when the row it refers to was removed';

create table erp_sync.rejected (
  server text not null,
  entity text not null,
  stream text not null,
  key jsonb not null,
  tenant text not null,
  record jsonb not null,
  rule text not null,
  reason text not null,
  count bigint not null default 1,
  first_seen_at timestamptz not null default clock_timestamp(),
  last_seen_at timestamptz not null default clock_timestamp(),
  constraint rejected_pkey primary key (server, entity, stream, key)
);
comment on table erp_sync.rejected is 'remote rows that could not be stored; a later good version clears its row';
comment on column erp_sync.rejected.server is 'name of the foreign server';
comment on column erp_sync.rejected.entity is 'name of the entity';
comment on column erp_sync.rejected.stream is 'table of the stream';
comment on column erp_sync.rejected.key is 'values of the key columns; where they could not be read, a digest of the record';
comment on column erp_sync.rejected.tenant is 'the business the row belongs to';
comment on column erp_sync.rejected.record is 'the record as the remote sent it';
comment on column erp_sync.rejected.rule is 'the rule it breaks';
comment on column erp_sync.rejected.reason is 'what is wrong';
comment on column erp_sync.rejected.count is 'how often it was seen';
comment on column erp_sync.rejected.first_seen_at is 'when it was first seen';
comment on column erp_sync.rejected.last_seen_at is 'when it was last seen';

create table erp_sync.removed (
  id bigint generated always as identity,
  server text not null,
  entity text not null,
  stream text not null,
  tenant text not null,
  key jsonb not null,
  record jsonb not null,
  reason text not null,
  run_id bigint not null,
  removed_at timestamptz not null default clock_timestamp(),
  constraint removed_pkey primary key (id)
);
create index removed_by_age on erp_sync.removed (removed_at);
create index removed_by_key on erp_sync.removed (stream, tenant, key);
comment on table erp_sync.removed is 'last content of rows that were deleted here, kept for erp_sync.removed_retention';
comment on column erp_sync.removed.id is 'number of the removal';
comment on column erp_sync.removed.server is 'name of the foreign server';
comment on column erp_sync.removed.entity is 'name of the entity';
comment on column erp_sync.removed.stream is 'table of the stream';
comment on column erp_sync.removed.tenant is 'the business the row belonged to';
comment on column erp_sync.removed.key is 'values of the key columns';
comment on column erp_sync.removed.record is 'the whole row as it was here';
comment on column erp_sync.removed.reason is 'deleted, left keep, deleted with its header, or no longer a line of its header';
comment on column erp_sync.removed.run_id is 'the run that removed it';
comment on column erp_sync.removed.removed_at is 'when it was removed';

create table erp_sync.difference (
  id bigint generated always as identity,
  run_id bigint not null,
  server text not null,
  entity text not null,
  stream text not null,
  tenant text not null,
  key jsonb not null,
  differs text not null,
  source_updated_at timestamptz,
  stored_updated_at timestamptz,
  late interval,
  found_at timestamptz not null default clock_timestamp(),
  constraint difference_pkey primary key (id),
  constraint difference_belongs_to_a_run foreign key (run_id) references erp_sync.run (id) on delete cascade,
  constraint difference_is_known check (differs in ('missing', 'extra', 'stale'))
);
create index difference_by_run on erp_sync.difference (run_id);
comment on table erp_sync.difference is 'rows that a run of mode verify found to differ from the remote''s';
comment on column erp_sync.difference.id is 'number of the difference';
comment on column erp_sync.difference.run_id is 'the run that found it';
comment on column erp_sync.difference.server is 'name of the foreign server';
comment on column erp_sync.difference.entity is 'name of the entity';
comment on column erp_sync.difference.stream is 'table of the stream';
comment on column erp_sync.difference.tenant is 'the business the row belongs to';
comment on column erp_sync.difference.key is 'values of the key columns';
comment on column erp_sync.difference.differs is 'missing here, extra here, or stale: of another time';
comment on column erp_sync.difference.source_updated_at is 'when it last changed on the remote';
comment on column erp_sync.difference.stored_updated_at is 'the same as it was here';
comment on column erp_sync.difference.late is 'how long after that it was committed, at least';
comment on column erp_sync.difference.found_at is 'when it was found';

create table erp_sync.entity (
  definer name not null,
  name text not null,
  manifest jsonb not null,
  defined_at timestamptz not null default clock_timestamp(),
  constraint entity_pkey primary key (definer, name)
);
comment on table erp_sync.entity is 'manifests stored with sync_define(): they count for runs of their definer and of its members';
comment on column erp_sync.entity.definer is 'the role that stored it';
comment on column erp_sync.entity.name is 'name of the entity; that of a built-in one replaces or extends it';
comment on column erp_sync.entity.manifest is 'the manifest as it was stored';
comment on column erp_sync.entity.defined_at is 'when it was stored';

create table erp_sync.setting (
  role name not null,
  entity text not null,
  server text not null default '',
  settings jsonb not null,
  set_at timestamptz not null default clock_timestamp(),
  constraint setting_pkey primary key (role, entity, server)
);
comment on table erp_sync.setting is 'settings made with sync_configure(): they count for runs of the role and of its members';
comment on column erp_sync.setting.role is 'the role that made them';
comment on column erp_sync.setting.entity is 'name of the entity; all means every one';
comment on column erp_sync.setting.server is 'name of the foreign server; empty means every one';
comment on column erp_sync.setting.settings is 'the settings by name';
comment on column erp_sync.setting.set_at is 'when they were made';

create table erp_sync.home (
  one boolean not null default true,
  system_identifier bigint not null,
  database oid not null,
  confirmed_at timestamptz not null default clock_timestamp(),
  constraint home_pkey primary key (one),
  constraint home_is_one_row check (one)
);
comment on table erp_sync.home is 'the cluster and database where sync_schedule() was called; not dumped, so that a copy stays paused';
comment on column erp_sync.home.one is 'always true';
comment on column erp_sync.home.system_identifier is 'identifier of the cluster';
comment on column erp_sync.home.database is 'the database';
comment on column erp_sync.home.confirmed_at is 'when sync_schedule() was called';

-- Dumped with the database, sequences too: an unregistered one would begin at 1 after a restore.
select pg_catalog.pg_extension_config_dump('erp_sync.run', '');
select pg_catalog.pg_extension_config_dump('erp_sync.task', '');
select pg_catalog.pg_extension_config_dump('erp_sync.batch', '');
select pg_catalog.pg_extension_config_dump('erp_sync.position', '');
select pg_catalog.pg_extension_config_dump('erp_sync.candidate', '');
select pg_catalog.pg_extension_config_dump('erp_sync.reread', '');
select pg_catalog.pg_extension_config_dump('erp_sync.rejected', '');
select pg_catalog.pg_extension_config_dump('erp_sync.removed', '');
select pg_catalog.pg_extension_config_dump('erp_sync.difference', '');
select pg_catalog.pg_extension_config_dump('erp_sync.entity', '');
select pg_catalog.pg_extension_config_dump('erp_sync.setting', '');
select pg_catalog.pg_extension_config_dump('erp_sync.run_id_seq', '');
select pg_catalog.pg_extension_config_dump('erp_sync.batch_id_seq', '');
select pg_catalog.pg_extension_config_dump('erp_sync.removed_id_seq', '');
select pg_catalog.pg_extension_config_dump('erp_sync.difference_id_seq', '');

-- Else an ordinary role could not dump the database. They tell how many runs there were, no more.
grant select on sequence erp_sync.run_id_seq, erp_sync.batch_id_seq, erp_sync.removed_id_seq,
  erp_sync.difference_id_seq to public;

set local search_path = @extschema@, pg_temp;
/* </end connected objects> */

/* <begin connected objects> */
-- src/lib.rs:29
set local search_path = pg_catalog, pg_temp;
-- requires:
--   bootstrap

-- Who may see what: rows of a server by USAGE on it, counts and states also by pg_monitor.
-- The policies join pg_foreign_server: has_server_privilege(name) on a dropped server would fail every read.

alter table erp_sync.run enable row level security;
alter table erp_sync.task enable row level security;
alter table erp_sync.batch enable row level security;
alter table erp_sync.position enable row level security;
alter table erp_sync.candidate enable row level security;
alter table erp_sync.reread enable row level security;
alter table erp_sync.rejected enable row level security;
alter table erp_sync.removed enable row level security;
alter table erp_sync.difference enable row level security;
alter table erp_sync.entity enable row level security;
alter table erp_sync.setting enable row level security;
alter table erp_sync.home enable row level security;

create policy task_by_server on erp_sync.task for select using (
  server in (select s.srvname::text from pg_catalog.pg_foreign_server s
             where pg_catalog.has_server_privilege(s.oid, 'USAGE')));
create policy batch_by_server on erp_sync.batch for select using (
  server in (select s.srvname::text from pg_catalog.pg_foreign_server s
             where pg_catalog.has_server_privilege(s.oid, 'USAGE')));
create policy position_by_server on erp_sync.position for select using (
  server in (select s.srvname::text from pg_catalog.pg_foreign_server s
             where pg_catalog.has_server_privilege(s.oid, 'USAGE')));
create policy candidate_by_server on erp_sync.candidate for select using (
  server in (select s.srvname::text from pg_catalog.pg_foreign_server s
             where pg_catalog.has_server_privilege(s.oid, 'USAGE')));
create policy reread_by_server on erp_sync.reread for select using (
  server in (select s.srvname::text from pg_catalog.pg_foreign_server s
             where pg_catalog.has_server_privilege(s.oid, 'USAGE')));
create policy rejected_by_server on erp_sync.rejected for select using (
  server in (select s.srvname::text from pg_catalog.pg_foreign_server s
             where pg_catalog.has_server_privilege(s.oid, 'USAGE')));
create policy removed_by_server on erp_sync.removed for select using (
  server in (select s.srvname::text from pg_catalog.pg_foreign_server s
             where pg_catalog.has_server_privilege(s.oid, 'USAGE')));
create policy difference_by_server on erp_sync.difference for select using (
  server in (select s.srvname::text from pg_catalog.pg_foreign_server s
             where pg_catalog.has_server_privilege(s.oid, 'USAGE')));
create policy run_by_task on erp_sync.run for select using (
  role = current_user or id in (select t.run_id from erp_sync.task t));

create policy entity_by_definer on erp_sync.entity for select using (
  definer in (select r.rolname from pg_catalog.pg_roles r where pg_catalog.pg_has_role(r.oid, 'USAGE')));
create policy setting_by_role on erp_sync.setting for select using (
  role in (select r.rolname from pg_catalog.pg_roles r where pg_catalog.pg_has_role(r.oid, 'USAGE')));

create policy run_by_monitor on erp_sync.run for select
  using (pg_catalog.pg_has_role('pg_monitor', 'USAGE'));
create policy task_by_monitor on erp_sync.task for select
  using (pg_catalog.pg_has_role('pg_monitor', 'USAGE'));
create policy batch_by_monitor on erp_sync.batch for select
  using (pg_catalog.pg_has_role('pg_monitor', 'USAGE'));
create policy position_by_monitor on erp_sync.position for select
  using (pg_catalog.pg_has_role('pg_monitor', 'USAGE'));

grant select on erp_sync.run, erp_sync.task, erp_sync.batch, erp_sync.position,
  erp_sync.candidate, erp_sync.reread, erp_sync.rejected, erp_sync.removed,
  erp_sync.difference, erp_sync.entity, erp_sync.setting to public;

comment on policy task_by_server on erp_sync.task is 'rows of servers that the reader has USAGE on';
comment on policy batch_by_server on erp_sync.batch is 'rows of servers that the reader has USAGE on';
comment on policy position_by_server on erp_sync.position is 'rows of servers that the reader has USAGE on';
comment on policy candidate_by_server on erp_sync.candidate is 'rows of servers that the reader has USAGE on';
comment on policy rejected_by_server on erp_sync.rejected is 'rows of servers that the reader has USAGE on';
comment on policy removed_by_server on erp_sync.removed is 'rows of servers that the reader has USAGE on';
comment on policy reread_by_server on erp_sync.reread is 'rows of servers that the reader has USAGE on';
comment on policy difference_by_server on erp_sync.difference is 'rows of servers that the reader has USAGE on';
comment on policy run_by_task on erp_sync.run is 'the reader''s own runs, and those with a task that the reader sees';
comment on policy entity_by_definer on erp_sync.entity is 'manifests of roles that the reader is a member of';
comment on policy setting_by_role on erp_sync.setting is 'settings of roles that the reader is a member of';
comment on policy run_by_monitor on erp_sync.run is 'pg_monitor sees counts and states, and no records';
comment on policy task_by_monitor on erp_sync.task is 'pg_monitor sees counts and states, and no records';
comment on policy batch_by_monitor on erp_sync.batch is 'pg_monitor sees counts and states, and no records';
comment on policy position_by_monitor on erp_sync.position is 'pg_monitor sees counts and states, and no records';

set local search_path = @extschema@, pg_temp;
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/validator.rs:11
-- erp_sync::api::validator::erp_sync_odoo_validator
CREATE  FUNCTION "erp_sync_odoo_validator"(
	"options" TEXT[], /* Vec < Option < String > > */
	"catalog" oid /* pg_sys :: Oid */
) RETURNS VOID /* Result < (), ErrorReport > */
STRICT
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'erp_sync_odoo_validator_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/validator.rs:17
-- erp_sync::api::validator::erp_sync_sqlserver_validator
CREATE  FUNCTION "erp_sync_sqlserver_validator"(
	"options" TEXT[], /* Vec < Option < String > > */
	"catalog" oid /* pg_sys :: Oid */
) RETURNS VOID /* Result < (), ErrorReport > */
STRICT
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'erp_sync_sqlserver_validator_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/run.rs:177
-- erp_sync::api::run::sync_auto

CREATE PROCEDURE sync_auto() LANGUAGE c AS 'MODULE_PATHNAME', 'sync_auto_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/run.rs:191
-- erp_sync::api::run::sync_cancel
CREATE  FUNCTION "sync_cancel"(
	"run_id" bigint /* Option < i64 > */
) RETURNS bool /* Result < bool, ErrorReport > */
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_cancel_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/check.rs:10
-- erp_sync::api::check::sync_check
CREATE  FUNCTION "sync_check"(
	"server" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS TABLE (
	"server" TEXT,  /* String */
	"aspect" TEXT,  /* String */
	"status" TEXT,  /* String */
	"detail" TEXT,  /* String */
	"hint" TEXT  /* Option < String > */
)
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_check_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/define.rs:32
-- erp_sync::api::define::sync_configure
CREATE  FUNCTION "sync_configure"(
	"entity" TEXT, /* Option < & str > */
	"settings" jsonb, /* Option < JsonB > */
	"server" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS jsonb /* Result < JsonB, ErrorReport > */
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_configure_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/define.rs:12
-- erp_sync::api::define::sync_define
CREATE  FUNCTION "sync_define"(
	"manifest" jsonb /* Option < JsonB > */
) RETURNS TEXT /* Result < String, ErrorReport > */
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_define_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/diff.rs:14
-- erp_sync::api::diff::sync_diff
CREATE  FUNCTION "sync_diff"(
	"entity" TEXT, /* Option < & str > */
	"server" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS TABLE (
	"server" TEXT,  /* String */
	"entity" TEXT,  /* String */
	"stream" TEXT,  /* String */
	"key" jsonb,  /* pgrx :: JsonB */
	"differs" TEXT,  /* String */
	"source_updated_at" timestamp with time zone,  /* Option < TimestampWithTimeZone > */
	"stored_updated_at" timestamp with time zone  /* Option < TimestampWithTimeZone > */
)
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_diff_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/discover.rs:24
-- erp_sync::api::discover::sync_discover
CREATE  FUNCTION "sync_discover"(
	"server" TEXT, /* Option < & str > */
	"object" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS TABLE (
	"object" TEXT,  /* String */
	"field" TEXT,  /* Option < String > */
	"remote_type" TEXT,  /* String */
	"label" TEXT,  /* String */
	"column_type" TEXT,  /* Option < String > */
	"rows" bigint,  /* Option < i64 > */
	"entities" TEXT[],  /* Vec < String > */
	"manifest" jsonb  /* Option < JsonB > */
)
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_discover_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/entities.rs:12
-- erp_sync::api::entities::sync_entities
CREATE  FUNCTION "sync_entities"() RETURNS TABLE (
	"entity" TEXT,  /* String */
	"source" TEXT,  /* String */
	"about" TEXT,  /* String */
	"tables" TEXT[],  /* Vec < String > */
	"objects" TEXT[],  /* Vec < String > */
	"after" TEXT[],  /* Vec < String > */
	"aliases" TEXT[],  /* Vec < String > */
	"definer" TEXT  /* Option < String > */
)
STRICT STABLE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_entities_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/entities.rs:41
-- erp_sync::api::entities::sync_entity
CREATE  FUNCTION "sync_entity"(
	"name" TEXT /* Option < & str > */
) RETURNS jsonb /* Result < JsonB, ErrorReport > */
STABLE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_entity_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/plan.rs:12
-- erp_sync::api::plan::sync_plan
CREATE  FUNCTION "sync_plan"(
	"entity" TEXT, /* Option < & str > */
	"server" TEXT DEFAULT NULL, /* Option < & str > */
	"mode" TEXT DEFAULT 'incremental' /* Option < & str > */
) RETURNS TABLE (
	"server" TEXT,  /* String */
	"entity" TEXT,  /* String */
	"stream" TEXT,  /* Option < String > */
	"mode" TEXT,  /* String */
	"reason" TEXT,  /* String */
	"rows" bigint,  /* i64 */
	"requests" bigint,  /* i64 */
	"seconds" double precision  /* f64 */
)
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_plan_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/status.rs:68
-- erp_sync::api::status::sync_progress
CREATE  FUNCTION "sync_progress"() RETURNS TABLE (
	"run_id" bigint,  /* i64 */
	"server" TEXT,  /* String */
	"entity" TEXT,  /* String */
	"stream" TEXT,  /* Option < String > */
	"done" bigint,  /* i64 */
	"expected" bigint,  /* Option < i64 > */
	"percent" double precision,  /* Option < f64 > */
	"rows_per_second" double precision,  /* Option < f64 > */
	"eta" interval  /* Option < Interval > */
)
STRICT VOLATILE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_progress_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/gate.rs:10
-- erp_sync::api::gate::sync_ready
CREATE  FUNCTION "sync_ready"(
	"entity" TEXT, /* Option < & str > */
	"server" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS bool /* Result < bool, ErrorReport > */
STABLE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_ready_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/gate.rs:18
-- erp_sync::api::gate::sync_require
CREATE  FUNCTION "sync_require"(
	"entity" TEXT, /* Option < & str > */
	"server" TEXT DEFAULT NULL /* Option < & str > */
) RETURNS VOID /* Result < (), ErrorReport > */
STABLE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_require_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/run.rs:206
-- erp_sync::api::run::sync_reset
CREATE  FUNCTION "sync_reset"(
	"entity" TEXT, /* Option < & str > */
	"server" TEXT DEFAULT NULL, /* Option < & str > */
	"truncate" bool DEFAULT false /* Option < bool > */
) RETURNS bigint /* Result < i64, ErrorReport > */
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_reset_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/run.rs:37
-- erp_sync::api::run::sync_run
CREATE  FUNCTION "sync_run"(
	"entity" TEXT DEFAULT 'all', /* Option < & str > */
	"server" TEXT DEFAULT NULL, /* Option < & str > */
	"mode" TEXT DEFAULT 'incremental', /* Option < & str > */
	"wait" bool DEFAULT true, /* Option < bool > */
	"confirm" bool DEFAULT false /* Option < bool > */
) RETURNS TABLE (
	"run_id" bigint,  /* i64 */
	"server" TEXT,  /* Option < String > */
	"entity" TEXT,  /* String */
	"state" TEXT,  /* String */
	"fetched" bigint,  /* i64 */
	"inserted" bigint,  /* i64 */
	"updated" bigint,  /* i64 */
	"unchanged" bigint,  /* i64 */
	"left_out" bigint,  /* i64 */
	"rejected" bigint,  /* i64 */
	"duplicates" bigint,  /* i64 */
	"removed" bigint,  /* i64 */
	"waiting" bigint,  /* i64 */
	"duration_ms" bigint,  /* Option < i64 > */
	"error" TEXT,  /* Option < String > */
	"hint" TEXT  /* Option < String > */
)
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_run_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/schedule.rs:11
-- erp_sync::api::schedule::sync_schedule
CREATE  FUNCTION "sync_schedule"(
	"schedule" TEXT DEFAULT '0 */2 * * *', /* Option < & str > */
	"elsewhere" bool DEFAULT false /* Option < bool > */
) RETURNS bigint /* Result < Option < i64 > , ErrorReport > */
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_schedule_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/schedule.rs:34
-- erp_sync::api::schedule::sync_schedules
CREATE  FUNCTION "sync_schedules"() RETURNS TABLE (
	"job_id" bigint,  /* i64 */
	"schedule" TEXT,  /* String */
	"role" TEXT,  /* String */
	"active" bool,  /* bool */
	"last_run_at" timestamp with time zone,  /* Option < TimestampWithTimeZone > */
	"last_state" TEXT,  /* Option < String > */
	"last_message" TEXT  /* Option < String > */
)
STRICT VOLATILE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_schedules_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/status.rs:12
-- erp_sync::api::status::sync_status
CREATE  FUNCTION "sync_status"() RETURNS TABLE (
	"server" TEXT,  /* String */
	"entity" TEXT,  /* String */
	"state" TEXT,  /* String */
	"last_success_at" timestamp with time zone,  /* Option < TimestampWithTimeZone > */
	"lag" interval,  /* Option < Interval > */
	"synced_to" timestamp with time zone,  /* Option < TimestampWithTimeZone > */
	"rows" bigint,  /* i64 */
	"rejected" bigint,  /* i64 */
	"waiting" bigint,  /* i64 */
	"next_due_at" timestamp with time zone,  /* Option < TimestampWithTimeZone > */
	"next_mode" TEXT,  /* Option < String > */
	"last_error" TEXT,  /* Option < String > */
	"hint" TEXT  /* Option < String > */
)
STRICT STABLE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_status_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/define.rs:22
-- erp_sync::api::define::sync_undefine
CREATE  FUNCTION "sync_undefine"(
	"name" TEXT /* Option < & str > */
) RETURNS VOID /* Result < (), ErrorReport > */
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_undefine_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/schedule.rs:26
-- erp_sync::api::schedule::sync_unschedule
CREATE  FUNCTION "sync_unschedule"() RETURNS bool /* Result < bool, ErrorReport > */
STRICT
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_unschedule_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/entities.rs:51
-- erp_sync::api::entities::sync_version
CREATE  FUNCTION "sync_version"() RETURNS TEXT /* & '_ str */
IMMUTABLE STRICT PARALLEL SAFE
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_version_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/api/waiting.rs:12
-- erp_sync::api::waiting::sync_waiting
CREATE  FUNCTION "sync_waiting"() RETURNS TABLE (
	"server" TEXT,  /* String */
	"entity" TEXT,  /* String */
	"stream" TEXT,  /* String */
	"key" jsonb,  /* JsonB */
	"reason" TEXT,  /* String */
	"value" TEXT,  /* Option < String > */
	"since" timestamp with time zone  /* Option < TimestampWithTimeZone > */
)
STRICT STABLE
SET search_path TO pg_catalog, pg_temp
LANGUAGE c /* Rust */
AS 'MODULE_PATHNAME', 'sync_waiting_wrapper';
/* </end connected objects> */

/* <begin connected objects> */
-- src/lib.rs:30
set local search_path = pg_catalog, pg_temp;
-- requires:
--   bootstrap
--   api::status::sync_status
--   api::status::sync_progress
--   api::schedule::sync_schedules
--   api::waiting::sync_waiting

-- Monitoring. Views run with the reader's rights, so the policies of the tables apply.

create view erp_sync.status as select * from @extschema@.sync_status();
comment on view erp_sync.status is 'per server and entity: last success, lag, rows, next run, last error';

create view erp_sync.progress as select * from @extschema@.sync_progress();
comment on view erp_sync.progress is 'tasks that are running now';

create view erp_sync.history with (security_invoker = true) as
select t.run_id, t.server, t.entity, t.tenant, t.mode, t.state,
       t.fetched, t.inserted, t.updated, t.unchanged, t.left_out, t.rejected, t.duplicates, t.removed, t.waiting,
       r.warnings || t.warnings as warnings, t.error, t.detail, t.hint, r.role,
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

create view erp_sync.waiting as select * from @extschema@.sync_waiting();
comment on view erp_sync.waiting is 'rows that wait for a partner row, and removals that wait for confirmation: a work list';

create view erp_sync.differences with (security_invoker = true) as
select run_id, server, entity, stream, tenant, key, differs, source_updated_at, stored_updated_at, late, found_at
from erp_sync.difference
order by id desc;
comment on view erp_sync.differences is 'rows that runs of mode verify found to differ from the remote''s, newest first; all but held-back removals were mended';

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
comment on column erp_sync.history.mode is 'incremental, full or verify';
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

comment on column erp_sync.errors.run_id is 'the run';
comment on column erp_sync.errors.server is 'name of the foreign server';
comment on column erp_sync.errors.entity is 'name of the entity, or what the run was asked for';
comment on column erp_sync.errors.state is 'failed or cancelled';
comment on column erp_sync.errors.error_kind is 'kind of the error';
comment on column erp_sync.errors.error is 'what is wrong';
comment on column erp_sync.errors.detail is 'what was seen';
comment on column erp_sync.errors.hint is 'what to type next';
comment on column erp_sync.errors.finished_at is 'when it ended';

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
comment on column erp_sync.differences.differs is 'missing here, extra here, or stale: of another time';
comment on column erp_sync.differences.source_updated_at is 'when it last changed on the remote';
comment on column erp_sync.differences.stored_updated_at is 'the same as it was here';
comment on column erp_sync.differences.late is 'how long after that it was committed, at least';
comment on column erp_sync.differences.found_at is 'when it was found';

set local search_path = @extschema@, pg_temp;
/* </end connected objects> */

/* <begin connected objects> */
-- src/lib.rs:41
-- finalize
set local search_path = pg_catalog, pg_temp;
-- Nothing is granted to PUBLIC on the wrappers: a server is a way out of the house.

create foreign data wrapper odoo validator @extschema@.erp_sync_odoo_validator;
comment on foreign data wrapper odoo is 'Odoo databases that erp_sync reads';
create foreign data wrapper sqlserver validator @extschema@.erp_sync_sqlserver_validator;
comment on foreign data wrapper sqlserver is 'SQL Server databases that erp_sync reads';

-- By name alone: arguments may be added.

comment on function @extschema@.sync_run is 'syncs entities now; one row per entity and server, or an error that says what failed';
comment on procedure @extschema@.sync_auto is 'syncs what is due; for pg_cron, as a single statement';
comment on function @extschema@.sync_cancel is 'stops a run within a second; what is committed stays';
comment on function @extschema@.sync_reset is 'forgets how far an entity is, so that the next run reads everything';
comment on function @extschema@.sync_check is 'tries everything a sync needs and says what it found, one row per server and aspect';
comment on function @extschema@.sync_status is 'how every entity of every server stands: one row each';
comment on function @extschema@.sync_progress is 'how far the running tasks are: one row each';
comment on function @extschema@.sync_entities is 'the entities that can be synced';
comment on function @extschema@.sync_entity is 'the manifest of an entity: its tables, their columns, and where these are read from';
comment on function @extschema@.sync_define is 'stores a manifest, or what one adds to a built-in entity; counts for runs of the current role and its members';
comment on function @extschema@.sync_undefine is 'removes a stored manifest; its tables stay';
comment on function @extschema@.sync_configure is 'changes settings of an entity, or of all, and gives those that are then set';
comment on function @extschema@.sync_discover is 'what a server holds, or the fields of one object with a manifest to start from';
comment on function @extschema@.sync_plan is 'what a run would read: one row per stream; writes nothing';
comment on function @extschema@.sync_diff is 'what a run of mode verify would mend: one row per row that differs; writes nothing';
comment on function @extschema@.sync_ready is 'whether the first full pass of entities has finished';
comment on function @extschema@.sync_require is 'raises an error unless the first full pass of entities has finished';
comment on function @extschema@.sync_waiting is 'rows that wait for a partner row, and removals that wait for confirmation';
comment on function @extschema@.sync_schedule is 'makes or changes the pg_cron job that calls sync_auto() as the current role';
comment on function @extschema@.sync_unschedule is 'removes the current role''s pg_cron job; whether there was one';
comment on function @extschema@.sync_schedules is 'the pg_cron jobs that call sync_auto() in this database';
comment on function @extschema@.sync_version is 'version of the library';
comment on function @extschema@.erp_sync_odoo_validator is 'checks the options of servers and user mappings of the wrapper odoo';
comment on function @extschema@.erp_sync_sqlserver_validator is 'checks the options of servers and user mappings of the wrapper sqlserver';

set local search_path = @extschema@, pg_temp;
/* </end connected objects> */

