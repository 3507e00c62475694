//! What an honest owner has on his tables works as it did, or is refused with the line to type, which then works.

use crate::stage::{Outcome, Stage, attempt, none};

/// What an owner may have on a table, with what tells that it ran: a count that is not 0.
struct Thing {
    name: &'static str,
    sql: &'static str,
    ran: &'static str,
}

const THINGS: [Thing; 9] = [
    Thing {
        name: "deferred",
        sql: "create table erp.log (id bigint);
              create function erp.note() returns trigger language plpgsql as
                $$ begin insert into erp.log values (new.id); return null; end $$;
              create constraint trigger t after insert or update on erp.currencies deferrable initially deferred
                for each row execute function erp.note()",
        ran: "select count(*) from erp.log",
    },
    Thing {
        name: "deferred_key",
        sql: "create table erp.countries (id bigint primary key);
              insert into erp.countries select id from erp.currencies;
              alter table erp.currencies add constraint known foreign key (id) references erp.countries
                deferrable initially deferred",
        ran: "select count(*) from erp.currencies",
    },
    Thing {
        name: "temporary",
        sql: "create table erp.log (id bigint);
              create function erp.note() returns trigger language plpgsql as
                $$ begin
                  create temporary table if not exists scratch (id bigint) on commit drop;
                  insert into scratch values (new.id); insert into erp.log select count(*) from scratch;
                  return new;
                end $$;
              create trigger t before insert or update on erp.currencies for each row execute function erp.note()",
        ran: "select count(*) from erp.log",
    },
    Thing {
        name: "notify",
        sql: "create table erp.log (id bigint);
              create function erp.note() returns trigger language plpgsql as
                $$ begin
                  perform pg_notify('currencies', new.id::text); insert into erp.log values (new.id);
                  return new;
                end $$;
              create trigger t after insert or update on erp.currencies for each row execute function erp.note()",
        ran: "select count(*) from erp.log",
    },
    Thing {
        name: "sequence",
        sql: "create sequence erp.numbers;
              create function erp.note() returns trigger language plpgsql as
                $$ begin
                  perform setval('erp.numbers', nextval('erp.numbers') + 1); return new;
                end $$;
              create trigger t before insert or update on erp.currencies for each row execute function erp.note();
              alter table erp.currencies add column number bigint default nextval('erp.numbers')",
        ran: "select last_value - 1 from erp.numbers",
    },
    Thing {
        name: "forced",
        sql: "create policy p on erp.currencies using (true) with check (true);
              alter table erp.currencies enable row level security;
              alter table erp.currencies force row level security",
        ran: "select count(*) from erp.currencies",
    },
    Thing {
        name: "definer",
        sql: "create table erp.log (id bigint);
              create function erp.note() returns trigger language plpgsql security definer
                set search_path = pg_catalog, pg_temp as
                $$ begin insert into erp.log values (new.id); return new; end $$;
              create trigger t before insert or update on erp.currencies for each row execute function erp.note()",
        ran: "select count(*) from erp.log",
    },
    Thing {
        name: "statement",
        sql: "create table erp.log (id bigint);
              create function erp.note() returns trigger language plpgsql as
                $$ begin insert into erp.log select id from changed; return null; end $$;
              create trigger t after insert on erp.currencies referencing new table as changed
                for each statement execute function erp.note();
              create trigger u after update on erp.currencies referencing new table as changed
                for each statement execute function erp.note()",
        ran: "select count(*) from erp.log",
    },
    Thing {
        name: "view",
        sql: "create view erp.euros as select * from erp.currencies where name = 'EUR';
              create materialized view erp.codes as select name from erp.currencies;
              create index on erp.currencies (lower(name)); grant select on erp.currencies to reader",
        ran: "select count(*) from erp.euros",
    },
];

/// Rows that are new and rows that are changed.
const RUN: &str =
    "select state, inserted, updated from sync_run('currencies', mode => 'full', confirm => true)";

/// Makes a run have something to do.
fn stale(stage: &Stage) {
    let sql = "delete from erp.currencies where id in (2, 3);
               update erp.currencies set source_updated_at = '2001-01-01' where id = 1";
    stage.by("shop", sql);
}

/// What is wrong with a run that should have written.
fn complaint(stage: &mut Stage, thing: &Thing, outcome: &Outcome) -> Option<String> {
    match outcome {
        Err(error) => Some(format!("{error:?}")),
        Ok(rows) if rows != &["succeeded|2|1"] => Some(format!("{rows:?}")),
        Ok(_) if stage.look(thing.ran) == ["0"] => Some("it did not run".into()),
        Ok(_) => None,
    }
}

fn works(stage: &mut Stage, thing: &Thing, outcome: &Outcome) -> bool {
    complaint(stage, thing, outcome).is_none()
}

/// Lines that a hint offers: SQL, or the role to run as.
fn lines(hint: &str) -> Vec<String> {
    let parts =
        hint.split('\n').flat_map(|line| line.split(": ").map(str::to_owned).chain([line.to_owned()]));
    parts
        .map(|part| part.trim().trim_end_matches(", or").to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

/// Types what the hint says, as whom it takes, and runs again: as the owner where it says so.
fn as_told(stage: &mut Stage, thing: &Thing, caller: &str, hint: &str) -> Option<String> {
    let mut as_whom = vec![caller];
    if hint.contains("run as the owner") || hint.contains("run as shop") || hint.contains("set role shop") {
        as_whom.push("shop");
    }
    for line in lines(hint) {
        for typist in [caller, "shop", "postgres"] {
            let mut session = stage.session(typist);
            if attempt(&mut session, &line).is_err() {
                continue;
            }
            // A line such as `set role` counts for its session alone.
            let outcome = attempt(&mut session, RUN);
            if works(stage, thing, &outcome) {
                return None;
            }
            stale(stage);
        }
    }
    for whom in as_whom {
        let outcome = stage.call(whom, RUN);
        if works(stage, thing, &outcome) {
            return None;
        }
        stale(stage);
    }
    Some(format!("{caller}: what the hint says does not help: {hint}"))
}

fn honest(name: &str) {
    let thing = THINGS.iter().find(|thing| thing.name == name).expect("a thing of that name");
    let mut stage = Stage::open(&format!("honest_{name}"));
    stage.shop.run("select sync_run('currencies')");
    stage.shop.run(thing.sql);
    let mut found = Vec::new();
    for caller in ["shop", "postgres", "manager"] {
        stale(&stage);
        let outcome = stage.call(caller, RUN);
        let complaint = complaint(&mut stage, thing, &outcome);
        match (complaint, outcome) {
            (None, _) => println!("{name}, {caller}: works"),
            (Some(what), Err(error)) if !error.hint.is_empty() => {
                println!("{name}, {caller}: {what}");
                found.extend(as_told(&mut stage, thing, caller, &error.hint));
            }
            (Some(what), _) => found.push(format!("{caller}: {what}")),
        }
    }
    none(&found);
}

#[test]
fn a_deferred_constraint_trigger() {
    honest("deferred");
}

#[test]
fn a_deferred_foreign_key_of_ones_own() {
    honest("deferred_key");
}

#[test]
fn a_temporary_table_in_a_trigger() {
    honest("temporary");
}

#[test]
fn a_notification_in_a_trigger() {
    honest("notify");
}

#[test]
fn a_sequence_in_a_trigger_and_in_a_default() {
    honest("sequence");
}

#[test]
fn forced_row_security() {
    honest("forced");
}

#[test]
fn a_trigger_with_the_rights_of_its_definer() {
    honest("definer");
}

#[test]
fn a_trigger_with_transition_tables() {
    honest("statement");
}

#[test]
fn views_and_indexes_of_ones_own() {
    honest("view");
}
