-- Who may see what. Bookkeeping of a link: who may use the server and become the owner of the schema, and the server's
-- owner, but records and what was said of them only who may become the owner of the schema. pg_monitor sees states and counts. What is stored for a role: that role.
set local search_path = pg_catalog, pg_temp;

alter table erp_sync.link enable row level security;
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
alter table erp_sync.waiting_count enable row level security;
alter table erp_sync.original_error enable row level security;
alter table erp_sync.transaction enable row level security;
alter table erp_sync.lock enable row level security;
alter table erp_sync.leftover enable row level security;

-- The OIDs of a restored database mean nothing here, so there names count until the tables' owner has read again: those
-- of server, schema and owner. Who makes a schema of the old name is another owner.
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
create policy task_by_link on erp_sync.task for select using (link in (select l.id from erp_sync.link l));
create policy batch_by_link on erp_sync.batch for select using (link in (select l.id from erp_sync.link l));
create policy position_by_link on erp_sync.position for select using (link in (select l.id from erp_sync.link l));
create policy candidate_by_link on erp_sync.candidate for select using (link in (select l.id from erp_sync.link l));
create policy reread_by_link on erp_sync.reread for select using (link in (select l.id from erp_sync.link l));
create policy rejected_by_link on erp_sync.rejected for select using (link in (
  select l.id from erp_sync.link l where not erp_sync.is_here(l.schema_id) or exists (
    select from pg_catalog.pg_namespace n
    where n.oid = erp_sync.oid_of(l.schema_id) and pg_catalog.pg_has_role(n.nspowner, 'MEMBER'))));
create policy removed_by_link on erp_sync.removed for select using (link in (
  select l.id from erp_sync.link l where not erp_sync.is_here(l.schema_id) or exists (
    select from pg_catalog.pg_namespace n
    where n.oid = erp_sync.oid_of(l.schema_id) and pg_catalog.pg_has_role(n.nspowner, 'MEMBER'))));
create policy difference_by_link on erp_sync.difference for select using (link in (select l.id from erp_sync.link l));
create policy waiting_count_by_link on erp_sync.waiting_count for select using (link in (select l.id from erp_sync.link l));
create policy original_error_by_link on erp_sync.original_error for select using (link in (
  select l.id from erp_sync.link l where not erp_sync.is_here(l.schema_id) or exists (
    select from pg_catalog.pg_namespace n
    where n.oid = erp_sync.oid_of(l.schema_id) and pg_catalog.pg_has_role(n.nspowner, 'MEMBER'))));
create policy run_by_task on erp_sync.run for select using (
  role_id = erp_sync.role_id() or id in (select t.run_id from erp_sync.task t));

create policy entity_by_definer on erp_sync.entity for select using (
  definer_id = erp_sync.role_id() or not erp_sync.is_here(definer_id) and definer = current_user);
create policy setting_by_role on erp_sync.setting for select using (
  role_id = erp_sync.role_id() or not erp_sync.is_here(role_id) and role = current_user);

create policy run_by_monitor on erp_sync.run for select
  using (pg_catalog.pg_has_role('pg_monitor', 'USAGE'));
create policy task_by_monitor on erp_sync.task for select
  using (pg_catalog.pg_has_role('pg_monitor', 'USAGE'));
create policy batch_by_monitor on erp_sync.batch for select
  using (pg_catalog.pg_has_role('pg_monitor', 'USAGE'));
create policy position_by_monitor on erp_sync.position for select
  using (pg_catalog.pg_has_role('pg_monitor', 'USAGE'));
create policy waiting_count_by_monitor on erp_sync.waiting_count for select
  using (pg_catalog.pg_has_role('pg_monitor', 'USAGE'));

grant select on erp_sync.link, erp_sync.run, erp_sync.task, erp_sync.batch, erp_sync.position,
  erp_sync.candidate, erp_sync.reread, erp_sync.rejected, erp_sync.removed, erp_sync.difference,
  erp_sync.entity, erp_sync.setting, erp_sync.waiting_count, erp_sync.original_error to public;

comment on policy link_by_owner on erp_sync.link is 'links of servers that the reader may use into schemas whose owner he may become, and of servers that are his own';
comment on policy task_by_link on erp_sync.task is 'rows of links that the reader sees';
comment on policy batch_by_link on erp_sync.batch is 'rows of links that the reader sees';
comment on policy position_by_link on erp_sync.position is 'rows of links that the reader sees';
comment on policy candidate_by_link on erp_sync.candidate is 'rows of links that the reader sees';
comment on policy reread_by_link on erp_sync.reread is 'rows of links that the reader sees';
comment on policy rejected_by_link on erp_sync.rejected is 'rows of links that the reader sees, of tables whose owner he may become';
comment on policy removed_by_link on erp_sync.removed is 'rows of links that the reader sees, of tables whose owner he may become';
comment on policy difference_by_link on erp_sync.difference is 'rows of links that the reader sees';
comment on policy waiting_count_by_link on erp_sync.waiting_count is 'rows of links that the reader sees';
comment on policy original_error_by_link on erp_sync.original_error is 'rows of links that the reader sees, of tables whose owner he may become';
comment on policy run_by_task on erp_sync.run is 'the reader''s own runs, and those with a task that the reader sees';
comment on policy entity_by_definer on erp_sync.entity is 'manifests that the reader stored';
comment on policy setting_by_role on erp_sync.setting is 'settings that the reader made';
comment on policy run_by_monitor on erp_sync.run is 'pg_monitor sees counts and states, and no records';
comment on policy task_by_monitor on erp_sync.task is 'pg_monitor sees counts and states, and no records';
comment on policy batch_by_monitor on erp_sync.batch is 'pg_monitor sees counts and states, and no records';
comment on policy position_by_monitor on erp_sync.position is 'pg_monitor sees counts and states, and no records';
comment on policy waiting_count_by_monitor on erp_sync.waiting_count is 'pg_monitor sees counts and states, and no records';

set local search_path = @extschema@, pg_temp;
