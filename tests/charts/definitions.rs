//! Objects held against the definitions of their kinds.

use serde_json::Value;

use super::{of_kind, text};

/// Whether the definitions have an object's kind. Fails where the object does not fit, or has what
/// Kubernetes would drop.
pub(crate) fn fits_its_definition(object: &Value, definitions: &[Value]) -> bool {
    let defines = |definition: &&Value| definition["spec"]["names"]["kind"] == object["kind"];
    let all = of_kind(definitions, "CustomResourceDefinition");
    let Some(definition) = all.into_iter().find(defines) else { return false };
    let (group, version) = text(object, "/apiVersion").split_once('/').unwrap();
    assert_eq!(definition["spec"]["group"], group);
    let versions = definition["spec"]["versions"].as_array().unwrap();
    let version = versions.iter().find(|each| each["name"] == version && each["served"] == true).unwrap();
    let schema = &version["schema"]["openAPIV3Schema"];
    let errors: Vec<_> = jsonschema::validator_for(schema)
        .unwrap()
        .iter_errors(object)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    no_field_is_dropped(&object["spec"], &schema["properties"]["spec"], "spec");
    true
}

fn no_field_is_dropped(value: &Value, schema: &Value, path: &str) {
    for item in value.as_array().into_iter().flatten() {
        no_field_is_dropped(item, &schema["items"], path);
    }
    for (key, below) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        let field = schema["properties"].get(key);
        assert!(field.is_some(), "{path} is not defined");
        no_field_is_dropped(below, field.unwrap_or(&Value::Null), &path);
    }
}
