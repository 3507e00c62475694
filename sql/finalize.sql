-- Nothing is granted to PUBLIC on the wrappers: a server is a way out of the house.
set local search_path = pg_catalog, pg_temp;

create foreign data wrapper odoo handler @extschema@.erp_sync_handler validator @extschema@.erp_sync_odoo_validator;
comment on foreign data wrapper odoo is 'Odoo databases that erp_sync reads';
create foreign data wrapper sqlserver handler @extschema@.erp_sync_handler validator @extschema@.erp_sync_sqlserver_validator;
comment on foreign data wrapper sqlserver is 'SQL Server databases that erp_sync reads';

-- By name alone: arguments may be added.

comment on function @extschema@.sync_run is 'syncs entities now; one row per entity and server, or an error that says what failed';
comment on procedure @extschema@.sync_auto is 'syncs what is due; for pg_cron, as a single statement';
comment on function @extschema@.sync_add is 'brings one table, view or model of a server here: looks, defines, syncs; one row for each thing that was chosen';
comment on function @extschema@.sync_cancel is 'stops a run within a second; what is committed stays';
comment on function @extschema@.sync_reset is 'forgets how far an entity is, so that the next run reads everything';
comment on function @extschema@.sync_check is 'tries everything a sync needs and says what it found, one row per server and aspect';
comment on function @extschema@.sync_status is 'how every entity of every server stands: one row each';
comment on function @extschema@.sync_progress is 'how far the running tasks are: one row each';
comment on function @extschema@.sync_entities is 'the entities that can be synced';
comment on function @extschema@.sync_entity is 'the manifest of an entity: its tables, their columns, and where these are read from';
comment on function @extschema@.sync_define is 'stores a manifest, or what one adds to a built-in entity; counts for runs of the current role';
comment on function @extschema@.sync_undefine is 'removes a stored manifest; its tables stay';
comment on function @extschema@.sync_configure is 'changes settings of an entity, or of all, and gives those that are then set';
comment on function @extschema@.sync_discover is 'what a server holds, or the fields of one object with a manifest to start from';
comment on function @extschema@.sync_plan is 'what a run would read: one row per stream; writes nothing';
comment on function @extschema@.sync_repair is 'makes the tables of an entity what the remote says: reads everything, and gives one row per row that differed';
comment on function @extschema@.sync_diff is 'what a run of mode verify would mend: one row per row that differs; writes nothing';
comment on function @extschema@.sync_ready is 'whether the first full pass of entities has finished';
comment on function @extschema@.sync_require is 'raises an error unless the first full pass of entities has finished';
comment on function @extschema@.sync_waiting is 'rows that wait for a partner row, and removals that wait for confirmation';
comment on function @extschema@.sync_schedule is 'makes or changes the pg_cron job that calls sync_auto() as the current role';
comment on function @extschema@.sync_unschedule is 'removes the current role''s pg_cron job; whether there was one';
comment on function @extschema@.sync_schedules is 'the pg_cron jobs that call sync_auto() in this database';
comment on function @extschema@.sync_version is 'version of the library';
comment on function @extschema@.erp_sync_handler is 'what PostgreSQL calls for a foreign table of the wrappers: refuses, with the line that brings a table here';
comment on function @extschema@.erp_sync_odoo_validator is 'checks the options of servers and user mappings of the wrapper odoo';
comment on function @extschema@.erp_sync_sqlserver_validator is 'checks the options of servers and user mappings of the wrapper sqlserver';
comment on function erp_sync.role_id is 'the current role: cluster, database and OID';
comment on function erp_sync.is_here is 'whether an identity is of this cluster and database';
comment on function erp_sync.oid_of is 'the OID of an identity';

-- What a scheduled job calls, in a schema that is the extension's own: in the other one its owner could put something
-- in its place.
create procedure erp_sync.sync_auto() language c as 'MODULE_PATHNAME', 'sync_auto_wrapper';
comment on procedure erp_sync.sync_auto is 'syncs what is due; what jobs of pg_cron call';

-- PostgreSQL itself calls these without looking at rights; nobody else has a reason to.

revoke execute on function @extschema@.erp_sync_handler from public;
revoke execute on function @extschema@.erp_sync_odoo_validator from public;
revoke execute on function @extschema@.erp_sync_sqlserver_validator from public;

set local search_path = @extschema@, pg_temp;
