//! The files of many finds in one folder, each with a path of its own.
//!
//! Archives name files so that no two are called alike; STAC catalogues often call them by what they are,
//! `B02.tif` in every item. So a file of a STAC item goes into a folder named by the item's id, always: its
//! path follows from the item alone, and a later search that finds more moves nothing. All others keep their
//! names without a folder; only where two of them are called alike do these go into folders by their ids.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};

use super::{Asset, Item, Source};
use crate::download;
use crate::error::Error;

/// Most bytes of a folder's name; file systems take 255.
const LONGEST_NAME: usize = 200;

/// Gathers files for one folder.
#[derive(Debug, Default)]
pub struct Files {
    files: Vec<Placed>,
}

/// A file with the folder around its path where that is another's too.
#[derive(Debug)]
struct Placed {
    file: download::Item,
    folder: Option<PathBuf>,
}

impl Files {
    /// For a folder to which nothing goes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the files of an item's data whose names match a pattern (`*` and `?`), with sizes and checksums
    /// where the catalogue tells them to the byte, and with where keys for S3 are given. Returns why others
    /// cannot be downloaded, or that there are none; one that a file of the same name stands in for, such as a
    /// mirror by FTP, is left out.
    pub fn add(&mut self, item: &Item, pattern: Option<&str>) -> Vec<Error> {
        let keys = item.s3_keys();
        let alike = called_alike(item);
        let (first, others) = folders(item);
        let (mut usable, mut wrong) = (HashSet::new(), Vec::new());
        let mut fitting = item.data_matching(pattern).peekable();
        if fitting.peek().is_none() {
            return vec![no_data(item, pattern)];
        }
        for asset in fitting {
            let mut file = match asset.download(keys.as_ref()) {
                Ok(file) => file,
                Err(error) => {
                    wrong.push((asset.file_name(), error));
                    continue;
                }
            };
            file.dataset = item.dataset.counted_as();
            usable.insert(asset.file_name());
            if alike.contains(asset.file_name()) {
                file.to = Path::new(&folder_name(&asset.key)).join(&file.to);
            }
            file.to = first.join(&file.to);
            self.files.push(Placed { file, folder: others.clone() });
        }
        wrong.retain(|(name, _)| name.is_empty() || !usable.contains(name));
        wrong.into_iter().map(|(_, error)| error).collect()
    }

    /// Adds a file that is of no item. It keeps its path.
    pub fn push(&mut self, file: download::Item) {
        self.files.push(Placed { file, folder: None });
    }

    /// Whether there are none so far.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The files with their paths. The same address twice is one file; files of items with different
    /// addresses have different paths.
    pub fn finish(self) -> Vec<download::Item> {
        let mut seen = HashSet::new();
        let mut files = self.files;
        files.retain(|placed| seen.insert(placed.file.identity()));
        set_apart(&mut files);
        files.into_iter().map(|placed| placed.file).collect()
    }
}

fn no_data(item: &Item, pattern: Option<&str>) -> Error {
    let fitting = pattern.map(|pattern| format!(" whose name matches `{pattern}`")).unwrap_or_default();
    let advice = "look at its assets, and at the pattern for names of files".to_owned();
    Error::Invalid { what: format!("{} has no data{fitting}", item.name), advice }
}

/// Moves files whose paths others have too into a folder each.
fn set_apart(files: &mut [Placed]) {
    let mut taken: HashMap<&Path, usize> = HashMap::new();
    for placed in files.iter() {
        *taken.entry(&placed.file.to).or_default() += 1;
    }
    let clashing: HashSet<PathBuf> =
        taken.into_iter().filter(|(_, count)| *count > 1).map(|(path, _)| path.to_owned()).collect();
    for placed in files.iter_mut().filter(|placed| clashing.contains(&placed.file.to)) {
        if let Some(folder) = placed.folder.take() {
            placed.file.to = folder.join(&placed.file.to);
        }
    }
}

/// The folder that files of an item go into, and the one around it where their paths are others' too.
fn folders(item: &Item) -> (PathBuf, Option<PathBuf>) {
    let own = PathBuf::from(folder_name(&item.id));
    match item.source {
        Source::Stac => (own, item.dataset.id.as_deref().map(folder_name).map(PathBuf::from)),
        Source::Cmr | Source::Esm | Source::Intake | Source::Address => (PathBuf::new(), Some(own)),
    }
}

/// The names that several files of an item have, whichever of them are wanted.
fn called_alike(item: &Item) -> HashSet<&str> {
    let mut known: HashMap<&str, &str> = HashMap::new();
    let alike = item.data().filter(|asset| {
        known.insert(asset.file_name(), &asset.href).is_some_and(|other| other != asset.href)
    });
    alike.map(Asset::file_name).collect()
}

/// An id as the name of a folder: what cannot be in a name is a `_`, and what was changed ends with a digest
/// of the id, so that no two ids have one folder.
fn folder_name(id: &str) -> String {
    let plain = |sign: char| if sign.is_control() || matches!(sign, '/' | '\\') { '_' } else { sign };
    let mut name: String = id.chars().map(plain).collect();
    if name.starts_with('.') {
        name.replace_range(..1, "_");
    }
    while name.len() > LONGEST_NAME {
        name.pop();
    }
    if name == id && !name.is_empty() {
        return name;
    }
    let digest = digest(&SHA256, id.as_bytes());
    name.push('-');
    name.extend(digest.as_ref().iter().take(4).map(|byte| format!("{byte:02x}")));
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::found::{Dataset, Role};

    fn item(source: Source, id: &str, hrefs: &[(&str, &str)]) -> Item {
        let assets = hrefs.iter().map(|(key, href)| Asset::new(*key, *href, Role::Data)).collect();
        Item {
            dataset: Dataset { id: Some("c".to_owned()), ..Dataset::default() },
            assets,
            ..Item::new(source, id)
        }
    }

    fn paths(items: &[Item], pattern: Option<&str>) -> Vec<String> {
        let mut files = Files::new();
        for item in items {
            assert!(files.add(item, pattern).is_empty());
        }
        let files = files.finish();
        files.iter().map(|file| file.to.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn files_of_stac_items_are_in_folders_by_their_ids() {
        let one = item(Source::Stac, "s1", &[("b2", "https://a/s1/B02.tif"), ("b3", "https://a/s1/B03.tif")]);
        let other = item(Source::Stac, "s2", &[("b2", "s3://b/s2/B02.tif")]);
        assert_eq!(paths(&[one.clone(), other.clone()], None), ["s1/B02.tif", "s1/B03.tif", "s2/B02.tif"]);
        assert_eq!(paths(&[one], Some("B02*")), ["s1/B02.tif"], "alone as with others");
        let mut elsewhere = item(Source::Stac, "s2", &[("b2", "https://a/t/s2/B02.tif")]);
        elsewhere.dataset.id = Some("d".to_owned());
        assert_eq!(paths(&[other, elsewhere], None), ["c/s2/B02.tif", "d/s2/B02.tif"]);
    }

    #[test]
    fn files_of_one_item_that_are_called_alike_are_in_folders_by_their_keys() {
        let fine = [("10m", "https://a/R10m/B02.jp2"), ("60m", "https://a/R60m/B02.jp2")];
        let item = item(Source::Stac, "s", &fine);
        assert_eq!(paths(std::slice::from_ref(&item), None), ["s/10m/B02.jp2", "s/60m/B02.jp2"]);
    }

    #[test]
    fn granules_keep_their_names_but_where_two_are_called_alike() {
        let one = item(Source::Cmr, "G1-A", &[("data", "https://a/1/x.nc"), ("more", "https://a/1/y.nc")]);
        let other = item(Source::Cmr, "G2-A", &[("data", "https://a/2/x.nc")]);
        assert_eq!(paths(std::slice::from_ref(&one), None), ["x.nc", "y.nc"]);
        assert_eq!(paths(&[one.clone(), other.clone()], None), ["G1-A/x.nc", "y.nc", "G2-A/x.nc"]);
        let same = item(Source::Cmr, "G3-A", &[("data", "https://a/2/x.nc")]);
        assert_eq!(paths(&[other, same], None), ["x.nc"], "one address is one file");
        let mut files = Files::new();
        files.push(download::Item::https("https://b/x.nc".parse().unwrap()).unwrap());
        assert!(files.add(&one, Some("x*")).is_empty());
        let files: Vec<_> = files.finish().into_iter().map(|file| file.to).collect();
        assert_eq!(files, [Path::new("x.nc"), Path::new("G1-A/x.nc")]);
    }

    #[test]
    fn granules_without_a_link_have_the_keys_of_their_archive() {
        let mut granule = item(Source::Cmr, "G1-A", &[("data", "s3://nsidc/x.h5")]);
        assert_eq!(granule.s3_keys(), None);
        granule.provider = Some("NSIDC_CPRD".to_owned());
        let mut files = Files::new();
        assert!(files.add(&granule, None).is_empty());
        let keys = files.finish()[0].s3.clone().unwrap().credentials.unwrap();
        assert_eq!(keys.as_str(), "https://data.nsidc.earthdatacloud.nasa.gov/s3credentials");
        let own = "https://archive.swot.podaac.earthdata.nasa.gov/s3credentials";
        granule.assets.push(Asset::new("keys", own, Role::Credentials));
        assert_eq!(granule.s3_keys().unwrap().as_str(), own);
        let other = Item { source: Source::Stac, assets: Vec::new(), ..granule };
        assert_eq!(other.s3_keys(), None, "a provider of STAC is none of CMR's");
    }

    #[test]
    fn keys_of_buckets_are_taken_as_they_are() {
        let assets = [("a", "s3://b/c%20d e#1.nc"), ("b", "gs://b/100%?.nc")];
        let mut files = Files::new();
        assert!(files.add(&item(Source::Cmr, "G1-A", &assets), None).is_empty());
        let files = files.finish();
        let key = |file: &crate::download::Item| {
            let s3 = file.s3.as_ref().map(|s3| s3.key.clone());
            s3.or_else(|| file.google.as_ref().map(|google| google.key.clone()))
        };
        assert_eq!(files.iter().filter_map(key).collect::<Vec<_>>(), ["c%20d e#1.nc", "100%?.nc"]);
        assert_eq!(files[0].to, Path::new("c%20d e#1.nc"));
        assert_eq!(files[1].to, Path::new("100%?.nc"));
    }

    #[test]
    fn what_is_no_file_costs_no_other() {
        let fine = [
            ("data", "https://a/x.nc"),
            ("mirror", "ftp://a/x.nc"),
            ("store", "gs://b/y.zarr/"),
            ("own", "gs://b/z.nc"),
        ];
        let mut files = Files::new();
        let wrong = files.add(&item(Source::Cmr, "G1-A", &fine), None);
        assert_eq!((files.finish().len(), wrong.len()), (2, 1));
        assert!(wrong[0].to_string().contains("gs://b/y.zarr/"), "{}", wrong[0]);
    }

    proptest! {
        #[test]
        fn every_id_is_one_folder_below(one in "\\PC{0,300}|[./\\\\a]{0,6}", other in "\\PC{0,300}|[./\\\\a]{0,6}") {
            let (name, second) = (folder_name(&one), folder_name(&other));
            let parts: Vec<_> = Path::new(&name).components().collect();
            prop_assert!(matches!(parts.as_slice(), [std::path::Component::Normal(_)]), "{}", name);
            prop_assert!(name.len() < 255);
            prop_assert_eq!(name == second, one == other);
        }
    }
}
