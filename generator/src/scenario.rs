use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal};

use crate::{
    attempt::{Attempt, Status},
    catalogue::{Content, DEVICES, ERROR_CODES, REGIONS, contents},
    origin::Origin,
    weighted::{Random, Weighted},
    workload::Workload,
};

/// A workload made ready to draw from.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub workload: Workload,
    contents: Vec<Content>,
    popularity: Weighted,
    devices: Weighted,
    error_codes: Weighted,
    speeds: LogNormal<f64>,
}

/// What makes an attempt one of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity<'a> {
    pub event_id: &'a str,
    pub user: &'a str,
    pub time: i64,
}

impl Scenario {
    /// `Err` names the setting that is out of range.
    pub fn new(workload: Workload) -> Result<Self, String> {
        workload.check()?;
        let contents = contents(workload.contents, &mut Random::seed_from_u64(workload.seed));
        #[allow(clippy::cast_precision_loss, reason = "contents are few")]
        let popularity = (1..=contents.len()).map(|rank| (rank as f64).powf(-workload.zipf));
        Ok(Self {
            popularity: Weighted::new(popularity),
            devices: Weighted::new(DEVICES[..workload.devices].iter().map(|(.., weight)| *weight)),
            error_codes: Weighted::new(ERROR_CODES.iter().map(|(_, weight)| *weight)),
            speeds: LogNormal::new(0.0, 0.35).map_err(|error| error.to_string())?,
            contents,
            workload,
        })
    }

    pub fn attempt<'a>(
        &'a self,
        identity: Identity<'a>,
        origin: &mut Origin,
        random: &mut Random,
    ) -> Attempt<'a> {
        let workload = &self.workload;
        let content = &self.contents[self.popularity.choose(random)];
        let (region, incident) = origin.region(identity.time, &workload.incidents, random);
        let region = &REGIONS[region];
        let (device, systems, _) = &DEVICES[self.devices.choose(random)];
        let os = systems[random.random_range(0..systems.len())];

        let failure = incident.map_or(0.0, |incident| incident.failure).max(region.failure);
        let outcome: f64 = random.random_range(0.0..1.0);
        let (status, error) = if outcome < failure {
            let code = incident.map_or_else(
                || ERROR_CODES[self.error_codes.choose(random)].0,
                |incident| incident.error_code.as_str(),
            );
            (Status::Failed, Some(code))
        } else if outcome < failure + workload.cancelled {
            (Status::Cancelled, None)
        } else if outcome < failure + workload.cancelled + workload.odd_status {
            (Status::Odd, None)
        } else {
            (Status::Success, None)
        };
        let median = region.speed * incident.map_or(1.0, |incident| incident.speed);
        let speed = hundredths(median * self.speeds.sample(random)).max(1);
        let part = if status == Status::Success { 1.0 } else { random.random_range(0.02..0.9) };
        #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
        // Megabytes to megabits, over the speed.
        let duration = content.size_mb as f64 * 8.0 / (speed as f64 / 100.0) * part;
        Attempt {
            event_id: identity.event_id,
            time: identity.time,
            content,
            user: identity.user,
            region: region.name,
            device,
            os,
            status,
            duration: hundredths(duration),
            speed,
            error,
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a float too large becomes the largest integer")]
fn hundredths(value: f64) -> i64 {
    // The bound keeps sums of millionths far from the end of 64 bits.
    (value * 100.0).round().min(1e9) as i64
}
