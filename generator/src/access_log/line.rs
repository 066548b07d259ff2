//! The combined log format: `client - user [time] "request" status bytes "referer" "agent"`.

use jiff::fmt::strtime;

/// What is kept of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine<'a> {
    pub client: &'a str,
    /// Milliseconds since 1970.
    pub time: i64,
    pub method: &'a str,
    /// Without the query string.
    pub path: &'a str,
    pub status: i32,
    /// `None` where the log has `-`.
    pub bytes: Option<i64>,
    pub agent: &'a str,
}

/// Reads one line; `Err` says what was expected where it does not fit. Never panics.
///
/// # Errors
/// The part of the format that is missing or cannot be read.
pub fn parse_line(line: &str) -> Result<LogLine<'_>, &'static str> {
    let (client, rest) = line.split_once(' ').ok_or("a client address")?;
    let (_, rest) = rest.split_once('[').ok_or("a time in [ ]")?;
    let (time, rest) = rest.split_once("] \"").ok_or("a time in [ ]")?;
    let time = strtime::parse("%d/%b/%Y:%H:%M:%S %z", time)
        .and_then(|parsed| parsed.to_timestamp())
        .map_err(|_| "a time such as 17/May/2015:10:05:03 +0000")?;
    let (request, rest) = split_quoted(rest).ok_or("a request in quotes")?;
    let mut words = request.split(' ');
    let method = words.next().filter(|word| !word.is_empty()).ok_or("a request method")?;
    let target = words.next().ok_or("a request path")?;
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    let mut words = rest.trim_start().splitn(3, ' ');
    let status = words.next().and_then(|word| word.parse().ok()).ok_or("a status code")?;
    let bytes = match words.next().ok_or("a number of bytes")? {
        "-" => None,
        word => Some(word.parse().map_err(|_| "a number of bytes or -")?),
    };
    // The plain common format ends here.
    let agent = words
        .next()
        .and_then(|rest| rest.strip_prefix('"'))
        .and_then(split_quoted)
        .and_then(|(_, rest)| rest.trim_start().strip_prefix('"'))
        .and_then(split_quoted)
        .map_or("-", |(agent, _)| agent);
    Ok(LogLine { client, time: time.as_millisecond(), method, path, status, bytes, agent })
}

/// Up to the closing quote, past escaped ones; and what follows it.
fn split_quoted(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return Some((&text[..at], &text[at + 1..])),
            _ => escaped = byte == b'\\' && !escaped,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_a_combined_line() {
        let line = parse_line(
            r#"83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /a/b.png?x=1 HTTP/1.1" 200 203023 "http://r/" "Agent \"x\" 1""#,
        )
        .unwrap();
        let expected = LogLine {
            client: "83.149.9.216",
            time: 1_431_857_103_000,
            method: "GET",
            path: "/a/b.png",
            status: 200,
            bytes: Some(203_023),
            agent: r#"Agent \"x\" 1"#,
        };
        assert_eq!(line, expected);
    }

    #[test]
    fn a_dash_is_no_number_of_bytes_and_a_common_line_has_no_agent() {
        let line = parse_line(r#"h - u [17/May/2015:12:05:03 +0200] "HEAD / HTTP/1.0" 304 -"#).unwrap();
        assert_eq!((line.bytes, line.agent, line.time), (None, "-", 1_431_857_103_000));
    }

    #[test]
    fn what_is_no_log_line_is_refused_with_what_was_expected() {
        for line in [
            "",
            "x",
            "h - - [yesterday] \"GET / HTTP/1.1\" 200 1",
            "h - - [17/May/2015:10:05:03 +0000] \"GET",
        ] {
            assert!(parse_line(line).is_err(), "{line}");
        }
    }
}
