//! The processors of a schedule: each a process of its own, behind a proxy of its own.

use std::{
    fs::{File, OpenOptions},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{plan::Settings, proxy::Proxy, servers::Stage};

#[derive(Debug)]
pub struct Fleet {
    binary: PathBuf,
    stage: Stage,
    settings: Settings,
    logs: PathBuf,
    slots: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    proxy: Proxy,
    /// `None` while nobody is in it.
    process: Option<Process>,
}

/// Dropping kills it.
#[derive(Debug)]
struct Process {
    child: Child,
    is_leaving: bool,
    started: Instant,
}

/// A processor that is no more, though nobody killed it.
#[derive(Debug)]
pub struct Ended {
    pub slot: usize,
    pub status: ExitStatus,
    pub was_asked: bool,
    age: Duration,
}

/// Until then a process may not listen to signals yet.
const CHILDHOOD: Duration = Duration::from_secs(3);

/// By default a client that missed its broker looks for it only every 10 s, which costs a schedule more than it shows.
const RECONNECT_SOON: &str = "reconnect.backoff.max.ms=500";

/// Partitions that were added to a topic are found by asking, every 5 minutes by default.
const REFRESH_SOON: &str = "topic.metadata.refresh.interval.ms=700";

/// The exit code for surroundings that are not as they must be; nothing was started then.
const REFUSED: i32 = 2;

impl Ended {
    /// Asked to, with nothing left undone. One that has not started yet has nothing to do and may just die of it.
    pub fn is_in_order(&self) -> bool {
        let never_began = self.status.signal() == Some(Signal::SIGTERM as i32) && self.age < CHILDHOOD;
        self.was_asked && (self.status.success() || never_began)
    }

    /// The servers may be away when a process starts; it may say so and leave.
    pub fn is_refused_start(&self) -> bool {
        self.status.code() == Some(REFUSED)
    }
}

impl Fleet {
    /// No processor yet. What they say goes to files in `logs`.
    pub fn new(binary: &Path, stage: &Stage, settings: &Settings, logs: &Path) -> Self {
        Self {
            binary: binary.to_owned(),
            stage: stage.clone(),
            settings: settings.clone(),
            logs: logs.to_owned(),
            slots: Vec::new(),
        }
    }

    /// A processor in a new slot.
    pub async fn join(&mut self) -> anyhow::Result<usize> {
        let proxy = Proxy::to(self.stage.pg.port).await.context("a proxy cannot listen")?;
        self.slots.push(Slot { proxy, process: None });
        let slot = self.slots.len() - 1;
        self.start(slot)?;
        Ok(slot)
    }

    /// A processor in a slot where one was before. Does nothing when there is one.
    pub fn start(&mut self, slot: usize) -> anyhow::Result<()> {
        if self.slots[slot].process.is_some() {
            return Ok(());
        }
        let log = self.log(slot)?;
        let mut command = self.command(self.slots[slot].proxy.port());
        command.arg("--clock-step-file").arg(self.clock_file(slot));
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child =
            command.spawn().with_context(|| format!("{} cannot be started", self.binary.display()))?;
        self.slots[slot].process = Some(Process { child, is_leaving: false, started: Instant::now() });
        Ok(())
    }

    fn command(&self, port: u16) -> Command {
        // The kernel ends it with us, however we end.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.binary).arg("processor");
        let settings = &self.settings;
        command
            .args(["--kafka-property", &format!("session.timeout.ms={}", settings.session_timeout)])
            .args(["--kafka-property", "heartbeat.interval.ms=400"])
            .args(["--kafka-property", RECONNECT_SOON])
            .args(["--kafka-property", REFRESH_SOON])
            .args(["--threads", &settings.threads.to_string()])
            .args(["--commit-interval", &format!("{}ms", settings.commit_interval)])
            .args(["--catch-up-interval", &format!("{}ms", settings.catch_up_interval)])
            .args(["--commit-events", &settings.commit_events.to_string()])
            .args(["--flush-timeout", &format!("{}ms", settings.flush_timeout)]);
        self.stage.put_in_environment(&mut command, port);
        command.env("KAFKA_GROUP_ID", self.stage.group()).env("LOG_LEVEL", "info,librdkafka=off,rdkafka=off");
        command
    }

    /// Stays when the processor is started again: it is the clock of its host.
    pub fn step_clock(&self, slot: usize, by: i64) -> anyhow::Result<()> {
        let (file, part) = (self.clock_file(slot), self.logs.join(format!("clock-{slot}.part")));
        // Never half written.
        std::fs::write(&part, by.to_string())
            .and_then(|()| std::fs::rename(&part, &file))
            .with_context(|| format!("{} cannot be written", file.display()))
    }

    fn clock_file(&self, slot: usize) -> PathBuf {
        self.logs.join(format!("clock-{slot}"))
    }

    fn log_file(&self, slot: usize) -> PathBuf {
        self.logs.join(format!("processor-{slot}.log"))
    }

    fn log(&self, slot: usize) -> anyhow::Result<File> {
        let path = self.log_file(slot);
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("{} cannot be written", path.display()))
    }

    /// The last thing the processor said.
    pub fn last_words(&self, slot: usize) -> String {
        let text = std::fs::read_to_string(self.log_file(slot)).unwrap_or_default();
        text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing was said").to_owned()
    }

    /// The slot of one that lives and was not asked to leave, counted round.
    pub fn pick(&self, target: usize) -> Option<usize> {
        let living: Vec<usize> = self.living().collect();
        (!living.is_empty()).then(|| living[target % living.len()])
    }

    pub fn living(&self) -> impl Iterator<Item = usize> {
        let lives = |slot: &Slot| slot.process.as_ref().is_some_and(|process| !process.is_leaving);
        self.slots.iter().enumerate().filter(move |(_, slot)| lives(slot)).map(|(at, _)| at)
    }

    pub fn proxy(&self, slot: usize) -> &Proxy {
        &self.slots[slot].proxy
    }

    pub fn mend_proxies(&self) {
        for slot in &self.slots {
            slot.proxy.mend();
        }
    }

    pub fn kill(&mut self, slot: usize) {
        self.slots[slot].process = None;
    }

    pub fn freeze(&mut self, slot: usize) -> anyhow::Result<()> {
        self.signal(slot, Signal::SIGSTOP, |_| ())
    }

    pub fn thaw(&mut self, slot: usize) -> anyhow::Result<()> {
        self.signal(slot, Signal::SIGCONT, |_| ())
    }

    /// Asks it to end; [`Self::reap`] tells when it has.
    pub fn leave(&mut self, slot: usize) -> anyhow::Result<()> {
        self.signal(slot, Signal::SIGTERM, |process| process.is_leaving = true)
    }

    fn signal(&mut self, slot: usize, signal: Signal, note: fn(&mut Process)) -> anyhow::Result<()> {
        if let Some(process) = &mut self.slots[slot].process {
            note(process);
            kill(Pid::from_raw(process.child.id().cast_signed()), signal)?;
        }
        Ok(())
    }

    /// Those that ended since the last call.
    pub fn reap(&mut self) -> anyhow::Result<Vec<Ended>> {
        let mut ended = Vec::new();
        for (at, slot) in self.slots.iter_mut().enumerate() {
            if let Some(process) = &mut slot.process
                && let Some(status) = process.child.try_wait()?
            {
                let age = process.started.elapsed();
                ended.push(Ended { slot: at, status, was_asked: process.is_leaving, age });
                slot.process = None;
            }
        }
        Ok(ended)
    }

    /// Those that have not ended yet, frozen and leaving ones as well.
    pub fn present(&self) -> Vec<usize> {
        (0..self.slots.len()).filter(|slot| self.slots[*slot].process.is_some()).collect()
    }

    /// Whether some process has not ended yet.
    pub fn is_anyone_left(&self) -> bool {
        self.slots.iter().any(|slot| slot.process.is_some())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
