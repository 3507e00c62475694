//! The stock movements as somebody else would work them out of the synced tables: row by row,
//! walking up the tree of locations.

use erp_sync_tests::shop::Shop;

const WALK: &str = "
create temp table if not exists walked as select null::text t, null::bigint l, null::bigint w where false;
delete from walked;
insert into walked
with recursive up(tenant, start, id, parent_id, steps) as (
  select l.tenant, l.id, l.id, l.parent_id, 0 from erp.locations l
  union all
  select u.tenant, u.start, p.id, p.parent_id, u.steps + 1
  from up u join erp.locations p on p.tenant = u.tenant and p.id = u.parent_id)
select distinct on (u.tenant, u.start) u.tenant, u.start, w.id
from up u join erp.warehouses w on w.tenant = u.tenant and w.view_location_id = u.id
order by u.tenant, u.start, u.steps;";

/// Kind of a movement by what it leaves and what it reaches; `o`: out of own stock, `i`: into it.
const KINDS: &str = "
(values ('o','internal','transfer_out'), ('o','transit','transfer_out'), ('o','supplier','purchase_return'),
        ('o','customer','delivery'), ('o','production','manufacturing_out'),
        ('i','internal','transfer_in'), ('i','transit','transfer_in'), ('i','supplier','purchase'),
        ('i','customer','sales_return'), ('i','production','manufacturing_in')) kinds(way, other, kind)";

fn expected() -> String {
    let side = |way: &str, own: &str, other: &str, sign: &str| {
        format!(
            "select m.tenant, m.id,
               coalesce((select kind from {KINDS} where way = '{way}' and kinds.other = o.usage),
                        case when coalesce(o.is_scrap, false) or coalesce(m.is_scrap, false) or m.scrap_id is not null then 'wastage' else 'adjustment' end),
               coalesce(own_w.w, own.warehouse_id, pt.warehouse_id),
               m.product_id,
               {sign} trim_scale(case when coalesce(m.uom_id, p.uom_id) = p.uom_id then m.quantity
                                      else round(m.quantity * mu.factor / pu.factor, 6) end)
             from erp.stock_moves m
             join erp.locations own on own.tenant = m.tenant and own.id = m.{own} and own.usage = 'internal'
             join erp.locations o on o.tenant = m.tenant and o.id = m.{other}
             join erp.products p on p.tenant = m.tenant and p.id = m.product_id
             left join erp.uoms mu on mu.tenant = m.tenant and mu.id = m.uom_id
             left join erp.uoms pu on pu.tenant = m.tenant and pu.id = p.uom_id
             left join walked own_w on own_w.t = m.tenant and own_w.l = own.id
             left join walked o_w on o_w.t = m.tenant and o_w.l = o.id
             left join erp.picking_types pt on pt.tenant = m.tenant and pt.id = m.picking_type_id
             where m.state = 'done' and m.quantity <> 0
               and (o.usage <> 'internal'
                    or coalesce(own_w.w, own.warehouse_id, pt.warehouse_id) is distinct from
                       coalesce(o_w.w, o.warehouse_id, pt.warehouse_id))"
        )
    };
    format!(
        "({} union all {})",
        side("o", "source_location_id", "destination_location_id", "-"),
        side("i", "destination_location_id", "source_location_id", "")
    )
}

/// Sales, one by one: the only branch and the only product that a person would find.
const SALES: &str = "
select s.tenant, s.server, s.invoice_no, s.line_no,
       case when s.is_return or s.quantity < 0 then 'sales_return' else 'sales' end,
       (select min(b) from erp_branch(s.tenant, s.branch_code) b having count(*) = 1),
       (select min(p) from erp_product(s.tenant, s.barcode) p having count(*) = 1),
       case when s.is_return or s.quantity < 0 then abs(s.quantity) else -s.quantity end
from erp.pos_sales s
where s.quantity <> 0
  and (select count(*) from erp_branch(s.tenant, s.branch_code)) = 1
  and (select count(*) from erp_product(s.tenant, s.barcode)) = 1";

/// How a person would look for them.
const LOOK: &str = "
create or replace function pg_temp.branch(text, text) returns setof bigint language plpgsql as $$
begin
  return query select warehouse_id from erp.branch_codes where tenant = $1 and branch_code = $2 and warehouse_id is not null;
  if not found then
    return query select id from erp.warehouses where tenant = $1 and code = $2;
  end if;
end $$;
create or replace function pg_temp.product(text, text) returns setof bigint language plpgsql as $$
begin
  return query select id from erp.products where tenant = $1 and barcode = $2 and active;
  if not found then
    return query select id from erp.products where tenant = $1 and barcode = $2;
  end if;
end $$;";

/// The differences between the movements of the tills and what they should be.
pub fn differences_of_sales(shop: &mut Shop<'_>) -> Vec<String> {
    shop.run(LOOK);
    let expected = SALES.replace("erp_branch", "pg_temp.branch").replace("erp_product", "pg_temp.product");
    let kept =
        "select tenant, origin_key::jsonb ->> 0, origin_key::jsonb ->> 1, (origin_key::jsonb ->> 2)::bigint,
                       movement_type, warehouse_id, product_id, quantity
                from erp.stock_movements where origin = 'pos_sales'";
    shop.rows(&format!(
        "select * from ((select 'missing', e.* from (({expected}) except {kept}) e)
                        union all (select 'too much', k.* from ({kept} except ({expected})) k)) d"
    ))
}

/// The differences between what is kept and what it should be.
pub fn differences(shop: &mut Shop<'_>) -> Vec<String> {
    shop.run(WALK);
    let kept = "select tenant, origin_key::bigint, movement_type, warehouse_id, product_id, quantity
                from erp.stock_movements where origin = 'stock_moves'";
    let expected = expected();
    shop.rows(&format!(
        "select * from ((select 'missing', e.* from ({expected} except {kept}) e)
                        union all (select 'too much', k.* from ({kept} except {expected}) k)) d"
    ))
}
