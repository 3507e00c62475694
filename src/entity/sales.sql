with asked as materialized (
  select k.server, k.invoice_no, k.line_no,
    jsonb_build_array(k.server, k.invoice_no, k.line_no)::text as row_key
  from unnest($3::text[], $4::text[], $5::bigint[]) as k(server, invoice_no, line_no)
),
sold as materialized (
  select a.row_key, s.server, s.invoice_no, s.branch_code, s.barcode, s.sale_date,
    -- Sold goods leave, returned ones come, whichever way the till writes it.
    case when s.is_return or s.quantity < 0 then abs(s.quantity) else -s.quantity end as quantity,
    case when s.is_return or s.quantity < 0 then 'sales_return' else 'sales' end as movement_type,
    b.n as branches, b.id as warehouse_id, p.n as products, p.id as product_id
  from asked a
  join {schema}.pos_sales s on s.tenant = $1 and s.server = a.server
    and s.invoice_no = a.invoice_no and s.line_no = a.line_no
  cross join lateral (
    -- What somebody has filled in goes before the warehouses' own codes.
    select count(*) as n, min(c.warehouse_id) as id from (
      select m.warehouse_id from {schema}.branch_codes m
      where m.tenant = $1 and m.branch_code = s.branch_code and m.warehouse_id is not null
      union all
      select w.id from {schema}.warehouses w
      where w.tenant = $1 and w.code = s.branch_code and not exists (
        select from {schema}.branch_codes m
        where m.tenant = $1 and m.branch_code = s.branch_code and m.warehouse_id is not null)) c) b
  cross join lateral (
    -- An archived product counts only where no other has the barcode.
    select count(*) as n, min(c.id) as id from (
      select q.id, rank() over (order by coalesce(q.active, true) desc) as place
      from {schema}.products q where q.tenant = $1 and q.barcode = s.barcode) c
    where c.place = 1) p
  where s.quantity <> 0
),
want as materialized (
  select * from sold where branches = 1 and products = 1
),
gone as (
  delete from {schema}.stock_movements t
  where t.tenant = $1 and t.origin = 'pos_sales' and t.origin_key in (select row_key from asked)
    and not exists (
      select from want w where w.row_key = t.origin_key and w.movement_type = t.movement_type)
),
admitted as (
  delete from {schema}.waiting t
  using asked a
  where t.tenant = $1 and t.server = a.server and t.stream = 'pos_sales' and t.row_key = a.row_key
    and not exists (select from sold s where s.row_key = a.row_key and (s.branches <> 1 or s.products <> 1))
),
waits as (
  insert into {schema}.waiting as t (tenant, server, stream, row_key, entity, reason, value, waiting_since)
  select $1, s.server, 'pos_sales', s.row_key, 'sales',
    case when s.branches = 0 then 'unknown branch' when s.branches > 1 then 'ambiguous branch'
         when s.products = 0 then 'unknown barcode' else 'ambiguous barcode' end,
    case when s.branches <> 1 then s.branch_code else s.barcode end, now()
  from sold s where s.branches <> 1 or s.products <> 1
  on conflict (tenant, server, stream, row_key) do update
  set reason = excluded.reason, value = excluded.value, synced_at = now()
  where (t.reason, t.value) is distinct from (excluded.reason, excluded.value)
)
insert into {schema}.stock_movements as t (tenant, origin, origin_key, movement_type, moved_at, warehouse_id,
  product_id, quantity, other_warehouse_id, reference, partner_id)
select $1, 'pos_sales', w.row_key, w.movement_type, w.sale_date, w.warehouse_id,
  w.product_id, w.quantity, null, w.invoice_no, null
from want w
left join {schema}.stock_movements h on h.tenant = $1 and h.origin = 'pos_sales'
  and h.origin_key = w.row_key and h.movement_type = w.movement_type
where h.tenant is null
  or (h.moved_at, h.warehouse_id, h.product_id, h.quantity, h.reference)
     is distinct from (w.sale_date, w.warehouse_id, w.product_id, w.quantity, w.invoice_no)
on conflict (tenant, origin, origin_key, movement_type) do update
set moved_at = excluded.moved_at, warehouse_id = excluded.warehouse_id, product_id = excluded.product_id,
    quantity = excluded.quantity, reference = excluded.reference, synced_at = now()
