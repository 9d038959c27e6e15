//! Entries: what the file says of itself.

rules! {
    REPEATED_NAME: "repeated-name", Error, silenceable: false,
        summary: "Sizes and further gateways have different names.",
        why: "People choose a size or a gateway by its name. Of two with one name, only one could ever be reached.",
        action: "Give each its own name.";
    SEVERAL_DEFAULTS: "several-defaults", Error, silenceable: false,
        summary: "At most one size is the default.",
        why: "One size is preselected on the page where people start a server. With two marked, nobody has said which.",
        action: "Keep `default: true` at one size.";
    NO_MEMORY: "no-memory", Error, silenceable: false,
        summary: "Sizes and workers have memory to start in.",
        why: "A server or worker with less than 128 MiB is killed while Python is still importing. An amount below that is nearly always a slip in the unit.",
        action: "Give it at least 128 MiB; a notebook wants 1 GiB.";
    QUOTA_TOO_SMALL: "quota-too-small", Error, silenceable: false,
        summary: "A home directory holds something.",
        why: "A home that is full at once keeps its owner's server from starting: JupyterLab writes its settings there. Full homes are the most frequent trouble of hub operators (2i2c-org/jupyterhub-home-nfs#33, 2i2c-org/infrastructure#708, #3084).",
        action: "Say a quota such as `20 GiB`, or leave it out for none.";
    BACKUP_FILESTORE: "backup-filestore", Error, silenceable: false,
        summary: "Homes on Filestore are not backed up on a schedule.",
        why: "Without a quota homes on Google Cloud are on Filestore, whose backups are made one by one: no schedule can be set (Filestore, \"Backups overview\"). The plan would be refused by Terraform's module, and homes that seem to be backed up and are not would be worse.",
        action: "Say `storage.homes.quota`: homes are on a disk then, whose snapshots have a schedule. Or leave `backup` out.";
    LIMIT_TOO_SMALL: "limit-too-small", Error, silenceable: false,
        summary: "What one person may use holds a Dask scheduler and one worker.",
        why: "The limit counts the scheduler too: one core and 1 GiB. Below a scheduler and one worker, no Dask cluster of anybody could start.",
        action: "Raise the limit to the numbers in the message, or make the workers smaller.";
    NO_EFFECT: "no-effect", Warning, silenceable: true,
        summary: "Every key does something where the hub runs.",
        why: "On one machine or on a cluster that already exists, frazil makes no network, no pools, no buckets, no backups and no budget, and a few keys are for one cloud or for one kind of hub. A key that does nothing is told, so that nobody relies on it.",
        action: "Leave the key out, or silence the rule in a file that moves between providers.";
    LOCAL_HUB: "local-hub", Error, silenceable: false,
        summary: "A hub file for one machine has a hub.",
        why: "A gateway without a hub serves people of other hubs, which a single machine cannot promise. On one machine the gateway belongs to the hub.",
        action: "Leave `hub` out, or choose another provider.";
    NOTHING_TO_RUN: "nothing-to-run", Error, silenceable: false,
        summary: "A cluster has a hub or a gateway.",
        why: "With both turned off, a cluster would cost its control plane and core node by the hour and serve nobody.",
        action: "Leave `hub` or `gateway.enabled` out.";
    UNKNOWN_RULE: "unknown-rule", Error, silenceable: false,
        summary: "`silence` names rules that can be silenced.",
        why: "A misspelt rule would silence nothing, and a rule whose breach stops the hub from coming up cannot be silenced away.",
        action: "Take the name from the message; `frazil explain rules` lists them all.";
}
