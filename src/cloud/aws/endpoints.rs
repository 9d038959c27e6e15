//! Where the services of AWS answer, and with what name requests to them are signed.

/// How a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speech {
    /// Parameters in a form, XML back; with this version of the API.
    Form(&'static str),
    /// A JSON body, and this before the name of the operation.
    Json(&'static str),
    /// Paths and verbs.
    Rest,
}

/// A service of AWS.
#[derive(Clone, Copy, Debug)]
pub(super) struct Api {
    /// The name that requests are signed with, and that rights begin with.
    pub(super) name: &'static str,
    /// The first part of the address.
    host: &'static str,
    /// Whether there is one address for all regions.
    global: bool,
    pub(super) speech: Speech,
}

const fn regional(name: &'static str, host: &'static str, speech: Speech) -> Api {
    Api { name, host, global: false, speech }
}

pub(super) const ATHENA: Api = regional("athena", "athena", Speech::Json("AmazonAthena."));
pub(super) const AUTOSCALING: Api = regional("autoscaling", "autoscaling", Speech::Form("2011-01-01"));
pub(super) const BACKUP: Api = regional("backup", "backup", Speech::Rest);
pub(super) const BUDGETS: Api =
    Api { name: "budgets", host: "budgets", global: true, speech: Speech::Json("AWSBudgetServiceGateway.") };
pub(super) const DLM: Api = regional("dlm", "dlm", Speech::Rest);
pub(super) const EC2: Api = regional("ec2", "ec2", Speech::Form("2016-11-15"));
pub(super) const ECR: Api = regional("ecr", "api.ecr", Speech::Json("AmazonEC2ContainerRegistry_V20150921."));
pub(super) const EFS: Api = regional("elasticfilesystem", "elasticfilesystem", Speech::Rest);
/// Classic load balancers.
pub(super) const ELB: Api =
    regional("elasticloadbalancing", "elasticloadbalancing", Speech::Form("2012-06-01"));
/// Application and network load balancers.
pub(super) const ELB2: Api =
    regional("elasticloadbalancing", "elasticloadbalancing", Speech::Form("2015-12-01"));
/// AWS Data Exports has one endpoint, of the newer kind ("AWS Data Exports endpoints and quotas").
pub(super) const EXPORTS: Api = Api {
    name: "bcm-data-exports",
    host: "bcm-data-exports",
    global: true,
    speech: Speech::Json("AWSBillingAndCostManagementDataExports."),
};
pub(super) const IAM: Api =
    Api { name: "iam", host: "iam", global: true, speech: Speech::Form("2010-05-08") };
pub(super) const KMS: Api = regional("kms", "kms", Speech::Json("TrentService."));
pub(super) const LOGS: Api = regional("logs", "logs", Speech::Json("Logs_20140328."));
pub(super) const QUOTAS: Api =
    regional("servicequotas", "servicequotas", Speech::Json("ServiceQuotasV20190624."));
pub(super) const ROUTE53: Api = Api { name: "route53", host: "route53", global: true, speech: Speech::Rest };
pub(super) const S3: Api = regional("s3", "s3", Speech::Rest);
pub(super) const STS: Api = regional("sts", "sts", Speech::Form("2011-06-15"));
pub(super) const TAGGING: Api =
    regional("tagging", "tagging", Speech::Json("ResourceGroupsTaggingAPI_20170126."));

impl Api {
    /// Where it answers, without a slash at the end; and the region that requests are signed for.
    /// Regions of China and the government's are partitions with addresses of their own
    /// ("AWS service endpoints", AWS General Reference).
    pub(super) fn address(&self, region: &str) -> (String, String) {
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        if !self.global {
            return (format!("https://{}.{region}.{domain}", self.host), region.to_owned());
        }
        if self.name == EXPORTS.name {
            return ("https://bcm-data-exports.us-east-1.api.aws".to_owned(), "us-east-1".to_owned());
        }
        let (part, home) = match region {
            _ if region.starts_with("cn-") && self.name == ROUTE53.name => ("", "cn-northwest-1"),
            _ if region.starts_with("cn-") => (".cn-north-1", "cn-north-1"),
            _ if region.starts_with("us-gov-") => (".us-gov", "us-gov-west-1"),
            _ => ("", "us-east-1"),
        };
        (format!("https://{}{part}.{domain}", self.host), home.to_owned())
    }

    /// The variable that names another address of this service
    /// ("Service-specific endpoints", AWS SDKs and Tools Reference Guide).
    pub(super) fn variable(&self) -> String {
        let service = match self.name {
            "elasticfilesystem" => "EFS",
            "elasticloadbalancing" if self.speech == ELB.speech => "ELASTIC_LOAD_BALANCING",
            "elasticloadbalancing" => "ELASTIC_LOAD_BALANCING_V2",
            "logs" => "CLOUDWATCH_LOGS",
            "servicequotas" => "SERVICE_QUOTAS",
            "tagging" => "RESOURCE_GROUPS_TAGGING_API",
            "autoscaling" => "AUTO_SCALING",
            "route53" => "ROUTE_53",
            "bcm-data-exports" => "BCM_DATA_EXPORTS",
            other => return format!("AWS_ENDPOINT_URL_{}", other.to_uppercase()),
        };
        format!("AWS_ENDPOINT_URL_{service}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_follow_the_region() {
        let address = |api: &Api, region| api.address(region).0;
        assert_eq!(address(&EC2, "us-west-2"), "https://ec2.us-west-2.amazonaws.com");
        assert_eq!(address(&ECR, "eu-central-1"), "https://api.ecr.eu-central-1.amazonaws.com");
        assert_eq!(address(&STS, "cn-north-1"), "https://sts.cn-north-1.amazonaws.com.cn");
        assert_eq!(
            IAM.address("eu-west-1"),
            ("https://iam.amazonaws.com".to_owned(), "us-east-1".to_owned())
        );
        assert_eq!(address(&IAM, "us-gov-east-1"), "https://iam.us-gov.amazonaws.com");
        let china = ("https://route53.amazonaws.com.cn".to_owned(), "cn-northwest-1".to_owned());
        assert_eq!(ROUTE53.address("cn-north-1"), china);
        assert_eq!(address(&EXPORTS, "eu-west-1"), "https://bcm-data-exports.us-east-1.api.aws");
    }

    #[test]
    fn each_service_may_be_elsewhere() {
        assert_eq!(STS.variable(), "AWS_ENDPOINT_URL_STS");
        assert_eq!(ELB.variable(), "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING");
        assert_eq!(ELB2.variable(), "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2");
    }
}
