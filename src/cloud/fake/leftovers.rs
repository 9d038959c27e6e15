//! What hubs left, and its removal.

use super::Fake;
use crate::cloud::leftover::in_order;
use crate::cloud::{Hub, Leftover, Removal};
use crate::error::Result;

impl Fake {
    pub(super) fn leftovers_now(&self, hub: &Hub) -> Result<Vec<Leftover>> {
        let all = self.called("leftovers", &hub.name)?.leftovers.get(&hub.name).cloned();
        Ok(in_order(all.unwrap_or_default()))
    }

    pub(super) fn remove_now(&self, leftover: &Leftover) -> Result<Removal> {
        let mut world = self.called("remove", &leftover.id)?;
        let known: Vec<_> = world.leftovers.values().flatten().map(|each| each.id.clone()).collect();
        let holders = world.held.get(&leftover.id).cloned().unwrap_or_default();
        let gone = |holder: &String| holder.starts_with(char::is_alphanumeric) && !holder.contains(' ');
        if let Some(holder) = holders.iter().find(|holder| known.contains(holder) || !gone(holder)) {
            return Ok(Removal::Held(format!("{holder} uses it")));
        }
        if let Some(calls) = world.slow.get_mut(&leftover.id).filter(|calls| **calls > 0) {
            *calls -= 1;
            return Ok(Removal::Going);
        }
        world.leftovers.values_mut().for_each(|all| all.retain(|each| each.id != leftover.id));
        Ok(Removal::Gone)
    }
}
