//! What Terraform made, from its state as JSON.

use serde_json::Value;

/// The resources of a state.
pub(super) struct Made {
    resources: Vec<Value>,
}

impl Made {
    pub(super) fn of(state: &Value) -> Self {
        let all = state["values"]["root_module"]["resources"].as_array().cloned().unwrap_or_default();
        Self { resources: all.into_iter().filter(|one| one["mode"] == "managed").collect() }
    }

    /// All of them: the address, and the values.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.resources.iter().map(|one| (one["address"].as_str().unwrap(), &one["values"]))
    }

    /// The resources of a block, such as `aws_subnet.nodes`: their keys, and their values.
    pub(super) fn block(&self, block: &str) -> Vec<(String, &Value)> {
        let (kind, name) = block.split_once('.').unwrap();
        let own = self.resources.iter().filter(|one| one["type"] == kind && one["name"] == name);
        own.map(|one| (one["index"].as_str().unwrap_or_default().to_owned(), &one["values"])).collect()
    }

    /// The keys of a block, sorted.
    pub(super) fn keys(&self, block: &str) -> Vec<String> {
        let mut keys: Vec<_> = self.block(block).into_iter().map(|(key, _)| key).collect();
        keys.sort();
        keys
    }

    /// How many there are of a type.
    pub(super) fn count(&self, kind: &str) -> usize {
        self.resources.iter().filter(|one| one["type"] == kind).count()
    }

    /// A value of the only resource of a block; null where there is none.
    pub(super) fn only(&self, block: &str, pointer: &str) -> Value {
        match self.block(block)[..] {
            [(_, values)] => values.pointer(pointer).cloned().unwrap_or(Value::Null),
            _ => Value::Null,
        }
    }
}
