use std::ops::Range;

use crate::{
    catalogue::REGIONS,
    day::Day,
    weighted::{Random, Weighted},
    workload::{Incident, Workload},
};

/// Shares of the regions are taken as constant for this long, in milliseconds.
const STEP: i64 = 60_000;

/// Where attempts come from: regions wax and wane with their days and incidents.
#[derive(Debug)]
pub(crate) struct Origin {
    days: Vec<Day>,
    shares: Weighted,
    /// Times for which the shares hold.
    valid: Range<i64>,
}

impl Origin {
    pub fn new(workload: &Workload) -> Self {
        let regions = &REGIONS[..workload.regions.min(REGIONS.len())];
        let days = regions.iter().map(|region| Day::new(workload.daily, region.zone)).collect();
        Self { days, shares: Weighted::new(std::iter::empty()), valid: 0..0 }
    }

    /// The place among [`REGIONS`] of the region of an attempt at `time`, and what ails it then.
    pub fn region<'a>(
        &mut self,
        time: i64,
        incidents: &'a [Incident],
        random: &mut Random,
    ) -> (usize, Option<&'a Incident>) {
        if !self.valid.contains(&time) {
            self.weigh(time, incidents);
        }
        let region = self.shares.choose(random);
        (region, incident(incidents, REGIONS[region].name, time))
    }

    #[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
    fn weigh(&mut self, time: i64, incidents: &[Incident]) {
        let step = time - time.rem_euclid(STEP);
        let mut valid = step..step + STEP;
        for edge in incidents.iter().flat_map(|incident| [incident.from, incident.until]) {
            if edge <= time {
                valid.start = valid.start.max(edge);
            } else {
                valid.end = valid.end.min(edge);
            }
        }
        let weights = REGIONS.iter().zip(&self.days).map(|(region, day)| {
            let volume = incident(incidents, region.name, time).map_or(1.0, |incident| incident.volume);
            region.weight * day.level(step as f64) * volume
        });
        self.shares.set(weights);
        self.valid = valid;
    }

    /// The day of all regions together.
    pub fn day(&self) -> Day {
        let regions = &REGIONS[..self.days.len()];
        let all: f64 = regions.iter().map(|region| region.weight).sum();
        Day::mixed(regions.iter().zip(&self.days).map(|(region, day)| (region.weight / all, *day)))
    }
}

fn incident<'a>(incidents: &'a [Incident], region: &str, time: i64) -> Option<&'a Incident> {
    incidents
        .iter()
        .find(|incident| (incident.from..incident.until).contains(&time) && incident.region == region)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn an_outage_holds_from_its_first_millisecond_to_its_last() {
        let outage = Incident {
            region: "us-east".to_owned(),
            from: 90_500,
            until: 100_000,
            volume: 0.0,
            ..Incident::default()
        };
        let workload = Workload { incidents: vec![outage], ..Workload::default() };
        let (mut origin, mut random) = (Origin::new(&workload), Random::seed_from_u64(3));
        let mut come = |time| (0..500).any(|_| origin.region(time, &workload.incidents, &mut random).0 == 0);
        assert!(come(90_499));
        assert!(!come(90_500));
        assert!(!come(99_999));
        assert!(come(100_000));
    }

    #[test]
    fn regions_follow_the_sun() {
        let workload = Workload::default();
        let (mut origin, mut random) = (Origin::new(&workload), Random::seed_from_u64(3));
        let mut count = |hour: i64, region| {
            (0..20_000).filter(|_| origin.region(hour * 3_600_000, &[], &mut random).0 == region).count()
        };
        // Evening in Tokyo is 11 o'clock UTC; in Los Angeles it is 4.
        assert!(count(11, 5) > 2 * count(23, 5));
        assert!(count(11, 1) * 5 < count(4, 1) * 4);
    }
}
