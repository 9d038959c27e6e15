//! Small images, whole and damaged.

use super::*;
use crate::ranges::memory::Memory;

/// A little-endian TIFF of one directory, whose tags have one value each, with 4 bytes of pixels at
/// byte 8.
fn made(tags: &[(u16, u16, u32)]) -> Vec<u8> {
    let mut bytes = b"II*\0\x0c\0\0\0\x01\x02\x03\x04".to_vec();
    bytes.extend(u16::try_from(tags.len()).unwrap().to_le_bytes());
    for (name, kind, value) in tags {
        bytes.extend(name.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(0u32.to_le_bytes());
    bytes
}

const SMALL: [(u16, u16, u32); 7] =
    [(256, 3, 2), (257, 3, 2), (258, 3, 8), (259, 3, 1), (273, 4, 8), (278, 3, 2), (279, 4, 4)];

async fn read(bytes: Vec<u8>) -> Result<Values> {
    let limits = Limits { values: 1 << 20, chunk: 1 << 20, ..Limits::default() };
    let cog = Cog::open(Arc::new(Memory(bytes.into())), limits).await?;
    cog.group("/", true).await?;
    cog.read("band_data", &Selection::All).await
}

#[tokio::test]
async fn a_small_image_is_read() {
    let values = read(made(&SMALL)).await.unwrap();
    assert_eq!(
        (values.shape.as_slice(), values.bytes.as_ref()),
        ([1, 2, 2].as_slice(), [1, 2, 3, 4].as_slice())
    );
}

#[tokio::test]
async fn every_cut_and_every_byte_gives_an_image_or_an_error() {
    let good = made(&SMALL);
    for length in 0..good.len() {
        assert!(read(good[..length].to_vec()).await.is_err(), "{length}");
    }
    for place in 0..good.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[place] = value;
            drop(read(bad).await);
        }
    }
}

#[tokio::test]
async fn directories_in_a_circle_are_told() {
    let mut bad = made(&SMALL);
    let end = bad.len() - 4;
    bad[end..].copy_from_slice(&12u32.to_le_bytes());
    let error = read(bad).await.unwrap_err().to_string();
    assert!(error.contains("memory") && error.contains("circle"), "{error}");
}

#[tokio::test]
async fn coordinates_are_made_of_the_part_that_is_asked_for() {
    let mut tags = SMALL;
    (tags[1].2, tags[1].1, tags[5].2) = (u32::MAX, 4, 1);
    let limits = Limits { values: 1 << 20, ..Limits::default() };
    let cog = Cog::open(Arc::new(Memory(made(&tags).into())), limits).await.unwrap();
    assert!(cog.read("y", &Selection::All).await.unwrap_err().to_string().contains("4294967295"));
    let part = |start, count, step| Selection::Box(vec![Extent { start, count, step }]);
    let far = cog.read("y", &part(4_000_000_000, 2, 7)).await.unwrap();
    assert_eq!(far.as_f64().unwrap(), [4_000_000_000.5, 4_000_000_007.5]);
    assert_eq!(cog.read("band", &Selection::All).await.unwrap().bytes.as_ref(), 1i64.to_ne_bytes());
    assert_eq!(cog.read("spatial_ref", &Selection::Box(Vec::new())).await.unwrap().count(), 1);
    assert!(cog.read("y", &part(0, 1, 0)).await.is_err());
}

#[tokio::test]
async fn directories_with_more_tags_or_bands_than_the_limit_are_refused() {
    for (entries, tag) in [(6, (277, 3, 1)), (8, (277, 3, 9))] {
        let limits = Limits { entries, ..Limits::default() };
        let tags = [&SMALL[..], &[tag]].concat();
        let opened = Cog::open(Arc::new(Memory(made(&tags).into())), limits).await;
        assert!(opened.unwrap_err().to_string().contains(&format!("more than {entries}")));
    }
}

#[tokio::test]
async fn images_that_are_too_large_are_refused() {
    let mut tags = SMALL;
    (tags[0].2, tags[1].2) = (60_000, 60_000);
    assert!(read(made(&tags)).await.is_err());
    tags[5].2 = 60_000;
    assert!(read(made(&tags)).await.unwrap_err().to_string().contains("has tiles of"));
}

#[tokio::test]
async fn bits_in_the_other_order_are_told() {
    let tags: Vec<_> = SMALL[..4].iter().chain(&[(266, 3, 2)]).chain(&SMALL[4..]).copied().collect();
    let cog = Cog::open(Arc::new(Memory(made(&tags).into())), Limits::default()).await.unwrap();
    assert_eq!(cog.group("/", true).await.unwrap().variables[0].filters, ["reversed bits"]);
    assert_eq!(read(made(&tags)).await.unwrap().bytes.as_ref(), [128, 64, 192, 32]);
}

#[tokio::test]
async fn what_is_said_of_an_image_is_not_copied_for_any_number_of_overviews() {
    let mut bytes = made(&SMALL);
    let reduced: Vec<_> = [(254, 3, 1)].iter().chain(&SMALL).copied().collect();
    for _ in 0..100 {
        let at = u32::try_from(bytes.len()).unwrap();
        let next = bytes.len() - 4;
        bytes[next..].copy_from_slice(&at.to_le_bytes());
        bytes.extend(&made(&reduced)[12..]);
    }
    let cog = Cog::open(Arc::new(Memory(bytes.into())), Limits::default()).await.unwrap();
    let root = cog.group("/", true).await.unwrap();
    let overviews = root.groups.iter().filter(|group| group.name.starts_with("overview_")).count();
    assert_eq!((overviews, root.groups.len(), cog.sizes().len()), (OVERVIEWS, 100, 1 + OVERVIEWS));
    assert!(cog.levels[1..=OVERVIEWS].iter().all(|level| Arc::ptr_eq(&level.said, &cog.levels[0].said)));
}
