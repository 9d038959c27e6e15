//! Buckets of frazil's own.

use super::Fake;
use crate::cloud::Bucket;
use crate::error::{Error, Result};

impl Fake {
    pub(super) fn bucket_now(&self, name: &str) -> Result<Option<Bucket>> {
        Ok(self.called("bucket", name)?.buckets.get(name).map(|(bucket, _)| bucket.clone()))
    }

    pub(super) fn empty_now(
        &self,
        bucket: &Bucket,
        hub: &str,
        told: &mut (dyn FnMut(u64) + Send),
    ) -> Result<u64> {
        let mut world = self.called("empty_bucket", &bucket.name)?;
        bucket.must_be_of(hub)?;
        let objects = world.buckets.get_mut(&bucket.name).map_or(0, |(_, objects)| std::mem::take(objects));
        told(objects);
        Ok(objects)
    }

    pub(super) fn remove_bucket_now(&self, bucket: &Bucket, hub: &str) -> Result<()> {
        let mut world = self.called("remove_bucket", &bucket.name)?;
        bucket.must_be_of(hub)?;
        if world.buckets.get(&bucket.name).is_some_and(|(_, objects)| *objects > 0) {
            return Err(Error::failed(format!("the bucket {} is not empty", bucket.name)));
        }
        world.buckets.remove(&bucket.name);
        Ok(())
    }
}
