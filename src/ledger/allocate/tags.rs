//! What tags and labels of a row or pod say, however their keys are spelt by the bill that carries them.

use serde_json::{Map, Value};

/// Tags or labels of a JSON object of texts.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Tags(Vec<(String, String)>);

/// Where a key came from, as bills and Prometheus prefix it.
const PREFIXES: [&str; 8] = [
    "resourcetags_",
    "resource_tags_",
    "user_",
    "aws_",
    "k8s_label_",
    "label_",
    "annotation_",
    "kubernetes_labels_",
];

impl Tags {
    /// Tags of their text; none where there is no object.
    pub(in crate::ledger) fn read(text: &str) -> Self {
        let object: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        Self::of(object.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))))
    }

    /// Tags of pairs. Annotations come first: they have no escapes.
    pub(super) fn of<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut tags: Vec<_> = pairs.map(|(key, value)| (plain(key), value.to_owned())).collect();
        tags.sort_by_key(|(key, _)| !key.starts_with("annotation_"));
        Self(tags)
    }

    /// The value of a key, written as Kubernetes or the cloud writes it; `None` for an empty one too.
    pub(in crate::ledger) fn get(&self, key: &str) -> Option<&str> {
        let wanted = plain(key);
        let found = self.0.iter().find(|(own, value)| !value.is_empty() && is_key(own, &wanted));
        found.map(|(_, value)| value.as_str())
    }
}

/// `user:frazil:hub`, `user_frazil_hub` and `resource_tags/user_frazil_hub` are all `frazil_hub`.
fn plain(key: &str) -> String {
    key.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' })
        .collect()
}

fn is_key(own: &str, wanted: &str) -> bool {
    let mut own = own;
    loop {
        if own == wanted {
            return true;
        }
        let shorter = PREFIXES.iter().find_map(|prefix| own.strip_prefix(prefix));
        match shorter {
            Some(shorter) => own = shorter,
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tags;

    #[test]
    fn keys_are_known_by_each_of_their_spellings() {
        for key in
            ["frazil:hub", "user:frazil:hub", "user_frazil_hub", "resourceTags/user:frazil:hub", "frazil-hub"]
        {
            let tags = Tags::read(&format!("{{\"{key}\":\"lab\"}}"));
            assert_eq!(tags.get("frazil:hub"), Some("lab"), "{key}");
        }
        let tags = Tags::read(r#"{"their:frazil:hub":"x","frazil:hub":"","n":1}"#);
        assert_eq!(tags.get("frazil:hub"), None);
        assert!(["", "[1]"].iter().all(|text| Tags::read(text).0.is_empty()));
    }

    #[test]
    fn annotations_come_before_labels() {
        let tags = Tags::read(
            r#"{"hub.jupyter.org/username":"ada-40x","annotation_hub_jupyter_org_username":"ada@x","k8s-label/frazil/size":"s"}"#,
        );
        assert_eq!(tags.get("hub.jupyter.org/username"), Some("ada@x"));
        assert_eq!(tags.get("frazil/size"), Some("s"));
    }
}
