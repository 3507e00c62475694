//! A manifest that leaves columns open: completed by a look at a server.

use serde_json::Value;

use super::{Listener, ask};
use crate::engine;
use crate::entity::open::Open;
use crate::error::{Error, Kind, Result};
use crate::source;
use crate::store;
use crate::store::call::{Message, Order};

/// Tells the manifest with the columns of the first server that has its objects.
pub(super) fn complete(order: &Order, manifest: &str, listener: &mut Listener) -> Result<()> {
    let manifest: Value = serde_json::from_str(manifest)
        .map_err(|e| Error::new(Kind::Internal, format!("the manifest cannot be read: {e}")))?;
    let open =
        Open::of(&manifest).ok_or_else(|| Error::new(Kind::Internal, "a manifest that is complete"))?;
    let mut trouble = None;
    for server in store::meant_servers(&open.source, &order.settings.target_schema)? {
        match completed(order, &server.name, manifest.clone(), open.clone(), listener) {
            Ok(manifest) => {
                return listener
                    .tell(&Message::Completed { manifest: manifest.to_string(), server: server.name });
            }
            Err(error) if error.kind == Kind::Cancelled => return Err(error),
            // Another server may have it.
            Err(error) => trouble = trouble.or(Some(error)),
        }
    }
    Err(trouble.unwrap_or_else(|| no_server(&open.source)))
}

/// The manifest with the columns as one server has them.
fn completed(
    order: &Order,
    server: &str,
    mut manifest: Value,
    open: Open,
    listener: &mut Listener,
) -> Result<Value> {
    let (_, remote) = store::to_discover(&order.settings, server)?;
    let server = server.to_string();
    ask::away(listener, move || async move {
        let mut source = source::open(remote)?;
        engine::complete(source.as_mut(), &server, &mut manifest, &open).await?;
        Ok(manifest)
    })
}

fn no_server(source: &str) -> Error {
    Error::new(Kind::Usage, format!("columns are left open, and there is no server of \"{source}\" to look at"))
        .hint(format!(
            "make one with: create server ... foreign data wrapper {source} options (...); or write each column as \
             {{\"name\": \"...\", \"type\": \"...\"}}"
        ))
}
