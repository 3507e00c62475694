with asked as materialized (
  select k.server, k.invoice_no, k.line_no,
    jsonb_build_array(k.server, k.invoice_no, k.line_no)::text as row_key
  from unnest($3::text[], $4::text[], $5::bigint[]) as k(server, invoice_no, line_no)
),
sold as materialized (
  select a.server, a.row_key, s.branch_code
  from asked a join {schema}.pos_sales s on s.tenant = $1 and s.server = a.server
    and s.invoice_no = a.invoice_no and s.line_no = a.line_no
  where s.quantity <> 0
),
gone as (
  delete from {schema}.waiting t
  where t.tenant = $1 and t.stream = 'pos_sales' and t.row_key in (select a.row_key from asked a)
    and not exists (select from sold s where s.row_key = t.row_key)
  returning t.server
),
waits as (
insert into {schema}.waiting as t (tenant, server, stream, row_key, entity, reason, value, waiting_since)
select $1, s.server, 'pos_sales', s.row_key, 'sales', 'unknown branch', s.branch_code, now() from sold s
on conflict (tenant, server, stream, row_key) do nothing
  returning t.server
)
select c.server, sum(c.more)::bigint
from (select w.server, 1 as more from waits w union all select g.server, -1 from gone g) c
group by c.server
