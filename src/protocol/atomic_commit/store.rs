//! The values of one site, changed in place, with what is needed to undo a change (Bernstein, Hadzilacos and
//! Goodman §6.4, undo/redo).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::options::ResourceOptions;
use super::transaction::{Key, TransactionId};
use crate::protocol::NodeId;

/// A value and the transaction that wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Version {
    /// The value.
    pub value: i64,
    /// Who wrote it; `None` for the opening balance.
    pub written_by: Option<TransactionId>,
}

/// All values of one site.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Store {
    opening_balance: i64,
    versions: Arc<BTreeMap<Key, Version>>,
}

impl Store {
    /// The values that a site begins with.
    pub fn opening(site: NodeId, options: &ResourceOptions) -> Store {
        let versions = options
            .balances
            .iter()
            .filter(|balance| balance.at.site == site)
            .map(|balance| (balance.at.key.clone(), Version { value: balance.balance, written_by: None }))
            .collect();
        Store { opening_balance: options.opening_balance, versions: Arc::new(versions) }
    }

    /// The value of a key, committed or not. A key that was never mentioned holds the opening balance.
    pub fn get(&self, key: &str) -> Version {
        self.versions.get(key).copied().unwrap_or(Version { value: self.opening_balance, written_by: None })
    }

    /// Puts a version in place.
    pub fn set(&mut self, key: &Key, version: Version) {
        Arc::make_mut(&mut self.versions).insert(key.clone(), version);
    }

    /// Every key that was ever mentioned, in order, with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Version)> {
        self.versions.iter()
    }

    /// Takes changes back, the latest first.
    pub fn undo(&mut self, before: &[(Key, Version)]) {
        for (key, version) in before.iter().rev() {
            self.set(key, *version);
        }
    }
}
