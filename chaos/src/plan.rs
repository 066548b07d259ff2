//! What one schedule does, drawn from a seed. Pure: the same seed and number give the same plan.

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Milliseconds.
pub type Millis = u64;

#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// 0 where it was not drawn.
    pub seed: u64,
    pub number: u64,
    pub partitions: i32,
    pub flow: Flow,
    pub processors: usize,
    /// Nothing is sent before somebody owns each partition; else they begin with a log to catch up with.
    pub send_when_owned: bool,
    pub settings: Settings,
    pub faults: Vec<PlannedFault>,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    pub seed: u64,
    /// Sent at once, with event times from `history` ago until now.
    pub past_events: u64,
    pub history: Millis,
    pub live_events: u64,
    pub per_second: f64,
    pub delayed: f64,
    pub late: f64,
    pub future: f64,
    pub bad: f64,
    /// Sent after all that, once the topic has grown.
    pub second: Option<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    pub past_events: u64,
    pub live_events: u64,
}

/// Of every processor.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub threads: u64,
    pub commit_interval: Millis,
    pub catch_up_interval: Millis,
    pub commit_events: u64,
    pub session_timeout: Millis,
    pub flush_timeout: Millis,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PlannedFault {
    pub mark: Mark,
    /// From the mark on.
    pub delay: Millis,
    pub fault: Fault,
}

/// Shares are of all events, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    Sent(f64),
    Committed(f64),
    /// All of the flow's first part is sent.
    FirstPartSent,
    /// Some partition was set back and is not yet where it was. May never be seen: then the fault is left out.
    Rewinding,
}

/// Of a number, 0 to 100.
pub type Percent = u8;

/// Partitions, counted round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    One(usize),
    All,
}

/// How Kafka's tool is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whither {
    Earliest,
    /// To this share of what is committed.
    Offset(Percent),
    ShiftTo(Percent),
}

/// `target`: which of the processors that live at that time, counted round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Kill {
        target: usize,
        back_after: Millis,
    },
    /// SIGSTOP, later SIGCONT.
    Freeze {
        target: usize,
        lasting: Millis,
        past_session: bool,
    },
    Join,
    Leave {
        target: usize,
        back_after: Millis,
    },
    PostgresRestart {
        immediate: bool,
    },
    BrokerRestart {
        away: Millis,
    },
    CutAll {
        target: usize,
    },
    CutAtCommit {
        target: usize,
        moment: CommitMoment,
    },
    /// Each answer of the database comes later by `each`.
    DelayAnswers {
        target: usize,
        each: Millis,
        lasting: Millis,
    },
    /// Connections are cut and new ones refused.
    Unreachable {
        target: usize,
        lasting: Millis,
    },
    /// `streampulse replay` in mid-flow, from a share of what is committed, to a share of the rest.
    Replay {
        which: Which,
        from: Percent,
        to: Option<Percent>,
    },
    /// With Kafka's own tool while nobody runs. Only backwards: forward skips records, and the truth would not hold.
    OffsetReset {
        which: Which,
        whither: Whither,
        killed: bool,
    },
    PartitionsAdded {
        count: i32,
    },
    /// From here on its wall clock is off by so much.
    ClockStep {
        target: usize,
        by: i64,
    },
}

/// When a connection breaks around a COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitMoment {
    /// The server never hears of it.
    BeforeSent,
    /// The server has it, unless the break overtakes it.
    Sent,
    /// The server has carried it out; its answer is lost.
    Answered,
    /// Gone for the client; the server hears nothing, not even that, and keeps the transaction open.
    Unheard,
}

impl Fault {
    /// The row of the summary it is counted in.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Kill { .. } => "processor killed",
            Self::Freeze { past_session: true, .. } => "processor frozen past its session",
            Self::Freeze { past_session: false, .. } => "processor frozen shortly",
            Self::Join => "processor joined",
            Self::Leave { .. } => "processor left",
            Self::PostgresRestart { immediate: true } => "postgres crashed",
            Self::PostgresRestart { immediate: false } => "postgres restarted",
            Self::BrokerRestart { .. } => "broker restarted",
            Self::CutAll { .. } => "connections cut",
            Self::CutAtCommit { moment: CommitMoment::BeforeSent, .. } => "cut before COMMIT",
            Self::CutAtCommit { moment: CommitMoment::Sent, .. } => "cut with COMMIT on its way",
            Self::CutAtCommit { moment: CommitMoment::Answered, .. } => "answer to COMMIT lost",
            Self::CutAtCommit { moment: CommitMoment::Unheard, .. } => "connection gone unheard",
            Self::DelayAnswers { .. } => "answers delayed",
            Self::Unreachable { .. } => "database unreachable",
            Self::Replay { to: None, .. } => "replay from",
            Self::Replay { to: Some(_), .. } => "replay from and to",
            Self::OffsetReset { killed: true, .. } => "offsets reset after a crash",
            Self::OffsetReset { killed: false, .. } => "offsets reset",
            Self::PartitionsAdded { .. } => "partitions added",
            Self::ClockStep { by, .. } if *by < 0 => "clock stepped back",
            Self::ClockStep { .. } => "clock stepped forward",
        }
    }

    /// Costs seconds, so that a schedule gets one at most.
    const fn is_slow(&self) -> bool {
        matches!(
            self,
            Self::BrokerRestart { .. } | Self::Freeze { past_session: true, .. } | Self::OffsetReset { .. }
        )
    }

    const fn sets_back(&self) -> bool {
        matches!(self, Self::Replay { .. } | Self::OffsetReset { .. })
    }
}

type Draw = fn(&mut StdRng, &Settings) -> Fault;

/// How often each fault is drawn, relative to the others.
const FAULTS: &[(u32, Draw)] = &[
    (14, |random, _| Fault::Kill { target: any(random), back_after: random.random_range(50..1_500) }),
    (8, |random, _| Fault::Freeze {
        target: any(random),
        lasting: random.random_range(100..1_200),
        past_session: false,
    }),
    (4, |random, settings| Fault::Freeze {
        target: any(random),
        lasting: settings.session_timeout + random.random_range(500..1_500),
        past_session: true,
    }),
    (10, |_, _| Fault::Join),
    (10, |random, _| Fault::Leave { target: any(random), back_after: random.random_range(50..1_500) }),
    (6, |_, _| Fault::PostgresRestart { immediate: false }),
    (6, |_, _| Fault::PostgresRestart { immediate: true }),
    (3, |random, _| Fault::BrokerRestart { away: random.random_range(0..1_000) }),
    (8, |random, _| Fault::CutAll { target: any(random) }),
    (5, |random, _| Fault::CutAtCommit { target: any(random), moment: CommitMoment::BeforeSent }),
    (7, |random, _| Fault::CutAtCommit { target: any(random), moment: CommitMoment::Sent }),
    (12, |random, _| Fault::CutAtCommit { target: any(random), moment: CommitMoment::Answered }),
    (6, |random, _| Fault::DelayAnswers {
        target: any(random),
        each: random.random_range(5..400),
        lasting: random.random_range(300..2_000),
    }),
    // Longer than a flush may take, so that partitions are handed over with a commit still under way.
    (4, |random, settings| Fault::DelayAnswers {
        target: any(random),
        each: settings.flush_timeout + random.random_range(100..700),
        lasting: random.random_range(100..600),
    }),
    (5, |random, _| Fault::Unreachable { target: any(random), lasting: random.random_range(200..5_000) }),
    (20, |random, _| Fault::Replay {
        which: draw_which(random),
        from: random.random_range(0..=100),
        to: random.random_bool(0.3).then(|| random.random_range(0..=100)),
    }),
    (12, |random, _| Fault::OffsetReset {
        which: draw_which(random),
        whither: match random.random_range(0..4) {
            0 => Whither::Earliest,
            1 => Whither::ShiftTo(random.random_range(0..=100)),
            _ => Whither::Offset(random.random_range(0..=100)),
        },
        killed: random.random_bool(0.4),
    }),
    // From seconds to days, either way.
    (10, |random, _| Fault::ClockStep {
        target: any(random),
        by: {
            let most = pick(random, &[30_000, 3 * 3_600_000, 10 * 86_400_000]);
            random.random_range(-most..most)
        },
    }),
];

impl Plan {
    /// Where a clock is stepped, records bear the broker's time: with the producers' own, what is ahead of time is
    /// judged by the processor's clock, and then the tables do depend on it.
    pub fn has_append_times(&self) -> bool {
        self.faults.iter().any(|planned| matches!(planned.fault, Fault::ClockStep { .. }))
    }

    /// Schedule `number` of `seed`.
    pub fn draw(seed: u64, number: u64) -> Self {
        let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03);
        let random = &mut StdRng::seed_from_u64(mixed);
        let partitions = pick(random, &[1, 2, 3, 4, 6, 8]);
        let flow = draw_flow(random);
        let processors = pick(random, &[1, 1, 2, 2, 3, 4]);
        let send_when_owned = random.random_bool(0.8);
        let settings = draw_settings(random);
        let mut faults: Vec<(f64, Millis, Fault)> = Vec::new();
        for _ in 0..random.random_range(1..=5) {
            let fault = draw_fault(random, &settings, has_slow(&faults));
            // What goes wrong together finds more than what goes wrong in turn.
            let share = match faults.last() {
                Some((share, ..)) if random.random_bool(0.4) => *share,
                _ => random.random_range(0.02..0.95),
            };
            faults.push((share, random.random_range(0..400), fault));
        }
        let set_back = faults.iter().filter(|(_, _, fault)| fault.sets_back()).count();
        let mut meanwhile = Vec::new();
        for _ in 0..set_back {
            if random.random_bool(0.6) {
                let fault = draw_fault(random, &settings, has_slow(&faults) || has_slow(&meanwhile));
                meanwhile.push((0.0, random.random_range(0..60), fault));
            }
        }
        faults.sort_by(|(one, ..), (other, ..)| one.total_cmp(other));
        let mut planned: Vec<_> = faults
            .into_iter()
            .map(|(share, delay, fault)| {
                let mark = if random.random_bool(0.25) { Mark::Sent(share) } else { Mark::Committed(share) };
                PlannedFault { mark, delay, fault }
            })
            .collect();
        planned.extend(meanwhile.into_iter().map(|(_, delay, fault)| PlannedFault {
            mark: Mark::Rewinding,
            delay,
            fault,
        }));
        if flow.second.is_some() {
            let fault = Fault::PartitionsAdded { count: random.random_range(1..=3) };
            planned.push(PlannedFault {
                mark: Mark::FirstPartSent,
                delay: random.random_range(0..300),
                fault,
            });
        }
        Self { seed, number, partitions, flow, processors, send_when_owned, settings, faults: planned }
    }
}

fn has_slow(faults: &[(f64, Millis, Fault)]) -> bool {
    faults.iter().any(|(_, _, fault)| fault.is_slow())
}

fn draw_which(random: &mut StdRng) -> Which {
    if random.random_bool(0.3) { Which::All } else { Which::One(any(random)) }
}

impl Flow {
    pub const fn events(&self) -> u64 {
        let second = match self.second {
            Some(part) => part.past_events + part.live_events,
            None => 0,
        };
        self.past_events + self.live_events + second
    }
}

fn draw_flow(random: &mut StdRng) -> Flow {
    let live_events = random.random_range(4_000..12_000);
    let seconds = random.random_range(1.2..3.0);
    #[allow(clippy::cast_precision_loss, reason = "a few thousand")]
    let per_second = live_events as f64 / seconds;
    Flow {
        seed: random.random(),
        past_events: random.random_range(1_000..6_000),
        history: random.random_range(600_000..7_200_000),
        live_events,
        per_second,
        delayed: random.random_range(0.0..0.1),
        late: random.random_range(0.0..0.03),
        future: random.random_range(0.0..0.005),
        bad: random.random_range(0.0..0.02),
        second: random.random_bool(0.2).then(|| Part {
            past_events: random.random_range(0..1_000),
            live_events: random.random_range(2_000..5_000),
        }),
    }
}

fn draw_settings(random: &mut StdRng) -> Settings {
    let commit_interval = pick(random, &[0, 5, 25, 25, 100, 400]);
    let session_timeout = pick(random, &[2_000, 2_000, 2_000, 2_000, 2_000, 3_000, 3_000, 6_000]);
    Settings {
        threads: random.random_range(1..=3),
        commit_interval,
        catch_up_interval: pick(random, &[0, 25, 250, 250]).max(commit_interval),
        commit_events: pick(random, &[2_000, 200_000, 200_000, 200_000]),
        session_timeout,
        flush_timeout: session_timeout - 500,
    }
}

fn draw_fault(random: &mut StdRng, settings: &Settings, slow_taken: bool) -> Fault {
    let total: u32 = FAULTS.iter().map(|(weight, _)| weight).sum();
    loop {
        let mut left = random.random_range(0..total);
        let drawn = FAULTS.iter().find(|(weight, _)| match left.checked_sub(*weight) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        if let Some((_, draw)) = drawn {
            let fault = draw(random, settings);
            if !(slow_taken && fault.is_slow()) {
                return fault;
            }
        }
    }
}

fn any(random: &mut StdRng) -> usize {
    random.random_range(0..12)
}

fn pick<T: Copy>(random: &mut StdRng, from: &[T]) -> T {
    from[random.random_range(0..from.len())]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_schedule_can_be_drawn_again_and_differs_from_its_neighbours() {
        for number in 0..100 {
            assert_eq!(Plan::draw(7, number), Plan::draw(7, number));
            assert_ne!(Plan::draw(7, number).flow, Plan::draw(7, number + 1).flow);
            assert_ne!(Plan::draw(7, number).flow, Plan::draw(8, number).flow);
        }
    }

    #[test]
    fn every_kind_of_fault_is_drawn_and_marks_are_in_reach() {
        let plans: Vec<Plan> = (0..500).map(|number| Plan::draw(1, number)).collect();
        let faults = || plans.iter().flat_map(|plan| &plan.faults);
        let kinds: BTreeSet<_> = faults().map(|planned| planned.fault.kind()).collect();
        assert_eq!(kinds.len(), 21, "{kinds:?}");
        for planned in faults() {
            if let Mark::Sent(share) | Mark::Committed(share) = planned.mark {
                assert!((0.0..1.0).contains(&share));
            }
        }
        for plan in &plans {
            assert!(plan.faults.iter().filter(|planned| planned.fault.is_slow()).count() <= 1);
            assert!((5_000..=24_000).contains(&plan.flow.events()));
            assert!(plan.settings.flush_timeout < plan.settings.session_timeout);
        }
    }
}
