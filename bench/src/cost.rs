//! What a run costs, read from the kernel: CPU of all threads, memory at its peak, and what others took meanwhile.

use std::{
    fs, io,
    time::{Duration, Instant},
};

use anyhow::Context;

/// A tick of the CPU times in /proc: USER_HZ, which is 100 on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// The processes of one run.
#[derive(Clone, Debug)]
pub struct Gauge {
    /// One process or several.
    pub contenders: Vec<u32>,
    pub broker: u32,
    pub postgres: u32,
}

/// CPU used so far, by whom.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub at: Instant,
    pub contender: Duration,
    pub broker: Duration,
    pub postgres: Duration,
    /// This program itself, which looks at clocks and offsets.
    pub harness: Duration,
    /// All cores, whoever used them; stolen time included.
    pub machine: Duration,
    /// Of the contender, in bytes; of several processes their sum.
    pub peak_memory: u64,
}

impl Gauge {
    /// # Errors
    /// When one of the processes has ended.
    pub fn read(&self) -> anyhow::Result<Reading> {
        Ok(Reading {
            at: Instant::now(),
            contender: self.contenders.iter().map(|pid| own(*pid)).sum::<anyhow::Result<_>>()?,
            broker: own(self.broker)?,
            postgres: with_children(self.postgres)?,
            harness: own(std::process::id())?,
            machine: machine()?,
            peak_memory: self.contenders.iter().map(|pid| peak_memory(*pid)).sum::<anyhow::Result<_>>()?,
        })
    }
}

/// Fields of /proc/PID/stat after the name, which may hold anything.
struct Stat(Vec<String>);

impl Stat {
    fn of(pid: u32) -> io::Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
        Ok(Self(rest.split_ascii_whitespace().map(str::to_owned).collect()))
    }

    fn field(&self, at: usize) -> u32 {
        self.0.get(at).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    fn parent(&self) -> u32 {
        self.field(1)
    }

    /// User and system time of all its threads, also of those that have ended.
    fn own(&self) -> Duration {
        TICK * (self.field(11) + self.field(12))
    }

    /// Of its children that have ended.
    fn ended_children(&self) -> Duration {
        TICK * (self.field(13) + self.field(14))
    }
}

fn own(pid: u32) -> anyhow::Result<Duration> {
    Ok(Stat::of(pid).with_context(|| format!("process {pid} is gone"))?.own())
}

/// Postgres: the server, its children and those that came and went.
fn with_children(pid: u32) -> anyhow::Result<Duration> {
    let server = Stat::of(pid).with_context(|| format!("process {pid} is gone"))?;
    let mut sum = server.own() + server.ended_children();
    for entry in fs::read_dir("/proc")? {
        let Some(child) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that ended since it was listed is in the server's count by the next reading.
        if let Ok(stat) = Stat::of(child)
            && stat.parent() == pid
        {
            sum += stat.own();
        }
    }
    Ok(sum)
}

fn machine() -> anyhow::Result<Duration> {
    let text = fs::read_to_string("/proc/stat")?;
    let first = text.lines().next().unwrap_or_default();
    let ticks: Vec<u32> =
        first.split_ascii_whitespace().skip(1).filter_map(|tick| tick.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal
    let busy = [0, 1, 2, 5, 6, 7].iter().filter_map(|at| ticks.get(*at)).sum::<u32>();
    Ok(TICK * busy)
}

fn peak_memory(pid: u32) -> anyhow::Result<u64> {
    memory(pid, "VmHWM:")
}

/// What a process has now, in bytes.
pub fn resident_memory(pid: u32) -> anyhow::Result<u64> {
    memory(pid, "VmRSS:")
}

fn memory(pid: u32, which: &str) -> anyhow::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))
        .with_context(|| format!("process {pid} is gone"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(which)).unwrap_or_default();
    let kibibytes: u64 =
        line.trim().trim_end_matches("kB").trim().parse().with_context(|| which.to_owned())?;
    Ok(kibibytes * 1_024)
}

/// Readings at the first record, halfway if it tells each record, and at the last.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    pub first: Reading,
    pub half: Option<Reading>,
    pub last: Reading,
}

/// What one run cost. CPU in microseconds per event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub events_per_second: f64,
    pub cpu: f64,
    /// Of the second half alone: compilers and caches are warm. NaN where the half is not known.
    pub warm_cpu: f64,
    pub broker: f64,
    pub postgres: f64,
    /// CPU before the first record, in seconds.
    pub start: f64,
    /// Peak memory in MiB.
    pub memory: f64,
    /// Share of all cores that was used by others.
    pub others: f64,
}

impl Marks {
    #[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    pub fn cost(&self, events: u64) -> Cost {
        let Self { first, half, last } = self;
        let wall = last.at.duration_since(first.at).as_secs_f64();
        let per_event = |from: Duration, to: Duration, events: u64| {
            to.saturating_sub(from).as_secs_f64() * 1e6 / events.max(1) as f64
        };
        let ours =
            |reading: &Reading| reading.contender + reading.broker + reading.postgres + reading.harness;
        let others =
            last.machine.saturating_sub(first.machine).saturating_sub(ours(last).saturating_sub(ours(first)));
        let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
        Cost {
            events_per_second: events as f64 / wall,
            cpu: per_event(first.contender, last.contender, events),
            warm_cpu: half
                .map_or(f64::NAN, |half| per_event(half.contender, last.contender, events - events / 2)),
            broker: per_event(first.broker, last.broker, events),
            postgres: per_event(first.postgres, last.postgres, events),
            start: first.contender.as_secs_f64(),
            memory: last.peak_memory as f64 / f64::from(1 << 20),
            others: others.as_secs_f64() / (wall * cores),
        }
    }
}

/// The middle of several runs, column by column, and how far their CPU lies apart.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    pub median: Cost,
    /// Least and most CPU per event.
    pub cpu_range: (f64, f64),
}

impl Summary {
    pub fn of(runs: &[Cost]) -> Self {
        let column = |pick: fn(&Cost) -> f64| {
            let mut values: Vec<f64> = runs.iter().map(pick).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let middle = |pick| median(&column(pick));
        let cpu = column(|cost| cost.cpu);
        Self {
            median: Cost {
                events_per_second: middle(|cost| cost.events_per_second),
                cpu: middle(|cost| cost.cpu),
                warm_cpu: middle(|cost| cost.warm_cpu),
                broker: middle(|cost| cost.broker),
                postgres: middle(|cost| cost.postgres),
                start: middle(|cost| cost.start),
                memory: middle(|cost| cost.memory),
                others: middle(|cost| cost.others),
            },
            cpu_range: (cpu.first().copied().unwrap_or_default(), cpu.last().copied().unwrap_or_default()),
        }
    }
}

/// Of sorted values; of an even number the mean of the middle two.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        length if length.is_multiple_of(2) => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_of_each_column_by_itself() {
        let run = |cpu, memory| Cost { cpu, memory, ..Cost::default() };
        let summary = Summary::of(&[run(3.0, 10.0), run(1.0, 30.0), run(2.0, 20.0)]);
        assert_eq!((summary.median.cpu, summary.median.memory, summary.cpu_range), (2.0, 20.0, (1.0, 3.0)));
        assert_eq!(Summary::of(&[run(3.0, 0.0), run(1.0, 0.0)]).median.cpu, 2.0);
    }

    #[test]
    fn this_process_uses_time_and_memory() {
        let ourselves = std::process::id();
        let before = own(ourselves).unwrap();
        let begin = Instant::now();
        let mut sum = 0_u64;
        while begin.elapsed() < Duration::from_millis(100) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(own(ourselves).unwrap() > before);
        assert!(with_children(ourselves).unwrap() >= before);
        assert!(peak_memory(ourselves).unwrap() > 1 << 20);
        assert!(machine().unwrap() > before);
    }
}
