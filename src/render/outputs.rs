//! What is known later only: values stand as `output:NAME` until they are applied, so that everything
//! else can be rendered before anything exists. Most are Terraform's outputs.

use std::fmt::Display;

use serde_json::Value;

/// What marks a value as one that is known later. It is the whole string, never a part of one.
pub const PREFIX: &str = "output:";

/// An output of Terraform that charts and manifests need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// The homes' volume, as its CSI driver names it. With a quota, one disk: on AWS the EBS volume's
    /// ID (`vol-…`), on GCP `projects/PROJECT/zones/ZONE/disks/NAME`. Without one, on AWS the EFS file
    /// system and its access point, `fs-…::fsap-…`; the access point makes everything person 1000's.
    HomesVolume,
    /// The zone of the homes' disk, where its server has to run.
    HomesZone,
    /// The address of the Filestore instance that keeps homes, on GCP without a quota.
    HomesAddress,
    /// The address that the balancer gets, where `dns` names a zone: on GCP the address itself, on AWS
    /// the ID of its allocation (`eipalloc-…`).
    BalancerAddress,
    /// The subnet that the balancer with that address is in, on AWS: one address is for one subnet.
    BalancerSubnet,
}

impl Output {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::HomesVolume, Self::HomesZone, Self::HomesAddress, Self::BalancerAddress, Self::BalancerSubnet];

    /// Its name in Terraform.
    pub fn name(self) -> &'static str {
        match self {
            Self::HomesVolume => "homes_volume",
            Self::HomesZone => "homes_zone",
            Self::HomesAddress => "homes_address",
            Self::BalancerAddress => "balancer_address",
            Self::BalancerSubnet => "balancer_subnet",
        }
    }

    /// The output that a value stands for, if it stands for one.
    pub fn of(value: &Value) -> Option<Self> {
        let name = value.as_str()?.strip_prefix(PREFIX)?;
        Self::ALL.into_iter().find(|output| output.name() == name)
    }
}

/// What stands in place of an output's value.
pub fn output(output: Output) -> Value {
    Value::String(format!("{PREFIX}{}", output.name()))
}

/// What stands before the name of a further gateway whose balancer has no name of its own.
const GATEWAY: &str = "gateway_address:";

/// What stands in place of a further gateway's address until it is up.
pub fn gateway_address(name: &impl Display) -> Value {
    Value::String(format!("{PREFIX}{GATEWAY}{name}"))
}

/// What stands before the name of a further gateway whose schedulers' address follows from its own.
const GATEWAY_PROXY: &str = "gateway_proxy_address:";

/// What stands in place of the way to a further gateway's schedulers until it is up.
pub fn gateway_proxy_address(name: &impl Display) -> Value {
    Value::String(format!("{PREFIX}{GATEWAY_PROXY}{name}"))
}

/// The further gateway whose address a value stands for, if it stands for one.
pub fn gateway_of(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix(PREFIX)?.strip_prefix(GATEWAY)
}

/// The further gateway the way to whose schedulers a value stands for, if it stands for one.
pub fn gateway_proxy_of(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix(PREFIX)?.strip_prefix(GATEWAY_PROXY)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Output, gateway_address, gateway_of, output};

    #[test]
    fn the_gateway_of_an_address_is_found() {
        assert_eq!(gateway_of(&gateway_address(&"lab")), Some("lab"));
        assert_eq!(Output::of(&gateway_address(&"lab")), None);
        assert_eq!(gateway_of(&output(Output::HomesZone)), None);
    }

    #[test]
    fn an_output_is_found_where_it_stands() {
        for each in Output::ALL {
            assert_eq!(Output::of(&output(each)), Some(each));
        }
        for other in [json!("output:other"), json!("homes_volume"), json!(1), json!("x output:homes_volume")]
        {
            assert_eq!(Output::of(&other), None);
        }
    }
}
