//! Every function and view of the extension as the catalog lists them, so that new ones are covered.

use crate::stage::Stage;

/// Functions and procedures with their arguments.
const FUNCTIONS: &str = "
select format('%I.%I', n.nspname, p.proname), p.prokind::text, p.pronargs - p.pronargdefaults,
  coalesce((select string_agg(p.proargnames[a] || ':' || format_type(p.proargtypes[a - 1], null), ',' order by a)
            from generate_series(1, p.pronargs) a), '')
from pg_depend d join pg_extension e on e.oid = d.refobjid join pg_proc p on p.oid = d.objid
join pg_namespace n on n.oid = p.pronamespace
where d.classid = 'pg_proc'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
  and e.extname = 'erp_sync' and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
order by 1";

const VIEWS: &str = "
select format('%I.%I', n.nspname, c.relname) from pg_depend d join pg_extension e on e.oid = d.refobjid
join pg_class c on c.oid = d.objid join pg_namespace n on n.oid = c.relnamespace
where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
  and e.extname = 'erp_sync' and c.relkind in ('r', 'v', 'm', 'S', 'p')
order by 1";

/// One that may be stored.
const MANIFEST: &str = r#"{"name": "swept", "about": "x", "source": "odoo", "streams": [{"table": "swept", "about": "x",
  "object": "res.currency", "key": ["id"], "cursor": "write_date",
  "columns": [{"name": "id", "type": "bigint", "about": "x"}]}]}"#;

/// Names that are put in where an argument wants one.
pub struct About {
    pub entity: &'static str,
    pub server: &'static str,
    pub run: String,
}

/// Statements that read every table, view and sequence.
pub fn looks(stage: &mut Stage) -> Vec<String> {
    stage.look(VIEWS).iter().map(|view| format!("select * from {view}")).collect()
}

/// Statements that call every function: with what it must be given; with the server too; with everything, and each
/// truth value true.
pub fn calls(stage: &mut Stage, about: &About) -> Vec<String> {
    let mut all = Vec::new();
    for line in stage.look(FUNCTIONS) {
        let mut parts = line.split('|');
        let (name, kind) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let must: usize = parts.next().and_then(|count| count.parse().ok()).unwrap_or_default();
        let arguments: Vec<(&str, &str)> = parts
            .next()
            .unwrap_or_default()
            .split(',')
            .filter_map(|argument| argument.split_once(':'))
            .collect();
        let verb = if kind == "p" { "call " } else { "select * from " };
        let first = |count: usize| {
            let given = arguments.iter().take(count);
            let given: Vec<String> =
                given.map(|(name, of)| format!("{name} => {}", value(name, of, about))).collect();
            format!("{verb}{name}({})", given.join(", "))
        };
        all.push(first(must));
        if let Some(server) =
            arguments.iter().position(|(name, _)| *name == "server").filter(|at| *at >= must)
        {
            let (name_of, of) = arguments[server];
            let separator = if must == 0 { "" } else { ", " };
            let call = first(must);
            let call = call.strip_suffix(')').unwrap_or(&call);
            all.push(format!("{call}{separator}{name_of} => {})", value(name_of, of, about)));
        }
        if must < arguments.len() {
            all.push(first(arguments.len()));
        }
    }
    all.dedup();
    all
}

fn value(name: &str, of: &str, about: &About) -> String {
    let text = match (name, of) {
        ("entity" | "name", _) => about.entity.to_owned(),
        ("server", _) => about.server.to_owned(),
        ("mode", _) => "full".into(),
        ("schedule", _) => "*/7 * * * *".into(),
        ("run_id", _) => return about.run.clone(),
        ("key", "jsonb") => r#"{"id": 1}"#.into(),
        ("manifest", _) => MANIFEST.into(),
        ("object", _) => "res.currency".into(),
        (_, "jsonb" | "json") => "{}".into(),
        (_, "boolean") => return "true".into(),
        (_, "bigint" | "integer" | "smallint" | "numeric" | "oid" | "double precision") => return "1".into(),
        (_, of) if of.ends_with("[]") => "{}".into(),
        (_, "interval") => "1 day".into(),
        _ => about.entity.to_owned(),
    };
    format!("'{}'::{of}", text.replace('\'', "''"))
}
