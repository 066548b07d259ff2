//! The one table.

use std::fmt::Write as _;

use crate::{
    cost::{Cost, Summary},
    latency::{Outcome, Percentiles},
};

/// Rows of equally many cells, as Markdown.
#[derive(Default)]
pub struct Table(Vec<[String; 11]>);

const HEADINGS: [&str; 11] = [
    "what",
    "events/s",
    "CPU µs/event",
    "least–most",
    "ratio",
    "warm",
    "broker µs",
    "Postgres µs",
    "start s",
    "peak MiB",
    "others",
];

impl Table {
    /// `base`: the CPU per event that the ratio is to.
    pub fn contender(&mut self, what: &str, summary: &Summary, base: Option<f64>) {
        let (least, most) = summary.cpu_range;
        self.row(what, &summary.median, format!("{least:.2}–{most:.2}"), base);
    }

    /// Each size compared with the first.
    pub fn growth(&mut self, sizes: &[(String, Summary)]) {
        let base = sizes.first().map(|(_, least)| least.median.cpu);
        for (what, summary) in sizes {
            self.contender(what, summary, base);
        }
    }

    pub fn latency(&mut self, rate: f64, outcome: &Outcome) {
        let beside = if outcome.to_subscriber.is_some() { ", with an API and a subscriber" } else { "" };
        self.row(&format!("live, {rate:.0} events/s{beside}"), &outcome.cost, String::new(), None);
        let mut line = |what: &str, times: Percentiles| {
            let Percentiles { p50, p99, most } = times;
            let mut cells: [String; 11] = Default::default();
            cells[0] = format!("{what}: p50 {p50} ms, p99 {p99} ms, most {most} ms");
            self.0.push(cells);
        };
        line("8 KiB synced to disk, alone", outcome.disk);
        line("append → committed", outcome.from_append);
        line("send → committed", outcome.from_send);
        if let Some(times) = outcome.to_subscriber {
            line("append → subscriber", times);
        }
    }

    fn row(&mut self, what: &str, cost: &Cost, range: String, base: Option<f64>) {
        self.0.push([
            what.to_owned(),
            thousands(cost.events_per_second),
            format!("{:.2}", cost.cpu),
            range,
            base.map_or_else(String::new, |base| format!("{:.2}", cost.cpu / base)),
            if cost.warm_cpu.is_nan() { String::new() } else { format!("{:.2}", cost.warm_cpu) },
            format!("{:.2}", cost.broker),
            format!("{:.2}", cost.postgres),
            format!("{:.2}", cost.start),
            format!("{:.0}", cost.memory),
            format!("{:.0} %", cost.others * 100.0),
        ]);
    }

    pub fn print(&self) -> String {
        let width = |at: usize| {
            let cells = self.0.iter().map(|row| &row[at]).map(|cell| cell.chars().count());
            cells.chain([HEADINGS[at].chars().count()]).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
        let mut text = String::new();
        let mut line = |cells: &[String]| {
            for (at, (cell, &width)) in cells.iter().zip(&widths).enumerate() {
                // Writing to a String cannot fail.
                let _ = if at == 0 {
                    write!(text, "| {cell:<width$} ")
                } else {
                    write!(text, "| {cell:>width$} ")
                };
            }
            text.push_str("|\n");
        };
        line(&HEADINGS.map(str::to_owned));
        let rules: Vec<String> = widths
            .iter()
            .enumerate()
            .map(
                |(at, &width)| {
                    if at == 0 { "-".repeat(width) } else { format!("{}:", "-".repeat(width - 1)) }
                },
            )
            .collect();
        line(&rules);
        for row in &self.0 {
            line(row);
        }
        text
    }
}

fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let mut table = Table::default();
        let cost = Cost { events_per_second: 1_234_567.0, cpu: 1.5, ..Cost::default() };
        table.contender("a", &Summary::of(&[cost]), Some(0.5));
        let text = table.print();
        assert!(text.contains("1 234 567") && text.contains("3.00"), "{text}");
        let lengths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(lengths, vec![lengths[0]; 3]);
    }
}
