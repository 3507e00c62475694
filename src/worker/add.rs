//! A remote object that is looked at, defined and synced in one call.

use super::{Listener, ask, run};
use crate::engine::{self, Addition};
use crate::entity::catalog;
use crate::entity::quote::quote_literal;
use crate::error::{Error, Kind, Result};
use crate::source;
use crate::store::call::{Call, Message, Order, Wanted, WantedMode};
use crate::store::{self, session};

/// Defines an entity that reads the object, tells what was chosen, and syncs it for the first time. What is defined
/// stays when the sync fails.
pub(super) fn add(order: &Order, addition: Addition, listener: &mut Listener) -> Result<()> {
    let (server, remote) = store::to_discover(&order.settings, &addition.server)?;
    let known = session::transaction(store::entities)?;
    no_built_in(&addition)?;
    let schema = order.settings.target_schema.clone();
    let looked = ask::away(listener, {
        let (kind, addition) = (server.kind.clone(), addition.clone());
        move || async move {
            let mut source = source::open(remote)?;
            engine::add(source.as_mut(), &kind, &schema, &addition, &known).await
        }
    });
    let (manifest, choices) = looked?;
    let defined = session::transaction(|| store::define(&manifest.to_string()));
    let entity = defined.map_err(|error| match error.kind {
        Kind::Conflict => renamed(error, &addition),
        Kind::Manifest if addition.entity.is_some() => renamed(error, &addition),
        _ => error,
    })?;
    for choice in choices {
        listener.tell(&Message::Chosen(choice))?;
    }
    let wanted = Wanted { entity, server: Some(server.name), mode: WantedMode::Incremental, confirm: false };
    let order = Order { call: Call::Run(wanted.clone()), settings: order.settings.clone() };
    run::lead(&order, &wanted, None, listener)
}

/// A whole manifest of a built-in name would go before the built-in one, whose other tables nobody read then.
fn no_built_in(addition: &Addition) -> Result<()> {
    let Some(name) = &addition.entity else { return Ok(()) };
    match catalog::find(name, catalog::builtin()) {
        None => Ok(()),
        Some(built_in) => Err(renamed(
            Error::new(Kind::Usage, format!("entity \"{}\" is built in", built_in.name))
                .detail("what is added would take its place, and its tables would not be read any more"),
            addition,
        )),
    }
}

/// What stands in the way of an entity is mostly its name.
fn renamed(error: Error, addition: &Addition) -> Error {
    let (server, object) = (quote_literal(&addition.server), quote_literal(&addition.object));
    let line = format!("give it another name: select * from sync_add({server}, {object}, entity => '...')");
    error.hint(line)
}
