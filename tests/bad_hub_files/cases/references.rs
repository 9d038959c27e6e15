//! Values that do not go together.

use super::{Case, case, line};

pub(crate) const CASES: &[Case] = &[
    case(
        "bills in a folder that the cluster has not",
        "name: lab\nprovider: { aws: { account: \"123456789012\", region: us-west-2 } }\nauth: native\nadmins: [ada]\n\
         domain: a.example.org\nsupport: { recorder: \"r.example.org/ops:1\" }\nbilling: { from: { folder: bills } }\n",
        (7, 28),
        "bills-unreachable",
        "bucket: s3://BUCKET/FOLDER",
    ),
    case(
        "bills of another cloud without a right to them",
        "name: lab\nprovider: { aws: { account: \"123456789012\", region: us-west-2 } }\nauth: native\nadmins: [ada]\n\
         domain: a.example.org\nsupport: { recorder: \"r.example.org/ops:1\" }\nbilling: { from: { bigquery: ice-2026.a.b } }\n",
        (7, 30),
        "bills-unreachable",
        "credentials: { file: NAME }",
    ),
    line(
        "an address of no store",
        "billing: { from: { bucket: https://bills } }",
        (3, 28),
        "name",
        "s3://our-bills/cur2",
    ),
    line(
        "a bucket of all",
        "billing: { from: { bucket: s3://bills/* } }",
        (3, 28),
        "name",
        "s3://BUCKET/FOLDER",
    ),
    line(
        "a table of no project",
        "billing: { from: { bigquery: bills.cur } }",
        (3, 30),
        "name",
        "PROJECT.DATASET.TABLE",
    ),
    line(
        "two places of bills",
        "billing: { from: { bucket: s3://our-bills, folder: bills } }",
        (3, 44),
        "one-of",
        "not several",
    ),
    line(
        "two sizes of one name",
        "sizes: [{ name: a, memory: 1 GiB }, { name: a, memory: 2 GiB }]",
        (3, 45),
        "repeated-name",
        "its own name",
    ),
    line(
        "two default sizes",
        "sizes: [{ name: a, memory: 1 GiB, default: true }, { name: b, memory: 2 GiB, default: true }]",
        (3, 87),
        "several-defaults",
        "one size only",
    ),
    line(
        "a group of nobody",
        "sizes: [{ name: a, memory: 1 GiB, groups: [gurus] }]",
        (3, 44),
        "unknown-group",
        "say who is in it",
    ),
    line("a gateway without a way", "gateways: [{ name: a }]", (3, 12), "gateway-way", "its address"),
    line(
        "an address that is none",
        "gateways: [{ name: a, address: gateway.org }]",
        (3, 32),
        "name",
        "https://",
    ),
    line(
        "an end before the beginning",
        "event: { from: 2026-03-25, to: 2026-03-21, attendees: 2 }",
        (3, 32),
        "event-days",
        "swap",
    ),
    line(
        "a day that is none",
        "event: { from: 2026-02-30, to: 2026-03-21, attendees: 2 }",
        (3, 16),
        "name",
        "YEAR-MONTH-DAY",
    ),
    line("a public network", "network: { cidr: 8.8.0.0/16 }", (3, 18), "name", "private IPv4"),
    line("a gateway alone", "hub: false", (3, 6), "local-hub", "for clusters"),
    line("a login of the cloud", "auth: { native: {} }", (3, 9), "auth-provider", "`password` and `pam`"),
    case(
        "a zone of another region",
        "name: lab\nprovider: { aws: { account: \"123456789012\", region: us-west-2 } }\nzones: [us-west-2a, us-east-1a]\n",
        (3, 21),
        "zone-region",
        "`us-west-2` with one letter after it",
    ),
    case(
        "a region for a zone",
        "name: lab\nprovider: { aws: { account: \"123456789012\", region: us-west-2 } }\nzones: [us-west-2]\n",
        (3, 9),
        "zone-region",
        "`us-west-2` with one letter after it",
    ),
    line(
        "a gateway without its password",
        "gateways: [{ name: a, file: b, auth: password }]",
        (3, 38),
        "gateway-password",
        "password: { env: GATEWAY_PASSWORD }",
    ),
];
