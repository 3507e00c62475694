-- Bookkeeping. Written only by the store, as the extension's owner; readable
-- through the policies of policies.sql.
--
-- The path is pinned in each file, so that no name and no operator is looked for where others may create:
-- PostgreSQL undoes it at the end of the script.
set local search_path = pg_catalog, pg_temp;

do $$
begin
  if pg_catalog.getdatabaseencoding() operator(pg_catalog.<>) 'UTF8' then
    raise exception 'erp_sync needs a database whose encoding is UTF8, and this one''s is %', pg_catalog.getdatabaseencoding()
      using errcode = 'feature_not_supported',
        hint = 'create database NAME encoding ''UTF8'' locale_provider libc locale ''C.UTF-8'' template template0';
  end if;
end
$$;

create schema erp_sync;
comment on schema erp_sync is 'bookkeeping and monitoring of erp_sync';
grant usage on schema erp_sync to public;

create table erp_sync.link (
  id bigint generated always as identity,
  server_id text not null,
  server text not null,
  schema_id text not null,
  schema text not null,
  label text not null,
  schema_owner text not null,
  constraint link_pkey primary key (id),
  constraint link_is_one_of_a_kind unique (server_id, schema_id)
);
comment on table erp_sync.link is 'foreign servers, each with a schema that its rows go to: what all other tables refer to, because names outlive what they name';
comment on column erp_sync.link.id is 'number of the link';
comment on column erp_sync.link.server_id is 'cluster, database and OID of the foreign server';
comment on column erp_sync.link.server is 'its name when it was last read';
comment on column erp_sync.link.schema_id is 'cluster, database and OID of the schema';
comment on column erp_sync.link.schema is 'its name when it was last written to';
comment on column erp_sync.link.label is 'what the server is called in rows that several servers fill: its first name';
comment on column erp_sync.link.schema_owner is 'name of the schema''s owner when it was last written to';

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
  role_id text not null,
  waits_for_worker boolean not null default false,
  constraint run_pkey primary key (id),
  constraint run_state_is_known check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  constraint run_mode_is_known check (mode in ('incremental', 'full', 'verify', 'repair', 'auto'))
);
comment on table erp_sync.run is 'one row per call of sync_run(), sync_repair() or sync_auto()';
comment on column erp_sync.run.id is 'number of the run';
comment on column erp_sync.run.entity is 'the entities that were asked for';
comment on column erp_sync.run.server is 'the server that was asked for; null is all';
comment on column erp_sync.run.mode is 'incremental, full, verify, repair, or auto (each entity as is due)';
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
comment on column erp_sync.run.role_id is 'cluster, database and OID of the role';
comment on column erp_sync.run.waits_for_worker is 'whether it is queued until one of the role''s workers has ended: the role has as many as it may';

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
  link bigint not null,
  constraint task_pkey primary key (run_id, server, entity),
  constraint task_belongs_to_a_run foreign key (run_id) references erp_sync.run (id) on delete cascade,
  constraint task_state_is_known
    check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'skipped')),
  constraint task_counts_add_up
    check (fetched = inserted + updated + unchanged + left_out + rejected + duplicates)
);
create index task_by_entity on erp_sync.task (link, entity, run_id desc);
create index task_open on erp_sync.task (link, entity) where state in ('queued', 'running');
comment on table erp_sync.task is 'one row per entity and server of a run';
comment on column erp_sync.task.run_id is 'the run';
comment on column erp_sync.task.server is 'name of the foreign server';
comment on column erp_sync.task.entity is 'name of the entity';
comment on column erp_sync.task.ordinal is 'its place in the order of the run';
comment on column erp_sync.task.lane is 'host, port and login of the remote: tasks of one lane never run at the same time';
comment on column erp_sync.task.tenant is 'the business the rows belong to';
comment on column erp_sync.task.mode is 'incremental, full, verify or repair';
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
comment on column erp_sync.task.link is 'the server with the schema its rows go to';

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
  link bigint not null,
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
comment on column erp_sync.batch.link is 'the server with the schema its rows go to';

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
  link bigint not null,
  constraint position_pkey primary key (link, entity, stream),
  constraint position_belongs_to_a_link foreign key (link) references erp_sync.link (id) on delete cascade
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
comment on column erp_sync.position.link is 'the server with the schema its rows go to';

create table erp_sync.candidate (
  server text not null,
  entity text not null,
  stream text not null,
  key jsonb not null,
  reason text not null,
  found_at timestamptz not null default clock_timestamp(),
  link bigint not null,
  constraint candidate_pkey primary key (link, entity, stream, key)
);
comment on table erp_sync.candidate is 'rows that seem to be gone from the remote and are asked for once more before they are removed';
comment on column erp_sync.candidate.server is 'name of the foreign server';
comment on column erp_sync.candidate.entity is 'name of the entity';
comment on column erp_sync.candidate.stream is 'table of the stream';
comment on column erp_sync.candidate.key is 'values of the key columns';
comment on column erp_sync.candidate.reason is 'missing, or left keep';
comment on column erp_sync.candidate.found_at is 'when it was missed';
comment on column erp_sync.candidate.link is 'the server with the schema its rows go to';

create table erp_sync.reread (
  server text not null,
  entity text not null,
  stream text not null,
  key jsonb not null,
  found_at timestamptz not null default clock_timestamp(),
  link bigint not null,
  constraint reread_pkey primary key (link, entity, stream, key)
);
comment on table erp_sync.reread is 'rows that refer to a removed row; the next run reads them again, because the remote may not mark them as changed';
comment on column erp_sync.reread.server is 'name of the foreign server';
comment on column erp_sync.reread.entity is 'name of the entity';
comment on column erp_sync.reread.stream is 'table of the stream';
comment on column erp_sync.reread.key is 'values of the key columns';
comment on column erp_sync.reread.found_at is 'when the row it refers to was removed';
comment on column erp_sync.reread.link is 'the server with the schema its rows go to';

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
  link bigint not null,
  run_id bigint,
  constraint rejected_pkey primary key (link, entity, stream, key)
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
comment on column erp_sync.rejected.link is 'the server with the schema its rows go to';
comment on column erp_sync.rejected.run_id is 'the last run that met it';

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
  link bigint not null,
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
comment on column erp_sync.removed.link is 'the server with the schema its rows go to';

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
  link bigint not null,
  cause text,
  constraint difference_pkey primary key (id),
  constraint difference_belongs_to_a_run foreign key (run_id) references erp_sync.run (id) on delete cascade,
  constraint difference_is_known check (differs in ('missing', 'extra', 'stale', 'altered'))
);
create index difference_by_run on erp_sync.difference (run_id);
comment on table erp_sync.difference is 'rows that a run of mode verify or repair found to differ from the remote''s';
comment on column erp_sync.difference.id is 'number of the difference';
comment on column erp_sync.difference.run_id is 'the run that found it';
comment on column erp_sync.difference.server is 'name of the foreign server';
comment on column erp_sync.difference.entity is 'name of the entity';
comment on column erp_sync.difference.stream is 'table of the stream';
comment on column erp_sync.difference.tenant is 'the business the row belongs to';
comment on column erp_sync.difference.key is 'values of the key columns';
comment on column erp_sync.difference.differs is 'missing here, extra here, stale: of another time, or altered: of the same time and another content';
comment on column erp_sync.difference.source_updated_at is 'when it last changed on the remote';
comment on column erp_sync.difference.stored_updated_at is 'the same as it was here';
comment on column erp_sync.difference.late is 'how long after that it was committed, at least';
comment on column erp_sync.difference.found_at is 'when it was found';
comment on column erp_sync.difference.link is 'the server with the schema its rows go to';
comment on column erp_sync.difference.cause is 'why, as far as that can be told: late commit, changed here, deleted here, added here, or without a new time (changed there unmarked, or by a trigger here)';

create table erp_sync.entity (
  definer name not null,
  name text not null,
  manifest jsonb not null,
  defined_at timestamptz not null default clock_timestamp(),
  definer_id text not null,
  constraint entity_pkey primary key (definer_id, name)
);
comment on table erp_sync.entity is 'manifests stored with sync_define(): they count for runs of their definer';
comment on column erp_sync.entity.definer is 'the role that stored it';
comment on column erp_sync.entity.name is 'name of the entity; that of a built-in one replaces or extends it';
comment on column erp_sync.entity.manifest is 'the manifest as it was stored';
comment on column erp_sync.entity.defined_at is 'when it was stored';
comment on column erp_sync.entity.definer_id is 'cluster, database and OID of that role';

create table erp_sync.setting (
  role name not null,
  entity text not null,
  server text not null default '',
  settings jsonb not null,
  set_at timestamptz not null default clock_timestamp(),
  role_id text not null,
  constraint setting_pkey primary key (role_id, entity, server)
);
comment on table erp_sync.setting is 'settings made with sync_configure(): they count for runs of the role';
comment on column erp_sync.setting.role is 'the role that made them';
comment on column erp_sync.setting.entity is 'name of the entity; all means every one';
comment on column erp_sync.setting.server is 'name of the foreign server; empty means every one';
comment on column erp_sync.setting.settings is 'the settings by name';
comment on column erp_sync.setting.set_at is 'when they were made';
comment on column erp_sync.setting.role_id is 'cluster, database and OID of that role';

create table erp_sync.home (
  system_identifier bigint not null,
  database oid not null,
  confirmed_at timestamptz not null default clock_timestamp(),
  role_id text not null,
  constraint home_pkey primary key (role_id)
);
comment on table erp_sync.home is 'the cluster and database where sync_schedule() was called; not dumped, so that a copy stays paused';
comment on column erp_sync.home.system_identifier is 'identifier of the cluster';
comment on column erp_sync.home.database is 'the database';
comment on column erp_sync.home.confirmed_at is 'when sync_schedule() was called';
comment on column erp_sync.home.role_id is 'cluster, database and OID of the role that called it';

create table erp_sync.waiting_count (
  link bigint not null,
  entity text not null,
  rows bigint not null,
  constraint waiting_count_pkey primary key (link, entity)
);
comment on table erp_sync.waiting_count is 'how many rows of an entity wait for a partner, counted in the transactions that store them';
comment on column erp_sync.waiting_count.link is 'the server with the schema its rows go to';
comment on column erp_sync.waiting_count.entity is 'name of the entity';
comment on column erp_sync.waiting_count.rows is 'rows that wait';

create table erp_sync.original_error (
  run_id bigint not null,
  server text not null,
  entity text not null,
  link bigint not null,
  message text not null,
  constraint original_error_pkey primary key (run_id, server, entity),
  constraint original_error_belongs_to_a_task
    foreign key (run_id, server, entity) references erp_sync.task (run_id, server, entity) on delete cascade
);
comment on table erp_sync.original_error is 'why a task failed, in the words of PostgreSQL, a trigger or the remote; they may quote a row, so they are for those who may become the tables'' owner';
comment on column erp_sync.original_error.run_id is 'the run';
comment on column erp_sync.original_error.server is 'name of the foreign server';
comment on column erp_sync.original_error.entity is 'name of the entity';
comment on column erp_sync.original_error.link is 'the server with the schema its rows go to';
comment on column erp_sync.original_error.message is 'what was said';

create table erp_sync.transaction (
  link bigint not null,
  entity text not null,
  stream text not null,
  id bigint not null,
  constraint transaction_pkey primary key (link, entity, stream, id),
  constraint transaction_belongs_to_a_link foreign key (link) references erp_sync.link (id) on delete cascade
);
comment on table erp_sync.transaction is 'transactions in which runs wrote rows of a stream: rows of any other were written by somebody else; not dumped';
comment on column erp_sync.transaction.link is 'the server with the schema its rows go to';
comment on column erp_sync.transaction.entity is 'name of the entity';
comment on column erp_sync.transaction.stream is 'table of the stream';
comment on column erp_sync.transaction.id is 'number of the transaction; 0 where the list accounts for all rows';

create table erp_sync.lock (
  id integer generated always as identity,
  name text not null,
  constraint lock_pkey primary key (id),
  constraint lock_has_a_name unique (name)
);
comment on table erp_sync.lock is 'numbers of what is locked by a name: the lanes of remotes, the turns of tenants';
comment on column erp_sync.lock.id is 'the number that is locked';
comment on column erp_sync.lock.name is 'what it stands for';

create table erp_sync.leftover (
  relation oid not null,
  name name not null,
  run_id bigint not null,
  constraint leftover_pkey primary key (relation)
);
comment on table erp_sync.leftover is 'temporary tables of running workers, so that those of a killed one are found';
comment on column erp_sync.leftover.relation is 'OID of the table';
comment on column erp_sync.leftover.name is 'its name';
comment on column erp_sync.leftover.run_id is 'the run whose worker made it';

-- Dumped with the database, sequences too: an unregistered one would begin at 1 after a restore.
select pg_catalog.pg_extension_config_dump('erp_sync.link', '');
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
select pg_catalog.pg_extension_config_dump('erp_sync.waiting_count', '');
select pg_catalog.pg_extension_config_dump('erp_sync.original_error', '');
select pg_catalog.pg_extension_config_dump('erp_sync.link_id_seq', '');
select pg_catalog.pg_extension_config_dump('erp_sync.run_id_seq', '');
select pg_catalog.pg_extension_config_dump('erp_sync.batch_id_seq', '');
select pg_catalog.pg_extension_config_dump('erp_sync.removed_id_seq', '');
select pg_catalog.pg_extension_config_dump('erp_sync.difference_id_seq', '');

-- Else an ordinary role could not dump the database. They tell how many runs there were, no more.
grant select on sequence erp_sync.run_id_seq, erp_sync.batch_id_seq, erp_sync.removed_id_seq,
  erp_sync.difference_id_seq, erp_sync.link_id_seq to public;

set local search_path = @extschema@, pg_temp;
