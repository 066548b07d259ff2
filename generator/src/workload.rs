use std::ops::Range;

use crate::catalogue::{DEVICES, REGIONS};

/// A time during which a region does worse than usual.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Name of the region, such as `eu-west`.
    pub region: String,
    /// Milliseconds since 1970.
    pub from: i64,
    pub until: i64,
    /// Share of failed attempts, 0 to 1; what the region has on an ordinary day where that is more.
    pub failure: f64,
    /// The error code of the failed attempts.
    pub error_code: String,
    /// Factor on speeds.
    pub speed: f64,
    /// Factor on the region's share of all attempts; 0 is a total outage. The others take over what it loses.
    pub volume: f64,
}

impl Default for Incident {
    fn default() -> Self {
        Self {
            region: String::new(),
            from: 0,
            until: 0,
            failure: 0.0,
            error_code: "cdn_timeout".to_owned(),
            speed: 1.0,
            volume: 1.0,
        }
    }
}

/// What the traffic looks like. The same workload and the same times give the same bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    pub seed: u64,
    pub contents: usize,
    /// Exponent of the popularity of contents; 0 makes all equal.
    pub zipf: f64,
    /// How many regions there are, the biggest first; 1 to 8.
    pub regions: usize,
    /// How many device types there are; 1 to 8.
    pub devices: usize,
    /// A region's traffic in the busiest moment of its day over that in the quietest, 1 or more. Shapes the history,
    /// and where live traffic comes from.
    pub daily: f64,
    /// Share of cancelled attempts.
    pub cancelled: f64,
    /// Share of attempts whose status is none of success, failed and cancelled.
    pub odd_status: f64,
    /// Share of events that come late, but mostly within grace.
    pub delayed: f64,
    /// By how many milliseconds.
    pub delayed_by: Range<i64>,
    /// Share of events that come after their window has closed.
    pub late: f64,
    /// By how many milliseconds.
    pub late_by: Range<i64>,
    /// Share of events that have the very time of the event before.
    pub same_time: f64,
    /// Share of events with an event time far in the future.
    pub future: f64,
    /// How far, in milliseconds. The truth holds as long as they are read before that time is near.
    pub future_by: i64,
    /// Share of records that are no event at all: cut short, too long, empty, or other bytes.
    pub bad: f64,
    pub incidents: Vec<Incident>,
}

impl Default for Workload {
    fn default() -> Self {
        Self {
            seed: 1,
            contents: 100,
            zipf: 1.05,
            regions: REGIONS.len(),
            devices: DEVICES.len(),
            daily: 6.0,
            cancelled: 0.015,
            odd_status: 0.000_1,
            delayed: 0.02,
            delayed_by: 1_000..25_000,
            late: 0.002,
            late_by: 120_000..900_000,
            same_time: 0.05,
            future: 0.000_2,
            future_by: 7 * 86_400_000,
            bad: 0.000_5,
            incidents: Vec::new(),
        }
    }
}

impl Workload {
    /// # Errors
    /// Names the first setting that is out of range, and its range.
    pub fn check(&self) -> Result<(), String> {
        let shares = [
            ("cancelled", self.cancelled),
            ("odd_status", self.odd_status),
            ("delayed", self.delayed),
            ("late", self.late),
            ("same_time", self.same_time),
            ("future", self.future),
            ("bad", self.bad),
        ];
        let incident_shares = self.incidents.iter().map(|incident| ("incident failure", incident.failure));
        for (name, share) in shares.into_iter().chain(incident_shares) {
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("{name}: expected a share from 0 to 1, found {share}"));
            }
        }
        for (name, number, most) in [
            ("contents", self.contents, 1_000_000),
            ("regions", self.regions, REGIONS.len()),
            ("devices", self.devices, DEVICES.len()),
        ] {
            if !(1..=most).contains(&number) {
                return Err(format!("{name}: expected 1 to {most}, found {number}"));
            }
        }
        for (name, sum, parts) in [
            ("late and delayed", self.late + self.delayed, "together"),
            ("bad and future", self.bad + self.future, "together"),
        ] {
            if sum > 1.0 {
                return Err(format!("{name}: expected at most 1 {parts}, found {sum}"));
            }
        }
        for (name, range) in [("delayed_by", &self.delayed_by), ("late_by", &self.late_by)] {
            if range.is_empty() || range.start < 0 {
                return Err(format!("{name}: expected a range of milliseconds from 0 on, found {range:?}"));
            }
        }
        if !(0.0..=10.0).contains(&self.zipf) {
            return Err(format!("zipf: expected an exponent from 0 to 10, found {}", self.zipf));
        }
        if !(1.0..=1_000.0).contains(&self.daily) {
            return Err(format!("daily: expected a ratio from 1 to 1000, found {}", self.daily));
        }
        for incident in &self.incidents {
            let known = || REGIONS.iter().take(self.regions);
            if !known().any(|region| region.name == incident.region) {
                let names: Vec<_> = known().map(|region| region.name).collect();
                return Err(format!(
                    "incident region: expected one of {}, found '{}'",
                    names.join(", "),
                    incident.region
                ));
            }
            if !(incident.speed > 0.0 && incident.speed.is_finite() && incident.volume >= 0.0) {
                return Err(format!(
                    "incident in {}: expected a speed above 0 and a volume of 0 or more, found {} and {}",
                    incident.region, incident.speed, incident.volume
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_range_is_named() {
        let usual = Workload::default;
        let incident = |region: &str| Incident { region: region.to_owned(), ..Incident::default() };
        assert_eq!(usual().check(), Ok(()));
        assert_eq!(Workload { incidents: vec![incident("eu-west")], ..usual() }.check(), Ok(()));
        for (workload, name) in [
            (Workload { bad: 1.5, ..usual() }, "bad"),
            (Workload { late: f64::NAN, ..usual() }, "late"),
            (Workload { late: 0.9, delayed: 0.9, ..usual() }, "late and delayed"),
            (Workload { contents: 0, ..usual() }, "contents"),
            (Workload { regions: 9, ..usual() }, "regions"),
            (Workload { zipf: -1.0, ..usual() }, "zipf"),
            (Workload { late_by: 5..5, ..usual() }, "late_by"),
            (Workload { incidents: vec![incident("atlantis")], ..usual() }, "incident region"),
        ] {
            let refused = workload.check().unwrap_err();
            assert!(refused.starts_with(&format!("{name}:")), "{refused}");
        }
    }
}
