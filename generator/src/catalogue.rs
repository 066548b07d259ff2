//! What is downloaded, where and on what.

use rand::RngExt;

use crate::weighted::Random;

pub(crate) struct Region {
    pub name: &'static str,
    pub weight: f64,
    /// Median speed, Mbit/s.
    pub speed: f64,
    /// Share of failed attempts on an ordinary day.
    pub failure: f64,
    /// Hours ahead of UTC, for the shape of its day.
    pub zone: i64,
}

pub(crate) const REGIONS: [Region; 8] = [
    Region { name: "us-east", weight: 0.24, speed: 92.0, failure: 0.012, zone: -5 },
    Region { name: "us-west", weight: 0.16, speed: 98.0, failure: 0.010, zone: -8 },
    Region { name: "eu-west", weight: 0.20, speed: 84.0, failure: 0.011, zone: 0 },
    Region { name: "eu-central", weight: 0.14, speed: 88.0, failure: 0.009, zone: 1 },
    Region { name: "ap-south", weight: 0.10, speed: 41.0, failure: 0.031, zone: 5 },
    Region { name: "ap-northeast", weight: 0.08, speed: 110.0, failure: 0.008, zone: 9 },
    Region { name: "sa-east", weight: 0.05, speed: 36.0, failure: 0.028, zone: -3 },
    Region { name: "af-south", weight: 0.03, speed: 22.0, failure: 0.038, zone: 2 },
];

/// Device, its systems, weight.
pub(crate) const DEVICES: [(&str, [&str; 3], f64); 8] = [
    ("iPhone", ["iOS 17", "iOS 18", "iOS 26"], 0.23),
    ("Android Phone", ["Android 14", "Android 15", "Android 16"], 0.27),
    ("iPad", ["iPadOS 17", "iPadOS 18", "iPadOS 26"], 0.08),
    ("Android Tablet", ["Android 13", "Android 14", "Android 15"], 0.06),
    ("Windows PC", ["Windows 10", "Windows 11", "Windows 11 24H2"], 0.14),
    ("Mac", ["macOS 14", "macOS 15", "macOS 26"], 0.08),
    ("Smart TV", ["webOS 24", "Tizen 8", "Google TV"], 0.10),
    ("Console", ["PlayStation 5", "Xbox Series X", "Switch 2"], 0.04),
];

pub(crate) const ERROR_CODES: [(&str, f64); 4] =
    [("network_error", 0.45), ("cdn_timeout", 0.32), ("auth_failed", 0.13), ("disk_full", 0.10)];

const FIRST: [&str; 20] = [
    "Silent",
    "Crimson",
    "Hidden",
    "Last",
    "Golden",
    "Distant",
    "Broken",
    "Winter",
    "Electric",
    "Paper",
    "Northern",
    "Hollow",
    "Midnight",
    "Glass",
    "Wandering",
    "Forgotten",
    "Rising",
    "Velvet",
    "Iron",
    "Second",
];
const SECOND: [&str; 20] = [
    "Harbour", "Signal", "Orchard", "Voyage", "Garden", "Empire", "Letters", "Horizon", "Machine", "River",
    "Tide", "Kingdom", "Station", "Echo", "Lantern", "Mountain", "Shadow", "Archive", "Summer", "Crossing",
];
/// Content type, its smallest and largest size in MB.
const KINDS: [(&str, i64, i64); 5] = [
    ("movie", 1_500, 9_000),
    ("tv_show", 400, 3_000),
    ("music", 5, 200),
    ("app", 20, 2_500),
    ("book", 1, 50),
];

#[derive(Debug)]
pub(crate) struct Content {
    /// Id and title depend on the number alone, so that a title is the same in every run; sizes go by the seed.
    pub id: String,
    pub title: String,
    pub kind: &'static str,
    /// Whole megabytes, as a catalogue gives sizes.
    pub size_mb: i64,
}

/// The same contents for the same state of `random`.
pub(crate) fn contents(count: usize, random: &mut Random) -> Vec<Content> {
    (0..count)
        .map(|number| {
            let (kind, smallest, largest) = KINDS[number % KINDS.len()];
            let round = number / (FIRST.len() * SECOND.len());
            let name = format!(
                "{} {}",
                FIRST[number % FIRST.len()],
                SECOND[(number / FIRST.len() + number * 7) % SECOND.len()]
            );
            Content {
                id: format!("{kind}-{number:04}"),
                title: if round == 0 { name } else { format!("{name} {}", round + 1) },
                kind,
                size_mb: random.random_range(smallest..=largest),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::SeedableRng;

    use super::*;

    #[test]
    fn titles_are_distinct_and_the_same_for_every_seed() {
        let first = contents(1_000, &mut Random::seed_from_u64(1));
        let second = contents(1_000, &mut Random::seed_from_u64(2));
        let titles: HashSet<_> = first.iter().map(|content| &content.title).collect();
        assert_eq!(titles.len(), 1_000);
        assert!(first.iter().zip(&second).all(|(a, b)| (&a.id, &a.title) == (&b.id, &b.title)));
        assert!(first.iter().zip(&second).any(|(a, b)| a.size_mb != b.size_mb));
    }

    #[test]
    fn weights_of_regions_and_devices_are_shares() {
        let regions: f64 = REGIONS.iter().map(|region| region.weight).sum();
        let devices: f64 = DEVICES.iter().map(|(.., weight)| weight).sum();
        assert!((regions - 1.0).abs() < 1e-9 && (devices - 1.0).abs() < 1e-9);
    }
}
