//! How fresh an answer is.

use common::{offset::DataVersion, time::Timestamp};
use schema::WindowSpec;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{number::rounded, progress::StreamProgress};

/// How fresh an answer is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Meta {
    /// Raised by every commit to the tables.
    #[schema(value_type = i64)]
    pub(crate) data_version: DataVersion,
    /// When the tables were read.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) as_of: Timestamp,
    /// Every window that ends by then is final. Null before the first event.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) complete_through: Option<Timestamp>,
    /// How far the slowest active partition's event time is behind the clock; 0 when all are idle, null before
    /// the first event.
    pub(crate) lag_seconds: Option<f64>,
    /// Only there, and true, in an answer from before the database went away; `as_of` says from when. It is put in
    /// when such an answer is given once more, so nothing is loaded with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stale: Option<bool>,
}

impl Meta {
    pub(crate) fn of(progress: &StreamProgress, window: &WindowSpec, now: Timestamp) -> Self {
        let behind =
            if progress.all_idle { Some(now) } else { progress.slowest.filter(|_| !progress.unknown) };
        Self {
            data_version: progress.data_version,
            as_of: now,
            complete_through: complete_through(progress, window, now),
            stale: None,
            lag_seconds: behind.map(|time| rounded(now.since(time).max(0) as f64 / 1_000.0, 3)),
        }
    }
}

/// The end of the last final window: end + grace lies at or before the watermark, which is wall time when every
/// partition is idle.
pub(crate) fn complete_through(
    progress: &StreamProgress,
    window: &WindowSpec,
    now: Timestamp,
) -> Option<Timestamp> {
    let watermark = if progress.all_idle {
        now
    } else if progress.unknown {
        return None;
    } else {
        progress.slowest?
    };
    Some(window.size.window_of(watermark.plus_millis(-window.grace.as_millis())).start)
}

#[cfg(test)]
mod tests {
    use common::{duration::Millis, window::WindowSize};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn minute_with_half_a_minute_of_grace() -> WindowSpec {
        WindowSpec {
            size: WindowSize::from_millis(60_000).unwrap(),
            grace: Millis::new(30_000),
            max_future: Millis::new(60_000),
            idle_timeout: Millis::new(10_000),
        }
    }

    #[test]
    fn a_window_is_complete_once_its_grace_has_passed_in_event_time() {
        let window = minute_with_half_a_minute_of_grace();
        for (slowest, complete) in [
            ("2026-01-01T12:05:29.999Z", "2026-01-01T12:04:00Z"),
            ("2026-01-01T12:05:30Z", "2026-01-01T12:05:00Z"),
        ] {
            let progress = StreamProgress { slowest: Some(at(slowest)), ..StreamProgress::default() };
            let meta = Meta::of(&progress, &window, at("2026-01-01T12:10:00Z"));
            assert_eq!(meta.complete_through, Some(at(complete)));
        }
    }

    #[test]
    fn wall_time_completes_windows_only_when_every_partition_is_idle() {
        let window = minute_with_half_a_minute_of_grace();
        let now = at("2026-01-01T12:10:31Z");
        let idle = StreamProgress { all_idle: true, ..StreamProgress::default() };
        let meta = Meta::of(&idle, &window, now);
        assert_eq!((meta.complete_through, meta.lag_seconds), (Some(at("2026-01-01T12:10:00Z")), Some(0.0)));

        let starting = StreamProgress { unknown: true, slowest: Some(now), ..StreamProgress::default() };
        let meta = Meta::of(&starting, &window, now);
        assert_eq!((meta.complete_through, meta.lag_seconds), (None, None));
    }
}
