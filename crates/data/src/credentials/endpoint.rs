//! Where an archive gives its keys.

use url::Url;

use crate::error::{Error, Result};

/// An archive of Earthdata (DAAC) with data in the cloud.
#[derive(Clone, Copy)]
struct Archive {
    name: &'static str,
    /// Its provider in CMR for data in the cloud.
    provider: &'static str,
    host: &'static str,
}

/// Archives, with the hosts of their distribution. ASF serves each mission by a host of its own: this is
/// Sentinel-1's; the links of a granule know the others.
const ARCHIVES: [Archive; 10] = [
    archive("NSIDC", "NSIDC_CPRD", "data.nsidc.earthdatacloud.nasa.gov"),
    archive("PODAAC", "POCLOUD", "archive.podaac.earthdata.nasa.gov"),
    archive("LPDAAC", "LPCLOUD", "data.lpdaac.earthdatacloud.nasa.gov"),
    archive("GES_DISC", "GES_DISC", "data.gesdisc.earthdata.nasa.gov"),
    archive("GHRC", "GHRC_DAAC", "data.ghrc.earthdata.nasa.gov"),
    archive("ASF", "ASF", "sentinel1.asf.alaska.edu"),
    archive("ORNL", "ORNL_CLOUD", "data.ornldaac.earthdata.nasa.gov"),
    archive("OBDAAC", "OB_CLOUD", "obdaac-tea.earthdatacloud.nasa.gov"),
    archive("LAADS", "LAADS", "data.laadsdaac.earthdatacloud.nasa.gov"),
    archive("ASDC", "LARC_CLOUD", "data.asdc.earthdata.nasa.gov"),
];

const fn archive(name: &'static str, provider: &'static str, host: &'static str) -> Archive {
    Archive { name, provider, host }
}

/// Where an archive gives its keys, by its name or its provider in CMR.
///
/// # Errors
/// When there is none of that name.
pub fn of_archive(name: &str) -> Result<Url> {
    let of = |archive: &&Archive| {
        archive.name.eq_ignore_ascii_case(name) || archive.provider.eq_ignore_ascii_case(name)
    };
    let url = ARCHIVES
        .iter()
        .find(of)
        .and_then(|archive| Url::parse(&format!("https://{}/s3credentials", archive.host)).ok());
    url.ok_or_else(|| {
        let names: Vec<_> = ARCHIVES.iter().map(|archive| archive.name).collect();
        Error::Invalid {
            what: format!("no archive with data in S3 is called `{name}`"),
            advice: format!(
                "name one of {}, or give the s3credentials address from the granule's links",
                names.join(", ")
            ),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_found_by_name_and_provider() {
        for name in ["nsidc", "NSIDC_CPRD"] {
            assert_eq!(
                of_archive(name).unwrap().as_str(),
                "https://data.nsidc.earthdatacloud.nasa.gov/s3credentials"
            );
        }
        assert!(of_archive("NSIDC_ECS").unwrap_err().advice().contains("PODAAC"));
    }

    #[test]
    fn every_archive_may_see_the_token() {
        for archive in ARCHIVES {
            assert!(
                crate::login::Earthdata::may_see_token(&of_archive(archive.name).unwrap()),
                "{}",
                archive.name
            );
        }
    }
}
