-- From 0.1.0 to 0.2.0: bookkeeping belongs to links, which hold the identities of a server and a schema, and no longer
-- to a server's name. What was read stays, and the next run goes on from there.
set local search_path = pg_catalog, pg_temp;

do $$
begin
  if pg_catalog.getdatabaseencoding() operator(pg_catalog.<>) 'UTF8' then
    raise exception 'erp_sync needs a database whose encoding is UTF8, and this one''s is %', pg_catalog.getdatabaseencoding()
      using errcode = 'feature_not_supported',
        hint = 'dump this database, and restore it into one made with: create database NAME encoding ''UTF8'' template template0';
  end if;
end
$$;

create function erp_sync.role_id() returns text stable parallel safe
  language c as 'MODULE_PATHNAME', 'erp_sync_role_id_wrapper';
comment on function erp_sync.role_id is 'the current role: cluster, database and OID';

create function erp_sync.is_here(id text) returns boolean stable strict parallel safe
  language c as 'MODULE_PATHNAME', 'erp_sync_is_here_wrapper';
comment on function erp_sync.is_here is 'whether an identity is of this cluster and database';

create function erp_sync.oid_of(id text) returns oid stable strict parallel safe
  language c as 'MODULE_PATHNAME', 'erp_sync_oid_of_wrapper';
comment on function erp_sync.oid_of is 'the OID of an identity';

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

-- New columns are filled before they must not be null.
alter table erp_sync.run add column role_id text, add column waits_for_worker boolean not null default false;

alter table erp_sync.task add column link bigint;
alter table erp_sync.batch add column link bigint;
alter table erp_sync.position add column link bigint;
alter table erp_sync.candidate add column link bigint;
alter table erp_sync.reread add column link bigint;
alter table erp_sync.rejected add column link bigint, add column run_id bigint;
alter table erp_sync.removed add column link bigint;
alter table erp_sync.difference add column link bigint, add column cause text, drop constraint difference_is_known,
  add constraint difference_is_known check (differs in ('missing', 'extra', 'stale', 'altered'));
alter table erp_sync.run drop constraint run_mode_is_known,
  add constraint run_mode_is_known check (mode in ('incremental', 'full', 'verify', 'repair', 'auto'));
alter table erp_sync.entity add column definer_id text;
alter table erp_sync.setting add column role_id text;
alter table erp_sync.home add column role_id text;
update erp_sync.home set role_id = 'of 0.1.0';
alter table erp_sync.home alter column role_id set not null, drop constraint home_is_one_row, drop constraint home_pkey,
  drop column one, add constraint home_pkey primary key (role_id);
comment on column erp_sync.home.role_id is 'cluster, database and OID of the role that called it';

-- A server of that name is the one that was read only where it is plain that nobody else made it since: its owner may
-- become the schema's owner, or is a superuser. Every other link waits for the tables' owner to read again.
insert into erp_sync.link (server_id, server, schema_id, schema, label, schema_owner)
select coalesce((
         select here.id || s.oid::text from pg_catalog.pg_foreign_server s, pg_catalog.pg_namespace n
         where s.srvname = k.server and n.nspname = k.schema
           and (pg_catalog.pg_has_role(s.srvowner, n.nspowner, 'MEMBER')
                or (select o.rolsuper from pg_catalog.pg_roles o where o.oid = s.srvowner))), 'of 0.1.0: ' || k.server),
       k.server,
       coalesce((select here.id || n.oid::text from pg_catalog.pg_namespace n where n.nspname = k.schema), 'of 0.1.0: ' || k.schema),
       k.schema, k.server,
       coalesce((select pg_catalog.pg_get_userbyid(n.nspowner)::text from pg_catalog.pg_namespace n where n.nspname = k.schema), '')
from (select t.server, coalesce((
        select r.settings ->> 'target_schema' from erp_sync.task o join erp_sync.run r on r.id = o.run_id
        where o.server = t.server order by o.run_id desc limit 1), 'erp') as schema
      from (select server from erp_sync.task union select server from erp_sync.position
            union select server from erp_sync.candidate union select server from erp_sync.reread
            union select server from erp_sync.rejected union select server from erp_sync.removed
            union select server from erp_sync.difference union select server from erp_sync.batch) t) k,
     (select pg_catalog.regexp_replace(erp_sync.role_id(), '[0-9]+$', '') as id) here
order by k.server;
update erp_sync.task t set link = l.id from erp_sync.link l where l.server = t.server;
update erp_sync.batch t set link = l.id from erp_sync.link l where l.server = t.server;
update erp_sync.position t set link = l.id from erp_sync.link l where l.server = t.server;
update erp_sync.candidate t set link = l.id from erp_sync.link l where l.server = t.server;
update erp_sync.reread t set link = l.id from erp_sync.link l where l.server = t.server;
update erp_sync.rejected t set link = l.id from erp_sync.link l where l.server = t.server;
update erp_sync.removed t set link = l.id from erp_sync.link l where l.server = t.server;
update erp_sync.difference t set link = l.id from erp_sync.link l where l.server = t.server;
update erp_sync.run t set role_id = pg_catalog.regexp_replace(erp_sync.role_id(), '[0-9]+$', '')
  || coalesce((select r.oid::bigint from pg_catalog.pg_roles r where r.rolname = t.role), 0)::text;
update erp_sync.entity t set definer_id = pg_catalog.regexp_replace(erp_sync.role_id(), '[0-9]+$', '')
  || coalesce((select r.oid::bigint from pg_catalog.pg_roles r where r.rolname = t.definer), 0)::text;
update erp_sync.setting t set role_id = pg_catalog.regexp_replace(erp_sync.role_id(), '[0-9]+$', '')
  || coalesce((select r.oid::bigint from pg_catalog.pg_roles r where r.rolname = t.role), 0)::text;
-- Counted anew by the next run of each entity.
insert into erp_sync.waiting_count (link, entity, rows)
select distinct on (t.link, t.entity) t.link, t.entity, greatest(0, t.waiting - (
  select count(*) from erp_sync.candidate c where c.link = t.link and c.entity = t.entity))
from erp_sync.task t where t.state = 'succeeded'
order by t.link, t.entity, t.run_id desc;
delete from erp_sync.waiting_count where rows = 0;

alter table erp_sync.run alter column role_id set not null;

alter table erp_sync.task alter column link set not null;
alter table erp_sync.batch alter column link set not null;
alter table erp_sync.position alter column link set not null;
alter table erp_sync.candidate alter column link set not null;
alter table erp_sync.reread alter column link set not null;
alter table erp_sync.rejected alter column link set not null;
alter table erp_sync.removed alter column link set not null;
alter table erp_sync.difference alter column link set not null;
alter table erp_sync.entity alter column definer_id set not null;
alter table erp_sync.setting alter column role_id set not null;

alter table erp_sync.position drop constraint position_pkey,
  add constraint position_pkey primary key (link, entity, stream),
  add constraint position_belongs_to_a_link foreign key (link) references erp_sync.link (id) on delete cascade;
alter table erp_sync.candidate drop constraint candidate_pkey, add constraint candidate_pkey primary key (link, entity, stream, key);
alter table erp_sync.reread drop constraint reread_pkey, add constraint reread_pkey primary key (link, entity, stream, key);
alter table erp_sync.rejected drop constraint rejected_pkey, add constraint rejected_pkey primary key (link, entity, stream, key);
alter table erp_sync.entity drop constraint entity_pkey, add constraint entity_pkey primary key (definer_id, name);
alter table erp_sync.setting drop constraint setting_pkey, add constraint setting_pkey primary key (role_id, entity, server);
drop index erp_sync.task_by_entity;
drop index erp_sync.task_open;
create index task_by_entity on erp_sync.task (link, entity, run_id desc);
create index task_open on erp_sync.task (link, entity) where state in ('queued', 'running');
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

create or replace view erp_sync.history with (security_invoker = true) as
select t.run_id, t.server, t.entity, t.tenant, t.mode, t.state,
       t.fetched, t.inserted, t.updated, t.unchanged, t.left_out, t.rejected, t.duplicates, t.removed, t.waiting,
       r.warnings || t.warnings as warnings, t.error, t.detail, t.hint, r.role,
       t.started_at, t.finished_at, t.finished_at - t.started_at as duration, o.message as original_error
from erp_sync.task t
join erp_sync.run r on r.id = t.run_id
left join erp_sync.original_error o on o.run_id = t.run_id and o.server = t.server and o.entity = t.entity
order by t.run_id desc, t.ordinal;
create or replace view erp_sync.errors with (security_invoker = true) as
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
create or replace view erp_sync.differences with (security_invoker = true) as
select run_id, server, entity, stream, tenant, key, differs, source_updated_at, stored_updated_at, late, found_at, cause
from erp_sync.difference
order by id desc;
comment on view erp_sync.differences is 'rows that runs of mode verify or repair found to differ from the remote''s, newest first; all but held-back removals were mended';
comment on column erp_sync.differences.differs is 'missing here, extra here, stale: of another time, or altered: of the same time and another content';
comment on column erp_sync.differences.cause is 'why, as far as that can be told: late commit, changed here, deleted here, added here, or without a new time (changed there unmarked, or by a trigger here)';
comment on table erp_sync.difference is 'rows that a run of mode verify or repair found to differ from the remote''s';
comment on column erp_sync.difference.differs is 'missing here, extra here, stale: of another time, or altered: of the same time and another content';
comment on column erp_sync.difference.cause is 'why, as far as that can be told: late commit, changed here, deleted here, added here, or without a new time (changed there unmarked, or by a trigger here)';
comment on table erp_sync.run is 'one row per call of sync_run(), sync_repair() or sync_auto()';
comment on column erp_sync.run.mode is 'incremental, full, verify, repair, or auto (each entity as is due)';
comment on column erp_sync.task.mode is 'incremental, full, verify or repair';
comment on column erp_sync.history.mode is 'incremental, full, verify or repair';
comment on column erp_sync.history.original_error is 'the error in the words of PostgreSQL, a trigger or the remote, for who may become the tables'' owner';
comment on column erp_sync.errors.original_error is 'the error in the words of PostgreSQL, a trigger or the remote, for who may become the tables'' owner';

-- What was said before this version stands in the task, which more roles read.
insert into erp_sync.original_error (run_id, server, entity, link, message)
select run_id, server, entity, link, left(concat_ws(': ', error, detail), 2000)
from erp_sync.task
where error_kind in ('remote', 'forbidden', 'no_field', 'manifest', 'unavailable', 'bad_answer', 'local', 'constraint',
                     'altered', 'full', 'denied', 'locked', 'internal');
update erp_sync.task t
set error = 'failed before version 0.2.0: ' || replace(error_kind, '_', ' '), detail = null
where exists (select from erp_sync.original_error o
              where o.run_id = t.run_id and o.server = t.server and o.entity = t.entity);

comment on column erp_sync.run.role_id is 'cluster, database and OID of the role';
comment on column erp_sync.run.waits_for_worker is 'whether it is queued until one of the role''s workers has ended: the role has as many as it may';
comment on column erp_sync.task.link is 'the server with the schema its rows go to';
comment on column erp_sync.task.lane is 'host, port and login of the remote: tasks of one lane never run at the same time';
comment on column erp_sync.batch.link is 'the server with the schema its rows go to';
comment on column erp_sync.position.link is 'the server with the schema its rows go to';
comment on column erp_sync.candidate.link is 'the server with the schema its rows go to';
comment on column erp_sync.reread.link is 'the server with the schema its rows go to';
comment on column erp_sync.rejected.link is 'the server with the schema its rows go to';
comment on column erp_sync.rejected.run_id is 'the last run that met it';
comment on column erp_sync.removed.link is 'the server with the schema its rows go to';
comment on column erp_sync.difference.link is 'the server with the schema its rows go to';
comment on column erp_sync.entity.definer_id is 'cluster, database and OID of that role';
comment on column erp_sync.setting.role_id is 'cluster, database and OID of that role';
comment on table erp_sync.entity is 'manifests stored with sync_define(): they count for runs of their definer';
comment on table erp_sync.setting is 'settings made with sync_configure(): they count for runs of the role';

-- Nobody else's, and by identity.
drop policy task_by_server on erp_sync.task;
drop policy batch_by_server on erp_sync.batch;
drop policy position_by_server on erp_sync.position;
drop policy candidate_by_server on erp_sync.candidate;
drop policy reread_by_server on erp_sync.reread;
drop policy rejected_by_server on erp_sync.rejected;
drop policy removed_by_server on erp_sync.removed;
drop policy difference_by_server on erp_sync.difference;
drop policy run_by_task on erp_sync.run;
drop policy entity_by_definer on erp_sync.entity;
drop policy setting_by_role on erp_sync.setting;
alter table erp_sync.link enable row level security;
alter table erp_sync.waiting_count enable row level security;
alter table erp_sync.original_error enable row level security;
alter table erp_sync.transaction enable row level security;
alter table erp_sync.lock enable row level security;
alter table erp_sync.leftover enable row level security;
create policy link_by_owner on erp_sync.link for select using (
  case
    when erp_sync.is_here(server_id) then exists (
      select from pg_catalog.pg_foreign_server s
      where s.oid = erp_sync.oid_of(server_id)
        and (pg_catalog.pg_has_role(s.srvowner, 'MEMBER')
             or pg_catalog.has_server_privilege(s.oid, 'USAGE') and exists (
               select from pg_catalog.pg_namespace n
               where n.oid = erp_sync.oid_of(schema_id) and pg_catalog.pg_has_role(n.nspowner, 'MEMBER'))))
    else exists (
      select from pg_catalog.pg_foreign_server s, pg_catalog.pg_namespace n
      where s.srvname = server and pg_catalog.has_server_privilege(s.oid, 'USAGE')
        and n.nspname = schema and pg_catalog.pg_has_role(n.nspowner, 'MEMBER')
        and pg_catalog.pg_get_userbyid(n.nspowner)::text = schema_owner)
  end);
comment on policy link_by_owner on erp_sync.link is 'links of servers that the reader may use into schemas whose owner he may become, and of servers that are his own';
create policy task_by_link on erp_sync.task for select using (link in (select l.id from erp_sync.link l));
comment on policy task_by_link on erp_sync.task is 'rows of links that the reader sees';
create policy batch_by_link on erp_sync.batch for select using (link in (select l.id from erp_sync.link l));
comment on policy batch_by_link on erp_sync.batch is 'rows of links that the reader sees';
create policy position_by_link on erp_sync.position for select using (link in (select l.id from erp_sync.link l));
comment on policy position_by_link on erp_sync.position is 'rows of links that the reader sees';
create policy candidate_by_link on erp_sync.candidate for select using (link in (select l.id from erp_sync.link l));
comment on policy candidate_by_link on erp_sync.candidate is 'rows of links that the reader sees';
create policy reread_by_link on erp_sync.reread for select using (link in (select l.id from erp_sync.link l));
comment on policy reread_by_link on erp_sync.reread is 'rows of links that the reader sees';
create policy rejected_by_link on erp_sync.rejected for select using (link in (
  select l.id from erp_sync.link l where not erp_sync.is_here(l.schema_id) or exists (
    select from pg_catalog.pg_namespace n
    where n.oid = erp_sync.oid_of(l.schema_id) and pg_catalog.pg_has_role(n.nspowner, 'MEMBER'))));
comment on policy rejected_by_link on erp_sync.rejected is 'rows of links that the reader sees, of tables whose owner he may become';
create policy removed_by_link on erp_sync.removed for select using (link in (
  select l.id from erp_sync.link l where not erp_sync.is_here(l.schema_id) or exists (
    select from pg_catalog.pg_namespace n
    where n.oid = erp_sync.oid_of(l.schema_id) and pg_catalog.pg_has_role(n.nspowner, 'MEMBER'))));
comment on policy removed_by_link on erp_sync.removed is 'rows of links that the reader sees, of tables whose owner he may become';
create policy difference_by_link on erp_sync.difference for select using (link in (select l.id from erp_sync.link l));
comment on policy difference_by_link on erp_sync.difference is 'rows of links that the reader sees';
create policy waiting_count_by_link on erp_sync.waiting_count for select using (link in (select l.id from erp_sync.link l));
comment on policy waiting_count_by_link on erp_sync.waiting_count is 'rows of links that the reader sees';
create policy original_error_by_link on erp_sync.original_error for select using (link in (
  select l.id from erp_sync.link l where not erp_sync.is_here(l.schema_id) or exists (
    select from pg_catalog.pg_namespace n
    where n.oid = erp_sync.oid_of(l.schema_id) and pg_catalog.pg_has_role(n.nspowner, 'MEMBER'))));
comment on policy original_error_by_link on erp_sync.original_error is 'rows of links that the reader sees, of tables whose owner he may become';
create policy run_by_task on erp_sync.run for select using (
  role_id = erp_sync.role_id() or id in (select t.run_id from erp_sync.task t));
comment on policy run_by_task on erp_sync.run is 'the reader''s own runs, and those with a task that the reader sees';
create policy entity_by_definer on erp_sync.entity for select using (
  definer_id = erp_sync.role_id() or not erp_sync.is_here(definer_id) and definer = current_user);
comment on policy entity_by_definer on erp_sync.entity is 'manifests that the reader stored';
create policy setting_by_role on erp_sync.setting for select using (
  role_id = erp_sync.role_id() or not erp_sync.is_here(role_id) and role = current_user);
comment on policy setting_by_role on erp_sync.setting is 'settings that the reader made';
create policy waiting_count_by_monitor on erp_sync.waiting_count for select
  using (pg_catalog.pg_has_role('pg_monitor', 'USAGE'));
comment on policy waiting_count_by_monitor on erp_sync.waiting_count is 'pg_monitor sees counts and states, and no records';

grant select on erp_sync.link, erp_sync.waiting_count, erp_sync.original_error to public;
grant select on sequence erp_sync.link_id_seq to public;
select pg_catalog.pg_extension_config_dump('erp_sync.link', '');
select pg_catalog.pg_extension_config_dump('erp_sync.waiting_count', '');
select pg_catalog.pg_extension_config_dump('erp_sync.original_error', '');
select pg_catalog.pg_extension_config_dump('erp_sync.link_id_seq', '');
drop function @extschema@.sync_diff(text, text);
create function @extschema@.sync_diff(entity text, server text default null)
  returns table (server text, entity text, stream text, key jsonb, differs text, source_updated_at timestamptz,
                 stored_updated_at timestamptz, cause text)
  set search_path to pg_catalog, pg_temp
  language c as 'MODULE_PATHNAME', 'sync_diff_wrapper';
comment on function @extschema@.sync_diff is 'what a run of mode verify would mend: one row per row that differs; writes nothing';
create function @extschema@.sync_repair(entity text, server text default null)
  returns table (server text, entity text, stream text, key jsonb, differs text, source_updated_at timestamptz,
                 stored_updated_at timestamptz, cause text)
  set search_path to pg_catalog, pg_temp
  language c as 'MODULE_PATHNAME', 'sync_repair_wrapper';
comment on function @extschema@.sync_repair is 'makes the tables of an entity what the remote says: reads everything, and gives one row per row that differed';
create function @extschema@.sync_add(
    server text, object text, entity text default null, key text[] default null, "cursor" text default null)
  returns table (what text, chosen text, because text, change text)
  set search_path to pg_catalog, pg_temp
  language c as 'MODULE_PATHNAME', 'sync_add_wrapper';
comment on function @extschema@.sync_add is 'brings one table, view or model of a server here: looks, defines, syncs; one row for each thing that was chosen';
comment on function @extschema@.sync_define is 'stores a manifest, or what one adds to a built-in entity; counts for runs of the current role';

-- What a scheduled job calls, in a schema that is the extension's own: in the other one its owner could put something
-- in its place.
create procedure erp_sync.sync_auto() language c as 'MODULE_PATHNAME', 'sync_auto_wrapper';
comment on procedure erp_sync.sync_auto is 'syncs what is due; what jobs of pg_cron call';

create function @extschema@.erp_sync_handler() returns fdw_handler
  language c as 'MODULE_PATHNAME', 'erp_sync_handler_wrapper';
comment on function @extschema@.erp_sync_handler is 'what PostgreSQL calls for a foreign table of the wrappers: refuses, with the line that brings a table here';
-- Without the warning that foreign tables may behave otherwise now: there were none that could be read.
set local client_min_messages = error;
alter foreign data wrapper odoo handler @extschema@.erp_sync_handler;
alter foreign data wrapper sqlserver handler @extschema@.erp_sync_handler;

-- PostgreSQL itself calls these without looking at rights; nobody else has a reason to.
revoke execute on function @extschema@.erp_sync_handler from public;
revoke execute on function @extschema@.erp_sync_odoo_validator from public;
revoke execute on function @extschema@.erp_sync_sqlserver_validator from public;

set local search_path = @extschema@, pg_temp;
