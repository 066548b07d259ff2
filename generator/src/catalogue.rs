//! What is downloaded, where and on what.

use rand::{Rng, RngExt, rngs::StdRng};

pub(crate) struct Region {
    pub name: &'static str,
    pub weight: f64,
    /// Median speed, Mbit/s.
    pub speed: f64,
    /// Share of failed attempts on an ordinary day.
    pub failure: f64,
}

pub(crate) const REGIONS: [Region; 8] = [
    Region { name: "us-east", weight: 0.24, speed: 92.0, failure: 0.012 },
    Region { name: "us-west", weight: 0.16, speed: 98.0, failure: 0.010 },
    Region { name: "eu-west", weight: 0.20, speed: 84.0, failure: 0.011 },
    Region { name: "eu-central", weight: 0.14, speed: 88.0, failure: 0.009 },
    Region { name: "ap-south", weight: 0.10, speed: 41.0, failure: 0.031 },
    Region { name: "ap-northeast", weight: 0.08, speed: 110.0, failure: 0.008 },
    Region { name: "sa-east", weight: 0.05, speed: 36.0, failure: 0.028 },
    Region { name: "af-south", weight: 0.03, speed: 22.0, failure: 0.038 },
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
/// Content type, its smallest and largest size in GB.
const KINDS: [(&str, f64, f64); 5] = [
    ("movie", 1.5, 9.0),
    ("tv_show", 0.4, 3.0),
    ("music", 0.005, 0.2),
    ("app", 0.02, 2.5),
    ("book", 0.001, 0.05),
];

pub(crate) struct Content {
    pub id: String,
    pub title: String,
    pub kind: &'static str,
    pub size_gb: f64,
}

/// The same contents for the same generator state.
pub(crate) fn contents(count: usize, random: &mut StdRng) -> Vec<Content> {
    (0..count)
        .map(|number| {
            let (kind, smallest, largest) = KINDS[number % KINDS.len()];
            let size: f64 = random.random_range(smallest..largest);
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
                // Sizes as a catalogue gives them: whole megabytes.
                size_gb: (size * 1_000.0).round() / 1_000.0,
            }
        })
        .collect()
}

/// Chooses an index by weight.
pub(crate) fn weighted(random: &mut impl Rng, weights: impl Iterator<Item = f64>) -> usize {
    let mut left: f64 = random.random_range(0.0..1.0);
    let mut last = 0;
    for (index, weight) in weights.enumerate() {
        last = index;
        if left < weight {
            break;
        }
        left -= weight;
    }
    last
}
