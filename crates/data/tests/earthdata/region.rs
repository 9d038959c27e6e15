use std::time::Instant;

use frazil_data::region::{Access, LONGEST, Region, Route, Whereabouts};
use serde_json::json;

use crate::world::World;

const BUCKET: &str = "podaac-ops-cumulus-protected";

fn whereabouts(world: &World, variables: &[(&str, &str)]) -> Whereabouts {
    let host = world.told.plain.strip_prefix("http://").unwrap();
    let services =
        [("AWS_EC2_METADATA_SERVICE_ENDPOINT", world.told.plain.as_str()), ("GCE_METADATA_HOST", host)];
    let all: Vec<_> = variables.iter().copied().chain(services).collect();
    Whereabouts::new(world.client_in(&world.surroundings(&all)))
}

#[tokio::test]
async fn the_deployer_is_asked_first_and_nobody_else_then() {
    let Some(world) = World::start() else { return };
    world.post("settings", &json!({"metadata_region": "eu-central-1"})).await;
    let variables = [("FRAZIL_REGION", "aws/us-west-2"), ("AWS_REGION", "us-east-1")];
    let here = whereabouts(&world, &variables).here().await.clone();
    assert_eq!(here.region, Some(Region::aws("us-west-2")));
    assert!(here.because.contains("FRAZIL_REGION"));
    let here = whereabouts(&world, &variables[1..]).here().await.clone();
    assert_eq!(here.region, Some(Region::aws("us-east-1")));
    assert!(world.requests().await.is_empty());
}

#[tokio::test]
async fn metadata_services_tell_once() {
    let Some(world) = World::start() else { return };
    for (cloud, told, region) in
        [("aws", "us-west-2", "aws/us-west-2"), ("google", "us-west1", "google/us-west1")]
    {
        world.post("settings", &json!({"metadata_region": told, "metadata_cloud": cloud})).await;
        let whereabouts = whereabouts(&world, &[]);
        assert_eq!(whereabouts.here().await.region.as_ref().unwrap().to_string(), region);
        let asked = world.requests().await.len();
        whereabouts.clone().here().await;
        assert_eq!(world.requests().await.len(), asked);
    }
}

#[tokio::test]
async fn a_service_that_hangs_is_not_waited_for() {
    let Some(world) = World::start() else { return };
    world.post("settings", &json!({"metadata_region": "us-west-2", "metadata_ms": 60_000})).await;
    let whereabouts = whereabouts(&world, &[]);
    let begun = Instant::now();
    let choice = whereabouts.choose(BUCKET, None, Access::Auto).await;
    let took = begun.elapsed();
    assert_eq!(choice.route, Route::Https);
    assert!(choice.because.contains("300 ms"), "{}", choice.because);
    assert!((LONGEST..LONGEST * 3).contains(&took), "it took {took:?}");
    // Two answers of 200 ms each are late together, though neither is alone.
    world.post("settings", &json!({"metadata_ms": 200})).await;
    assert_eq!(self::whereabouts(&world, &[]).here().await.region, None);
}

#[tokio::test]
async fn a_bucket_of_which_s3_does_not_tell_is_waited_for_once() {
    let Some(world) = World::start() else { return };
    world.post("settings", &json!({"latency_ms_by_role": {"s3": 2000}})).await;
    let whereabouts = whereabouts(&world, &[("AWS_REGION", "us-west-2")]);
    let begun = Instant::now();
    for _ in 0..10 {
        let choice = whereabouts.choose(BUCKET, None, Access::Auto).await;
        assert!(choice.because.contains("did not tell in time"), "{}", choice.because);
    }
    assert!(begun.elapsed() < LONGEST * 3, "ten times took {:?}", begun.elapsed());
    world.post("settings", &json!({"latency_ms_by_role": {"s3": 0}})).await;
    assert_eq!(whereabouts.choose(BUCKET, None, Access::Auto).await.route, Route::Https);
    world.advance(600).await;
    assert_eq!(whereabouts.choose(BUCKET, None, Access::Auto).await.route, Route::S3);
}

#[tokio::test]
async fn buckets_are_asked_for_once_and_decide() {
    let Some(world) = World::start() else { return };
    let here = |region| whereabouts(&world, &[("AWS_REGION", region)]);
    let inside = here("us-west-2");
    for _ in 0..3 {
        let choice = inside.choose(BUCKET, None, Access::Auto).await;
        assert_eq!(choice.route, Route::S3, "{}", choice.because);
    }
    assert_eq!(world.requests().await, [format!("HEAD {BUCKET}.s3.amazonaws.com/ 403")]);
    let outside = here("eu-central-1");
    assert_eq!(outside.choose(BUCKET, Some("us-west-2"), Access::Auto).await.route, Route::Https);
    assert_eq!(outside.choose(BUCKET, None, Access::S3).await.route, Route::S3);
    assert_eq!(inside.choose(BUCKET, None, Access::Https).await.route, Route::Https);
    assert_eq!(world.requests().await.len(), 1);
    assert!(inside.bucket("no-such-bucket-here").await.is_err());
}
