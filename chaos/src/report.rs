//! What people read: a line per schedule, everything about a failed one, a summary.

use std::{collections::BTreeMap, fmt::Write, path::PathBuf, time::Duration};

use crate::{
    plan::{Fault, Plan},
    timeline::Timeline,
};

/// What became of one schedule.
#[derive(Debug)]
pub struct Outcome {
    pub plan: Plan,
    /// Faults that hit somebody.
    pub struck: Vec<Fault>,
    pub cells: u64,
    pub failures: Vec<String>,
    pub timeline: Timeline,
    pub logs: PathBuf,
}

const LISTED: usize = 20;

impl Outcome {
    pub fn line(&self) -> String {
        let plan = &self.plan;
        let faults: Vec<_> = self.struck.iter().map(Fault::kind).collect();
        format!(
            "{} schedule {:>4}  {:>5.1} s  {:>6} events  {} partitions  {} processors  {:>6} cells  {}",
            if self.failures.is_empty() { "ok    " } else { "FAILED" },
            plan.number,
            self.timeline.elapsed().as_secs_f64(),
            plan.flow.events(),
            plan.partitions,
            plan.processors,
            self.cells,
            faults.join(", ")
        )
    }

    /// All that is known about a failure.
    pub fn explanation(&self) -> String {
        let plan = &self.plan;
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "seed {} schedule {}: {:?}", plan.seed, plan.number, plan.settings);
        let _ = writeln!(text, "flow: {:?}", plan.flow);
        for line in self.timeline.lines() {
            let _ = writeln!(text, "  {line}");
        }
        if !self.failures.is_empty() {
            let _ = writeln!(text, "wrong:");
        }
        for failure in self.failures.iter().take(LISTED) {
            let _ = writeln!(text, "  {failure}");
        }
        let _ = writeln!(text, "logs of the processors: {}", self.logs.display());
        let from = if plan.seed == 0 { "--known".to_owned() } else { format!("--seed {}", plan.seed) };
        let _ = write!(text, "again: chaos {from} --only {}", plan.number);
        text
    }

    pub fn forget_logs(&self) {
        // Left behind at worst.
        let _ = std::fs::remove_dir_all(&self.logs);
    }
}

/// Adds up outcomes.
#[derive(Debug, Default)]
pub struct Summary {
    schedules: u64,
    failed: Vec<u64>,
    events: u64,
    cells: u64,
    faults: BTreeMap<&'static str, u64>,
}

impl Summary {
    pub fn add(&mut self, outcome: &Outcome) {
        self.schedules += 1;
        if !outcome.failures.is_empty() {
            self.failed.push(outcome.plan.number);
        }
        self.events += outcome.plan.flow.events();
        self.cells += outcome.cells;
        for fault in &outcome.struck {
            *self.faults.entry(fault.kind()).or_default() += 1;
        }
    }

    pub fn is_good(&self) -> bool {
        self.failed.is_empty()
    }

    pub fn table(&self, wall: Duration) -> String {
        let mut rows = vec![
            ("schedules", self.schedules.to_string()),
            ("failed", if self.failed.is_empty() { "0".to_owned() } else { format!("{:?}", self.failed) }),
            ("events", self.events.to_string()),
            ("cells compared", self.cells.to_string()),
            ("wall time", format!("{:.1} s", wall.as_secs_f64())),
            ("faults", self.faults.values().sum::<u64>().to_string()),
        ];
        let kinds: Vec<_> = self.faults.iter().map(|(kind, count)| (format!("  {kind}"), count)).collect();
        rows.extend(kinds.iter().map(|(kind, count)| (kind.as_str(), count.to_string())));
        rows.iter().map(|(name, value)| format!("{name:<34}{value}\n")).collect()
    }
}
