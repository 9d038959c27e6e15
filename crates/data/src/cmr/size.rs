//! Sizes and checksums of UMM-G: `ArchiveAndDistributionInformation`.

use serde_json::Value;

use crate::found::{Asset, Checksum, Role, Size, file_name};
use crate::json::{at, list, number, text};

/// Units of UMM-G in bytes. They are binary: 65.8373498916626 `MB` of a real granule are 69,035,465 bytes.
/// `NA` is what translation from ISO 19115 leaves of megabytes.
const UNITS: [(&str, f64); 6] = [
    ("KB", 1024.0),
    ("MB", 1_048_576.0),
    ("NA", 1_048_576.0),
    ("GB", 1_073_741_824.0),
    ("TB", 1_099_511_627_776.0),
    ("PB", 1_125_899_906_842_624.0),
];

/// The size of one entry.
fn of_entry(entry: &Value) -> Option<Size> {
    if let Some(bytes) = at(entry, &["SizeInBytes"]).as_u64() {
        return Some(Size::Exact(bytes));
    }
    let size = number(entry, &["Size"]).filter(|size| *size >= 0.0)?;
    let unit = text(entry, &["SizeUnit"])?;
    let (_, bytes) = UNITS.iter().find(|(name, _)| *name == unit)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; saturates")]
    let bytes = (size * bytes).round() as u64;
    Some(Size::About(bytes))
}

fn checksum(entry: &Value) -> Option<Checksum> {
    let checksum = at(entry, &["Checksum"]);
    Some(Checksum::new(text(checksum, &["Algorithm"])?, text(checksum, &["Value"])?))
}

/// The sizes of all entries together; entries without one make the sum a rough one.
pub(super) fn total(archived: &Value) -> Option<Size> {
    let sizes: Vec<Option<Size>> = list(archived, &[]).map(of_entry).collect();
    let known = sizes.iter().flatten().copied().reduce(Size::and)?;
    if sizes.iter().all(Option::is_some) { Some(known) } else { Some(Size::About(known.bytes())) }
}

/// Gives assets the size and checksum of the entry of their name, or of the only entry where there is one
/// file of data.
pub(super) fn assign(assets: &mut [Asset], archived: &Value) {
    let entries: Vec<&Value> =
        list(archived, &[]).flat_map(|entry| std::iter::once(entry).chain(list(entry, &["Files"]))).collect();
    for asset in assets.iter_mut() {
        let name = file_name(&asset.href);
        let same = entries.iter().find(|entry| text(entry, &["Name"]) == Some(name));
        if let Some(entry) = same.filter(|_| !name.is_empty()) {
            (asset.size, asset.checksum) = (of_entry(entry), checksum(entry));
        }
    }
    let mut data: Vec<&mut Asset> = assets.iter_mut().filter(|asset| asset.role == Role::Data).collect();
    if let ([asset], [entry]) = (data.as_mut_slice(), entries.as_slice())
        && asset.size.is_none()
    {
        (asset.size, asset.checksum) = (of_entry(entry), checksum(entry));
    }
}
