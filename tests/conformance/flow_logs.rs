//! Flow logs as AWS puts them into a bucket, read from moto's S3: only the folders of the days that are asked.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use frazil::catalog::AddressRanges;
use frazil::cloud::objects::inputs;
use frazil::ledger::flows::{Days, FlowSums, KnownFiles, Wanted, read_some};
use frazil::ledger::read::{Input, ReadError};
use reqwest::Method;

use super::server::{Server, context};

/// The 12th of October 2026.
const DAY: u64 = 20_738;

/// A file of one record, packed as AWS does.
fn file(day: u64, bytes: u64) -> Vec<u8> {
    let at = day * 86_400 + 3_600;
    let text = format!(
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n\
         2 123456789012 eni-1 10.0.0.1 198.51.100.7 40000 443 6 9 {bytes} {at} {} ACCEPT OK\n",
        at + 60
    );
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}

async fn put(server: &Server, path: &str, body: Vec<u8>) {
    let signed = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-west-2/s3/aws4_request, SignedHeaders=host, Signature=0";
    let request =
        server.http.request(Method::PUT, format!("{}{path}", server.address)).header("authorization", signed);
    let answer = request.body(body).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
}

async fn flows(inputs: Vec<Input>, days: Days) -> Result<(FlowSums, Vec<String>), ReadError> {
    let read = move || {
        let ranges = AddressRanges::embedded().unwrap();
        let name = "123456789012_vpcflowlogs_us-west-2_fl-1_20261012T0000Z_known.log.gz";
        let known = KnownFiles::from([(name.to_owned(), 11)]);
        let wanted = Wanted { days, known: Some(&known) };
        let (sums, files) = read_some(&inputs, &wanted, &ranges, 2)?;
        Ok((sums, files.into_iter().map(|file| file.identity).collect()))
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

#[tokio::test]
async fn days_that_are_not_asked_for_are_not_read() {
    let Some(server) = Server::aws() else { return };
    let (key, secret) = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    let context = context(&[
        ("AWS_ACCESS_KEY_ID", key),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_REGION", "us-west-2"),
        ("AWS_ENDPOINT_URL", &server.address),
    ]);
    let location = "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                    <LocationConstraint>us-west-2</LocationConstraint></CreateBucketConfiguration>";
    put(&server, "/lab-flows", location.as_bytes().to_vec()).await;
    let folder = "/lab-flows/logs/AWSLogs/123456789012/vpcflowlogs/us-west-2/2026";
    let name = |day: &str, rest: &str| {
        format!("{folder}/10/{day}/123456789012_vpcflowlogs_us-west-2_fl-1_202610{day}T0000Z_{rest}.log.gz")
    };
    put(&server, &name("12", "a"), file(DAY, 1_000)).await;
    put(&server, &name("12", "b"), file(DAY, 20_000)).await;
    put(&server, &name("12", "known"), b"is not read".to_vec()).await;
    put(&server, &name("13", "late"), file(DAY, 300_000)).await;
    put(&server, &name("14", "next"), b"no flow log".to_vec()).await;
    put(&server, &format!("{folder}/09/30/x.log.gz"), b"no flow log".to_vec()).await;

    let open = async || inputs(&context, &["s3://lab-flows/logs/AWSLogs".to_owned()]).await.unwrap();
    let day = i32::try_from(DAY).unwrap();
    let (sums, files) = flows(open().await, Days { from: Some(day), to: Some(day) }).await.unwrap();
    let bytes: u64 =
        sums.rows.iter().filter(|(key, _)| key.day == day).map(|(_, traffic)| traffic.bytes).sum();
    assert_eq!((bytes, files.len()), (321_000, 3), "what was late is in the next day's folder");
    assert!(files[0].starts_with("123456789012_vpcflowlogs_"), "{files:?}");
    let error = flows(open().await, Days { from: None, to: None }).await.unwrap_err();
    assert!(error.to_string().contains("/2026/09/30/x.log.gz"), "{error}");
    let error = flows(open().await, Days { from: Some(day + 100), to: None }).await.unwrap_err();
    assert!(error.to_string().contains("s3://lab-flows/logs/AWSLogs"), "{error}");
}
