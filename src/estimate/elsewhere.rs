//! The same hub in another region or cloud.

use crate::catalog::{self, Provider, regions};
use crate::config::{Aws, Backup, Gcp, HubFile, Pools, Provider as Place};

/// Regions of AWS and Google Cloud that lie in the same place, or next to each other; the first row of a
/// region is the one that counts (AWS, "Regions and Zones"; Google Cloud, "Global locations").
pub const NEAR: [(&str, &str, &str); 27] = [
    ("us-west-2", "us-west1", "Oregon"),
    ("us-west-1", "us-west2", "California"),
    ("us-east-1", "us-east4", "Virginia"),
    ("us-east-2", "us-east5", "Ohio"),
    ("us-east-2", "us-central1", "Ohio and Iowa"),
    ("us-east-1", "us-east1", "Virginia and South Carolina"),
    ("ca-central-1", "northamerica-northeast1", "Montréal"),
    ("sa-east-1", "southamerica-east1", "São Paulo"),
    ("eu-west-1", "europe-west2", "Ireland and London"),
    ("eu-west-2", "europe-west2", "London"),
    ("eu-west-3", "europe-west9", "Paris"),
    ("eu-central-1", "europe-west3", "Frankfurt"),
    ("eu-central-1", "europe-west4", "Frankfurt and the Netherlands"),
    ("eu-west-3", "europe-west1", "Paris and Belgium"),
    ("eu-north-1", "europe-north2", "Stockholm"),
    ("eu-north-1", "europe-north1", "Stockholm and Finland"),
    ("eu-south-1", "europe-west8", "Milan"),
    ("ap-northeast-1", "asia-northeast1", "Tokyo"),
    ("ap-northeast-2", "asia-northeast3", "Seoul"),
    ("ap-northeast-3", "asia-northeast2", "Osaka"),
    ("ap-south-1", "asia-south1", "Mumbai"),
    ("ap-southeast-1", "asia-southeast1", "Singapore"),
    ("ap-southeast-2", "australia-southeast1", "Sydney"),
    ("ap-southeast-2", "australia-southeast2", "Sydney and Melbourne"),
    ("ap-east-1", "asia-east2", "Hong Kong"),
    ("af-south-1", "africa-south1", "Cape Town and Johannesburg"),
    ("me-south-1", "me-central1", "Bahrain and Doha"),
];

/// The region of the other cloud that is nearest to one.
pub fn counterpart(provider: Provider, region: &str) -> Option<(Provider, &'static str)> {
    match provider {
        Provider::Aws => {
            NEAR.iter().find(|(aws, ..)| *aws == region).map(|(_, gcp, _)| (Provider::Gcp, *gcp))
        }
        Provider::Gcp => {
            NEAR.iter().find(|(_, gcp, _)| *gcp == region).map(|(aws, ..)| (Provider::Aws, *aws))
        }
    }
}

/// The cloud that has a region.
pub fn owner(region: &str) -> Option<(Provider, &'static str)> {
    let found = |cloud: Provider| regions(cloud).find(|name| *name == region).map(|name| (cloud, name));
    Provider::ALL.into_iter().find_map(found)
}

/// The cloud and region of a hub, where it has one.
pub fn place(hub: &HubFile) -> Option<(Provider, &str)> {
    match &hub.provider {
        Place::Aws(aws) => Some((Provider::Aws, aws.region.as_str())),
        Place::Gcp(gcp) => Some((Provider::Gcp, gcp.region.as_str())),
        Place::Kubernetes(_) | Place::Local(_) => None,
    }
}

/// A hub in a region of another cloud, and what of its file could not be taken there. In another region of the
/// same cloud its machines stay.
pub fn moved(hub: &HubFile, provider: Provider, region: &str) -> Option<(HubFile, Vec<String>)> {
    let mut other = hub.clone();
    other.provider = match (provider, &hub.provider) {
        (Provider::Aws, Place::Aws(aws)) => Place::Aws(Aws { region: region.parse().ok()?, ..aws.clone() }),
        (Provider::Gcp, Place::Gcp(gcp)) => Place::Gcp(Gcp { region: region.parse().ok()?, ..gcp.clone() }),
        // Accounts and projects have no part in prices.
        (Provider::Aws, _) => {
            Place::Aws(Aws { account: "000000000000".parse().ok()?, region: region.parse().ok()? })
        }
        (Provider::Gcp, _) => {
            Place::Gcp(Gcp { project: "same-hub".parse().ok()?, region: region.parse().ok()? })
        }
    };
    let same_cloud = place(hub).is_some_and(|(cloud, _)| cloud == provider);
    let mut lost = Vec::new();
    if !hub.zones.is_empty() {
        other.zones.clear();
        lost.push("zones are the region's first ones".to_owned());
    }
    clear_zones(&mut other.pools);
    if !same_cloud {
        lost.extend(clear_machines(&mut other.pools));
        if !hub.overrides.terraform.is_empty() {
            other.overrides.terraform.clear();
            lost.push("`overrides.terraform` is of the other cloud's module and left out".to_owned());
        }
        lost.extend(homes(&mut other, provider));
    }
    Some((other, lost))
}

/// Homes without a quota are on the cloud's own file system.
fn homes(hub: &mut HubFile, provider: Provider) -> Vec<String> {
    if !hub.hub || hub.storage.homes.quota.is_some() {
        return Vec::new();
    }
    let mut lost = vec![match provider {
        Provider::Aws => "homes are on EFS, paid by what they hold".to_owned(),
        Provider::Gcp => {
            "homes are on Filestore, 1 TiB at least; with `storage.homes.quota` on a disk".to_owned()
        }
    }];
    if provider == Provider::Gcp && hub.storage.homes.backup != Backup::None {
        hub.storage.homes.backup = Backup::None;
        lost.push("Google has no schedule for backups of Filestore; they are left out".to_owned());
    }
    lost
}

fn each(pools: &mut Pools) -> impl Iterator<Item = (&'static str, &mut crate::config::Pool)> {
    let Pools { core, user, dask, gpu } = pools;
    let named = [("core", core), ("user", user), ("dask", dask), ("gpu", gpu)];
    named.into_iter().filter_map(|(name, pool)| pool.as_mut().map(|pool| (name, pool)))
}

fn clear_zones(pools: &mut Pools) {
    for (_, pool) in each(pools) {
        pool.zones.clear();
    }
}

fn clear_machines(pools: &mut Pools) -> Vec<String> {
    let mut lost = Vec::new();
    for (name, pool) in each(pools) {
        let named = pool.machine.take().is_some();
        if !std::mem::take(&mut pool.machines).is_empty() || named {
            lost.push(format!("the machines of the {name} pool are chosen anew"));
        }
    }
    lost
}

/// Whether a region's machines have prices, so that a hub there can be estimated.
pub fn has_prices(provider: Provider, region: &str) -> bool {
    catalog::Region::open(provider, region).is_ok_and(|region| region.has_machine_prices())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_of_the_table_is_in_the_catalog_and_has_prices() {
        for (aws, gcp, place) in NEAR {
            assert!(has_prices(Provider::Aws, aws), "{aws} {place}");
            assert!(has_prices(Provider::Gcp, gcp), "{gcp} {place}");
        }
        assert_eq!(counterpart(Provider::Aws, "us-west-2"), Some((Provider::Gcp, "us-west1")));
        assert_eq!(counterpart(Provider::Gcp, "us-west1"), Some((Provider::Aws, "us-west-2")));
        assert_eq!(counterpart(Provider::Gcp, "us-central1"), Some((Provider::Aws, "us-east-2")));
        assert_eq!(counterpart(Provider::Aws, "us-gov-west-1"), None);
    }

    #[test]
    fn what_cannot_be_taken_along_is_said() {
        let hub: HubFile = serde_yaml::from_str(
            "name: lab\nprovider: { aws: { account: \"123456789012\", region: us-west-2 } }\nzones: [us-west-2a]\n\
             pools: { user: { machine: r7i.2xlarge, max: 40 } }\nstorage: { homes: { backup: daily } }\n",
        )
        .unwrap();
        let (other, lost) = moved(&hub, Provider::Gcp, "us-west1").unwrap();
        assert_eq!(place(&other), Some((Provider::Gcp, "us-west1")));
        assert!(other.zones.is_empty() && other.pools.user.as_ref().unwrap().machine.is_none());
        let words = lost.join("; ");
        for word in ["zones", "user pool", "Filestore", "backups"] {
            assert!(words.contains(word), "{word}: {words}");
        }
        let (near, lost) = moved(&hub, Provider::Aws, "us-east-1").unwrap();
        assert!(near.pools.user.unwrap().machine.is_some());
        assert_eq!(lost.len(), 1, "{lost:?}");
    }
}
