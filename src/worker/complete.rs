//! A manifest that leaves columns open: completed by a look at a server.

use super::{Listener, ask};
use crate::engine;
use crate::entity::open::Open;
use crate::error::{Error, Kind, Result};
use crate::source;
use crate::store;
use crate::store::call::{Message, Order};

/// Tells the manifest with the columns of the first server that has its objects.
pub(super) fn complete(order: &Order, manifest: &str, listener: &mut Listener) -> Result<()> {
    let manifest: serde_json::Value = serde_json::from_str(manifest)
        .map_err(|e| Error::new(Kind::Internal, format!("the manifest cannot be read: {e}")))?;
    let open =
        Open::of(&manifest).ok_or_else(|| Error::new(Kind::Internal, "a manifest that is complete"))?;
    let mut trouble = None;
    for server in store::meant_servers(&open.source, &order.settings.target_schema)? {
        let looked = ask::away(listener, {
            let (_, remote) = store::to_discover(&order.settings, &server.name)?;
            let (name, mut manifest, open) = (server.name.clone(), manifest.clone(), open.clone());
            move || async move {
                let mut source = source::open(remote)?;
                engine::complete(source.as_mut(), &name, &mut manifest, &open).await?;
                Ok(manifest)
            }
        });
        match looked.map_err(|error| ask::not_there(error, &server.name)) {
            Ok(manifest) => {
                return listener
                    .tell(&Message::Completed { manifest: manifest.to_string(), server: server.name });
            }
            Err(error) if error.kind == Kind::Cancelled || error.kind == Kind::Usage => return Err(error),
            Err(error) => trouble = trouble.or(Some(error)),
        }
    }
    Err(trouble.unwrap_or_else(|| no_server(&open.source)))
}

fn no_server(source: &str) -> Error {
    Error::new(Kind::Usage, format!("columns are left open, and there is no server of \"{source}\" to look at"))
        .hint(format!(
            "make one with: create server ... foreign data wrapper {source} options (...); or write each column as \
             {{\"name\": \"...\", \"type\": \"...\"}}"
        ))
}
