//! Query parameters: typed, in range, and none that is not known.

use std::{collections::BTreeMap, ops::RangeInclusive};

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{body, problem::Problem};

/// A set of parameters an endpoint takes.
pub(crate) trait Parameters: Sized {
    /// Takes each parameter from `given`; what is left over is refused by the caller.
    fn read(given: &mut Given) -> Result<Self, Problem>;
}

/// Extracts and checks `T`; a request with anything else in its query is answered 422.
#[derive(Debug)]
pub(crate) struct Checked<T>(pub(crate) T);

/// The query of one request.
#[derive(Debug)]
pub(crate) struct Given {
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl<S: Sync, T: Parameters> FromRequestParts<S> for Checked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Given::check(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

impl Given {
    pub(crate) fn check<T: Parameters>(query: &str) -> Result<T, Problem> {
        let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut given = Self { pairs, known: Vec::new() };
        let parameters = T::read(&mut given)?;
        match given.pairs.first() {
            None => Ok(parameters),
            Some((name, _)) => Err(Problem::unknown_parameter(name, &given.known)),
        }
    }

    /// A whole number within `range`.
    pub(crate) fn int(
        &mut self,
        name: &'static str,
        default: i64,
        range: RangeInclusive<i64>,
    ) -> Result<i64, Problem> {
        let Some(text) = self.take(name)? else { return Ok(default) };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(Problem::parameter(
                name,
                &format!("a whole number from {} to {}", range.start(), range.end()),
                &text,
            )),
        }
    }

    /// `true` or `false`.
    pub(crate) fn bool(&mut self, name: &'static str, default: bool) -> Result<bool, Problem> {
        match self.take(name)?.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None => Ok(default),
            Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(text) => Err(Problem::parameter(name, "true or false", text)),
        }
    }

    /// One of `choices`, in any case; given back as written in `choices`.
    pub(crate) fn choice(
        &mut self,
        name: &'static str,
        choices: &[&'static str],
    ) -> Result<Option<&'static str>, Problem> {
        let Some(text) = self.take(name)? else { return Ok(None) };
        let found = choices.iter().find(|choice| choice.eq_ignore_ascii_case(&text));
        found
            .map(|choice| Some(*choice))
            .ok_or_else(|| Problem::parameter(name, &format!("one of {}", choices.join(", ")), &text))
    }

    /// The text as it is given.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        self.take(name)
    }

    /// Every parameter whose name begins with `prefix`, by the rest of its name; `known` stands for all of them where
    /// the known parameters are listed.
    pub(crate) fn prefixed(&mut self, prefix: &str, known: &'static str) -> BTreeMap<String, Vec<String>> {
        self.known.push(known);
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        self.pairs.retain_mut(|(name, value)| match name.strip_prefix(prefix) {
            Some(rest) => {
                found.entry(rest.to_owned()).or_default().push(std::mem::take(value));
                false
            }
            None => true,
        });
        found
    }

    /// A whole number within `range`, or none.
    pub(crate) fn optional_int(
        &mut self,
        name: &'static str,
        range: RangeInclusive<i64>,
    ) -> Result<Option<i64>, Problem> {
        let there = self.pairs.iter().any(|(given, _)| given == name);
        let number = self.int(name, *range.start(), range)?;
        Ok(there.then_some(number))
    }

    /// One line of at most `most` characters.
    pub(crate) fn line(&mut self, name: &'static str, most: usize) -> Result<Option<String>, Problem> {
        self.take(name)?.map(|text| body::line(name, &text, most)).transpose()
    }

    fn take(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        self.known.push(name);
        let Some(index) = self.pairs.iter().position(|(given, _)| given == name) else { return Ok(None) };
        let (_, value) = self.pairs.swap_remove(index);
        if self.pairs.iter().any(|(given, _)| given == name) {
            return Err(Problem::parameter(name, "one value", "several"));
        }
        Ok(Some(value))
    }
}

/// Takes no parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoParameters;

impl Parameters for NoParameters {
    fn read(_: &mut Given) -> Result<Self, Problem> {
        Ok(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Example(i64, bool, Option<&'static str>);

    impl Parameters for Example {
        fn read(given: &mut Given) -> Result<Self, Problem> {
            Ok(Self(
                given.int("minutes", 5, 1..=60)?,
                given.bool("acknowledged", false)?,
                given.choice("severity", &["CRITICAL", "WARNING"])?,
            ))
        }
    }

    #[test]
    fn reads_defaults_and_values() {
        assert_eq!(Given::check("").ok(), Some(Example(5, false, None)));
        assert_eq!(
            Given::check("severity=Critical&minutes=60&acknowledged=TRUE").ok(),
            Some(Example(60, true, Some("CRITICAL")))
        );
    }

    #[test]
    fn whatever_is_wrong_is_named() {
        for (query, parameter) in [
            ("minutes=0", "minutes"),
            ("minutes=61", "minutes"),
            ("minutes=five", "minutes"),
            ("minutes=", "minutes"),
            ("minutes=5.0", "minutes"),
            ("minutes=99999999999999999999", "minutes"),
            ("minutes=1&minutes=2", "minutes"),
            ("acknowledged=maybe", "acknowledged"),
            ("severity=LOUD", "severity"),
            ("limit=5", "limit"),
            ("Minutes=5", "Minutes"),
        ] {
            let problem = Given::check::<Example>(query).unwrap_err();
            assert_eq!(
                (problem.status.as_u16(), problem.parameter.as_deref()),
                (422, Some(parameter)),
                "{query}"
            );
        }
    }
}
