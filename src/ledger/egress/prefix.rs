//! Regions by the prefixes of AWS's usage types, for bills that have no region: `USW2-DataTransfer-Out-Bytes` is
//! of us-west-2, and without a prefix it is us-east-1
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/aws-usage-report-understand.html>).

use super::Way;

const PREFIXES: [(&str, &str); 34] = [
    ("AFS1", "af-south-1"),
    ("APE1", "ap-east-1"),
    ("APN1", "ap-northeast-1"),
    ("APN2", "ap-northeast-2"),
    ("APN3", "ap-northeast-3"),
    ("APS1", "ap-southeast-1"),
    ("APS2", "ap-southeast-2"),
    ("APS3", "ap-south-1"),
    ("APS4", "ap-southeast-3"),
    ("APS5", "ap-south-2"),
    ("APS6", "ap-southeast-4"),
    ("CAN1", "ca-central-1"),
    ("CAN2", "ca-west-1"),
    ("EU", "eu-west-1"),
    ("EUC1", "eu-central-1"),
    ("EUC2", "eu-central-2"),
    ("EUN1", "eu-north-1"),
    ("EUS1", "eu-south-1"),
    ("EUS2", "eu-south-2"),
    ("EUW1", "eu-west-1"),
    ("EUW2", "eu-west-2"),
    ("EUW3", "eu-west-3"),
    ("ILC1", "il-central-1"),
    ("MEC1", "me-central-1"),
    ("MES1", "me-south-1"),
    ("SAE1", "sa-east-1"),
    ("UGE1", "us-gov-east-1"),
    ("UGW1", "us-gov-west-1"),
    ("USE1", "us-east-1"),
    ("USE2", "us-east-2"),
    ("USW1", "us-west-1"),
    ("USW2", "us-west-2"),
    ("CNN1", "cn-north-1"),
    ("CNW1", "cn-northwest-1"),
];

/// The region of a usage type of AWS; empty where it tells none: at the edge, prefixes are continents.
pub(super) fn region(provider: &str, way: Way, usage_type: &str) -> &'static str {
    let is_aws = ["aws", "amazon web services"].contains(&provider.to_ascii_lowercase().as_str());
    if !is_aws || way == Way::Edge || usage_type.contains(' ') {
        return "";
    }
    let Some((prefix, _)) = usage_type.split_once('-') else { return "us-east-1" };
    if let Some((_, region)) = PREFIXES.iter().find(|(known, _)| *known == prefix) {
        return region;
    }
    // What looks like a prefix and is not in the table is of a region that is not known here.
    let like_one = prefix.len() == 4
        && prefix.ends_with(|end: char| end.is_ascii_digit())
        && prefix.starts_with(|start: char| start.is_ascii_uppercase());
    if like_one { "" } else { "us-east-1" }
}

#[cfg(test)]
mod tests {
    use super::{Way, region};

    #[test]
    fn prefixes_tell_regions() {
        for (way, usage, expected) in [
            (Way::Internet, "USW2-DataTransfer-Out-Bytes", "us-west-2"),
            (Way::Internet, "DataTransfer-Out-Bytes", "us-east-1"),
            (Way::Nat, "NatGateway-Bytes", "us-east-1"),
            (Way::StoreElsewhere, "USW2-USE1-AWS-Out-Bytes", "us-west-2"),
            (Way::Internet, "EU-DataTransfer-Out-Bytes", "eu-west-1"),
            (Way::Internet, "XYZ9-DataTransfer-Out-Bytes", ""),
            (Way::Line, "VPN-Usage-Hours:ipsec.1", "us-east-1"),
            (Way::Edge, "EU-DataTransfer-Out-Bytes", ""),
            (Way::Internet, "$0.09 per GB - first 10 TB / month data transfer out", ""),
        ] {
            assert_eq!(region("aws", way, usage), expected, "{usage}");
        }
        assert_eq!(region("gcp", Way::Internet, "DataTransfer-Out-Bytes"), "");
    }
}
