-- Rows are looked up one by one, as in stock_moves.sql.
with asked as materialized (
  select k.id, jsonb_build_array(k.id)::text as row_key from unnest($3::bigint[]) as k(id)
),
done as materialized (
  select a.row_key, m.source_location_id, m.id is not null as waits
  from asked a left join lateral (
    select m.id, m.source_location_id from {schema}.stock_moves m
    where m.tenant = $1 and m.id = a.id and m.state = 'done' and m.quantity <> 0
    offset 0) m on true
),
listed as materialized (
  select h.place from done m cross join lateral (
    select h.ctid as place from {schema}.waiting h
    where h.tenant = $1 and h.server = $2 and h.stream = 'stock_moves' and h.row_key = m.row_key
    offset 0) h
  where not m.waits
),
gone as (
  delete from {schema}.waiting t
  where t.tenant = $1 and t.ctid = any(array(select l.place from listed l))
  returning t.server
),
waits as (
insert into {schema}.waiting as t (tenant, server, stream, row_key, entity, reason, value, waiting_since)
select $1, $2, 'stock_moves', m.row_key, 'stock_moves', 'unknown location', m.source_location_id::text, now() from done m
where m.waits
on conflict (tenant, server, stream, row_key) do nothing
  returning t.server
)
select c.server, sum(c.more)::bigint
from (select w.server, 1 as more from waits w union all select g.server, -1 from gone g) c
group by c.server
