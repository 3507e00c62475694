-- Rows are looked up one by one, by their keys: `offset 0` keeps the planner from joining whole tables, which it
-- does while it knows nothing about them, and then each batch takes longer than the one before. What is deleted is
-- found before and named by its place, because by keys the planner would read all rows of the tenant for it.
-- `unnest` stands in the select list: in `from` each array would be materialized first.
with asked as (
  select k.server, k.invoice_no, k.line_no,
    concat('[', to_json(k.server), ', ', to_json(k.invoice_no), ', ', k.line_no, ']') as row_key
  from (select unnest($3::text[]) as server, unnest($4::text[]) as invoice_no, unnest($5::bigint[]) as line_no) k
),
sold as materialized (
  select a.row_key, a.server, s.invoice_no, s.branch_code, s.barcode, s.sale_date,
    -- Sold goods leave, returned ones come, whichever way the till writes it.
    case when s.is_return or s.quantity < 0 then abs(s.quantity) else -s.quantity end as quantity,
    case when s.is_return or s.quantity < 0 then 'sales_return' else 'sales' end as movement_type,
    b.n as branches, b.id as warehouse_id, p.n as products, p.id as product_id,
    s.invoice_no is not null and b.n = 1 and p.n = 1 as matched,
    s.invoice_no is not null and (b.n <> 1 or p.n <> 1) as waits
  from asked a
  left join lateral (
    select s.invoice_no, s.branch_code, s.barcode, s.sale_date, s.quantity, s.is_return
    from {schema}.pos_sales s where s.tenant = $1 and s.server = a.server
      and s.invoice_no = a.invoice_no and s.line_no = a.line_no and s.quantity <> 0
    offset 0) s on true
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
),
-- Each sale with the movements recorded for it: two, where it has become a return.
recorded as materialized (
  select s.*, h.place, h.place is not null as here, s.matched and h.movement_type = s.movement_type as fits,
    (h.moved_at, h.warehouse_id, h.product_id, h.quantity, h.reference)
      is not distinct from (s.sale_date, s.warehouse_id, s.product_id, s.quantity, s.invoice_no) as same
  from sold s left join lateral (
    select h.ctid as place, h.movement_type, h.moved_at, h.warehouse_id, h.product_id, h.quantity, h.reference
    from {schema}.stock_movements h
    where h.tenant = $1 and h.origin = 'pos_sales' and h.origin_key = s.row_key
    offset 0) h on true
),
gone as (
  delete from {schema}.stock_movements t
  where t.tenant = $1 and t.ctid = any(array(select r.place from recorded r where r.here and not r.fits))
),
listed as materialized (
  select h.place from sold s cross join lateral (
    select h.ctid as place from {schema}.waiting h
    where h.tenant = $1 and h.server = s.server and h.stream = 'pos_sales' and h.row_key = s.row_key
    offset 0) h
  where not s.waits
),
admitted as (
  delete from {schema}.waiting t
  where t.tenant = $1 and t.ctid = any(array(select l.place from listed l))
  returning t.server
),
waits as (
  insert into {schema}.waiting as t (tenant, server, stream, row_key, entity, reason, value, waiting_since)
  select $1, s.server, 'pos_sales', s.row_key, 'sales',
    case when s.branches = 0 then 'unknown branch' when s.branches > 1 then 'ambiguous branch'
         when s.products = 0 then 'unknown barcode' else 'ambiguous barcode' end,
    case when s.branches <> 1 then s.branch_code else s.barcode end, now()
  from sold s left join lateral (
    select h.reason, h.value from {schema}.waiting h
    where h.tenant = $1 and h.server = s.server and h.stream = 'pos_sales' and h.row_key = s.row_key
    offset 0) h on true
  where s.waits and (h.reason, h.value) is distinct from (
    case when s.branches = 0 then 'unknown branch' when s.branches > 1 then 'ambiguous branch'
         when s.products = 0 then 'unknown barcode' else 'ambiguous barcode' end,
    case when s.branches <> 1 then s.branch_code else s.barcode end)
  on conflict (tenant, server, stream, row_key) do update
  set reason = excluded.reason, value = excluded.value, synced_at = excluded.synced_at
  returning t.server, t.xmax = 0 as is_new
),
-- No ON CONFLICT, which would look each key up again: the tenant's lock keeps other runs away, and a key that
-- somebody else inserts meanwhile is found when the batch is tried again.
fresh as (
  insert into {schema}.stock_movements as t (tenant, origin, origin_key, movement_type, moved_at, warehouse_id,
    product_id, quantity, other_warehouse_id, reference, partner_id)
  select $1, 'pos_sales', r.row_key, r.movement_type, r.sale_date, r.warehouse_id,
    r.product_id, r.quantity, null, r.invoice_no, null
  from recorded r where r.matched and not r.here
),
moved as (
insert into {schema}.stock_movements as t (tenant, origin, origin_key, movement_type, moved_at, warehouse_id,
  product_id, quantity, other_warehouse_id, reference, partner_id)
select distinct on (r.row_key) $1, 'pos_sales', r.row_key, r.movement_type, r.sale_date, r.warehouse_id,
  r.product_id, r.quantity, null, r.invoice_no, null
from recorded r where r.matched and r.here and not (r.fits and r.same)
on conflict (tenant, origin, origin_key, movement_type) do update
set moved_at = excluded.moved_at, warehouse_id = excluded.warehouse_id, product_id = excluded.product_id,
    quantity = excluded.quantity, reference = excluded.reference, synced_at = excluded.synced_at
)
select c.server, sum(c.more)::bigint
from (select w.server, 1 as more from waits w where w.is_new union all select a.server, -1 from admitted a) c
group by c.server
