-- Nothing is granted to PUBLIC on the wrappers: a server is a way out of the house.

create foreign data wrapper odoo validator erp_sync_odoo_validator;
comment on foreign data wrapper odoo is 'Odoo databases that erp_sync reads';
create foreign data wrapper sqlserver validator erp_sync_sqlserver_validator;
comment on foreign data wrapper sqlserver is 'SQL Server databases that erp_sync reads';
