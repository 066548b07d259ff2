//! Load from `wrk`, which costs far less than what it asks.

use std::time::Duration;

use anyhow::Context;
use tokio::process::Command;

#[derive(Debug)]
pub struct Load {
    pub per_second: f64,
}

/// Asks the same again on all connections; every answer must be a good one.
pub async fn wrk(port: u16, path: &str, connections: u32, time: Duration) -> anyhow::Result<Load> {
    let output = Command::new("wrk")
        .args(["--threads", "1", "--connections", &connections.to_string()])
        .args(["--duration", &format!("{}s", time.as_secs()), "--timeout", "10s"])
        .arg(format!("http://127.0.0.1:{port}{path}"))
        .kill_on_drop(true)
        .output()
        .await
        .context("cannot start wrk: install it with deploy/install.sh bench")?;
    let text = String::from_utf8_lossy(&output.stdout);
    Load::read(&text).with_context(|| format!("wrk: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

impl Load {
    /// `None` where not all went well.
    fn read(text: &str) -> Option<Self> {
        if text.contains("Non-2xx") || text.contains("Socket errors") {
            return None;
        }
        let figure = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"))?;
        Some(Self { per_second: figure.trim().parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: &str =
        "Running 2s test @ http://127.0.0.1:1/x\n  2 requests in 2.00s\nRequests/sec:   6743.21\n";

    #[test]
    fn a_load_with_any_failure_is_none() {
        assert_eq!(Load::read(WELL).map(|load| load.per_second), Some(6743.21));
        for failure in
            ["  Non-2xx or 3xx responses: 1", "  Socket errors: connect 0, read 1, write 0, timeout 0"]
        {
            assert!(Load::read(&format!("{WELL}{failure}\n")).is_none(), "{failure}");
        }
        assert!(Load::read("unable to connect").is_none());
    }
}
