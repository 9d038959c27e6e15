//! Entries: values merged last into the charts'.

rules! {
    CHART_KEY: "chart-key", Error, silenceable: true,
        summary: "Overrides have keys that the chart knows.",
        why: "Both charts refuse unknown keys by their schemas, so a misspelt one fails the release after the cluster is up. Checked for the JupyterHub chart 4.4.0 and the Dask Gateway chart 2026.3.0; other versions are left alone.",
        action: "Take the name from the message. Values of your own go below `custom`.";
    CHART_KIND: "chart-kind", Error, silenceable: true,
        summary: "Overrides have values of the kind that the chart takes.",
        why: "The charts' schemas say whether a value is a text, a number, a list or a mapping, and Helm refuses another. `null` is always taken: it removes the chart's default.",
        action: "Write a value of the kind that the message names.";
    KUBESPAWNER_KEY: "kubespawner-key", Error, silenceable: true,
        summary: "KubeSpawner's settings have names that it knows.",
        why: "The chart's schema does not look inside `kubespawner_override` and `hub.config.KubeSpawner`. There the names are KubeSpawner's own, in snake_case: `cpuLimit` passes every check and limits nothing (z2jh#1242, 2i2c-org/infrastructure#4091).",
        action: "Write the name in the message: `cpu_limit`, `mem_guarantee`, `node_selector`.";
    PROFILE_NAME: "profile-name", Error, silenceable: true,
        summary: "Profiles and their choices have a `display_name`.",
        why: "KubeSpawner fails on a profile without one when the first person opens the page, not when the hub starts (z2jh#1242).",
        action: "Give it a `display_name`.";
    REPLACED_VALUE: "replaced-value", Warning, silenceable: true,
        summary: "Sizes, workers and the image are said by the hub file's own keys.",
        why: "A server's memory and cores come from its size, a Dask worker's and the image of a Dask cluster from frazil's own settings of the gateway, both at every start: the charts' values for them are replaced. An image that is set for servers alone would differ from the one that Dask workers run, and that is pulled ahead.",
        action: "Write the key that the message names.";
    CHART_VERSION: "chart-version", Error, silenceable: false,
        summary: "Charts are not older than the ones that frazil's values are made for.",
        why: "Both charts refuse values that they do not know: Dask Gateway 2025.4.0 fails with \"additional properties 'jupyterhubServiceName' not allowed\", after the cluster has been made (seen with Helm).",
        action: "Leave the version out, or write the one of the message.";
    CHART_NEWER: "chart-newer", Warning, silenceable: true,
        summary: "Charts are not newer than the ones that frazil's values are made for.",
        why: "A later chart may have renamed or dropped a value, and then refuses it or does something else. frazil checks overrides only against the versions that it knows.",
        action: "Leave the version out, or try it and silence the rule.";
    SECRET_IN_CLEAR: "secret-in-clear", Error, silenceable: true,
        summary: "No secret stands in the overrides.",
        why: "Overrides go as they are into the rendered folder, which is there to be kept in git, and from it into Helm's releases and Terraform's state. Secrets are known by their keys (`client_secret`, `*_TOKEN`, `password`) and by the places where the charts take one. Those who run many hubs keep all of theirs encrypted, with sops (2i2c-org/infrastructure).",
        action: "Write a reference: `auth.….client_secret: { env: … }`, or `valueFrom: { secretKeyRef: … }` in an environment. Tokens, cookie secrets and encryption keys are made at random: leave them out.";
    PROFILE_LIST: "profile-list", Warning, silenceable: true,
        summary: "What people may start is said in `sizes`.",
        why: "The hub makes its profiles from `sizes`, by group, in its own configuration, which is read after the chart's values. A `singleuser.profileList` is replaced whole and has no effect; it is still checked, for files that are on their way to `sizes`.",
        action: "Write the profiles as `sizes`.";
    SELECTOR_POOL: "selector-pool", Error, silenceable: true,
        summary: "Overrides send pods to nodes that a pool has.",
        why: "A pod whose selector no node matches stays pending, and the autoscaler makes no node for it. Checked for the pods of hub, gateway, people and Dask on AWS and Google Cloud, where the pools are frazil's; labels that Kubernetes and the clouds give to nodes are taken to be there.",
        action: "Take a label of the pools, or give a pool the label by `overrides.terraform.pools.NAME.labels`.";
    TAINT_POOL: "taint-pool", Error, silenceable: true,
        summary: "Overrides leave pods the tolerations that their nodes want.",
        why: "Nodes of people and of Dask workers have taints that keep other pods away. Helm replaces a list as a whole, so one toleration of your own takes frazil's away, and the pods stay pending.",
        action: "Write the toleration in the message beside your own, or select other nodes.";
    TERRAFORM_VARIABLE: "terraform-variable", Error, silenceable: true,
        summary: "Overrides of Terraform are variables that it has, of their kind.",
        why: "Terraform only warns of an unknown variable in a file, and drops attributes that a variable's type does not name without a word (seen with 1.11.4). What was meant to change would stay as it is.",
        action: "Take the name from the message.";
    TERRAFORM_FIXED: "terraform-fixed", Error, silenceable: false,
        summary: "Overrides of Terraform leave alone what charts and frazil go by too.",
        why: "Names, places and versions that the charts' values have as well come from one key of the hub file. Changed for Terraform alone, the rest of the hub would look for another cluster, bucket or account.",
        action: "Change the key of the hub file that the message names.";
}
