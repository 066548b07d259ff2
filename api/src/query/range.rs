//! Which windows are asked for.

use common::{duration::Millis, time::Timestamp, window::WindowSize};

use super::parameters::RollupParameters;
use crate::{coverage::Span, problem::Problem};

/// Lengths a step can have, as they are written.
const STEPS: [&str; 10] = ["1m", "5m", "10m", "15m", "30m", "1h", "3h", "6h", "12h", "1d"];
const LAST: &str = "5m";

/// Whole steps; without a step, whole windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Range {
    pub(crate) span: Span,
    pub(crate) step: Option<WindowSize>,
}

/// The steps that a stream with windows of this size can be asked for: whole numbers of windows.
pub(crate) fn steps(window: WindowSize) -> impl Iterator<Item = (&'static str, WindowSize)> {
    STEPS.into_iter().filter_map(move |text| {
        let millis = text.parse::<Millis>().ok()?.as_millis();
        let step = WindowSize::from_millis(millis)?;
        (millis % window.as_millis() == 0).then_some((text, step))
    })
}

impl Range {
    /// The range asked for in `asked`. From is rounded down and to is rounded up; `last` ends with the step that `now`
    /// lies in.
    pub(super) fn of(asked: &RollupParameters, window: WindowSize, now: Timestamp) -> Result<Self, Problem> {
        let step = step(asked.step.as_deref(), window)?;
        let unit = step.unwrap_or(window);
        let from = asked.from.as_deref().map(|text| time("from", text)).transpose()?;
        let to = asked.to.as_deref().map(|text| time("to", text)).transpose()?;
        let span = match (from, to, asked.last.as_deref()) {
            (None, None, last) => back(last.unwrap_or(LAST), unit, now)?,
            (Some(_), _, Some(last)) | (None, Some(_), Some(last)) => {
                return Err(Problem::parameter("last", "left out where from or to is given", last));
            }
            (None, Some(_), None) => {
                return Err(Problem::parameter("from", "given where to is", "nothing"));
            }
            (Some(from), to, None) => {
                let to = to.unwrap_or(now.plus_millis(1).max(from.plus_millis(1)));
                if to <= from {
                    return Err(Problem::parameter("to", &format!("after from ({from})"), &to.to_string()));
                }
                Span { start: unit.window_of(from).start, end: rounded_up(to, unit) }
            }
        };
        Ok(Self { span, step })
    }

    /// As the pages before had it; `None` if it is not what is asked for but for the time that has passed since.
    pub(super) fn pinned(self, span: Span, asked: &RollupParameters, window: WindowSize) -> Option<Self> {
        let unit = self.step.unwrap_or(window);
        let whole = |time: Timestamp| {
            (Timestamp::MIN..=Timestamp::MAX).contains(&time) && unit.window_of(time).start == time
        };
        let same = match (&asked.from, &asked.to) {
            (None, _) => span.end.since(span.start) == self.span.end.since(self.span.start),
            (Some(_), None) => span.start == self.span.start,
            (Some(_), Some(_)) => span == self.span,
        };
        (same && span.start < span.end && whole(span.start) && whole(span.end))
            .then_some(Self { span, ..self })
    }

    /// The equally long range just before.
    pub(super) fn before(self) -> Self {
        let length = self.span.end.since(self.span.start);
        Self { span: Span { start: self.span.start.plus_millis(-length), end: self.span.start }, ..self }
    }

    /// Its steps; the whole range without a step.
    pub(super) fn spans(self) -> impl Iterator<Item = Span> {
        let length = self.step.map_or(self.span.end.since(self.span.start), WindowSize::as_millis);
        let begins =
            std::iter::successors(Some(self.span.start), move |start| Some(start.plus_millis(length)));
        begins
            .take_while(move |start| *start < self.span.end)
            .map(move |start| Span { start, end: start.plus_millis(length) })
    }

    /// How many [`Self::spans`] there are.
    pub(super) fn count(self) -> i64 {
        self.step.map_or(1, |step| self.span.end.since(self.span.start) / step.as_millis())
    }
}

fn step(text: Option<&str>, window: WindowSize) -> Result<Option<WindowSize>, Problem> {
    let Some(text) = text.filter(|text| *text != "none") else { return Ok(None) };
    let found = steps(window).find(|(name, _)| *name == text).map(|(_, step)| step);
    let allowed = || ["none"].into_iter().chain(steps(window).map(|(name, _)| name));
    found.map(Some).ok_or_else(|| Problem::not_among("step", "a step of this stream", text, allowed()))
}

fn time(name: &str, text: &str) -> Result<Timestamp, Problem> {
    let time = text.parse().ok().filter(|time| (Timestamp::MIN..=Timestamp::MAX).contains(time));
    time.ok_or_else(|| Problem::parameter(name, "a time such as 2026-01-31T08:00:00Z", text))
}

fn back(text: &str, unit: WindowSize, now: Timestamp) -> Result<Span, Problem> {
    let refused = || Problem::parameter("last", "a span such as 15m, 2h or 1d, at most 3660d", text);
    let longest = 3_660 * 86_400_000;
    let length = text.parse::<Millis>().map_err(|_| refused())?.as_millis();
    if !(1..=longest).contains(&length) {
        return Err(refused());
    }
    let units = (length - 1) / unit.as_millis() + 1;
    let end = unit.window_of(now).end(unit);
    Ok(Span { start: end.plus_millis(-units * unit.as_millis()), end })
}

fn rounded_up(time: Timestamp, unit: WindowSize) -> Timestamp {
    let window = unit.window_of(time);
    if window.start == time { time } else { window.end(unit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: WindowSize = WindowSize::from_millis(60_000).unwrap();

    fn range(asked: &RollupParameters) -> Result<(String, String, i64), Problem> {
        let now = "2026-01-02T12:05:30Z".parse().unwrap();
        let range = Range::of(asked, MINUTE, now)?;
        assert_eq!(range.spans().count() as i64, range.count());
        Ok((range.span.start.to_string(), range.span.end.to_string(), range.count()))
    }

    fn last(last: &str, step: Option<&str>) -> RollupParameters {
        let text = |text: &str| Some(text.to_owned());
        RollupParameters { last: text(last), step: step.and_then(text), ..RollupParameters::default() }
    }

    fn between(from: &str, to: &str, step: Option<&str>) -> RollupParameters {
        RollupParameters {
            from: Some(format!("2026-01-02T{from}Z")),
            to: Some(format!("2026-01-02T{to}Z")),
            ..RollupParameters { last: None, ..last("", step) }
        }
    }

    #[test]
    fn the_last_minutes_end_with_the_open_window() {
        for (asked, from, to, count) in [
            (RollupParameters::default(), "02T12:01", "02T12:06", 1),
            (last("5m", Some("1m")), "02T12:01", "02T12:06", 5),
            (last("1h", Some("15m")), "02T11:15", "02T12:15", 4),
            (last("1ms", Some("1d")), "02T00:00", "03T00:00", 1),
            (last("7d", Some("1d")), "2025-12-27T00:00", "03T00:00", 7),
            (last("90s", None), "02T12:04", "02T12:06", 1),
        ] {
            let full = |text: &str| match text.len() {
                8 => format!("2026-01-{text}:00Z"),
                _ => format!("{text}:00Z"),
            };
            assert_eq!(range(&asked).unwrap(), (full(from), full(to), count), "{asked:?}");
        }
    }

    #[test]
    fn from_is_rounded_down_and_to_up() {
        for (asked, from, to, count) in [
            (between("12:00:30", "12:02:00.001", Some("1m")), "12:00", "12:03", 3),
            (between("12:00:00", "12:02:00", Some("1m")), "12:00", "12:02", 2),
            (between("12:00:00", "12:00:00.001", None), "12:00", "12:01", 1),
            (between("10:59:59", "12:00:01", Some("1h")), "10:00", "13:00", 3),
        ] {
            let full = |text: &str| format!("2026-01-02T{text}:00Z");
            assert_eq!(range(&asked).unwrap(), (full(from), full(to), count), "{asked:?}");
        }
        let open = RollupParameters { to: None, ..between("12:00:00", "", None) };
        assert_eq!(range(&open).unwrap().1, "2026-01-02T12:06:00Z");
    }

    #[test]
    fn whatever_is_no_range_is_named() {
        let both = RollupParameters { last: Some("5m".to_owned()), ..between("12:00:00", "13:00:00", None) };
        let only_to = RollupParameters { from: None, ..between("12:00:00", "13:00:00", None) };
        for (asked, parameter) in [
            (last("5", None), "last"),
            (last("0m", None), "last"),
            (last("-5m", None), "last"),
            (last("9999999d", None), "last"),
            (last("1h", Some("2m")), "step"),
            (last("1h", Some("")), "step"),
            (between("12:00:00", "12:00:00", None), "to"),
            (between("13:00:00", "12:00:00", None), "to"),
            (between("noon", "12:00:00", None), "from"),
            (both, "last"),
            (only_to, "from"),
        ] {
            let problem = range(&asked).unwrap_err();
            assert_eq!(
                (problem.status.as_u16(), problem.parameter.as_deref()),
                (422, Some(parameter)),
                "{asked:?}"
            );
        }
    }

    #[test]
    fn a_step_is_made_of_whole_windows() {
        let named = |millis| -> Vec<_> {
            steps(WindowSize::from_millis(millis).unwrap()).map(|(name, _)| name).collect()
        };
        assert_eq!(named(60_000), STEPS);
        assert_eq!(named(600_000), ["10m", "30m", "1h", "3h", "6h", "12h", "1d"]);
        assert_eq!(named(86_400_000), ["1d"]);
    }

    #[test]
    fn the_period_before_is_as_long() {
        let range =
            Range::of(&last("1h", Some("15m")), MINUTE, "2026-01-02T12:05:30Z".parse().unwrap()).unwrap();
        let before = range.before();
        assert_eq!((before.span.end, before.count()), (range.span.start, range.count()));
    }

    #[test]
    fn a_range_is_pinned_to_what_it_was_on_the_first_page() {
        let now = |time: &str| format!("2026-01-02T{time}Z").parse().unwrap();
        let span = |asked: &RollupParameters, time| Range::of(asked, MINUTE, now(time)).unwrap().span;
        let open = RollupParameters { to: None, ..between("10:00:00", "", None) };
        let closed = between("10:00:00", "11:00:00", None);
        for (asked, other) in [
            (last("1h", None), last("2h", None)),
            (open, RollupParameters { to: None, ..between("10:01:00", "", None) }),
            (closed, between("10:00:00", "11:01:00", None)),
        ] {
            let later = Range::of(&asked, MINUTE, now("13:00:00")).unwrap();
            let first = span(&asked, "12:00:00");
            assert_eq!(
                later.pinned(first, &asked, MINUTE),
                Some(Range { span: first, ..later }),
                "{asked:?}"
            );
            assert_eq!(later.pinned(span(&other, "12:00:00"), &asked, MINUTE), None, "{other:?}");
        }
        let range = Range::of(&last("15m", None), MINUTE, now("12:00:00")).unwrap();
        for (start, end) in [(1, 900_001), (900_000, 0), (i64::MIN, i64::MIN + 900_000), (i64::MIN, i64::MAX)]
        {
            let span = Span { start: Timestamp::from_millis(start), end: Timestamp::from_millis(end) };
            assert_eq!(range.pinned(span, &last("15m", None), MINUTE), None);
        }
    }
}
