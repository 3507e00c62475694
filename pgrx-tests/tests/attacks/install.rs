//! Objects that lie in wait where the extension is created.

use erp_sync_tests::cluster::Cluster;
use erp_sync_tests::shop::{failure, rows};
use postgres::Client;

use crate::stage::{Stage, attempt, none};

/// Types that operators are planted for, in all pairs.
const TYPES: [&str; 14] = [
    "text",
    "name",
    "text[]",
    "name[]",
    "bigint",
    "integer",
    "oid",
    "boolean",
    "jsonb",
    "numeric",
    "timestamptz",
    "interval",
    "\"char\"",
    "double precision",
];

/// Operators with what they give.
const OPERATORS: [(&str, &str); 16] = [
    ("=", "boolean"),
    ("<>", "boolean"),
    ("<", "boolean"),
    (">", "boolean"),
    ("<=", "boolean"),
    (">=", "boolean"),
    ("~", "boolean"),
    ("~~", "boolean"),
    ("@>", "boolean"),
    ("||", "left"),
    ("+", "left"),
    ("-", "left"),
    ("*", "left"),
    ("/", "left"),
    ("->", "left"),
    ("->>", "text"),
];

/// Functions that a better match than pg_catalog's polymorphic or variadic one would take the place of.
const FUNCTIONS: [(&str, &str); 17] = [
    ("unnest(text[])", "setof text"),
    ("unnest(bigint[])", "setof bigint"),
    ("array_length(text[], integer)", "integer"),
    ("cardinality(text[])", "integer"),
    ("array_append(text[], text)", "text[]"),
    ("array_cat(text[], text[])", "text[]"),
    ("array_to_string(text[], text)", "text"),
    ("format(text, text)", "text"),
    ("format(text, name)", "text"),
    ("concat(text, text)", "text"),
    ("concat_ws(text, text, text)", "text"),
    ("to_jsonb(text)", "jsonb"),
    ("jsonb_build_object(text, text)", "jsonb"),
    ("num_nonnulls(text, text)", "integer"),
    ("row_to_json(record)", "json"),
    ("pg_extension_config_dump(text, text)", "void"),
    ("date_trunc(text, date)", "timestamptz"),
];

/// Plants in a schema as a role; what PostgreSQL does not take is left out. Returns how much was taken.
fn sow(client: &mut Client, role: &str, schema: &str) -> usize {
    let mut sql: Vec<String> = Vec::new();
    let trap = |head: &str, give: &str| {
        format!(
            "create function {schema}.{head} language plpgsql as $$ begin perform traps_{role}.trap('{schema}.{}'); {give} end $$",
            head.split(" returns ").next().unwrap_or_default().replace('\'', "''")
        )
    };
    for (n, (left, right)) in TYPES.iter().flat_map(|l| TYPES.iter().map(move |r| (l, r))).enumerate() {
        for (m, (operator, gives)) in OPERATORS.iter().enumerate() {
            let returns = if *gives == "left" { left } else { gives };
            let function = format!("sown_{n}_{m}");
            let head = format!("{function}({left}, {right}) returns {returns}");
            sql.push(trap(&head, "return null;"));
            sql.push(format!(
                "create operator {schema}.{operator} (leftarg = {left}, rightarg = {right}, function = {schema}.{function})"
            ));
        }
    }
    for (head, returns) in FUNCTIONS {
        let give = match returns {
            "void" => "",
            set if set.starts_with("setof") => "return;",
            _ => "return null;",
        };
        sql.push(trap(&format!("{head} returns {returns}"), give));
    }
    // One transaction with a block for each: thousands of round trips would take long.
    let quoted: Vec<String> = sql.iter().map(|sql| format!("$q${sql}$q$")).collect();
    let all = format!(
        "do $b$ declare s text; begin foreach s in array array[{}] loop
           begin execute s; exception when others then null; end; end loop; end $b$",
        quoted.join(", ")
    );
    client.batch_execute(&all).unwrap_or_else(|error| panic!("{error:?}"));
    let count = format!("select count(*) from pg_operator where oprnamespace = '{schema}'::regnamespace");
    rows(client, &count)[0].parse().expect("a number")
}

/// A database whose owner, no superuser, has planted in the schema that the extension is going to be created in.
fn sown(database: &str, schema: &str) -> Stage {
    let mut stage = Stage::open(database);
    stage.admin(&format!(
        "drop extension erp_sync cascade; alter database {database} owner to dbo;
         create schema if not exists {schema}"
    ));
    if schema != "public" {
        stage.admin(&format!("alter schema {schema} owner to dbo; grant usage on schema {schema} to public"));
    }
    stage.plant("dbo");
    let taken = sow(&mut stage.session("dbo"), "dbo", schema);
    assert!(taken > 2000, "{taken} operators were planted");
    stage
}

/// Members of the extension that depend on something that is neither theirs nor PostgreSQL's.
const FOREIGN: &str = "
with members as (
  select d.classid, d.objid from pg_depend d join pg_extension e on e.oid = d.refobjid
  where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and e.extname = 'erp_sync'),
parts as (
  select classid, objid from members
  union select 'pg_rewrite'::regclass, r.oid from pg_rewrite r join members m on m.objid = r.ev_class
  union select 'pg_policy'::regclass, p.oid from pg_policy p join members m on m.objid = p.polrelid
  union select 'pg_constraint'::regclass, c.oid from pg_constraint c join members m on m.objid = c.conrelid
  union select 'pg_attrdef'::regclass, a.oid from pg_attrdef a join members m on m.objid = a.adrelid)
select distinct pg_describe_object(p.classid, p.objid, 0) || ' uses ' || pg_describe_object(d.refclassid, d.refobjid, 0)
from parts p join pg_depend d on (d.classid, d.objid) = (p.classid, p.objid)
where d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass)
  and pg_describe_object(d.refclassid, d.refobjid, 0) ~ 'sown|traps_|public\\.|tools\\.'
  and (d.refclassid, d.refobjid) not in (select classid, objid from members)
order by 1";

/// Creates the extension among what was planted, and looks at everything it offers as a superuser.
fn created(stage: &mut Stage, schema: &str) -> Vec<String> {
    let sql = format!("create extension erp_sync schema {schema}");
    if let Err(refused) = attempt(&mut stage.shop.admin, &sql) {
        println!("refused: {refused:?}");
        return stage.ran();
    }
    let mut found: Vec<String> = stage.ran();
    found.extend(stage.look(FOREIGN));
    let views = "select c.oid::regclass from pg_class c where c.relnamespace = 'erp_sync'::regnamespace and relkind = 'v'";
    for view in stage.look(views) {
        let _ = stage.call("postgres", &format!("select * from {view}"));
        found.extend(stage.ran().iter().map(|said| format!("{view}: {said}")));
    }
    let calls = ["sync_status()", "sync_progress()", "sync_waiting()", "sync_schedules()", "sync_entities()"];
    for call in calls {
        for path in ["pg_catalog", schema] {
            let _ =
                stage.call("postgres", &format!("set search_path = {path}; select * from {schema}.{call}"));
            found.extend(stage.ran().iter().map(|said| format!("{call}: {said}")));
        }
    }
    found
}

/// A look at a view needs rows in it: planted code runs for each.
fn with_history(stage: &mut Stage) {
    let (url, database) = (stage.shop.odoo.url(), stage.shop.odoo.database());
    stage.admin(&format!(
        "grant usage on foreign data wrapper odoo to shop;
         create server odoo_main foreign data wrapper odoo options (url '{url}', database '{database}');
         create user mapping for public server odoo_main options (username 'admin', password 'admin');
         grant usage on foreign server odoo_main to shop"
    ));
}

#[test]
fn operators_and_functions_planted_in_public_are_not_picked_up() {
    let mut stage = sown("install_public", "public");
    let mut found = created(&mut stage, "public");
    if stage.look("select count(*) from pg_extension where extname = 'erp_sync'") == ["1"] {
        with_history(&mut stage);
        for call in [
            "select * from public.sync_run('currencies')",
            "select public.sync_run('contacts', mode => 'full')",
        ] {
            let _ = stage.call("shop", &format!("set search_path = pg_catalog; {call}"));
            found.extend(stage.ran().iter().map(|said| format!("{call}: {said}")));
        }
        for view in
            ["status", "history", "errors", "rejections", "waiting", "differences", "schedule", "progress"]
        {
            let _ = stage
                .call("postgres", &format!("set search_path = pg_catalog; select * from erp_sync.{view}"));
            found.extend(stage.ran().iter().map(|said| format!("{view}: {said}")));
        }
    }
    none(&found);
}

#[test]
fn operators_and_functions_planted_in_a_schema_of_its_own_are_not_picked_up() {
    let mut stage = sown("install_tools", "tools");
    none(&created(&mut stage, "tools"));
}

/// Relations and types of the names that the script uses without a schema would be found before pg_catalog's only
/// if a temporary one could be.
#[test]
fn relations_and_types_planted_in_public_are_not_picked_up() {
    let mut stage = Stage::open("install_types");
    stage.admin("drop extension erp_sync cascade; alter database install_types owner to dbo");
    stage.plant("dbo");
    stage.by(
        "dbo",
        "create domain public.jsonb as pg_catalog.jsonb check (traps_dbo.trap('jsonb') or value is null);
         create domain public.timestamptz as pg_catalog.timestamptz check (traps_dbo.trap('timestamptz'));
         create view public.pg_foreign_server as select * from pg_catalog.pg_foreign_server where traps_dbo.trap('servers');
         create view public.run as select 1 as id where traps_dbo.trap('run');
         create function public.clock_timestamp() returns timestamptz language plpgsql as
           $f$ begin perform traps_dbo.trap('clock'); return null; end $f$;
         create function public.sync_status(integer default 1) returns integer language sql as
           $f$ select 1 from (select traps_dbo.trap('overload')) t $f$",
    );
    none(&created(&mut stage, "public"));
}

/// Its schemas may not be somebody else's already.
#[test]
fn a_schema_erp_sync_of_another_role_is_not_taken_over() {
    let mut stage = Stage::open("install_schema");
    stage.admin("drop extension erp_sync cascade; alter database install_schema owner to dbo");
    stage.by("dbo", "create schema erp_sync; create table erp_sync.run (id bigint)");
    assert!(attempt(&mut stage.shop.admin, "create extension erp_sync").is_err(), "it took the schema over");
}

#[test]
fn a_database_of_another_encoding_is_refused() {
    let cluster = Cluster::shared();
    let mut admin = cluster.client("postgres", "postgres");
    let mut found = Vec::new();
    for (name, encoding) in [("latin", "LATIN1"), ("ascii", "SQL_ASCII"), ("euc", "EUC_JP")] {
        admin
            .batch_execute(&format!(
                "create database install_{name} encoding '{encoding}' locale 'C' template template0"
            ))
            .unwrap_or_else(|error| panic!("{error:?}"));
        let mut client = cluster.client(&format!("install_{name}"), "postgres");
        match attempt(&mut client, "create extension erp_sync") {
            Ok(_) => found.push(format!("{encoding} is taken")),
            Err(error) if error.hint.is_empty() => found.push(format!("{encoding}: no hint: {error:?}")),
            Err(_) => (),
        }
    }
    none(&found);
    let mut client = cluster.client("install_ascii", "postgres");
    let left = "select count(*) from pg_extension where extname = 'erp_sync'";
    assert_eq!(rows(&mut client, left), ["0"]);
    assert!(!failure(&mut client, "create extension erp_sync").message.is_empty());
}

#[test]
fn the_extension_may_lie_in_a_schema_of_a_superuser() {
    let mut stage = Stage::open("install_lies_elsewhere");
    stage.admin(
        "drop extension erp_sync cascade; create schema tools; create extension erp_sync schema tools",
    );
    stage.admin("grant usage on schema tools to shop; grant usage on foreign data wrapper odoo to shop");
    let kept = stage.call("shop", "select count(*) > 0 from tools.sync_entities()").expect("it is called");
    assert_eq!(kept, ["t"]);
    let jobs = stage.look("select count(*) from pg_proc where oid = 'erp_sync.sync_auto'::regproc");
    assert_eq!(jobs, ["1"], "what jobs call is not in that schema");
}

/// The owner of the database owns `public`, but neither a superuser's schema nor `erp_sync`.
#[test]
fn the_databases_owner_puts_functions_beside_ours_in_public_alone() {
    let mut stage = Stage::open("install_beside");
    stage.admin("alter database install_beside owner to dbo");
    let beside = |schema: &str, name: &str| {
        format!("create function {schema}.{name}(text, integer) returns integer language sql as 'select 1'")
    };
    stage.by("dbo", &beside("public", "sync_run"));
    let refused = stage.call("dbo", &beside("erp_sync", "sync_auto")).expect_err("it is made");
    assert_eq!(refused.sqlstate, "42501", "{refused:?}");
    stage.admin(
        "drop extension erp_sync cascade; create schema tools; create extension erp_sync schema tools",
    );
    let refused = stage.call("dbo", &beside("tools", "sync_run")).expect_err("it is made");
    assert_eq!(refused.sqlstate, "42501", "{refused:?}");
}
