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
