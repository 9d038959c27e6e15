//! Entries: names that become something else.

rules! {
    NAME_TOO_LONG: "name-too-long", Error, silenceable: false,
        summary: "The hub's name fits everything that is named after it.",
        why: "Buckets, service accounts, roles and Helm releases carry the hub's name and have limits of their own; a service account of Google Cloud has 30 characters at most. Terraform finds out in the middle of `up`, when half of the cluster is there.",
        action: "Shorten the name by as many characters as the message says.";
    NAME_RESERVED: "name-reserved", Error, silenceable: false,
        summary: "No name made of the hub's is one that the cloud keeps for itself.",
        why: "S3 refuses buckets that begin with `xn--`, `sthree-` or `amzn-s3-demo-`; Cloud Storage those that begin with `goog` or contain `google` or `g00gle` (the bucket naming rules of both). The scratch bucket and the state's carry the hub's name.",
        action: "Choose another name for the hub.";
    BUCKET_NAME: "bucket-name", Error, silenceable: false,
        summary: "Buckets have names that a cloud allows.",
        why: "A bucket has 3 to 63 lower-case letters, digits, dots and hyphens, begins and ends with a letter or digit, and is no IP address; Cloud Storage also takes `_`, and 222 characters with dots (the bucket naming rules of S3 and Cloud Storage). Another name belongs to no bucket.",
        action: "Write the bucket's bare name, without `s3://` or a path.";
    DOMAIN_IS_A_NAME: "domain-is-a-name", Error, silenceable: false,
        summary: "The domain is a name, not an IP address.",
        why: "Certificates for a hub are issued by name, and the balancer's address changes when the hub is made again.",
        action: "Take a name whose DNS record you can set, such as hub.example.org.";
}
