//! What part of an object an answer holds.

use reqwest::header::CONTENT_RANGE;

use super::{Pin, Span};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::http::Answer;
use crate::login::Earthdata;

/// The part of an object that an answer's body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its first byte in the object.
    pub from: u64,
    /// How many bytes there are in the object, if the answer tells.
    pub total: Option<u64>,
    /// Whether more may follow: the server gave a part, and does not say how long the whole is.
    pub goes_on: bool,
    /// Which version it is of.
    pub pin: Pin,
}

impl Part {
    /// Reads an answer's head. A server may answer a wish for a part with the whole.
    ///
    /// # Errors
    /// [`Error::Answer`] for a page for people where data is due, for a status that brings no content, and for
    /// another part than was asked for;
    /// [`Error::Changed`] when it is of another version than the pin.
    pub fn of(answer: &Answer, span: Span, pin: Option<&Pin>, pages: bool) -> Result<Self> {
        let address = || Address::from(answer.url());
        if answer.is_page() && !pages {
            let what = "a page for people (HTML) where data is due".to_owned();
            return Err(Error::Answer { address: address(), what });
        }
        if Earthdata::is_any_login(answer.url()) {
            let what = "the login service's page where data is due".to_owned();
            return Err(Error::Answer { address: address(), what });
        }
        let own = Pin::of(answer.headers());
        if pin.is_some_and(|pin| !pin.agrees(&own)) {
            return Err(Error::Changed { address: address() });
        }
        match answer.status().as_u16() {
            206 => {}
            200 => return Ok(Self { from: 0, total: answer.length(), goes_on: false, pin: own }),
            other => {
                let what = format!("the status {other} where data is due");
                return Err(Error::Answer { address: address(), what });
            }
        }
        let told = answer.header(&CONTENT_RANGE).and_then(content_range);
        match told {
            Some((from, total)) if from == span.from => {
                Ok(Self { from, total, goes_on: total.is_none() && span.until.is_none(), pin: own })
            }
            _ => {
                let what = format!("another part than the one from byte {} on", span.from);
                Err(Error::Answer { address: address(), what })
            }
        }
    }
}

/// The first byte and the whole length of `bytes 0-9/100` (RFC 9110, 14.4); `*` is no length.
fn content_range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = text.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
    let (from, last) = range.split_once('-')?;
    let (from, last): (u64, u64) = (from.trim().parse().ok()?, last.trim().parse().ok()?);
    let total = match total.trim() {
        "*" => None,
        number => Some(number.parse().ok()?),
    };
    (from <= last && total.is_none_or(|total: u64| last < total)).then_some((from, total))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_read() {
        assert_eq!(content_range("bytes 5-9/100"), Some((5, Some(100))));
        assert_eq!(content_range("bytes 5-9/*"), Some((5, None)));
        for text in ["bytes */100", "bytes 9-5/100", "bytes 5-100/100", "5-9/100", "bytes 5-9", ""] {
            assert_eq!(content_range(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_range_is_read_back(from in 0u64..1 << 40, more in 0u64..1 << 40, behind in 1u64..1 << 40) {
            let (last, total) = (from + more, from + more + behind);
            prop_assert_eq!(content_range(&format!("bytes {from}-{last}/{total}")), Some((from, Some(total))));
        }

        #[test]
        fn no_text_makes_it_panic(text in "(bytes)?[ 0-9*/-]{0,30}|\\PC{0,30}") {
            content_range(&text);
        }
    }
}
