//! One schedule, from an empty topic to compared tables.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use generator::Truth;
use tokio::task::JoinHandle;

use crate::{
    check,
    fleet::{Ended, Fleet},
    operator::Operator,
    plan::{Fault, Mark, Plan, PlannedFault, Which, Whither},
    progress::{Observer, Rewinds},
    report::Outcome,
    sender::Sender,
    servers::{Servers, Stage},
    timeline::Timeline,
};

const LOOK_EVERY: Duration = Duration::from_millis(10);
const START_AGAIN: Duration = Duration::from_millis(300);
const OWN_LIMIT: Duration = Duration::from_secs(30);
/// From the last fault, record or commit, whichever is latest.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);
const JUDGE_LIMIT: Duration = Duration::from_secs(30);
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Runs `plan`. What the product does wrong is in the outcome.
///
/// # Errors
/// When the schedule itself could not be run.
pub async fn run(
    plan: &Plan,
    servers: &mut Servers,
    binary: &Path,
    logs: PathBuf,
) -> anyhow::Result<Outcome> {
    std::fs::create_dir_all(&logs).with_context(|| format!("{} cannot be made", logs.display()))?;
    let stage = servers.set_stage(&format!("chaos_{}_{}", plan.seed, plan.number), plan).await?;
    let mut drive = Drive {
        fleet: Fleet::new(binary, &stage, &plan.settings, &logs),
        observer: Observer::of(&stage, plan.partitions)?,
        timeline: Timeline::begin(),
        waiting: plan.faults.iter().collect(),
        due: Vec::new(),
        failures: Vec::new(),
        struck: Vec::new(),
        events: plan.flow.events(),
        operator: Operator { binary: binary.to_owned(), stage: stage.clone() },
        requests: Vec::new(),
        resets: 0,
        servers,
    };
    for _ in 0..plan.processors {
        drive.fleet.join().await?;
    }
    drive.note("processors started");
    if plan.send_when_owned {
        drive.until_owned(plan.partitions).await?;
    }
    let folder = tempfile::tempdir()?;
    let mut sender = Sender::begin(&stage, &plan.flow, folder.path());
    drive.note("sending");
    let is_drained = drive.until_drained(&mut sender).await?;
    let truth = sender.end().await?;
    if is_drained {
        drive.end(&stage, &truth).await?;
    } else {
        drive.fail("the flow does not drain");
        drive.failures.extend(drive.observer.positions().await?);
    }
    let Drive { timeline, mut failures, struck, observer, servers, .. } = drive;
    if let Some(partition) = observer.went_back {
        failures.push(format!(
            "the committed offset of partition {partition} went back, and nobody had set it back"
        ));
    }
    let cells = if is_drained {
        let report = check::compare(&stage, &truth).await?;
        if !report.is_equal() {
            failures.push(format!("{} of {} cells differ", report.differing, report.cells));
            failures.extend(report.differences);
        }
        report.cells
    } else {
        0
    };
    let outcome = Outcome { plan: plan.clone(), struck, cells, failures, timeline, logs };
    if outcome.failures.is_empty() {
        servers.clear_stage(&stage).await?;
    }
    Ok(outcome)
}

/// Something to do at a time.
#[derive(Clone, Copy, Debug)]
enum Step {
    Strike(Fault),
    Start(usize),
    Thaw(usize),
    BrokerBack,
}

struct Drive<'a> {
    servers: &'a mut Servers,
    fleet: Fleet,
    observer: Observer,
    timeline: Timeline,
    /// Their marks were not reached yet.
    waiting: Vec<&'a PlannedFault>,
    due: Vec<(Instant, Step)>,
    struck: Vec<Fault>,
    failures: Vec<String>,
    events: u64,
    operator: Operator,
    /// Replays that are being asked for.
    requests: Vec<Request>,
    /// Partitions that the product has to set back because of offset resets.
    resets: usize,
}

struct Request {
    fault: Fault,
    asking: JoinHandle<anyhow::Result<String>>,
}

impl Drive<'_> {
    async fn until_owned(&mut self, partitions: i32) -> anyhow::Result<()> {
        while self.observer.owned < i64::from(partitions) {
            if self.timeline.elapsed() > OWN_LIMIT {
                bail!("the processors do not take the partitions over: {}", self.fleet.last_words(0));
            }
            tokio::time::sleep(LOOK_EVERY).await;
            self.observer.look_at_tables().await;
        }
        Ok(())
    }

    /// Faults as they come due, until all events are committed; `false` when that takes too long.
    async fn until_drained(&mut self, sender: &mut Sender) -> anyhow::Result<bool> {
        let (mut last_news, mut committed) = (Instant::now(), 0);
        let mut pace = tokio::time::interval(LOOK_EVERY);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            pace.tick().await;
            // In this order: what a request has asked for is seen before anything is called drained.
            self.hear_requests().await?;
            self.look(sender).await;
            let is_waiting = self.waiting.iter().any(|planned| planned.mark != Mark::Rewinding);
            let is_calm = sender.is_done() && !is_waiting && self.due.is_empty() && self.requests.is_empty();
            if is_calm && self.is_drained() {
                for missed in std::mem::take(&mut self.waiting) {
                    self.note(format!("no rewind was seen for {:?}", missed.fault));
                }
                self.note("drained");
                return Ok(true);
            }
            // A mark that is not reached is no news: what waits for it may wait for ever.
            let is_under_way = !sender.is_part_done() || !self.due.is_empty() || !self.requests.is_empty();
            if is_under_way || self.observer.committed != committed {
                (last_news, committed) = (Instant::now(), self.observer.committed);
            }
            if last_news.elapsed() > DRAIN_LIMIT {
                return Ok(false);
            }
            for step in self.steps_now(sender.is_part_done()) {
                self.take(step, sender).await?;
            }
            for ended in self.fleet.reap()? {
                self.judge_end(&ended);
            }
            if self.fleet.living().next().is_none() && !self.is_start_due() {
                self.due.push((Instant::now(), Step::Start(0)));
            }
        }
    }

    /// Everything is committed, and where it was before it was set back.
    fn is_drained(&self) -> bool {
        let Rewinds { under_way, requested, resets } = self.observer.rewinds;
        let are_honoured = usize::try_from(resets).is_ok_and(|resets| resets >= self.resets);
        self.observer.committed >= self.events && under_way == 0 && requested == 0 && are_honoured
    }

    async fn look(&mut self, sender: &Sender) {
        let before = self.observer.rewinds.under_way;
        self.observer.look_at_tables().await;
        let now = self.observer.rewinds.under_way;
        if now != before {
            self.note(format!("{now} partitions are set back"));
        }
        if sender.is_done() {
            self.observer.sent = self.events;
        } else if self.waiting.iter().any(|planned| matches!(planned.mark, Mark::Sent(_))) {
            self.observer.look_at_log().await;
        }
    }

    async fn hear_requests(&mut self) -> anyhow::Result<()> {
        let (answered, asking) =
            std::mem::take(&mut self.requests).into_iter().partition(|request| request.asking.is_finished());
        self.requests = asking;
        let answered: Vec<Request> = answered;
        for Request { fault, asking } in answered {
            match asking.await.context("asking for a replay broke down")? {
                Ok(words) => {
                    self.note(format!("requested: {words}"));
                    self.struck.push(fault);
                }
                Err(error) => self.fail(format!("a replay is refused again and again: {error:#}")),
            }
        }
        Ok(())
    }

    /// What is due by now; faults whose marks are reached become due.
    fn steps_now(&mut self, is_part_sent: bool) -> Vec<Step> {
        let now = Instant::now();
        #[allow(clippy::cast_precision_loss, reason = "a few thousand")]
        let share = |count: u64| count as f64 / self.events as f64;
        let (sent, committed) = (share(self.observer.sent), share(self.observer.committed));
        let is_rewinding = self.observer.rewinds.under_way > 0;
        let (reached, waiting) = self.waiting.iter().partition(|planned| match planned.mark {
            Mark::Sent(mark) => sent >= mark,
            Mark::Committed(mark) => committed >= mark,
            Mark::FirstPartSent => is_part_sent,
            Mark::Rewinding => is_rewinding,
        });
        self.waiting = waiting;
        let reached: Vec<&PlannedFault> = reached;
        self.due.extend(
            reached
                .iter()
                .map(|planned| (now + Duration::from_millis(planned.delay), Step::Strike(planned.fault))),
        );
        let (ready, later) = self.due.iter().partition(|(at, _)| *at <= now);
        self.due = later;
        let mut ready: Vec<(Instant, Step)> = ready;
        ready.sort_by_key(|(at, _)| *at);
        ready.into_iter().map(|(_, step)| step).collect()
    }

    fn is_start_due(&self) -> bool {
        self.due.iter().any(|(_, step)| matches!(step, Step::Start(_)))
    }

    async fn take(&mut self, step: Step, sender: &mut Sender) -> anyhow::Result<()> {
        match step {
            Step::Strike(fault) => self.strike(fault, sender).await?,
            Step::Start(slot) => {
                self.note(format!("processor {slot} starts again"));
                self.fleet.start(slot)?;
            }
            Step::Thaw(slot) => {
                self.note(format!("processor {slot} goes on"));
                self.fleet.thaw(slot)?;
            }
            Step::BrokerBack => {
                self.servers.kafka.resume().await?;
                self.note("broker is back");
            }
        }
        Ok(())
    }

    async fn strike(&mut self, fault: Fault, sender: &mut Sender) -> anyhow::Result<()> {
        match fault {
            Fault::Join => {
                let slot = self.fleet.join().await?;
                self.note(format!("processor {slot} joins"));
            }
            Fault::PostgresRestart { immediate } => {
                self.note(if immediate { "postgres crashes" } else { "postgres restarts" });
                let postgres = &mut self.servers.postgres;
                if immediate {
                    postgres.restart_immediate().await?;
                } else {
                    postgres.restart_fast().await?;
                }
                self.note("postgres is back");
            }
            Fault::BrokerRestart { away } => {
                self.note("broker halts");
                self.servers.kafka.halt().await?;
                self.note(format!("broker is down, for {away} ms"));
                self.later(away, Step::BrokerBack);
            }
            Fault::Replay { which, from, to } => {
                let operator = self.operator.clone();
                self.note(format!("{fault:?}"));
                let asking = tokio::spawn(async move { operator.replay(which, from, to).await });
                self.requests.push(Request { fault, asking });
                return Ok(());
            }
            Fault::OffsetReset { which, whither, killed } => {
                self.reset_offsets(which, whither, killed).await?;
            }
            Fault::PartitionsAdded { count } => {
                self.servers.kafka.resume().await?;
                let partitions = self.operator.add_partitions(count).await?;
                self.observer.partitions = partitions;
                self.note(format!("the topic has {partitions} partitions"));
                sender.go_on().await?;
            }
            Fault::Kill { target, .. }
            | Fault::Freeze { target, .. }
            | Fault::Leave { target, .. }
            | Fault::CutAll { target }
            | Fault::CutAtCommit { target, .. }
            | Fault::DelayAnswers { target, .. }
            | Fault::Unreachable { target, .. }
            | Fault::ClockStep { target, .. } => match self.fleet.pick(target) {
                Some(slot) => {
                    self.note(format!("processor {slot}: {fault:?}"));
                    self.strike_processor(slot, fault)?;
                }
                None => {
                    self.note(format!("nobody is there for {fault:?}"));
                    return Ok(());
                }
            },
        }
        self.struck.push(fault);
        Ok(())
    }

    fn strike_processor(&mut self, slot: usize, fault: Fault) -> anyhow::Result<()> {
        let millis = Duration::from_millis;
        match fault {
            Fault::Kill { back_after, .. } => {
                self.fleet.kill(slot);
                self.later(back_after, Step::Start(slot));
            }
            Fault::Freeze { lasting, .. } => {
                self.fleet.freeze(slot)?;
                self.later(lasting, Step::Thaw(slot));
            }
            Fault::Leave { back_after, .. } => {
                self.fleet.leave(slot)?;
                self.later(back_after, Step::Start(slot));
            }
            Fault::CutAll { .. } => self.fleet.proxy(slot).cut_all(),
            Fault::CutAtCommit { moment, .. } => self.fleet.proxy(slot).cut_at_commit(moment),
            Fault::DelayAnswers { each, lasting, .. } => {
                self.fleet.proxy(slot).delay_answers(millis(each), millis(lasting));
            }
            Fault::Unreachable { lasting, .. } => {
                self.fleet.proxy(slot).refuse(millis(lasting));
                self.fleet.proxy(slot).cut_all();
            }
            Fault::ClockStep { by, .. } => self.fleet.step_clock(slot, by)?,
            Fault::Join
            | Fault::PostgresRestart { .. }
            | Fault::BrokerRestart { .. }
            | Fault::Replay { .. }
            | Fault::OffsetReset { .. }
            | Fault::PartitionsAdded { .. } => {}
        }
        Ok(())
    }

    /// Everybody stops or dies, the offsets are reset, everybody starts again. Nothing else happens meanwhile.
    async fn reset_offsets(&mut self, which: Which, whither: Whither, killed: bool) -> anyhow::Result<()> {
        let slots = self.fleet.present();
        self.note(format!("all processors {}", if killed { "are killed" } else { "stop" }));
        for &slot in &slots {
            if killed {
                self.fleet.kill(slot);
            } else {
                self.fleet.leave(slot)?;
                // A frozen one hears of it only then.
                self.fleet.thaw(slot)?;
            }
        }
        let begin = Instant::now();
        while self.fleet.is_anyone_left() {
            for ended in self.fleet.reap()? {
                self.judge_end(&ended);
            }
            if begin.elapsed() > STOP_LIMIT {
                bail!("a processor does not stop before the offsets are reset");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.servers.kafka.resume().await?;
        let (set_back, words) = self.operator.reset_offsets(&self.servers.kafka, which, whither).await?;
        self.resets += set_back;
        self.note(format!("offsets reset: {words}"));
        for slot in slots {
            self.fleet.start(slot)?;
        }
        Ok(())
    }

    fn later(&mut self, after: u64, step: Step) {
        self.due.push((Instant::now() + Duration::from_millis(after), step));
    }

    /// One that was not asked to end must not, unless the servers were away when it started.
    fn judge_end(&mut self, ended: &Ended) {
        let Ended { slot, status, was_asked, .. } = ended;
        let words = self.fleet.last_words(*slot);
        if ended.is_in_order() {
            self.note(format!("processor {slot} has left"));
        } else if *was_asked || ended.is_refused_start() {
            self.note(format!("processor {slot} ended with {status}: {words}"));
        } else {
            self.fail(format!("processor {slot} ended by itself with {status}: {words}"));
        }
        if !was_asked {
            self.due.push((Instant::now() + START_AGAIN, Step::Start(*slot)));
        }
    }

    /// Everybody judges, stops in order, and nothing is left over.
    async fn end(&mut self, stage: &Stage, truth: &Truth) -> anyhow::Result<()> {
        if truth.events != self.events {
            self.fail(format!("{} of {} events were sent", truth.events, self.events));
        }
        self.fleet.mend_proxies();
        if check::until_judged(stage, JUDGE_LIMIT).await? {
            self.note("judged");
        } else {
            self.fail("detection does not come to the end");
            self.failures.extend(self.observer.positions().await?);
        }
        let living: Vec<usize> = self.fleet.living().collect();
        for slot in living {
            self.fleet.leave(slot)?;
        }
        let begin = Instant::now();
        while self.fleet.is_anyone_left() {
            for ended in self.fleet.reap()? {
                if !ended.is_in_order() {
                    let words = self.fleet.last_words(ended.slot);
                    self.fail(format!("processor {} stopped with {}: {words}", ended.slot, ended.status));
                }
            }
            if begin.elapsed() > STOP_LIMIT {
                self.fail("a processor does not stop");
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.note("stopped");
        self.observer.look_at_tables().await;
        if self.observer.committed != self.events {
            self.fail(format!("{} of {} events are committed", self.observer.committed, self.events));
        }
        Ok(())
    }

    fn note(&mut self, what: impl Into<String>) {
        self.timeline.note(self.observer.committed, what);
    }

    fn fail(&mut self, what: impl Into<String>) {
        let what = what.into();
        self.note(format!("FAILED: {what}"));
        self.failures.push(what);
    }
}
