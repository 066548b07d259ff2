//! What was measured, line by line.

use std::time::Duration;

/// Told as they come, and as one table at the end.
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
    pub fn print(&self) -> String {
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
