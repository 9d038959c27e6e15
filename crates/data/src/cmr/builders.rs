//! Parameters as methods, by CMR's names. A method called again adds a value: texts are alternatives, shapes
//! have to match together unless `options[…][or]` is set.

use super::query::{Collections, Granules, Query, Services};
use super::value::{Shape, Temporal};

/// Methods that set one parameter from a text.
macro_rules! texts {
    ($concept:ty: $($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        impl Query<$concept> {
            $($(#[$doc])* #[must_use] pub fn $name(self, value: &str) -> Self { self.set(stringify!($name), value) })+
        }
    };
}

/// Methods that set one parameter to true or false.
macro_rules! flags {
    ($concept:ty: $($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        impl Query<$concept> {
            $($(#[$doc])* #[must_use] pub fn $name(self, on: bool) -> Self {
                self.set(stringify!($name), if on { "true" } else { "false" })
            })+
        }
    };
}

/// Methods that collections and granules share.
macro_rules! data {
    ($concept:ty) => {
        texts!($concept:
            /// The short name of the dataset, such as `ATL08`.
            short_name,
            /// Its version, such as `006`.
            version,
            /// Its title.
            entry_title,
            /// The instrument, such as `ATLAS`.
            instrument,
            /// The platform, such as `ICESat-2`.
            platform,
            /// The project.
            project,
            /// Only what was changed since a moment.
            updated_since,
            /// Only what was changed in a span, `START,END`.
            revision_date,
            /// Only what was new in a span, `START,END`.
            created_at,
        );
        flags!($concept:
            /// Only what can be downloaded.
            downloadable,
            /// The same by its older name.
            online_only,
            /// Only what has browse images.
            browsable,
        );
        impl Query<$concept> {
            /// In a place.
            #[must_use]
            pub fn at(self, shape: &Shape) -> Self {
                self.place(shape)
            }

            /// In a time.
            #[must_use]
            pub fn during(self, temporal: &Temporal) -> Self {
                self.time(temporal)
            }

            /// In a time, as [`Temporal::parse`] reads it.
            #[must_use]
            pub fn temporal(self, text: &str) -> Self {
                self.set("temporal", text)
            }
        }
    };
}

data!(Collections);
data!(Granules);

texts!(Granules:
    /// The dataset's id in CMR, such as `C2565090645-NSIDC_ECS`.
    collection_concept_id,
    /// The granule's name by its provider; with the option `pattern`, `*` and `?` stand for anything.
    granule_ur,
    /// The granule's file by its producer.
    producer_granule_id,
    /// Either of the two.
    readable_granule_name,
    /// Clouds in percent, `LEAST,MOST`.
    cloud_cover,
    /// `DAY`, `NIGHT`, `BOTH` or `UNSPECIFIED`.
    day_night_flag,
    /// The orbit, a number or `LEAST,MOST`.
    orbit_number,
    /// Where the orbit crosses the equator, a longitude or `LEAST,MOST`.
    equator_crossing_longitude,
    /// When it was made, `START,END`.
    production_date,
    /// The cycle of the orbits.
    cycle,
    /// The dataset's DOI. It is looked up first: CMR knows it of collections only.
    doi,
);

impl Query<Granules> {
    /// Passes of a cycle, each with its tiles: `pass(5, &["2L", "3R"])`.
    #[must_use]
    pub fn pass(mut self, pass: u32, tiles: &[&str]) -> Self {
        let index = self.pairs().iter().filter(|(name, _)| name.ends_with("][pass]")).count();
        self.push(&format!("passes[{index}][pass]"), &pass.to_string());
        if !tiles.is_empty() {
            self.push(&format!("passes[{index}][tiles]"), &tiles.join(","));
        }
        self
    }

    /// Only of datasets in the cloud, or only of others. The datasets are looked up first: CMR knows it of
    /// collections only.
    #[must_use]
    pub fn cloud_hosted(mut self, hosted: bool) -> Self {
        self.hosted = Some(hosted);
        self
    }
}

texts!(Collections:
    /// The dataset's DOI.
    doi,
    /// Words anywhere in the metadata; `*` and `?` stand for anything.
    keyword,
    /// Who keeps it.
    data_center,
    /// Its level of processing, such as `2`.
    processing_level_id,
    /// The format of its files.
    granule_data_format,
);

flags!(Collections:
    /// Only what is in the cloud, or only what is not.
    cloud_hosted,
    /// Only what has granules.
    has_granules,
    /// Tells how many granules each has.
    include_granule_counts,
);

texts!(Services:
    /// The service's name.
    name,
    /// Words anywhere in the metadata.
    keyword,
);
