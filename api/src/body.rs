//! What a write is told: JSON, typed, with nothing that is not known, and nothing the database cannot hold.

use axum::{
    body::{Bytes, HttpBody},
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{StatusCode, header, request::Parts},
};
use common::time::Timestamp;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Longest name or pattern.
pub(crate) const NAME: usize = 256;
/// Longest sentence.
pub(crate) const SENTENCE: usize = 500;

/// The body of a request, as `T`; anything else is answered 422. No body is the same as `{}`.
#[derive(Debug)]
pub(crate) struct Told<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Told<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let headers = request.headers();
        if !headers.contains_key(header::CONTENT_TYPE) && request.body().is_end_stream() {
            return Self::read(b"{}");
        }
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            let detail = "the body must be JSON: Content-Type: application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|refused| Problem::of_status(refused.status()))?;
        Self::read(&bytes)
    }
}

impl<T: DeserializeOwned> Told<T> {
    fn read(bytes: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(bytes)
            .map(Self)
            .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("the body: {error}")))
    }
}

/// The number at the end of a path, from 1 on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbered(pub(crate) i64);

impl<S: Send + Sync> FromRequestParts<S> for Numbered {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let expected = |found: &str| Problem::parameter("id", "a whole number from 1 on", found);
        let Ok(Path(text)) = Path::<String>::from_request_parts(parts, state).await else {
            return Err(expected("bytes that are no text"));
        };
        match text.parse() {
            Ok(number) if number >= 1 => Ok(Self(number)),
            _ => Err(expected(&text)),
        }
    }
}

/// `text` without the space around it, if something is left, it is short enough and on one line. Control characters
/// are refused: the database cannot hold all of them, and nobody means them.
pub(crate) fn line(name: &str, text: &str, most: usize) -> Result<String, Problem> {
    let text = text.trim();
    if (1..=most).contains(&text.chars().count()) && !text.contains(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Problem::parameter(
        name,
        &format!("1 to {most} characters on one line, without control characters"),
        text,
    ))
}

/// A time that the tables can hold.
pub(crate) fn time(name: &str, time: Timestamp) -> Result<Timestamp, Problem> {
    if (Timestamp::MIN..=Timestamp::MAX).contains(&time) {
        return Ok(time);
    }
    Err(Problem::parameter(name, "a time in the years 1 to 9999", &time.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_trimmed_and_what_is_none_is_refused() {
        assert_eq!(line("text", "  deploy of 4.2 – ü ", 20).ok().as_deref(), Some("deploy of 4.2 – ü"));
        for text in ["", "   ", "a\0b", "a\nb", "a\u{1b}[31m", &"x".repeat(21)] {
            let problem = line("text", text, 20).unwrap_err();
            assert_eq!(
                (problem.status.as_u16(), problem.parameter.as_deref()),
                (422, Some("text")),
                "{text:?}"
            );
        }
        assert!(line("text", &"ü".repeat(20), 20).is_ok(), "characters are counted, not bytes");
    }

    #[test]
    fn a_time_outside_of_the_tables_range_is_refused() {
        for outside in [Timestamp::MIN.plus_millis(-1), Timestamp::MAX.plus_millis(1)] {
            assert!(time("at", outside).is_err(), "{outside}");
        }
        assert!(time("at", Timestamp::MIN).is_ok() && time("at", Timestamp::MAX).is_ok());
    }
}
