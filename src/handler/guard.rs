//! May the service's own stack be created, changed or deleted?

use policy::custom_resource::RequestType;
use tracing::warn;

use super::{Error, Handler};
use crate::store::{Closing, Store};

impl Handler {
    /// The guard of the service's own stack: it cannot be deleted while something is registered or paid for.
    pub(super) async fn guard(&self, kind: RequestType, store: Store<'_>) -> Result<(), Error> {
        match kind {
            RequestType::Create => {
                store.take_up(true).await?;
                Ok(())
            }
            RequestType::Update => self.guard_update(store).await,
            RequestType::Delete => self.guard_delete(store).await,
        }
    }

    /// Another deployment's name would leave behind what was bought.
    async fn guard_update(&self, store: Store<'_>) -> Result<(), Error> {
        let differs = store
            .deployment_item()
            .await?
            .is_some_and(|known| known.name != store.deployment || known.group != store.group);
        let registered = store.all().await?;
        if differs && !registered.is_empty() {
            return Err(Error::NotAllowed(format!(
                "the table belongs to another deployment, and {} commitments are registered there; retire each of them first",
                registered.len()
            )));
        }
        if registered.is_empty() {
            store.take_up(true).await?;
        }
        Ok(())
    }

    async fn guard_delete(&self, store: Store<'_>) -> Result<(), Error> {
        let marked = self.marked(store.deployment).await;
        let closing = match store.close().await {
            // Something may be registered. The deployment may be closed by now, and has to go on.
            Err(error) if error.is_passing() => {
                if let Err(error) = store.set_open(true).await {
                    warn!("{error}");
                }
                return Err(error.into());
            }
            // Without a table, only what bears our marks can be paid for.
            Err(error) => {
                warn!("{error}");
                Closing::Closed
            }
            Ok(closing) => closing,
        };
        let registered = match closing {
            Closing::StillRegistered(names) => names,
            Closing::Closed => Vec::new(),
        };
        let refused = match (&registered[..], &marked) {
            ([], Ok(marked)) if marked.is_empty() => return Ok(()),
            ([], Ok(marked)) => format!("still there: {}", marked.join(", ")),
            ([], Err(error)) => error.to_string(),
            (names, _) => format!("still registered in {}: {}", store.deployment, names.join(", ")),
        };
        if registered.is_empty()
            && let Err(error) = store.set_open(true).await
        {
            warn!("{error}");
        }
        Err(Error::NotAllowed(format!(
            "{refused}; delete or retire each of them first: without this service nobody would delete what they pay for"
        )))
    }
}
