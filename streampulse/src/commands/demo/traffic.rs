//! What a demo sends: made-up downloads, or a real log.

use anyhow::Context;
use common::duration::Millis;
use generator::{GenerateSettings, LogTimes, Source, Workload};

use crate::cli::DemoArgs;

/// Event time that the page shows filled from the first seconds.
const HISTORY: Millis = Millis::new(3_600_000);
/// More events than these would take too long: then the history is shorter.
const MOST_HISTORY: f64 = 1e6;
/// How much of a real log comes live, as its time comes.
const TAIL: Millis = HISTORY;

pub(super) fn settings(args: &DemoArgs) -> anyhow::Result<GenerateSettings> {
    if let Some(path) = &args.input {
        std::fs::File::open(path).with_context(|| format!("--input: cannot read {}", path.display()))?;
        return Ok(GenerateSettings {
            topic: "web-requests".to_owned(),
            source: Source::AccessLog { path: path.clone(), times: LogTimes::EndIn(TAIL.as_millis()) },
            events: None,
            history: 0,
            history_events: 0,
            rate: None,
            truth: args.truth.clone(),
        });
    }
    let per_minute = args.events_per_minute;
    if !(0.0..=6e6).contains(&per_minute) {
        anyhow::bail!("EVENTS_PER_MINUTE: expected 0 to 6000000, found {per_minute}");
    }
    let (history, history_events) = history(per_minute);
    Ok(GenerateSettings {
        topic: "content-downloads".to_owned(),
        source: Source::Downloads(Workload { seed: args.seed, ..Workload::default() }),
        // A rate of 0 would be one without a limit.
        events: if per_minute > 0.0 { args.events } else { Some(0) },
        history,
        history_events,
        rate: Some(per_minute / 60.0),
        truth: args.truth.clone(),
    })
}

/// How many milliseconds before now are filled with how many events.
#[allow(clippy::cast_precision_loss, reason = "an hour in milliseconds")]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to an hour, 0 to a million")]
fn history(per_minute: f64) -> (i64, u64) {
    let hour = HISTORY.as_millis() as f64;
    let events = (per_minute * hour / 60_000.0).min(MOST_HISTORY);
    let millis = if events < MOST_HISTORY { hour } else { (events / per_minute * 60_000.0).min(hour) };
    (millis as i64, events as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_is_an_hour_at_the_rate_asked_for_but_not_more_than_a_million_events() {
        for (per_minute, expected) in [
            (0.0, (3_600_000, 0)),
            (1_200.0, (3_600_000, 72_000)),
            (16_000.0, (3_600_000, 960_000)),
            (100_000.0, (600_000, 1_000_000)),
            (6e6, (10_000, 1_000_000)),
        ] {
            assert_eq!(history(per_minute), expected, "{per_minute}");
        }
    }
}
