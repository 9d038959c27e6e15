//! What a pod takes of its node: the effective request, as the scheduler counts it.

use std::ops::{Add, AddAssign};

use serde::Serialize;
use serde_json::Value;

use super::quantity::{amount, amount_of};

/// Amounts of what a node shares out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Amounts {
    /// CPU in thousandths of a core.
    pub cpu_millis: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// GPUs.
    pub gpus: u64,
}

impl Amounts {
    /// Adds an amount of a resource by its name in Kubernetes; others are left out.
    pub fn put(&mut self, resource: &str, quantity: &str) {
        self.put_amount(resource, amount(quantity).unwrap_or(0.0));
    }

    fn put_amount(&mut self, resource: &str, amount: f64) {
        match resource {
            "cpu" => self.cpu_millis = self.cpu_millis.saturating_add(whole(amount * 1000.0)),
            "memory" => self.memory_bytes = self.memory_bytes.saturating_add(whole(amount)),
            name if is_gpu(name) => self.gpus = self.gpus.saturating_add(whole(amount)),
            _ => {}
        }
    }

    /// The amounts of an object such as `resources.requests`.
    pub fn of(live: &Value) -> Self {
        let mut amounts = Self::default();
        for (resource, quantity) in live.as_object().into_iter().flatten() {
            amounts.put_amount(resource, amount_of(quantity));
        }
        amounts
    }

    /// The larger of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            cpu_millis: self.cpu_millis.max(other.cpu_millis),
            memory_bytes: self.memory_bytes.max(other.memory_bytes),
            gpus: self.gpus.max(other.gpus),
        }
    }

    /// This less `other`, at least nothing.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self {
            cpu_millis: self.cpu_millis.saturating_sub(other.cpu_millis),
            memory_bytes: self.memory_bytes.saturating_sub(other.memory_bytes),
            gpus: self.gpus.saturating_sub(other.gpus),
        }
    }
}

impl Add for Amounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            cpu_millis: self.cpu_millis.saturating_add(other.cpu_millis),
            memory_bytes: self.memory_bytes.saturating_add(other.memory_bytes),
            gpus: self.gpus.saturating_add(other.gpus),
        }
    }
}

impl AddAssign for Amounts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Amounts {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

/// Whether a resource is a GPU, or a part of one that a device plugin gives out.
pub fn is_gpu(resource: &str) -> bool {
    matches!(resource, "nvidia.com/gpu" | "amd.com/gpu")
        || resource.starts_with("nvidia.com/mig-")
        || resource.starts_with("gpu.intel.com/")
}

/// Up to the next whole, as Kubernetes rounds a quantity; a breath below a whole is the error of `f64`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "amounts of a machine")]
fn whole(amount: f64) -> u64 {
    (amount.max(0.0) - 1e-6).ceil() as u64
}

/// The requests of a pod, container by container.
///
/// By the scheduler's rule (Kubernetes, `component-helpers/resource`, `PodRequests`; "Sidecar
/// Containers", "Resource sharing within containers"; "Pod Overhead"): containers and sidecars run
/// together; each init container runs beside the sidecars that were started before it; requests of
/// the pod itself stand in for those of its containers; the overhead of its runtime comes on top.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodRequests {
    together: Amounts,
    sidecars: Amounts,
    peak: Amounts,
    own_cpu: Option<u64>,
    own_memory: Option<u64>,
    overhead: Amounts,
}

impl PodRequests {
    /// Adds a container.
    pub fn container(&mut self, requests: Amounts) {
        self.together += requests;
    }

    /// Adds an init container, in their order; a sidecar is one that is always restarted.
    pub fn init_container(&mut self, requests: Amounts, is_sidecar: bool) {
        if is_sidecar {
            self.together += requests;
            self.sidecars += requests;
            self.peak = self.peak.max(self.sidecars);
        } else {
            self.peak = self.peak.max(self.sidecars + requests);
        }
    }

    /// A request of the pod itself, by the resource's name.
    pub fn own(&mut self, resource: &str, quantity: &str) {
        let mut own = Amounts::default();
        own.put(resource, quantity);
        match resource {
            "cpu" => self.own_cpu = Some(own.cpu_millis),
            "memory" => self.own_memory = Some(own.memory_bytes),
            _ => {}
        }
    }

    /// What the runtime takes for the pod.
    pub fn overhead(&mut self, overhead: Amounts) {
        self.overhead = overhead;
    }

    /// What the pod takes of its node.
    pub fn effective(&self) -> Amounts {
        let mut all = self.together.max(self.peak);
        all.cpu_millis = self.own_cpu.unwrap_or(all.cpu_millis);
        all.memory_bytes = self.own_memory.unwrap_or(all.memory_bytes);
        all + self.overhead
    }

    /// The requests of a pod as the API server shows it.
    pub fn of(live: &Value) -> Self {
        let mut requests = Self::default();
        let spec = &live["spec"];
        let list = |kind: &str| spec[kind].as_array().into_iter().flatten();
        let amounts = |container: &Value| Amounts::of(&container["resources"]["requests"]);
        list("containers").for_each(|each| requests.container(amounts(each)));
        for each in list("initContainers") {
            requests.init_container(amounts(each), each["restartPolicy"] == "Always");
        }
        for (resource, quantity) in spec["resources"]["requests"].as_object().into_iter().flatten() {
            let text = quantity.as_str().map_or_else(|| quantity.to_string(), str::to_owned);
            requests.own(resource, &text);
        }
        requests.overhead(Amounts::of(&spec["overhead"]));
        requests
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Amounts, PodRequests};

    fn cpu(spec: &Value) -> u64 {
        PodRequests::of(&json!({ "spec": spec })).effective().cpu_millis
    }

    fn container(cpu: &str) -> Value {
        json!({ "resources": { "requests": { "cpu": cpu } } })
    }

    fn sidecar(cpu: &str) -> Value {
        json!({ "restartPolicy": "Always", "resources": { "requests": { "cpu": cpu } } })
    }

    /// The cases of `component-helpers/resource/helpers_test.go`, in their numbers.
    #[test]
    fn a_pod_takes_what_the_scheduler_counts() {
        let both = [container("1"), container("500m")];
        assert_eq!(cpu(&json!({ "containers": both })), 1500);
        assert_eq!(cpu(&json!({ "containers": both, "initContainers": [container("2")] })), 2000);
        assert_eq!(cpu(&json!({ "containers": both, "initContainers": [sidecar("1")] })), 2500);
        // The init container runs beside the first sidecar, not beside the second.
        let order = [sidecar("1"), container("3"), sidecar("1")];
        assert_eq!(cpu(&json!({ "containers": both, "initContainers": order })), 4000);
        let early = [container("3"), sidecar("1")];
        assert_eq!(cpu(&json!({ "containers": both, "initContainers": early })), 3000);
        assert_eq!(cpu(&json!({ "containers": both, "overhead": { "cpu": "100m" } })), 1600);
        let own = json!({ "requests": { "cpu": "4" } });
        assert_eq!(cpu(&json!({ "containers": both, "resources": own })), 4000);
    }

    #[test]
    fn each_resource_has_its_own_peak() {
        let init = json!({ "resources": { "requests": { "cpu": "4", "memory": "1Mi" } } });
        let main =
            json!({ "resources": { "requests": { "cpu": "1", "memory": "8Mi", "nvidia.com/gpu": 2 } } });
        let pod = json!({ "spec": { "containers": [main], "initContainers": [init] } });
        let wanted = Amounts { cpu_millis: 4000, memory_bytes: 8 << 20, gpus: 2 };
        assert_eq!(PodRequests::of(&pod).effective(), wanted);
        assert_eq!(PodRequests::of(&json!({})).effective(), Amounts::default());
    }

    #[test]
    fn parts_of_a_thousandth_are_rounded_up_and_whole_ones_stay() {
        let mut amounts = Amounts::default();
        amounts.put("cpu", "0.0001");
        amounts.put("memory", "1500m");
        assert_eq!((amounts.cpu_millis, amounts.memory_bytes), (1, 2));
        let of = |text: &str| {
            let mut amounts = Amounts::default();
            amounts.put("cpu", text);
            amounts.cpu_millis
        };
        assert_eq!(
            ["100m", "0.1", "1100m", "1.1", "15890m", "much"].map(of),
            [100, 100, 1100, 1100, 15_890, 0]
        );
    }
}
