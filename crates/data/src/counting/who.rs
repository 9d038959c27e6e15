//! Whose process this is, by what the hub and Dask Gateway put into its environment.

use frazil_byte_ledger::Who;

use crate::surroundings::Surroundings;

/// The hub that frazil's hub file names; `up` puts it into servers and workers.
const HUB: &str = "FRAZIL_HUB";

/// Whose process this is. On a hub JupyterHub names user and server (`JUPYTERHUB_USER`, also given to
/// workers; `JUPYTERHUB_SERVER_NAME`), Dask Gateway the cluster (`DASK_GATEWAY_CLUSTER_NAME`).
pub fn who(surroundings: &Surroundings) -> Who {
    let of = |names: &[&str]| surroundings.first_variable(names).unwrap_or_default();
    Who {
        user: of(&["JUPYTERHUB_USER", "USER"]),
        hub: of(&[HUB]),
        cluster: of(&["DASK_GATEWAY_CLUSTER_NAME"]),
        server: of(&["JUPYTERHUB_SERVER_NAME"]),
        host: of(&["HOSTNAME"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_a_hub_and_a_worker_are_known() {
        let server =
            Surroundings::made([("JUPYTERHUB_USER", "ada"), ("USER", "jovyan"), ("HOSTNAME", "lab-3")]);
        let ada = Who { user: "ada".into(), host: "lab-3".into(), ..Who::default() };
        assert_eq!(who(&server), ada);
        let worker = Surroundings::made([
            ("JUPYTERHUB_USER", "ada"),
            ("FRAZIL_HUB", "lab"),
            ("DASK_GATEWAY_CLUSTER_NAME", "lab.4c1f"),
        ]);
        let of_worker =
            Who { user: "ada".into(), hub: "lab".into(), cluster: "lab.4c1f".into(), ..Who::default() };
        assert_eq!(who(&worker), of_worker);
    }
}
