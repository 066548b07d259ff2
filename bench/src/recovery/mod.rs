//! How soon the processor is back after something was lost: an owner, itself, the database, the broker, an operator's
//! patience.

mod absence;
mod flow;
mod link;
mod progress;
mod replay;
mod takeover;

use std::time::{Duration, Instant};

use crate::{
    cli::{Loss, RecoveryArgs},
    stage::Stage,
};

/// What was measured, line by line.
#[derive(Default)]
pub struct Figures(Vec<(String, String)>);

impl Figures {
    pub fn note(&mut self, what: impl Into<String>, figure: impl Into<String>) {
        let (what, figure) = (what.into(), figure.into());
        eprintln!("{what}: {figure}");
        self.0.push((what, figure));
    }

    pub fn seconds(&mut self, what: impl Into<String>, time: Duration) {
        self.note(what, format!("{:.2} s", time.as_secs_f64()));
    }

    pub fn mebibytes(&mut self, what: impl Into<String>, bytes: u64) {
        self.note(what, format!("{} MiB", bytes >> 20));
    }

    /// As Markdown.
    fn print(&self) -> String {
        let width = |cell: fn(&(String, String)) -> &String, heading: &str| {
            let cells = self.0.iter().map(|row| cell(row).chars().count());
            cells.chain([heading.chars().count()]).max().unwrap_or_default()
        };
        let (left, right) = (width(|row| &row.0, "what"), width(|row| &row.1, "figure"));
        let mut text = format!("| {:<left$} | {:>right$} |\n", "what", "figure");
        text.push_str(&format!("| {} | {}: |\n", "-".repeat(left), "-".repeat(right - 1)));
        for (what, figure) in &self.0 {
            text.push_str(&format!("| {what:<left$} | {figure:>right$} |\n"));
        }
        text
    }
}

pub async fn run(args: &RecoveryArgs) -> anyhow::Result<()> {
    let begin = Instant::now();
    let mut stage = Stage::set(args.streampulse.clone()).await?;
    let mut figures = Figures::default();
    if args.wants(Loss::Owner) {
        for &rows in &args.open_rows {
            takeover::run(&stage, args, rows, &mut figures).await?;
        }
    }
    if args.wants(Loss::Database) {
        absence::of_database(&stage, args, &mut figures).await?;
    }
    if args.wants(Loss::Broker) {
        absence::of_broker(&mut stage, args, &mut figures).await?;
    }
    if args.wants(Loss::Replay) {
        replay::run(&stage, args, &mut figures).await?;
    }
    stage.stop().await?;
    println!("{}", figures.print());
    println!("{} events, {} s", args.events, begin.elapsed().as_secs());
    Ok(())
}
