//! Entries: money, days and versions.

rules! {
    NO_BUDGET: "no-budget", Error, silenceable: false,
        summary: "A budget is more than nothing.",
        why: "A budget of nothing is spent before anything starts, and its alerts would never be about anything.",
        action: "Say a sum such as `1000 USD`, or leave `budget` out.";
    BUDGET_TOO_SMALL: "budget-too-small", Error, silenceable: true,
        summary: "The budget covers the cluster before anyone logs in.",
        why: "Control plane, core node, balancer and disks cost by the hour, used or not; even those who run many hubs had to find out that base (2i2c-org/infrastructure#5844). A budget below it stops the hub before its first day ends.",
        action: "Raise the budget above the sum in the message, with room for the servers.";
    BILLS_UNREACHABLE: "bills-unreachable", Error, silenceable: false,
        summary: "The page of costs can read the bills.",
        why: "The page is a pod in the cluster: it has no folder of the machine where `frazil up` runs, and the role that it gets is of the cluster's own cloud. It would say that there are no bills.",
        action: "Name a bucket or a table, and for one of another cloud `billing.credentials`.";
    EVENT_DAYS: "event-days", Error, silenceable: false,
        summary: "An event ends after it begins.",
        why: "The days decide when nodes are warm and when the budget counts.",
        action: "Swap the two days.";
    EVENT_OVER: "event-over", Warning, silenceable: true,
        summary: "The event is not over.",
        why: "Pools that were left on after an event have cost for weeks before anyone looked (2i2c-org/infrastructure#1726: ended in August, found on 21 September).",
        action: "Take the hub down with `frazil down`, or write the days of the next event.";
    DATA_REGION: "data-region", Warning, silenceable: true,
        summary: "The hub is where the data is.",
        why: "Reading from another region costs by the gigabyte and takes many times longer; a training that read from another region was found on the bill (pangeo-data/pangeo#628). NASA's buckets give direct access within us-west-2 only (podaac/ECCO#1).",
        action: "Move the hub to the data, or say what is read under `gateways`, next to it.";
    UNKNOWN_DATA_REGION: "unknown-data-region", Error, silenceable: false,
        summary: "The data's regions are regions of AWS or Google Cloud.",
        why: "The data's region decides which transfer costs what. A misspelt one would warn of nothing.",
        action: "Take the name from the message.";
    KUBERNETES_TOO_OLD: "kubernetes-too-old", Error, silenceable: false,
        summary: "The Kubernetes version is one that the charts take.",
        why: "The JupyterHub chart 4.4.0 wants 1.28, the Dask Gateway chart 2026.3.0 wants 1.30 (`kubeVersion` of each). Helm refuses to install them on an older cluster, after it has been made.",
        action: "Write the version that the message names, or leave it out for the default.";
    KUBERNETES_ENDED: "kubernetes-ended", Error, silenceable: true,
        summary: "The cloud still offers the Kubernetes version.",
        why: "A cloud makes no cluster of a version that it no longer supports, and upgrades the ones there are by itself (EKS user guide, \"Kubernetes version lifecycle\"; Google, \"GKE versioning and support\"). Google's days are estimates.",
        action: "Leave `kubernetes.version` out for the default, or write a later one.";
    KUBERNETES_EXTENDED: "kubernetes-extended", Warning, silenceable: true,
        summary: "The Kubernetes version is in standard support.",
        why: "EKS sells twelve more months of support, at six times the price of the control plane, and turns that on by itself (EKS user guide, \"Kubernetes version lifecycle\").",
        action: "Write a later version; a cluster goes up one minor version at a time.";
    NEAR_END_OF_SUPPORT: "near-end-of-support", Warning, silenceable: true,
        summary: "Standard support of the Kubernetes version lasts for 60 days more.",
        why: "Upgrades take a quiet day, one minor version at a time, and get stuck on pods that will not move (2i2c-org/infrastructure#4009, #5538). After the last day EKS costs six times as much, and GKE upgrades the cluster when it likes.",
        action: "Write a later version, or plan the upgrade outside the event.";
    KUBERNETES_UNKNOWN: "kubernetes-unknown", Warning, silenceable: true,
        summary: "The Kubernetes version is one that this version of frazil knows.",
        why: "The charts were tried with the versions that the catalog knows. A later one may not be offered yet, or may have dropped an API that a chart needs.",
        action: "Leave `kubernetes.version` out, or silence the rule once you have tried it.";
}
