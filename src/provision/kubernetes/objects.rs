//! Objects of any kind: applied server-side, compared with what is there, deleted.

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
        let pods: Api<Pod> = Api::namespaced(self.access.client.clone(), namespace);
        let how = LogParams {
            container: Some(container.to_owned()),
            previous: true,
            tail_lines: Some(lines),
            ..LogParams::default()
        };
        pods.logs(pod, &how).await.map_err(|error| self.access.failed(&format!("the log of {pod}"), error))
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
