-- Values are looked at once each, and rows only of those that are to be found now.
(select w.row_key
 from {values of unknown branch} c cross join lateral (
   select w.row_key from {schema}.waiting w
   where w.tenant = $1 and w.reason = 'unknown branch' and w.value = c.value
     and w.server = $2 and w.stream = 'pos_sales'
   limit $3) w
 where exists (select from {schema}.branch_codes m
               where m.tenant = $1 and m.branch_code = c.value and m.warehouse_id is not null)
   or exists (select from {schema}.warehouses h where h.tenant = $1 and h.code = c.value)
 limit $3)
union all
(select w.row_key
 from {values of ambiguous branch} c cross join lateral (
   select w.row_key from {schema}.waiting w
   where w.tenant = $1 and w.reason = 'ambiguous branch' and w.value = c.value
     and w.server = $2 and w.stream = 'pos_sales'
   limit $3) w
 where exists (select from {schema}.branch_codes m
               where m.tenant = $1 and m.branch_code = c.value and m.warehouse_id is not null)
   or (select count(*) from {schema}.warehouses h where h.tenant = $1 and h.code = c.value) < 2
 limit $3)
limit $3
