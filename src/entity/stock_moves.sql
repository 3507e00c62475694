with place as materialized (
  -- A location belongs to the warehouse whose root is nearest above it.
  select l.id, l.usage, coalesce(l.is_scrap, false) as is_scrap,
    coalesce((select w.id
              from {schema}.warehouses w
              join {schema}.locations v on v.tenant = w.tenant and v.id = w.view_location_id
              where w.tenant = $1 and starts_with(l.parent_path, v.parent_path)
              order by length(v.parent_path) desc limit 1), l.warehouse_id) as warehouse_id
  from {schema}.locations l
  where l.tenant = $1 and l.id in (
    select m.source_location_id from {schema}.stock_moves m where m.tenant = $1 and m.id = any($3)
    union
    select m.destination_location_id from {schema}.stock_moves m where m.tenant = $1 and m.id = any($3))
),
moved as materialized (
  select m.id::text as origin_key, jsonb_build_array(m.id)::text as row_key, m.moved_at, m.product_id, m.reference,
    coalesce(k.partner_id, m.partner_id) as partner_id,
    s.usage as from_usage, d.usage as to_usage, coalesce(m.is_scrap, false) or m.scrap_id is not null or s.is_scrap or d.is_scrap as is_scrap,
    case when s.usage = 'internal' then coalesce(s.warehouse_id, t.warehouse_id) end as from_warehouse_id,
    case when d.usage = 'internal' then coalesce(d.warehouse_id, t.warehouse_id) end as to_warehouse_id,
    case when coalesce(m.uom_id, p.uom_id) = p.uom_id then m.quantity
         else trim_scale(round(m.quantity * u.factor / nullif(o.factor, 0), 6)) end as quantity,
    case when s.id is null or d.id is null then 'unknown location'
         when p.id is null then 'unknown product'
         when m.uom_id <> p.uom_id and (u.factor is null or o.factor is null) then 'unknown unit' end as lacks,
    case when s.id is null then m.source_location_id when d.id is null then m.destination_location_id
         when p.id is null then m.product_id else m.uom_id end as lacked_id
  from {schema}.stock_moves m
  left join place s on s.id = m.source_location_id
  left join place d on d.id = m.destination_location_id
  left join {schema}.products p on p.tenant = $1 and p.id = m.product_id
  left join {schema}.uoms u on u.tenant = $1 and u.id = m.uom_id
  left join {schema}.uoms o on o.tenant = $1 and o.id = p.uom_id
  left join {schema}.picking_types t on t.tenant = $1 and t.id = m.picking_type_id
  left join {schema}.pickings k on k.tenant = $1 and k.id = m.picking_id
  where m.tenant = $1 and m.id = any($3) and m.state = 'done' and m.quantity <> 0
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
gone as (
  delete from {schema}.stock_movements t
  where t.tenant = $1 and t.origin = 'stock_moves' and t.origin_key in (select k::text from unnest($3) k)
    and not exists (
      select from want w where w.origin_key = t.origin_key and w.movement_type = t.movement_type)
),
waiting_key as (
  select jsonb_build_array(k)::text as row_key from unnest($3) k
),
admitted as (
  delete from {schema}.waiting t
  where t.tenant = $1 and t.server = $2 and t.stream = 'stock_moves' and t.row_key in (select m.row_key from waiting_key m)
    and not exists (select from moved m where m.row_key = t.row_key and m.lacks is not null)
),
waits as (
  insert into {schema}.waiting as t (tenant, server, stream, row_key, entity, reason, value, waiting_since)
  select $1, $2, 'stock_moves', m.row_key, 'stock_moves', m.lacks, m.lacked_id::text, now()
  from moved m where m.lacks is not null
  on conflict (tenant, server, stream, row_key) do update
  set reason = excluded.reason, value = excluded.value, synced_at = now()
  where (t.reason, t.value) is distinct from (excluded.reason, excluded.value)
)
insert into {schema}.stock_movements as t (tenant, origin, origin_key, movement_type, moved_at, warehouse_id,
  product_id, quantity, other_warehouse_id, reference, partner_id)
select $1, 'stock_moves', w.origin_key, w.movement_type, w.moved_at, w.warehouse_id,
  w.product_id, w.quantity, w.other_warehouse_id, w.reference, w.partner_id
from want w
left join {schema}.stock_movements h on h.tenant = $1 and h.origin = 'stock_moves'
  and h.origin_key = w.origin_key and h.movement_type = w.movement_type
where h.tenant is null
  or (h.moved_at, h.warehouse_id, h.product_id, h.quantity, h.other_warehouse_id, h.reference, h.partner_id)
     is distinct from
     (w.moved_at, w.warehouse_id, w.product_id, w.quantity, w.other_warehouse_id, w.reference, w.partner_id)
on conflict (tenant, origin, origin_key, movement_type) do update
set moved_at = excluded.moved_at, warehouse_id = excluded.warehouse_id, product_id = excluded.product_id,
    quantity = excluded.quantity, other_warehouse_id = excluded.other_warehouse_id,
    reference = excluded.reference, partner_id = excluded.partner_id, synced_at = now()
