-- Rows are looked up one by one, by their keys: `offset 0` keeps the planner from joining whole tables, which it
-- does while it knows nothing about them, and then each batch takes longer than the one before. Deleted is as in
-- sales.sql.
with asked as materialized (
  select k.id, jsonb_build_array(k.id)::text as row_key from unnest($3::bigint[]) as k(id)
),
done as materialized (
  select a.row_key, m.*
  from asked a
  left join lateral (
    select m.id, m.moved_at, m.product_id, m.reference, m.partner_id, m.uom_id, m.quantity, m.picking_id,
      m.picking_type_id, m.source_location_id, m.destination_location_id,
      coalesce(m.is_scrap, false) or m.scrap_id is not null as is_scrap
    from {schema}.stock_moves m
    where m.tenant = $1 and m.id = a.id and m.state = 'done' and m.quantity <> 0
    offset 0) m on true
),
place as materialized (
  -- A location belongs to the warehouse whose root is nearest above it.
  select l.id, l.usage, coalesce(l.is_scrap, false) as is_scrap,
    coalesce((select w.id
              from {schema}.warehouses w
              join {schema}.locations v on v.tenant = w.tenant and v.id = w.view_location_id
              where w.tenant = $1 and starts_with(l.parent_path, v.parent_path)
              order by length(v.parent_path) desc limit 1), l.warehouse_id) as warehouse_id
  from {schema}.locations l
  where l.tenant = $1 and l.id = any(array(
    select d.source_location_id from done d union select d.destination_location_id from done d))
),
moved as materialized (
  select m.id::text as origin_key, m.row_key, m.moved_at, m.product_id, m.reference,
    coalesce(k.partner_id, m.partner_id) as partner_id,
    s.usage as from_usage, d.usage as to_usage, m.is_scrap or s.is_scrap or d.is_scrap as is_scrap,
    case when s.usage = 'internal' then coalesce(s.warehouse_id, t.warehouse_id) end as from_warehouse_id,
    case when d.usage = 'internal' then coalesce(d.warehouse_id, t.warehouse_id) end as to_warehouse_id,
    case when coalesce(m.uom_id, p.uom_id) = p.uom_id then m.quantity
         else trim_scale(round(m.quantity * u.factor / nullif(o.factor, 0), 6)) end as quantity,
    case when s.id is null or d.id is null then 'unknown location'
         when p.id is null then 'unknown product'
         when m.uom_id <> p.uom_id and (u.factor is null or o.factor is null) then 'unknown unit' end as lacks,
    case when s.id is null then m.source_location_id when d.id is null then m.destination_location_id
         when p.id is null then m.product_id else m.uom_id end as lacked_id
  from done m
  left join place s on s.id = m.source_location_id
  left join place d on d.id = m.destination_location_id
  left join lateral (
    select p.id, p.uom_id from {schema}.products p where p.tenant = $1 and p.id = m.product_id offset 0) p on true
  left join lateral (
    select u.factor from {schema}.uoms u where u.tenant = $1 and u.id = m.uom_id offset 0) u on true
  left join lateral (
    select o.factor from {schema}.uoms o where o.tenant = $1 and o.id = p.uom_id offset 0) o on true
  left join lateral (
    select t.warehouse_id from {schema}.picking_types t where t.tenant = $1 and t.id = m.picking_type_id offset 0) t on true
  left join lateral (
    select k.partner_id from {schema}.pickings k where k.tenant = $1 and k.id = m.picking_id offset 0) k on true
  where m.id is not null
),
want as materialized (
  -- Out of own stock.
  select origin_key, moved_at, product_id, reference, partner_id, -quantity as quantity,
    from_warehouse_id as warehouse_id, to_warehouse_id as other_warehouse_id,
    case when to_usage in ('internal', 'transit') then 'transfer_out'
         when to_usage = 'supplier' then 'purchase_return'
         when to_usage = 'customer' then 'delivery'
         when to_usage = 'production' then 'manufacturing_out'
         when is_scrap then 'wastage' else 'adjustment' end as movement_type
  from moved
  where lacks is null and from_usage = 'internal'
    and (to_usage <> 'internal' or from_warehouse_id is distinct from to_warehouse_id)
  union all
  -- Into own stock.
  select origin_key, moved_at, product_id, reference, partner_id, quantity,
    to_warehouse_id, from_warehouse_id,
    case when from_usage in ('internal', 'transit') then 'transfer_in'
         when from_usage = 'supplier' then 'purchase'
         when from_usage = 'customer' then 'sales_return'
         when from_usage = 'production' then 'manufacturing_in'
         when is_scrap then 'wastage' else 'adjustment' end
  from moved
  where lacks is null and to_usage = 'internal'
    and (from_usage <> 'internal' or from_warehouse_id is distinct from to_warehouse_id)
),
there as materialized (
  select a.id::text as origin_key, h.movement_type, h.place from asked a cross join lateral (
    select h.movement_type, h.ctid as place from {schema}.stock_movements h
    where h.tenant = $1 and h.origin = 'stock_moves' and h.origin_key = a.id::text
    offset 0) h
),
other as materialized (
  select t.place from there t
  where (t.origin_key, t.movement_type) not in (select w.origin_key, w.movement_type from want w)
),
gone as (
  delete from {schema}.stock_movements t
  where t.tenant = $1 and t.ctid = any(array(select o.place from other o))
),
listed as materialized (
  select h.place from asked a cross join lateral (
    select h.ctid as place from {schema}.waiting h
    where h.tenant = $1 and h.server = $2 and h.stream = 'stock_moves' and h.row_key = a.row_key
    offset 0) h
  where a.row_key not in (select m.row_key from moved m where m.lacks is not null)
),
admitted as (
  delete from {schema}.waiting t
  where t.tenant = $1 and t.ctid = any(array(select l.place from listed l))
  returning t.server
),
waits as (
  insert into {schema}.waiting as t (tenant, server, stream, row_key, entity, reason, value, waiting_since)
  select $1, $2, 'stock_moves', m.row_key, 'stock_moves', m.lacks, m.lacked_id::text, now()
  from moved m left join lateral (
    select h.reason, h.value from {schema}.waiting h
    where h.tenant = $1 and h.server = $2 and h.stream = 'stock_moves' and h.row_key = m.row_key
    offset 0) h on true
  where m.lacks is not null and (h.reason, h.value) is distinct from (m.lacks, m.lacked_id::text)
  on conflict (tenant, server, stream, row_key) do update
  set reason = excluded.reason, value = excluded.value, synced_at = excluded.synced_at
  returning t.server, t.xmax = 0 as is_new
),
stored as (
insert into {schema}.stock_movements as t (tenant, origin, origin_key, movement_type, moved_at, warehouse_id,
  product_id, quantity, other_warehouse_id, reference, partner_id)
select $1, 'stock_moves', w.origin_key, w.movement_type, w.moved_at, w.warehouse_id,
  w.product_id, w.quantity, w.other_warehouse_id, w.reference, w.partner_id
from want w left join lateral (
  select h.tenant, h.moved_at, h.warehouse_id, h.product_id, h.quantity, h.other_warehouse_id, h.reference, h.partner_id
  from {schema}.stock_movements h
  where h.tenant = $1 and h.origin = 'stock_moves' and h.origin_key = w.origin_key
    and h.movement_type = w.movement_type
  offset 0) h on true
where h.tenant is null
  or (h.moved_at, h.warehouse_id, h.product_id, h.quantity, h.other_warehouse_id, h.reference, h.partner_id)
     is distinct from
     (w.moved_at, w.warehouse_id, w.product_id, w.quantity, w.other_warehouse_id, w.reference, w.partner_id)
on conflict (tenant, origin, origin_key, movement_type) do update
set moved_at = excluded.moved_at, warehouse_id = excluded.warehouse_id, product_id = excluded.product_id,
    quantity = excluded.quantity, other_warehouse_id = excluded.other_warehouse_id,
    reference = excluded.reference, partner_id = excluded.partner_id, synced_at = excluded.synced_at
)
select c.server, sum(c.more)::bigint
from (select w.server, 1 as more from waits w where w.is_new union all select a.server, -1 from admitted a) c
group by c.server
