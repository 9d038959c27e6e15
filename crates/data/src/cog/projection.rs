//! Projections that a file describes by their parameters: as PROJ writes them, and as WKT 1 (OGC 01-009,
//! with GDAL's names).

use std::fmt::Write;

use super::georeference::Keys;

/// Keys of GeoTIFF 1.1, annex B.
pub(super) mod key {
    pub(in crate::cog) const MODEL: u16 = 1024;
    pub(in crate::cog) const RASTER: u16 = 1025;
    pub(in crate::cog) const CITATION: u16 = 1026;
    pub(in crate::cog) const GEOGRAPHIC: u16 = 2048;
    pub(in crate::cog) const ELLIPSOID: u16 = 2056;
    pub(in crate::cog) const MAJOR: u16 = 2057;
    pub(in crate::cog) const FLATTENING: u16 = 2059;
    pub(in crate::cog) const PROJECTED: u16 = 3072;
    pub(in crate::cog) const PROJECTED_CITATION: u16 = 3073;
    pub(in crate::cog) const METHOD: u16 = 3075;
    pub(in crate::cog) const UNIT: u16 = 3076;
}

/// A projection of GeoTIFF (`ProjMethodGeoKey`).
struct Method {
    code: u16,
    proj: &'static str,
    wkt: &'static str,
    parameters: &'static [Parameter],
}

/// A parameter: its key, its name for PROJ, its name in WKT.
type Parameter = (u16, &'static str, &'static str);

const EAST: Parameter = (3082, "x_0", "false_easting");
const NORTH: Parameter = (3083, "y_0", "false_northing");
const SCALE: Parameter = (3092, "k", "scale_factor");
const MERIDIAN: Parameter = (3080, "lon_0", "central_meridian");
const CENTER: [Parameter; 2] =
    [(3089, "lat_0", "latitude_of_center"), (3088, "lon_0", "longitude_of_center")];
const PARALLELS: [Parameter; 2] =
    [(3078, "lat_1", "standard_parallel_1"), (3079, "lat_2", "standard_parallel_2")];

const METHODS: [Method; 10] = [
    Method {
        code: 1,
        proj: "tmerc",
        wkt: "Transverse_Mercator",
        parameters: &[(3081, "lat_0", "latitude_of_origin"), MERIDIAN, SCALE, EAST, NORTH],
    },
    Method {
        code: 7,
        proj: "merc",
        wkt: "Mercator_1SP",
        parameters: &[MERIDIAN, SCALE, (3078, "lat_ts", ""), EAST, NORTH],
    },
    Method {
        code: 8,
        proj: "lcc",
        wkt: "Lambert_Conformal_Conic_2SP",
        parameters: &[
            (3085, "lat_0", "latitude_of_origin"),
            (3084, "lon_0", "central_meridian"),
            PARALLELS[0],
            PARALLELS[1],
            EAST,
            NORTH,
        ],
    },
    Method {
        code: 9,
        proj: "lcc",
        wkt: "Lambert_Conformal_Conic_1SP",
        parameters: &[
            (3081, "lat_0", "latitude_of_origin"),
            (3081, "lat_1", ""),
            MERIDIAN,
            (3092, "k_0", "scale_factor"),
            EAST,
            NORTH,
        ],
    },
    Method {
        code: 10,
        proj: "laea",
        wkt: "Lambert_Azimuthal_Equal_Area",
        parameters: &[CENTER[0], CENTER[1], EAST, NORTH],
    },
    Method {
        code: 11,
        proj: "aea",
        wkt: "Albers_Conic_Equal_Area",
        parameters: &[CENTER[0], CENTER[1], PARALLELS[0], PARALLELS[1], EAST, NORTH],
    },
    Method {
        code: 12,
        proj: "aeqd",
        wkt: "Azimuthal_Equidistant",
        parameters: &[CENTER[0], CENTER[1], EAST, NORTH],
    },
    Method {
        code: 15,
        proj: "stere",
        wkt: "Polar_Stereographic",
        parameters: &[
            (3081, "lat_ts", "latitude_of_origin"),
            (3095, "lon_0", "central_meridian"),
            SCALE,
            EAST,
            NORTH,
        ],
    },
    Method { code: 24, proj: "sinu", wkt: "Sinusoidal", parameters: &[CENTER[1], EAST, NORTH] },
    Method {
        code: 17,
        proj: "eqc",
        wkt: "Equirectangular",
        parameters: &[
            (3078, "lat_ts", "standard_parallel_1"),
            (3088, "lon_0", "central_meridian"),
            EAST,
            NORTH,
        ],
    },
];

/// Longitudes and latitudes of origin stand under one of these keys or another.
fn alternatives(key: u16) -> &'static [u16] {
    match key {
        3080 | 3084 | 3088 | 3095 => &[3080, 3084, 3088, 3095],
        3081 | 3085 | 3089 => &[3081, 3085, 3089],
        3092 => &[3092, 3093],
        3082 | 3086 => &[3082, 3086],
        3083 | 3087 => &[3083, 3087],
        3078 => &[3078],
        _ => &[3079],
    }
}

impl Method {
    fn of(keys: &Keys) -> Option<&'static Self> {
        let code = keys.code(key::METHOD)?;
        METHODS.iter().find(|method| method.code == code)
    }

    /// The parameters that the file gives.
    fn given(&self, keys: &Keys) -> impl Iterator<Item = (&'static str, &'static str, f64)> {
        self.parameters.iter().filter_map(|(key, proj, wkt)| {
            let value = alternatives(*key).iter().find_map(|key| keys.doubles.get(key))?;
            Some((*proj, *wkt, *value))
        })
    }
}

/// The projection as PROJ has it.
pub(super) fn proj(keys: &Keys) -> Option<String> {
    let method = Method::of(keys)?;
    let mut text = format!("+proj={}", method.proj);
    for (name, _, value) in method.given(keys) {
        write!(text, " +{name}={value}").ok()?;
    }
    if method.code == 15 {
        let south = keys.doubles.get(&3081).is_some_and(|latitude| *latitude < 0.0);
        text.push_str(if south { " +lat_0=-90" } else { " +lat_0=90" });
    }
    let ellipsoid = (keys.doubles.get(&key::MAJOR), keys.doubles.get(&key::FLATTENING));
    match (keys.code(key::GEOGRAPHIC), keys.code(key::ELLIPSOID), ellipsoid) {
        (_, _, (Some(major), Some(flattening))) => write!(text, " +a={major} +rf={flattening}").ok()?,
        (Some(4326), ..) | (_, Some(7030), _) => text.push_str(" +datum=WGS84"),
        (Some(4269), ..) => text.push_str(" +datum=NAD83"),
        (_, Some(7019), _) => text.push_str(" +ellps=GRS80"),
        _ => return None,
    }
    let unit = match keys.code(key::UNIT) {
        None | Some(9001) => "m",
        Some(9002) => "ft",
        Some(9003) => "us-ft",
        Some(_) => return None,
    };
    write!(text, " +units={unit} +no_defs").ok()?;
    Some(text)
}

/// The projection as WKT; where the file only says that its coordinates are some, that.
pub(super) fn wkt(keys: &Keys) -> Option<String> {
    let Some(method) = Method::of(keys) else {
        let is_of_nothing = !keys.shorts.is_empty()
            && !matches!(keys.shorts.get(&key::MODEL), Some(1..=3))
            && keys.code(key::GEOGRAPHIC).is_none()
            && keys.code(key::PROJECTED).is_none();
        return is_of_nothing.then(|| r#"LOCAL_CS["unnamed",UNIT["unknown",1]]"#.to_owned());
    };
    let (datum, major, flattening) = datum(keys)?;
    let mut text = format!(
        r#"PROJCS["unknown",GEOGCS["unknown",DATUM["{datum}",SPHEROID["unknown",{major},{flattening}]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["{}"]"#,
        method.wkt
    );
    for (_, name, value) in method.given(keys) {
        // What WKT has no parameter for makes another projection of it.
        if name.is_empty() && method.code != 9 {
            return None;
        }
        if !name.is_empty() {
            write!(text, r#",PARAMETER["{name}",{value}]"#).ok()?;
        }
    }
    let unit = match keys.code(key::UNIT) {
        None | Some(9001) => r#"UNIT["metre",1]"#,
        Some(9002) => r#"UNIT["foot",0.3048]"#,
        Some(9003) => r#"UNIT["US survey foot",0.304800609601219]"#,
        Some(_) => return None,
    };
    write!(text, ",{unit}]").ok()?;
    Some(text)
}

/// A datum's name in WKT, and its ellipsoid: half its major axis in metres, and 1/f.
fn datum(keys: &Keys) -> Option<(&'static str, f64, f64)> {
    let ellipsoid = (keys.doubles.get(&key::MAJOR), keys.doubles.get(&key::FLATTENING));
    Some(match (keys.code(key::GEOGRAPHIC), keys.code(key::ELLIPSOID), ellipsoid) {
        (_, _, (Some(major), Some(flattening))) => ("unknown", *major, *flattening),
        (Some(4326), ..) | (_, Some(7030), _) => ("WGS_1984", 6_378_137.0, 298.257_223_563),
        (Some(4269), ..) => ("North_American_Datum_1983", 6_378_137.0, 298.257_222_101),
        (_, Some(7019), _) => ("unknown", 6_378_137.0, 298.257_222_101),
        _ => return None,
    })
}
