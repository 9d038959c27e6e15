//! The hub image by its names: a tag that says what is in it.

use sha2::{Digest, Sha256};

use super::hex;

/// The packages of the image, which a hub on one machine has too.
const LOCK: &str = include_str!("../../images/hub/requirements.txt");
/// Hexadecimal digits of the lock's digest in a tag.
const SHORT: usize = 12;

/// The name of an image that stays on this machine.
pub const LOCAL_NAME: &str = "localhost/frazil-hub";

/// The SHA-256 of the lock, in hexadecimal.
pub fn lock_digest() -> String {
    hex(&Sha256::digest(LOCK))
}

/// Whether a lock is the one that this program was built with.
pub fn is_own_lock(text: &str) -> bool {
    text == LOCK
}

/// The tag of the image: frazil's version and the beginning of the lock's digest. The same tag is the same packages.
pub fn lock_tag() -> String {
    format!("{}-{}", env!("CARGO_PKG_VERSION"), &lock_digest()[..SHORT])
}

/// All references of an image: by its lock, and by the tag that a hub file gives it.
pub fn references(name: &str, tag_of_hub: Option<&str>) -> Vec<String> {
    let mut all = vec![format!("{name}:{}", lock_tag())];
    all.extend(tag_of_hub.map(|tag| format!("{name}:{tag}")).filter(|other| *other != all[0]));
    all
}

/// Whether a name says which registry it is in, as container tools read it.
pub fn has_registry(name: &str) -> bool {
    let host = name.split_once('/').map(|(host, _)| host);
    host.is_some_and(|host| host != "localhost" && (host.contains('.') || host.contains(':')))
}

/// How images name the architecture of this program; `None` where there is no hub image.
pub fn native_platform(architecture: &str) -> Option<&'static str> {
    match architecture {
        "x86_64" => Some("linux/amd64"),
        "aarch64" => Some("linux/arm64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{has_registry, lock_digest, lock_tag, native_platform, references};

    #[test]
    fn a_tag_is_the_version_and_the_lock() {
        let tag = lock_tag();
        let (version, digest) = tag.rsplit_once('-').unwrap();
        assert_eq!(version, env!("CARGO_PKG_VERSION"));
        assert!(digest.len() == 12 && lock_digest().starts_with(digest), "{tag}");
    }

    #[test]
    fn a_hub_files_tag_comes_second_and_once() {
        assert_eq!(references("r.example/hub", None), [format!("r.example/hub:{}", lock_tag())]);
        assert_eq!(references("r.example/hub", Some("2026.03"))[1], "r.example/hub:2026.03");
        assert_eq!(references("r.example/hub", Some(&lock_tag())).len(), 1);
    }

    #[test]
    fn a_registry_is_a_host_and_not_a_folder() {
        for name in ["ghcr.io/lab/hub", "registry:5000/hub", "127.0.0.1:5000/hub"] {
            assert!(has_registry(name), "{name}");
        }
        for name in ["frazil-hub", "localhost/frazil-hub", "lab/hub"] {
            assert!(!has_registry(name), "{name}");
        }
    }

    #[test]
    fn platforms_are_named_as_images_name_them() {
        assert_eq!(native_platform("aarch64"), Some("linux/arm64"));
        assert_eq!(native_platform("riscv64gc"), None);
    }
}
