//! S3 that says where a bucket is.

use std::sync::Arc;

use frazil_data::remote::{Bucket, Reader, Remote, S3Object, Span};
use object_store::StaticCredentialProvider;
use object_store::aws::AwsCredential;

use crate::canned::{Canned, Given};
use crate::client;

#[tokio::test]
async fn a_bucket_is_read_where_s3_says_that_it_is() {
    for status in [301, 400] {
        let server = Canned::start(move |asked| {
            if asked.headers["authorization"].contains("/us-west-2/s3/aws4_request") {
                return Given { body: b"there".to_vec(), ..Given::status(200) };
            }
            Given::status(status).header("x-amz-bucket-region", "us-west-2")
        })
        .await;
        let keys = AwsCredential { key_id: "ASIAX".to_owned(), secret_key: "secret".to_owned(), token: None };
        let bucket = Bucket {
            name: "told-wrongly".to_owned(),
            region: "us-east-1".to_owned(),
            requester_pays: false,
            endpoint: Some(server.base.clone()),
        };
        let reader = Reader::Account(Arc::new(StaticCredentialProvider::new(keys)));
        let remote = Remote::S3(S3Object::new(&client(), reader, bucket, "x.nc"));
        for _ in 0..2 {
            let answer = remote.open(Span::onward(0), None, 1).await.unwrap();
            assert_eq!(answer.whole(100).await.unwrap().bytes, "there");
        }
        assert_eq!(server.asked().len(), 3, "it is asked once where it is not");
    }
}
