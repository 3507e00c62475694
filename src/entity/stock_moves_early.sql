with asked as materialized (
  select k.id, jsonb_build_array(k.id)::text as row_key from unnest($3::bigint[]) as k(id)
),
done as materialized (
  select a.row_key, m.source_location_id
  from asked a join {schema}.stock_moves m on m.tenant = $1 and m.id = a.id
  where m.state = 'done' and m.quantity <> 0
),
gone as (
  delete from {schema}.waiting t
  where t.tenant = $1 and t.server = $2 and t.stream = 'stock_moves' and t.row_key in (select a.row_key from asked a)
    and not exists (select from done m where m.row_key = t.row_key)
  returning t.server
),
waits as (
insert into {schema}.waiting as t (tenant, server, stream, row_key, entity, reason, value, waiting_since)
select $1, $2, 'stock_moves', m.row_key, 'stock_moves', 'unknown location', m.source_location_id::text, now() from done m
on conflict (tenant, server, stream, row_key) do nothing
  returning t.server
)
select c.server, sum(c.more)::bigint
from (select w.server, 1 as more from waits w union all select g.server, -1 from gone g) c
group by c.server
