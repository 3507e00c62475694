-- Always the whole: a row that is gone does not tell any more what it was a part of.
with place as materialized (
  select l.id, coalesce((
    select w.id
    from {schema}.warehouses w
    join {schema}.locations v on v.tenant = w.tenant and v.id = w.view_location_id
    where w.tenant = $1 and starts_with(l.parent_path, v.parent_path)
    order by length(v.parent_path) desc limit 1), l.warehouse_id) as warehouse_id
  from {schema}.locations l
  where l.tenant = $1 and l.usage = 'internal'
),
want as materialized (
  select p.warehouse_id, q.product_id, trim_scale(sum(q.quantity)) as quantity,
    trim_scale(sum(q.reserved_quantity)) as reserved_quantity,
    trim_scale(sum(q.quantity - q.reserved_quantity)) as available_quantity
  from {schema}.stock_quants q
  join place p on p.id = q.location_id
  where q.tenant = $1 and p.warehouse_id is not null
  group by p.warehouse_id, q.product_id
),
gone as (
  delete from {schema}.warehouse_inventory t
  where t.tenant = $1 and not exists (
    select from want w where w.warehouse_id = t.warehouse_id and w.product_id = t.product_id)
),
made as (
insert into {schema}.warehouse_inventory as t (tenant, warehouse_id, product_id, quantity, reserved_quantity,
  available_quantity)
select $1, w.warehouse_id, w.product_id, w.quantity, w.reserved_quantity, w.available_quantity
from want w
left join {schema}.warehouse_inventory h on h.tenant = $1 and h.warehouse_id = w.warehouse_id
  and h.product_id = w.product_id
where cardinality($3::bigint[]) > 0 and (h.tenant is null
  or (h.quantity, h.reserved_quantity, h.available_quantity)
     is distinct from (w.quantity, w.reserved_quantity, w.available_quantity))
on conflict (tenant, warehouse_id, product_id) do update
set quantity = excluded.quantity, reserved_quantity = excluded.reserved_quantity,
    available_quantity = excluded.available_quantity, synced_at = excluded.synced_at
)
select ''::text, 0::bigint where false
