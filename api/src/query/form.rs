//! How an answer is written, as the client wishes.

use axum::http::{HeaderMap, header};
use headers_accept::Accept;
use mediatype::{MediaType, MediaTypeBuf, Name, ReadParams, media_type, names};

use super::{answer::RollupAnswer, csv};
use crate::{failure::LoadError, problem::Problem};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    Json,
    /// The rows of the JSON, one a line.
    Ndjson,
    Csv,
}

/// The first is what a client gets that does not care.
static FORMS: [(MediaType<'static>, Form); 3] = [
    (media_type!(APPLICATION / JSON), Form::Json),
    (MediaType::new(names::APPLICATION, Name::new_unchecked("x-ndjson")), Form::Ndjson),
    (media_type!(TEXT / CSV), Form::Csv),
];

impl Form {
    /// What the `Accept` of a request prefers.
    pub(crate) fn negotiated(headers: &HeaderMap) -> Result<Self, Problem> {
        let given: Vec<&str> =
            headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        if !headers.contains_key(header::ACCEPT) {
            return Ok(Self::Json);
        }
        let accept = given.join(",").parse::<Accept>();
        let chosen = accept.ok().and_then(|accept| {
            let chosen = without_parameters(&accept).negotiate(FORMS.iter().map(|(kind, _)| kind))?;
            FORMS.iter().find(|(kind, _)| kind == chosen).map(|(_, form)| *form)
        });
        chosen.ok_or_else(|| Problem::not_acceptable(FORMS.iter().map(|(kind, _)| kind.to_string())))
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    pub(super) fn write(self, answer: &RollupAnswer) -> Result<Vec<u8>, LoadError> {
        match self {
            Self::Json => serde_json::to_vec(answer).map_err(|_| LoadError::Internal),
            Self::Ndjson => {
                let mut lines = Vec::new();
                for row in &answer.data {
                    serde_json::to_writer(&mut lines, row).map_err(|_| LoadError::Internal)?;
                    lines.push(b'\n');
                }
                Ok(lines)
            }
            Self::Csv => csv::write(answer).map_err(|_| LoadError::Internal),
        }
    }
}

/// `text/csv; charset=utf-8` is asked for as `text/csv` is; only the quality counts.
fn without_parameters(accept: &Accept) -> Accept {
    let plain = |range: &MediaTypeBuf| {
        let quality = range.get_param(names::Q).map(|quality| (names::Q, quality));
        MediaTypeBuf::from_parts(range.ty(), range.subty(), range.suffix(), quality.as_slice())
    };
    accept.media_types().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use axum::http::StatusCode;

    use super::*;

    fn negotiated(accept: &[&str]) -> Result<Form, Problem> {
        let values = accept.iter().map(|value| (header::ACCEPT, HeaderValue::from_str(value).unwrap()));
        Form::negotiated(&values.collect())
    }

    #[test]
    fn the_client_chooses_and_json_is_for_whoever_does_not() {
        for (accept, form) in [
            (&[][..], Form::Json),
            (&["*/*"], Form::Json),
            (&["application/*"], Form::Json),
            (&["application/json"], Form::Json),
            (&["application/x-ndjson"], Form::Ndjson),
            (&["text/csv"], Form::Csv),
            (&["TEXT/CSV; charset=utf-8"], Form::Csv),
            (&["text/*"], Form::Csv),
            (&["text/csv;q=0.5, application/x-ndjson;q=0.9"], Form::Ndjson),
            (&["text/csv;q=0, */*;q=0.1"], Form::Json),
            (&["application/json;q=0, */*"], Form::Ndjson),
            (&["text/html, application/xhtml+xml, */*;q=0.8"], Form::Json),
            (&["text/html", "text/csv"], Form::Csv),
        ] {
            assert_eq!(negotiated(accept).ok(), Some(form), "{accept:?}");
        }
    }

    #[test]
    fn what_cannot_be_given_is_406_with_what_can() {
        for accept in [&["text/html"][..], &["application/json;q=0"], &["nonsense"], &[""]] {
            let problem = negotiated(accept).unwrap_err();
            assert_eq!(problem.status, StatusCode::NOT_ACCEPTABLE, "{accept:?}");
            assert_eq!(problem.allowed, ["application/json", "application/x-ndjson", "text/csv"]);
        }
    }
}
