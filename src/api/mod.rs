//! The SQL functions: check the arguments, call, shape the rows.

// PostgreSQL gets SQLSTATE, detail and hint only from pgrx's own report, which is large.
#![allow(clippy::result_large_err)]

mod add;
mod argument;
mod check;
mod define;
mod diff;
mod discover;
mod entities;
mod gate;
mod handler;
mod hidden;
mod object_id;
mod plan;
mod run;
mod schedule;
mod status;
mod validator;
mod waiting;

use crate::entity::{Entity, catalog, nearest};
use crate::error::{Error, Kind, Result};
use crate::store;

/// Where to look for the names of entities.
const ENTITIES: &str = "look at: select * from sync_entities()";

/// A named argument that must not be null.
fn required<T>(argument: Option<T>, name: &str) -> Result<T> {
    argument.ok_or_else(|| {
        Error::new(Kind::Usage, format!("argument \"{name}\" must not be null"))
            .hint("leave it out to get its default")
    })
}

/// The entity of a name or alias; a wrong name is answered with the right ones.
fn entity(name: &str) -> Result<Entity> {
    let entities = store::entities()?;
    catalog::find(name, &entities).cloned().ok_or_else(|| {
        let names: Vec<&str> = entities.iter().map(|entity| entity.name.as_str()).collect();
        let error = Error::new(Kind::Usage, format!("there is no entity \"{name}\""))
            .detail(format!("entities are: {}", names.join(", ")));
        match nearest::nearest(name, names.iter().copied()) {
            Some(word) => error.hint(format!("did you mean \"{word}\"?")),
            None => error,
        }
    })
}
