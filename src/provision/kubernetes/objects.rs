//! Objects of any kind: applied server-side, compared with what is there, deleted.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, DynamicObject, ListParams, LogParams, Patch, PatchParams, PropagationPolicy};
use kube::core::{ApiResource, GroupVersionKind};
use kube::discovery::{Discovery, Scope};
use kube::{Api, ResourceExt};
use serde_json::Value;

use super::access::Access;
use crate::error::{Error, Result};

/// Who owns the fields that are set here.
pub const FIELD_MANAGER: &str = "frazil";
/// Who owns the fields that Helm sets.
pub const HELM_FIELD_MANAGER: &str = "helm";

/// How long the API server may take to tell of a kind whose definition it has established: it makes its
/// list of kinds anew on the side, and a busy one takes seconds.
const TOLD_WITHIN: Duration = Duration::from_secs(30);
/// The time between two looks at that list.
const TOLD_EVERY: Duration = Duration::from_millis(250);

/// The name of an object: enough to find it again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Named {
    /// The kind, such as `Deployment`.
    pub kind: String,
    /// The API group and version, such as `apps/v1`.
    pub api: String,
    /// The namespace; empty for what has none.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl Named {
    /// The name of an object; one without a namespace is in the given one, if its kind has any.
    pub fn of(object: &Value, namespace: &str) -> Self {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let own = text("/metadata/namespace");
        Self {
            kind: text("/kind"),
            api: text("/apiVersion"),
            namespace: if own.is_empty() { namespace.to_owned() } else { own },
            name: text("/metadata/name"),
        }
    }
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// Objects of a cluster, by what it serves.
#[derive(Clone)]
pub struct Objects {
    access: Access,
    served: std::sync::Arc<Discovery>,
}

impl Objects {
    /// Asks what the cluster serves.
    ///
    /// # Errors
    /// When the API does not answer.
    pub async fn open(access: &Access) -> Result<Self> {
        Ok(Self { access: access.clone(), served: std::sync::Arc::new(access.discover().await?) })
    }

    /// Asks what the cluster serves, again and again until the kinds of all these objects are among it, for
    /// a while: what is still unknown then has no definition.
    ///
    /// # Errors
    /// When the API does not answer.
    pub async fn open_knowing(access: &Access, objects: &[Named]) -> Result<Self> {
        let since = Instant::now();
        loop {
            let opened = Self::open(access).await?;
            if objects.iter().all(|object| opened.knows(object)) || since.elapsed() > TOLD_WITHIN {
                return Ok(opened);
            }
            tokio::time::sleep(TOLD_EVERY).await;
        }
    }

    /// The groups and versions that are served, and their kinds, as Helm wants them.
    pub fn served(&self) -> Vec<String> {
        let mut all: Vec<_> = self
            .served
            .groups()
            .flat_map(|group| group.versions().flat_map(|version| group.versioned_resources(version)))
            .flat_map(|(resource, _)| {
                [resource.api_version.clone(), format!("{}/{}", resource.api_version, resource.kind)]
            })
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// Whether a group and version is served, such as `metrics.k8s.io/v1beta1`.
    pub fn serves(&self, api: &str) -> bool {
        self.served.groups().any(|group| {
            group.versions().any(|version| {
                if group.name().is_empty() {
                    version == api
                } else {
                    format!("{}/{version}", group.name()) == api
                }
            })
        })
    }

    fn resource(&self, object: &Named) -> Option<(ApiResource, Scope)> {
        let (group, version) = object.api.split_once('/').unwrap_or(("", &object.api));
        let wanted = GroupVersionKind::gvk(group, version, &object.kind);
        self.served.resolve_gvk(&wanted).map(|(resource, capabilities)| (resource, capabilities.scope))
    }

    /// Whether the cluster knows the kind.
    pub fn knows(&self, object: &Named) -> bool {
        self.resource(object).is_some()
    }

    /// The same name, without a namespace if its kind has none.
    #[must_use]
    pub fn scoped(&self, mut object: Named) -> Named {
        if matches!(self.resource(&object), Some((_, Scope::Cluster))) {
            object.namespace.clear();
        }
        object
    }

    fn api(&self, object: &Named) -> Result<Api<DynamicObject>> {
        let (resource, scope) = self.resource(object).ok_or_else(|| {
            Error::failed(format!("{object}: the cluster does not know {} of {}", object.kind, object.api))
                .hint("its custom resource definition is missing; `frazil up` applies it")
        })?;
        let client = self.access.client.clone();
        Ok(match scope {
            Scope::Cluster => Api::all_with(client, &resource),
            Scope::Namespaced => Api::namespaced_with(client, &object.namespace, &resource),
        })
    }

    /// An object as it is there; `None` when it is not.
    ///
    /// # Errors
    /// When the API refuses or does not answer.
    pub async fn get(&self, object: &Named) -> Result<Option<Value>> {
        if !self.knows(object) {
            return Ok(None);
        }
        let found = self.api(object)?.get_opt(&object.name).await;
        let found = found.map_err(|error| self.access.failed(&object.to_string(), error))?;
        Ok(found.map(to_value))
    }

    /// Applies an object, taking over fields that somebody else has set.
    ///
    /// # Errors
    /// When the API refuses or does not answer.
    pub async fn apply(&self, object: &Named, wanted: &Value, manager: &str) -> Result<Value> {
        self.patch(object, wanted, &PatchParams::apply(manager).force()).await
    }

    /// What an object would be after it was applied; nothing changes.
    ///
    /// # Errors
    /// When the API refuses or does not answer.
    pub async fn dry_run(&self, object: &Named, wanted: &Value, manager: &str) -> Result<Value> {
        self.patch(object, wanted, &PatchParams::apply(manager).force().dry_run()).await
    }

    async fn patch(&self, object: &Named, wanted: &Value, how: &PatchParams) -> Result<Value> {
        let applied = self.api(object)?.patch(&object.name, how, &Patch::Apply(wanted)).await;
        applied.map(to_value).map_err(|error| self.access.failed(&object.to_string(), error))
    }

    /// Changes some fields of an object, whoever owns them; nothing happens when it is gone.
    ///
    /// # Errors
    /// When the API refuses or does not answer.
    pub async fn merge(&self, object: &Named, fields: &Value) -> Result<()> {
        let how = PatchParams::default();
        match self.api(object)?.patch(&object.name, &how, &Patch::Merge(fields)).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(self.access.failed(&object.to_string(), error)),
            Ok(_) => Ok(()),
        }
    }

    /// Deletes an object and what it owns; nothing happens when it is gone.
    ///
    /// # Errors
    /// When the API refuses or does not answer.
    pub async fn delete(&self, object: &Named) -> Result<()> {
        let how = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Foreground),
            ..DeleteParams::default()
        };
        self.delete_so(object, &how).await
    }

    /// Deletes an object without waiting for its node.
    ///
    /// # Errors
    /// When the API refuses or does not answer.
    pub async fn delete_now(&self, object: &Named) -> Result<()> {
        self.delete_so(object, &DeleteParams { grace_period_seconds: Some(0), ..DeleteParams::default() })
            .await
    }

    async fn delete_so(&self, object: &Named, how: &DeleteParams) -> Result<()> {
        if !self.knows(object) {
            return Ok(());
        }
        match self.api(object)?.delete(&object.name, how).await {
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(self.access.failed(&object.to_string(), error)),
            Ok(_) => Ok(()),
        }
    }

    /// Every object of a kind, in one namespace or all, that a label selector picks.
    ///
    /// # Errors
    /// When the API refuses or does not answer.
    pub async fn list(&self, api: &str, kind: &str, namespace: &str, selector: &str) -> Result<Vec<Value>> {
        let any = Named {
            kind: kind.to_owned(),
            api: api.to_owned(),
            namespace: namespace.to_owned(),
            name: String::new(),
        };
        let Some((resource, scope)) = self.resource(&any) else { return Ok(Vec::new()) };
        let client = self.access.client.clone();
        let objects: Api<DynamicObject> = match scope {
            Scope::Namespaced if !namespace.is_empty() => Api::namespaced_with(client, namespace, &resource),
            _ => Api::all_with(client, &resource),
        };
        let found = match objects.list(&ListParams::default().labels(selector)).await {
            // A kind whose definition went away since it was asked what is served has no objects.
            Err(kube::Error::Api(status)) if status.code == 404 => return Ok(Vec::new()),
            found => found.map_err(|error| self.access.failed(&format!("{kind} objects"), error))?,
        };
        Ok(found
            .items
            .into_iter()
            .map(|mut object| {
                object.types =
                    Some(kube::core::TypeMeta { api_version: api.to_owned(), kind: kind.to_owned() });
                to_value(object)
            })
            .collect())
    }

    /// The last lines of a container's log before it crashed.
    ///
    /// # Errors
    /// When the API refuses or does not answer.
    pub async fn last_log(&self, namespace: &str, pod: &str, container: &str, lines: i64) -> Result<String> {
        let container = Some(container.to_owned());
        let how = LogParams { container, previous: true, tail_lines: Some(lines), ..LogParams::default() };
        self.log_by(namespace, pod, &how).await
    }

    /// The last lines of the log of a pod that has one container.
    ///
    /// # Errors
    /// When the API refuses or does not answer.
    pub async fn log(&self, namespace: &str, pod: &str, lines: i64) -> Result<String> {
        let how = LogParams { tail_lines: Some(lines), ..LogParams::default() };
        self.log_by(namespace, pod, &how).await
    }

    async fn log_by(&self, namespace: &str, pod: &str, how: &LogParams) -> Result<String> {
        let pods: Api<Pod> = Api::namespaced(self.access.client.clone(), namespace);
        pods.logs(pod, how).await.map_err(|error| self.access.failed(&format!("the log of {pod}"), error))
    }

    /// The namespaced kinds that can be listed and deleted, as API and kind: what a sweep looks through.
    pub fn namespaced_kinds(&self) -> Vec<(String, String)> {
        let mut kinds: Vec<_> = self
            .served
            .groups()
            .flat_map(kube::discovery::ApiGroup::recommended_resources)
            .filter(|(_, can)| can.scope == Scope::Namespaced)
            .filter(|(_, can)| can.supports_operation("list") && can.supports_operation("delete"))
            .map(|(resource, _)| (resource.api_version, resource.kind))
            .collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }
}

/// Whether an object is being deleted.
pub fn is_going(live: &Value) -> bool {
    !live["metadata"]["deletionTimestamp"].is_null()
}

fn to_value(mut object: DynamicObject) -> Value {
    object.managed_fields_mut().clear();
    serde_json::to_value(object).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::{Ready, ready};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll};

    use http::{Request, Response};
    use kube::client::Body;
    use serde_json::{Value, json};

    use super::{Access, Named, Objects};
    use crate::tool::Target;

    /// An API server that tells of certificates only after a number of looks.
    #[derive(Clone)]
    struct Slow {
        looks: Arc<AtomicUsize>,
        after: usize,
    }

    impl Slow {
        /// Aggregated discovery, <https://kubernetes.io/docs/concepts/overview/kubernetes-api/>.
        fn answer(&self, path: &str) -> Value {
            let told = path == "/apis" && self.looks.fetch_add(1, Ordering::SeqCst) >= self.after;
            let group = json!({
                "metadata": { "name": "cert-manager.io" },
                "versions": [{ "version": "v1", "resources": [{
                    "resource": "certificates", "singularResource": "certificate", "scope": "Namespaced",
                    "responseKind": { "group": "cert-manager.io", "version": "v1", "kind": "Certificate" },
                    "verbs": ["get", "patch"],
                }] }],
            });
            let items = if told { vec![group] } else { Vec::new() };
            json!({ "apiVersion": "apidiscovery.k8s.io/v2", "kind": "APIGroupDiscoveryList", "items": items })
        }
    }

    impl tower::Service<Request<Body>> for Slow {
        type Response = Response<Body>;
        type Error = Infallible;
        type Future = Ready<Result<Response<Body>, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, request: Request<Body>) -> Self::Future {
            ready(Ok(Response::new(Body::from(self.answer(request.uri().path()).to_string().into_bytes()))))
        }
    }

    /// Which objects are known, of an API server that tells of its definitions after so many looks.
    async fn known(after: usize) -> (bool, usize) {
        let slow = Slow { looks: Arc::default(), after };
        let access = Access {
            client: kube::Client::new(slow.clone(), "default"),
            target: Target::new("kubeconfig".into(), "lab"),
            server: "https://127.0.0.1:6443".into(),
            cluster: String::new(),
            version: "1.35.2".into(),
        };
        let named = Named::of(&json!({ "apiVersion": "cert-manager.io/v1", "kind": "Certificate" }), "lab");
        let objects = Objects::open_knowing(&access, std::slice::from_ref(&named)).await.unwrap();
        (objects.knows(&named), slow.looks.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn kinds_that_are_told_late_are_waited_for() {
        assert_eq!(known(0).await, (true, 1));
        assert_eq!(known(3).await, (true, 4));
    }
}
