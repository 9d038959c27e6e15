//! Requests to S3, whose signatures moto checks.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests start moto, and stop at the first surprise"
)]

#[path = "../../../tests/support/skips.rs"]
mod skips;
#[expect(dead_code, reason = "other tests start other tools")]
#[path = "../../../tests/support/tools.rs"]
mod tools;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use frazil_data::http::{Client, Settings};
use frazil_data::remote::{Bucket, Reader, Remote, S3Object, Span};
use frazil_data::{Error, Surroundings};
use object_store::StaticCredentialProvider;
use object_store::aws::AwsCredential;
use serde_json::Value;

/// Starts moto in its own process, makes a user who may read and a bucket with two objects, and from then on checks
/// every signature. It ends with its standard input.
const PROGRAM: &str = r#"
import json, sys, boto3, requests
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://127.0.0.1:{port}"
made = dict(endpoint_url=endpoint, region_name="us-west-2", aws_access_key_id="a", aws_secret_access_key="b")
iam, s3 = boto3.client("iam", **made), boto3.client("s3", **made)
iam.create_user(UserName="ada")
allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
iam.put_user_policy(UserName="ada", PolicyName="read", PolicyDocument=json.dumps(allowed))
key = iam.create_access_key(UserName="ada")["AccessKey"]
s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
for name in ["a/plain.nc", "a/with space+plus=é.nc"]:
    s3.put_object(Bucket="data", Key=name, Body=b"0123456789")
requests.post(endpoint + "/moto-api/reset-auth", data=b"0").raise_for_status()
print(json.dumps({"endpoint": endpoint, "id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}), flush=True)
sys.stdin.read()
"#;

struct Moto {
    child: Child,
    told: Value,
}

impl Moto {
    fn start() -> Option<Self> {
        let python = tools::cache().join("clouds/moto/bin/python");
        if !tools::runs(&python, &["-c", "import moto, boto3"]) {
            skips::skipped("there is no moto (tests/clouds/build.sh installs it)");
            return None;
        }
        let mut child = Command::new(python)
            .args(["-c", PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // What moto says of itself comes first.
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.into_iter().find(|line| line.starts_with('{')).unwrap();
        Some(Self { child, told: serde_json::from_str(&line).unwrap() })
    }

    fn object(&self, key: &str, secret: &str) -> Remote {
        let text = |name: &str| self.told[name].as_str().unwrap().to_owned();
        let credential = AwsCredential { key_id: text("id"), secret_key: secret.to_owned(), token: None };
        let reader = Reader::Account(Arc::new(StaticCredentialProvider::new(credential)));
        let bucket = Bucket {
            name: "data".to_owned(),
            region: "us-west-2".to_owned(),
            requester_pays: true,
            endpoint: Some(text("endpoint").parse().unwrap()),
        };
        let client = Client::new(Settings::default(), &Surroundings::made([("HOME", "/nowhere")])).unwrap();
        Remote::S3(S3Object::new(&client, reader, bucket, key))
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test]
async fn requests_are_signed_as_amazon_wants_them() {
    let Some(moto) = Moto::start() else { return };
    let secret = moto.told["secret"].as_str().unwrap();
    for key in ["a/plain.nc", "a/with space+plus=é.nc"] {
        let read = moto.object(key, secret).open(Span::from(2..5), None, 1).await.unwrap();
        assert_eq!(read.whole(10).await.unwrap().bytes, "234", "{key}");
    }
    let error = moto.object("a/plain.nc", "wrong").open(Span::onward(0), None, 1).await.unwrap_err();
    assert!(
        matches!(&error, Error::Refused { status: 403, said, .. } if said.contains("SignatureDoesNotMatch")),
        "{error}"
    );
    let error = moto.object("a/none.nc", secret).open(Span::onward(0), None, 1).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
}
