//! Clusters, pools, tokens and versions.

use jiff::Timestamp;

use super::Fake;
use crate::cloud::{Cluster, Offered, Pool, Token};
use crate::context::Context;
use crate::error::Result;

impl Fake {
    pub(super) fn cluster_now(&self, name: &str) -> Result<Option<Cluster>> {
        Ok(self.called("cluster", name)?.clusters.get(name).cloned())
    }

    pub(super) fn pools_now(&self, cluster: &Cluster) -> Result<Vec<Pool>> {
        let mut pools =
            self.called("pools", &cluster.name)?.pools.get(&cluster.name).cloned().unwrap_or_default();
        pools.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(pools)
    }

    pub(super) fn token_now(&self, cluster: &Cluster) -> Result<Token> {
        let mut world = self.called("token", &cluster.name)?;
        world.tokens += 1;
        let now: Timestamp = Context::from_process().now();
        let expires = now.checked_add(world.token_lasts).unwrap_or(now);
        Ok(Token::new(format!("token-{}-{}", cluster.name, world.tokens), expires))
    }

    pub(super) fn versions_now(&self) -> Result<Vec<Offered>> {
        Ok(self.called("versions", "")?.versions.clone())
    }
}
