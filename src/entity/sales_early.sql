-- Rows are looked up one by one, as in sales.sql.
with asked as (
  select k.server, k.invoice_no, k.line_no,
    concat('[', to_json(k.server), ', ', to_json(k.invoice_no), ', ', k.line_no, ']') as row_key
  from (select unnest($3::text[]) as server, unnest($4::text[]) as invoice_no, unnest($5::bigint[]) as line_no) k
),
sold as materialized (
  select a.server, a.row_key, s.branch_code, s.quantity is not null as waits
  from asked a left join lateral (
    select s.branch_code, s.quantity from {schema}.pos_sales s
    where s.tenant = $1 and s.server = a.server and s.invoice_no = a.invoice_no and s.line_no = a.line_no
      and s.quantity <> 0
    offset 0) s on true
),
listed as materialized (
  select h.place from sold s cross join lateral (
    select h.ctid as place from {schema}.waiting h
    where h.tenant = $1 and h.server = s.server and h.stream = 'pos_sales' and h.row_key = s.row_key
    offset 0) h
  where not s.waits
),
gone as (
  delete from {schema}.waiting t
  where t.tenant = $1 and t.ctid = any(array(select l.place from listed l))
  returning t.server
),
waits as (
insert into {schema}.waiting as t (tenant, server, stream, row_key, entity, reason, value, waiting_since)
select $1, s.server, 'pos_sales', s.row_key, 'sales', 'unknown branch', s.branch_code, now() from sold s
where s.waits
on conflict (tenant, server, stream, row_key) do nothing
  returning t.server
)
select c.server, sum(c.more)::bigint
from (select w.server, 1 as more from waits w union all select g.server, -1 from gone g) c
group by c.server
