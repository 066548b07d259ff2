//! A contender that says on standard output how far it is.

use std::time::Duration;

use anyhow::Context;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::{
    cost::{Gauge, Marks, Reading},
    stage::Stage,
};

const END_LIMIT: Duration = Duration::from_secs(60);

pub(super) struct Announced {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    gauge: Gauge,
    /// What it said besides.
    pub said: Vec<String>,
}

impl Announced {
    /// The command's standard output must be piped.
    pub fn start(mut command: Command, stage: &Stage) -> anyhow::Result<Self> {
        let mut child = command.spawn().context("cannot be started")?;
        let gauge = stage.gauge(vec![child.id().context("ended at once")?])?;
        let output = child.stdout.take().context("has no standard output")?;
        Ok(Self { child, lines: BufReader::new(output).lines(), gauge, said: Vec::new() })
    }

    /// The readings at its `first`, `half` and `last`; returns at its `done`.
    pub async fn marks(&mut self) -> anyhow::Result<Marks> {
        let first = self.at("first").await?;
        let half = self.at("half").await?;
        let last = self.at("last").await?;
        self.at("done").await?;
        Ok(Marks { first, half: Some(half), last })
    }

    async fn at(&mut self, name: &str) -> anyhow::Result<Reading> {
        loop {
            let line = self.lines.next_line().await?.with_context(|| format!("ended before '{name}'"))?;
            if line == name {
                return self.gauge.read();
            }
            self.said.push(line);
        }
    }

    /// Closes its input and waits until it has ended.
    pub async fn end(&mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let status = tokio::time::timeout(END_LIMIT, self.child.wait()).await.context("does not end")??;
        anyhow::ensure!(status.success(), "{status}");
        Ok(())
    }
}
