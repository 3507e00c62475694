-- As in sales_found.sql.
(select w.row_key
 from {values of unknown location} c cross join lateral (
   select w.row_key from {schema}.waiting w
   where w.tenant = $1 and w.reason = 'unknown location' and w.value = c.value
     and w.server = $2 and w.stream = 'stock_moves'
   limit $3) w
 where exists (select from {schema}.locations l where l.tenant = $1 and l.id = c.value::bigint) or false
 limit $3)
union all
(select w.row_key
 from {values of unknown product} c cross join lateral (
   select w.row_key from {schema}.waiting w
   where w.tenant = $1 and w.reason = 'unknown product' and w.value = c.value
     and w.server = $2 and w.stream = 'stock_moves'
   limit $3) w
 where exists (select from {schema}.products p where p.tenant = $1 and p.id = c.value::bigint) or false
 limit $3)
union all
(select w.row_key
 from {values of unknown unit} c cross join lateral (
   select w.row_key from {schema}.waiting w
   where w.tenant = $1 and w.reason = 'unknown unit' and w.value = c.value
     and w.server = $2 and w.stream = 'stock_moves'
   limit $3) w
 where exists (select from {schema}.uoms u where u.tenant = $1 and u.id = c.value::bigint and u.factor is not null) or false
 limit $3)
limit $3
