//! Where data is, where this runs, and so which way is the right one.

use frazil_data::found::Asset;
use frazil_data::http::Url;
use frazil_data::region::{Route, Whereabouts};
use frazil_data::remote::GoogleStorage;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::download::{access, file};
use crate::error::{invalid, told};
use crate::item::Item;
use crate::runtime::wait;
use crate::session::{Session, way};

/// Tells where an item or an address is: `here` and `here_because` of this machine, `bucket` and `region` of
/// the data, `access` and `because` of the way. Waits for at most 600 ms the first time.
#[pyfunction]
#[pyo3(signature = (what, session, access_by, payer))]
pub(crate) fn place<'py>(
    py: Python<'py>,
    what: &Bound<'py, PyAny>,
    session: Option<Py<Session>>,
    access_by: &str,
    payer: Option<String>,
) -> PyResult<Bound<'py, PyDict>> {
    let wanted = access(py, access_by)?;
    let (client, whereabouts) = way(py, session.as_ref().map(Py::get))?;
    if let Some(bucket) = google_bucket(py, what)? {
        return in_google(py, &GoogleStorage::new(&client, &whereabouts, payer), &whereabouts, &bucket);
    }
    let (bucket, region) = bucket(py, what)?;
    let asked = || async {
        let here = whereabouts.here().await.clone();
        let Some(bucket) = &bucket else { return (here, None, None) };
        let choice = whereabouts.choose(bucket, region.as_deref(), wanted).await;
        let there = match &region {
            Some(name) => Some(format!("aws/{name}")),
            None => whereabouts.bucket(bucket).await.ok().map(|region| region.to_string()),
        };
        (here, there, Some(choice))
    };
    let (here, there, choice) = wait(py, asked, |_| Ok(()))?;
    let told = PyDict::new(py);
    told.set_item("here", here.region.map(|region| region.to_string()))?;
    told.set_item("here_because", here.because)?;
    told.set_item("bucket", bucket)?;
    told.set_item("region", there)?;
    let (access, because) = match choice {
        Some(choice) if choice.route == Route::S3 => ("s3", choice.because),
        Some(choice) => ("https", choice.because),
        None => ("https", "it is not known to be in a bucket of S3".to_owned()),
    };
    told.set_item("access", access)?;
    told.set_item("because", because)?;
    Ok(told)
}

/// Tells the same of a bucket of Google Cloud Storage.
fn in_google<'py>(
    py: Python<'py>,
    google: &GoogleStorage,
    whereabouts: &Whereabouts,
    bucket: &str,
) -> PyResult<Bound<'py, PyDict>> {
    let asked = || async { (whereabouts.here().await.clone(), google.place(bucket).await) };
    let (here, there) = wait(py, asked, |_| Ok(()))?;
    let told = PyDict::new(py);
    told.set_item("here", here.region.map(|region| region.to_string()))?;
    told.set_item("here_because", here.because)?;
    told.set_item("bucket", bucket)?;
    told.set_item("region", there.region.map(|region| region.to_string()))?;
    told.set_item("access", Route::Google.name())?;
    told.set_item("because", there.because)?;
    Ok(told)
}

/// The bucket of Google Cloud Storage of what is nowhere else.
fn google_bucket(py: Python<'_>, what: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if let Ok(item) = what.cast::<Item>() {
        return Ok(item.get().item.google_bucket().map(str::to_owned));
    }
    let address = what.extract::<String>().ok().filter(|text| frazil_data::found::Item::is_address(text));
    let Some(address) = address else { return Ok(None) };
    Ok(told(py, file(&address))?.google.map(|google| google.bucket))
}

/// The bucket of an item or an address, and its region if that is told.
fn bucket(py: Python<'_>, what: &Bound<'_, PyAny>) -> PyResult<(Option<String>, Option<String>)> {
    if let Ok(item) = what.cast::<Item>() {
        let of = |asset: &Asset| Some((asset.s3_bucket()?.to_owned(), asset.region.clone()));
        let found = item.get().item.data().find_map(of);
        return Ok(found.map_or((None, None), |(bucket, region)| (Some(bucket), region)));
    }
    let Ok(address) = what.extract::<String>() else {
        let what = format!("{} is neither an item nor an address", what.repr()?);
        return Err(invalid(py, what, "give an item that a search found, or an address"));
    };
    if let Some(rest) = address.strip_prefix("s3://") {
        return Ok((rest.split('/').next().map(str::to_owned), None));
    }
    let file = told(py, file(&address))?;
    Ok((file.https.as_ref().and_then(bucket_of), None))
}

/// The bucket of an address of S3: `BUCKET.s3.REGION.amazonaws.com`, or `s3.REGION.amazonaws.com/BUCKET`; without
/// the region too.
fn bucket_of(url: &Url) -> Option<String> {
    let rest = url.host_str()?.strip_suffix(".amazonaws.com")?;
    let of_s3 = |after: &str| after.is_empty() || after.starts_with(['.', '-']);
    let bucket = match rest.strip_prefix("s3") {
        Some(after) if of_s3(after) => url.path_segments()?.next()?,
        _ => rest.split_once(".s3").filter(|(_, after)| of_s3(after))?.0,
    };
    (!bucket.is_empty()).then(|| bucket.to_owned())
}
