//! Where a page ended: the last row's place in the order, and the range its pages are of.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{offset::DataVersion, time::Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    column::Column,
    order::{By, Order},
};
use crate::coverage::Span;

/// Opaque to clients; nothing in it is more than what a query may ask for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cursor {
    /// Of all that decides the order and the rows, so that it goes on with no other query.
    pub(super) query: u64,
    /// Of the first page.
    pub(super) version: DataVersion,
    /// The first page's: "the last hour" must not move from page to page.
    pub(super) span: Span,
    pub(super) place: Place,
    /// The group's values, in the order of the dimensions.
    pub(super) keys: Vec<String>,
}

/// What the row has in the column that is ordered by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Place {
    #[serde(rename = "n")]
    Unknown,
    #[serde(rename = "i")]
    Whole(i64),
    /// The bits of the number: no digit may be lost.
    #[serde(rename = "f")]
    Real(u64),
    #[serde(rename = "t")]
    Text(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    q: u64,
    v: i64,
    f: i64,
    t: i64,
    o: Place,
    k: Vec<String>,
}

impl Cursor {
    pub(super) fn text(&self) -> String {
        let written = Written {
            q: self.query,
            v: self.version.0,
            f: self.span.start.as_millis(),
            t: self.span.end.as_millis(),
            o: self.place.clone(),
            k: self.keys.clone(),
        };
        // Numbers and texts always serialize.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&written).unwrap_or_default())
    }

    /// `None` for what [`Self::text`] did not write.
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let Written { q, v, f, t, o, k } = serde_json::from_slice(&bytes).ok()?;
        let span = Span { start: Timestamp::from_millis(f), end: Timestamp::from_millis(t) };
        Some(Self { query: q, version: DataVersion(v), span, place: o, keys: k })
    }

    /// Whether it can be a place in `order`, among groups of so many keys.
    pub(super) fn fits(&self, order: &Order, keys: usize) -> bool {
        // The database's texts hold no NUL.
        let text = |text: &String| !text.contains('\0');
        let place = match (&order.by, &self.place) {
            (By::Column(_), Place::Unknown) | (By::Column(Column::Number(_)), Place::Whole(_)) => true,
            (By::Column(Column::Ratio { .. }), Place::Real(bits)) => f64::from_bits(*bits).is_finite(),
            (By::Dimension(_), Place::Text(value)) => text(value),
            _ => false,
        };
        place && self.keys.len() == keys && self.keys.iter().all(text)
    }
}

#[cfg(test)]
mod tests {
    use schema::StreamDefinition;

    use super::*;

    fn cursor(place: Place, keys: &[&str]) -> Cursor {
        Cursor {
            query: u64::MAX,
            version: DataVersion(17),
            span: Span { start: Timestamp::from_millis(-60_000), end: Timestamp::from_millis(60_000) },
            place,
            keys: keys.iter().map(|&key| key.to_owned()).collect(),
        }
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        for place in [
            Place::Unknown,
            Place::Whole(i64::MIN),
            Place::Real((0.1_f64 + 0.2).to_bits()),
            Place::Text("ü \"'\n&=+".to_owned()),
        ] {
            let cursor = cursor(place, &["", "a/b?c"]);
            let text = cursor.text();
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
            assert_eq!(Cursor::read(&text), Some(cursor));
        }
    }

    #[test]
    fn anything_else_is_none() {
        let text = cursor(Place::Whole(1), &["x"]).text();
        for text in ["", "e30", "not base64!", &text[..text.len() - 4], &format!("{text}=")] {
            assert_eq!(Cursor::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_place_must_be_of_the_kind_that_is_ordered_by() {
        let streams = StreamDefinition::shipped().unwrap();
        let columns = Column::all(&streams[0].rollups[1]);
        let number = Order::highest(columns[0].clone());
        let ratio =
            Order::highest(columns.iter().find(|column| column.numbers().count() == 2).unwrap().clone());
        let dimension = Order { by: By::Dimension("region".into()), descending: false };
        let (whole, real, text) =
            (Place::Whole(1), Place::Real(1_f64.to_bits()), Place::Text("a".to_owned()));
        for (place, fits) in [
            (Place::Unknown, [true, true, false]),
            (whole, [true, false, false]),
            (real, [false, true, false]),
            (text, [false, false, true]),
            (Place::Real(f64::NAN.to_bits()), [false, false, false]),
            (Place::Text("a\0".to_owned()), [false, false, false]),
        ] {
            let seen =
                [&number, &ratio, &dimension].map(|order| cursor(place.clone(), &["x"]).fits(order, 1));
            assert_eq!(seen, fits, "{place:?}");
        }
        assert!(!cursor(Place::Whole(1), &["x"]).fits(&number, 2));
        assert!(!cursor(Place::Whole(1), &["x\0"]).fits(&number, 1));
    }
}
