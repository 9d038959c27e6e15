//! `frazil data`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use frazil_units::Bytes;

use crate::error::{Error, Result};
use crate::view::Format;

/// How many finds are shown when nothing is said.
const SHOWN: usize = 20;

/// Arguments of `frazil data`.
#[derive(Clone, Debug, Args)]
pub struct DataArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: DataVerb,
}

/// The verbs of `frazil data`.
#[derive(Clone, Debug, Subcommand)]
pub enum DataVerb {
    /// Find granules, datasets and services; items of STAC; sources of Intake catalogues.
    #[command(after_help = "\
Examples:
  frazil data search ATL08 --bbox -74.2,40.5,-73.7,41.0 --time 2023-05
  frazil data search ATL08 -p version=006 -p cloud_cover=0,20 --all --out found.parquet
  frazil data search 10.5067/ATLAS/ATL08.006 --cloud -o geojson
                                       a dataset by its DOI, only where it is in the cloud
  frazil data search --datasets --keyword \"sea ice\"
  frazil data search sentinel-2-l2a --from earth-search --bbox 10,50,11,51 --filter \"eo:cloud_cover < 10\"
  frazil data search --from https://example.org/catalog.json -o stac
  frazil data search --from cmip6.json -p variable_id=tos -p experiment_id='ssp*'

Parameters of CMR have their own names: -p NAME=VALUE takes any of them, options[NAME][pattern]=true too.")]
    Search(Box<SearchArgs>),

    /// Tell everything of one granule, dataset or item; of a file or store at an address, what it holds.
    #[command(after_help = "\
Examples:
  frazil data info ATL08               a dataset, in all its versions
  frazil data info G2160242605-NSIDC_ECS
  frazil data info S2B_19TCH_20180209_0 --from earth-search -o json
  frazil data info gs://BUCKET/cube.zarr
                                       the tree of HDF5, NetCDF, Zarr, GeoTIFF, Kerchunk, DMR++
  frazil data info granule.h5 --group /gt1l/heights --stored
                                       the stored sizes too, of one group")]
    Info(DescribeArgs),

    /// Tell what programs read, by dataset, bucket, region and route, as they wrote it into the byte ledger.
    #[command(after_help = "\
Examples:
  frazil data stats                    the ledger that FRAZIL_BYTE_LEDGER names
  frazil data stats --bytes ~/.local/share/frazil/bytes --prices prices.json
                                       with what it cost, by a table of prices
  frazil data stats -o csv             exact bytes")]
    Stats(StatsArgs),

    /// Tell where data is and where this runs, and so whether S3 or HTTPS is the way.
    #[command(after_help = "\
Examples:
  frazil data where ATL08
  frazil data where G2160242605-NSIDC_ECS -o json
  frazil data where gs://BUCKET/KEY

FRAZIL_REGION=aws/us-west-2 says where this runs when nobody else does.")]
    Where(InfoArgs),

    /// Bring files: many at once, resumed after any stop, checked; the same call again brings what is missing.
    #[command(after_help = "\
Examples:
  frazil data download ATL08 --bbox -74.2,40.5,-73.7,41.0 --time 2023-05 --out atl08
  frazil data download HLSL30 --time 2024-02-11 --limit 3 --file '*.B0?.tif'
  frazil data download G2160242605-NSIDC_ECS --bandwidth '40 MB' --connections 4
  frazil data download https://data.nsidc.earthdatacloud.nasa.gov/PATH/FILE.h5
  frazil data download gs://BUCKET/KEY --payer PROJECT

Files of STAC items go into folders by the items' ids. Files of granules keep their names; those called
alike go into folders by the granules' ids. No file is put over one from another address, but by --again.

Exit code 1 when a file is missing at the end; the list says why.")]
    Download(Box<DownloadArgs>),

    /// Log in to Earthdata: find the login, ask for it at a terminal, tell whose it is and when it ends.
    #[command(after_help = "\
Examples:
  frazil data login                    EARTHDATA_TOKEN, EARTHDATA_USERNAME and EARTHDATA_PASSWORD, .netrc, or ask
  frazil data login --keep             ask, and keep the answer in .netrc")]
    Login(LoginArgs),
}

/// Where is searched.
#[derive(Clone, Debug, Args)]
pub struct Service {
    /// Where to look: cmr, earth-search, planetary-computer, or the address or path of a STAC, Intake or
    /// intake-esm catalogue.
    #[arg(long, value_name = "CATALOGUE", default_value = "cmr")]
    pub from: String,

    /// Which Earthdata: production or uat.
    #[arg(long, value_name = "NAME", default_value = "production")]
    pub earthdata: String,

    /// Log in, to find also what is not for everyone.
    #[arg(long)]
    pub login: bool,
}

/// What is looked for.
#[derive(Clone, Debug, Args)]
pub struct Wanted {
    /// Datasets: short names, concept ids or DOIs; of STAC, collections. To download, also addresses of
    /// files: `https://…`, `s3://BUCKET/KEY`, `gs://BUCKET/KEY`.
    #[arg(value_name = "DATASET")]
    pub datasets: Vec<String>,

    /// Where is searched.
    #[command(flatten)]
    pub service: Service,

    /// In a box: WEST,SOUTH,EAST,NORTH in degrees; west is greater than east across the antimeridian.
    #[arg(long, value_name = "W,S,E,N", allow_hyphen_values = true)]
    pub bbox: Option<String>,

    /// Around a position: LONGITUDE,LATITUDE.
    #[arg(long, value_name = "LON,LAT", allow_hyphen_values = true, conflicts_with = "bbox")]
    pub point: Option<String>,

    /// In a polygon: LONGITUDE,LATITUDE of each corner.
    #[arg(long, value_name = "LON,LAT,…", allow_hyphen_values = true, conflicts_with_all = ["bbox", "point"])]
    pub polygon: Option<String>,

    /// In a time: 2023, 2023-05, 2023-05-01/2023-06-15, 2023-05/P10D, 2023/.. for an open end.
    #[arg(long, value_name = "SPAN")]
    pub time: Option<String>,

    /// Granules by name; * and ? stand for anything. Of STAC, items by id.
    #[arg(long, value_name = "NAME")]
    pub granule: Vec<String>,

    /// Only data in the cloud.
    #[arg(long, conflicts_with = "on_prem")]
    pub cloud: bool,

    /// Only data on the archives' own machines.
    #[arg(long)]
    pub on_prem: bool,

    /// A parameter of CMR, a column of an intake-esm catalogue, or a parameter of an Intake catalogue.
    #[arg(short, long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,

    /// A filter for STAC, in CQL2 text or JSON.
    #[arg(long, value_name = "CQL2")]
    pub filter: Option<String>,

    /// Sort by a key, the greatest first with - before it.
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub sort: Vec<String>,

    /// How many at most [default: 20; of a search with --out, all].
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<usize>,

    /// All that is found.
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
}

/// Arguments of `frazil data search`.
#[derive(Clone, Debug, Args)]
pub struct SearchArgs {
    /// What is looked for.
    #[command(flatten)]
    pub wanted: Wanted,

    /// Words in the descriptions of datasets and services.
    #[arg(long, value_name = "WORDS")]
    pub keyword: Option<String>,

    /// Find datasets, not granules.
    #[arg(long = "datasets", conflicts_with_all = ["services", "granule"])]
    pub datasets_only: bool,

    /// Find services, not granules.
    #[arg(long, conflicts_with = "granule")]
    pub services: bool,

    /// Only tell how many there are.
    #[arg(long, conflicts_with = "out")]
    pub count: bool,

    /// Write what is found as GeoParquet; any number of finds, one page in memory.
    #[arg(long, value_name = "FILE.parquet")]
    pub out: Option<PathBuf>,
}

/// Arguments of `frazil data download`.
#[derive(Clone, Debug, Args)]
pub struct DownloadArgs {
    /// What is looked for.
    #[command(flatten)]
    pub wanted: Wanted,

    /// The folder that files come to; it is made if it is not there.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub out: PathBuf,

    /// Only files by name; * and ? stand for anything.
    #[arg(long, value_name = "PATTERN")]
    pub file: Option<String>,

    /// Most transfers at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub connections: u16,

    /// Most bytes a second, of all transfers together: `40 MB`.
    #[arg(long, value_name = "BYTES")]
    pub bandwidth: Option<Bytes>,

    /// Which way: auto, s3 or https.
    #[arg(long, value_enum, default_value_t, hide_possible_values = true, value_name = "WAY")]
    pub access: Way,

    /// The project that pays for reading from Google Cloud Storage, of buckets whose owners do not.
    #[arg(long, value_name = "PROJECT")]
    pub payer: Option<String>,

    /// Download also what is there already.
    #[arg(long)]
    pub again: bool,
}

/// By which way data comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// S3 in the bucket's region, HTTPS from elsewhere.
    #[default]
    Auto,
    /// S3, wherever this runs.
    S3,
    /// HTTPS, wherever this runs.
    Https,
}

/// Arguments of `frazil data login`.
#[derive(Clone, Debug, Args)]
pub struct LoginArgs {
    /// Which Earthdata: production or uat.
    #[arg(long, value_name = "NAME", default_value = "production")]
    pub earthdata: String,

    /// Keep name and password in `.netrc`, readable by you alone, where other programs find them too.
    #[arg(long)]
    pub keep: bool,
}

/// Arguments of `frazil data info` and `frazil data where`.
#[derive(Clone, Debug, Args)]
pub struct InfoArgs {
    /// A concept id, a short name, a DOI, the id of a STAC item, or `gs://BUCKET/KEY`.
    #[arg(value_name = "ID")]
    pub id: String,

    /// Where is searched.
    #[command(flatten)]
    pub service: Service,

    /// The project that pays for reading from Google Cloud Storage, of buckets whose owners do not.
    #[arg(long, value_name = "PROJECT")]
    pub payer: Option<String>,
}

/// Arguments of `frazil data info`.
#[derive(Clone, Debug, Args)]
pub struct DescribeArgs {
    /// What is told of, and where it is searched; an address or a path is opened.
    #[command(flatten)]
    pub info: InfoArgs,

    /// Of a file or store: this group, and what is below it.
    #[arg(long, value_name = "PATH", default_value = "/")]
    pub group: String,

    /// Of a file or store: the stored size of each variable, for which the indexes of chunks are read.
    #[arg(long)]
    pub stored: bool,

    /// Of a file or store: what opening it cost, and with --stored what reading each variable does, by this table of prices.
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,

    /// Keys for an archive's bucket: the archive's name, or its s3credentials address.
    #[arg(long, value_name = "ARCHIVE")]
    pub keys: Option<String>,

    /// Pay for reading from S3, where the bucket's owner does not.
    #[arg(long)]
    pub requester_pays: bool,
}

/// Arguments of `frazil data stats`.
#[derive(Clone, Debug, Args)]
pub struct StatsArgs {
    /// The byte ledger's folder, instead of the one that `FRAZIL_BYTE_LEDGER` names.
    #[arg(long, value_name = "FOLDER")]
    pub bytes: Option<PathBuf>,

    /// A table of prices, JSON: docs/data.md says how it is written.
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
}

impl Wanted {
    /// Everything of a service.
    pub fn of(service: Service) -> Self {
        Self {
            datasets: Vec::new(),
            service,
            bbox: None,
            point: None,
            polygon: None,
            time: None,
            granule: Vec::new(),
            cloud: false,
            on_prem: false,
            parameters: Vec::new(),
            filter: None,
            sort: Vec::new(),
            limit: None,
            all: false,
        }
    }

    /// How many are wanted at most.
    pub fn most(&self) -> Option<usize> {
        if self.all { None } else { Some(self.limit.unwrap_or(SHOWN)) }
    }

    /// The parameters, each with its value.
    ///
    /// # Errors
    /// When one has no value.
    pub fn pairs(&self) -> Result<Vec<(&str, &str)>> {
        let pair = |text| {
            str::split_once(text, '=').ok_or_else(|| {
                Error::usage(format!("the parameter `{text}` has no value")).hint("write it as NAME=VALUE")
            })
        };
        self.parameters.iter().map(|text| pair(text.as_str())).collect()
    }
}

impl SearchArgs {
    /// How many are shown or written at most.
    pub fn most(&self) -> Option<usize> {
        if self.out.is_some() { self.wanted.limit } else { self.wanted.most() }
    }
}

impl DataArgs {
    /// Refuses what makes no sense together.
    ///
    /// # Errors
    /// When a file of another kind is asked for, or features of what are none.
    pub fn check(&self, format: Format) -> Result<()> {
        let features = matches!(format, Format::Geojson | Format::Stac);
        let DataVerb::Search(args) = &self.verb else {
            if features && !matches!(self.verb, DataVerb::Info(_)) {
                return Err(Error::usage("this verb finds no features").hint("choose table, json or yaml"));
            }
            return Ok(());
        };
        if let Some(out) = &args.out
            && !out.extension().is_some_and(|end| end == "parquet" || end == "geoparquet")
        {
            return Err(Error::usage(format!("{} is no name of a GeoParquet file", out.display()))
                .hint("let it end in .parquet; for other forms, use -o and `> FILE`"));
        }
        if features && (args.datasets_only || args.services || args.count) {
            return Err(Error::usage("datasets, services and counts are no features")
                .hint("choose table, wide, json, yaml or csv"));
        }
        Ok(())
    }
}
