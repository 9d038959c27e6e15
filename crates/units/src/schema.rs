//! Serde and JSON Schema of the units: text in, text out, with a `format` of
//! their own by which a reader of the schema finds the unit.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Bytes, Duration, Money, Rate};

macro_rules! as_text {
    ($unit:ty, $format:literal, $pattern:literal, $example:literal, $description:literal) => {
        impl Serialize for $unit {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $unit {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $unit {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($unit).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "format": $format,
                    "pattern": $pattern,
                    "examples": [$example],
                    "description": $description,
                })
            }
        }
    };
}

as_text!(
    Bytes,
    "bytes",
    r"^ *[0-9]+(\.[0-9]+)? *([KMGTP]iB|[kMGTP]?B) *$",
    "8 GiB",
    "An amount of memory or storage, with its unit."
);
as_text!(
    Duration,
    "duration",
    r"^ *[0-9]+(\.[0-9]+)? *(s|sec|seconds?|min|minutes?|h|hours?|d|days?|weeks?) *$",
    "30 min",
    "A length of time, with its unit."
);
as_text!(
    Money,
    "money",
    r"^ *[0-9]+(\.[0-9]+)? *[A-Z]{3} *$",
    "1000 USD",
    "An amount of money, with its currency (ISO 4217)."
);
as_text!(
    Rate,
    "rate",
    r"^ *0*[1-9][0-9]* +in +[0-9]+(\.[0-9]+)? *(s|sec|seconds?|min|minutes?|h|hours?|d|days?|weeks?) *$",
    "80 in 15 min",
    "How many people arrive in a length of time."
);
