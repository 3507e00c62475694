select p.tenant, p.id as odoo_id, p.name, p.barcode, p.category_id, u.name as uom_name,
       p.standard_price, p.list_price,
       coalesce(r.min_qty, 0) as reordering_min_qty, coalesce(r.max_qty, 0) as reordering_max_qty,
       coalesce(i.quantity, 0) as on_hand
from {schema}.products p
left join {schema}.uoms u on u.tenant = p.tenant and u.id = p.uom_id
left join (
  select tenant, product_id, sum(min_qty) as min_qty, sum(max_qty) as max_qty
  from {schema}.reorder_rules where active group by tenant, product_id
) r on r.tenant = p.tenant and r.product_id = p.id
left join (
  select tenant, product_id, sum(quantity) as quantity
  from {schema}.warehouse_inventory group by tenant, product_id
) i on i.tenant = p.tenant and i.product_id = p.id
