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

use frazil_data::counting::Books;
use frazil_data::credentials::ArchiveKeys;
use frazil_data::dataset::Selection;
use frazil_data::handle::Logins;
use frazil_data::http::{Client, Settings};
use frazil_data::open::{Opener, Opening};
use frazil_data::region::{Access, Whereabouts};
use frazil_data::remote::{Bucket, Reader, Remote, S3Object, Span};
use frazil_data::{Error, Surroundings};
use object_store::StaticCredentialProvider;
use object_store::aws::{AwsCredential, AwsCredentialProvider};
use serde_json::Value;

/// Starts moto in its own process, makes a user who may read and a bucket with three objects and a store of more names
/// than one page has, and from then on checks every signature. It ends with its standard input.
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
allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}]}
iam.put_user_policy(UserName="ada", PolicyName="read", PolicyDocument=json.dumps(allowed))
key = iam.create_access_key(UserName="ada")["AccessKey"]
s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
for name in ["a/plain.nc", "a/with space+plus=é.nc", "year=2020/a+b:c@d,e.nc"]:
    s3.put_object(Bucket="data", Key=name, Body=b"0123456789")
array = {"zarr_format": 2, "shape": [4], "chunks": [2], "dtype": "<i2", "fill_value": 9, "order": "C", "filters": None,
         "compressor": None}
for name in ["b c.zarr/.zgroup", "b c.zarr/g/.zgroup", *(f"b c.zarr/none{number}/x" for number in range(5))]:
    s3.put_object(Bucket="data", Key=name, Body=b'{"zarr_format": 2}')
s3.put_object(Bucket="data", Key="b c.zarr/z/.zarray", Body=json.dumps(array).encode())
s3.put_object(Bucket="data", Key="b c.zarr/z/0", Body=bytes([1, 0, 2, 0]))
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
            .env("MOTO_S3_DEFAULT_MAX_KEYS", "3")
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

    fn text(&self, name: &str) -> String {
        self.told[name].as_str().unwrap().to_owned()
    }

    fn account(&self, secret: &str) -> AwsCredentialProvider {
        let credential =
            AwsCredential { key_id: self.text("id"), secret_key: secret.to_owned(), token: None };
        Arc::new(StaticCredentialProvider::new(credential))
    }

    fn object(&self, key: &str, secret: &str) -> Remote {
        let reader = Reader::Account(self.account(secret));
        let bucket = Bucket {
            name: "data".to_owned(),
            region: "us-west-2".to_owned(),
            requester_pays: true,
            endpoint: Some(self.text("endpoint").parse().unwrap()),
        };
        Remote::S3(S3Object::new(&client(), reader, bucket, key))
    }
}

fn client() -> Client {
    let surroundings = Surroundings::made([("HOME", "/nowhere"), ("FRAZIL_REGION", "aws/us-west-2")]);
    Client::new(Settings::default(), &surroundings).unwrap()
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
    for key in ["a/plain.nc", "a/with space+plus=é.nc", "year=2020/a+b:c@d,e.nc"] {
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

#[tokio::test]
async fn stores_in_buckets_are_listed_page_by_page() {
    let Some(moto) = Moto::start() else { return };
    let amazon = Some(moto.account(moto.told["secret"].as_str().unwrap()));
    let logins =
        Logins { client: client(), session: None, amazon, google: None, keys: ArchiveKeys::default() };
    let opener = Opener::new(logins, &Whereabouts::new(client()), Access::Auto, Books::new());
    let endpoint = Some(moto.text("endpoint").parse().unwrap());
    let opening = Opening { endpoint, requester_pays: true, ..Opening::default() };
    let store = opener.open("s3://data/b c.zarr", &opening).await.unwrap();
    let root = store.dataset().group("/", false).await.unwrap();
    assert_eq!((root.variables[0].name.as_str(), root.groups[0].name.as_str()), ("z", "g"));
    let values = store.dataset().read("z", &Selection::All).await.unwrap();
    assert_eq!(values.as_f64().unwrap(), [1.0, 2.0, 9.0, 9.0]);
    let line = &opener.books().lines()[0];
    assert_eq!((line.label.bucket.as_str(), line.label.requester_pays), ("data", true));
}
