//! Schedules written by hand: each once showed something that drawing finds seldom.

use crate::plan::{CommitMoment, Fault, Flow, Mark, Millis, Plan, PlannedFault, Settings, Which, Whither};

/// All of them, numbered as they are listed.
pub fn schedules() -> Vec<Plan> {
    let at = |delay, fault| PlannedFault { mark: Mark::Committed(0.2), delay, fault };
    let begin = |delay, fault| PlannedFault { mark: Mark::Sent(0.0), delay, fault };
    let meanwhile = |delay, fault| PlannedFault { mark: Mark::Rewinding, delay, fault };
    [
        // The session ends while a commit is being retried, and the same thread gets the partition back. The old
        // commit is fenced by the thread's own new claim; the partition must go on all the same.
        vec![
            at(0, Fault::Unreachable { target: 0, lasting: 4_500 }),
            at(1_000, Fault::Freeze { target: 0, lasting: SESSION + 600, past_session: true }),
        ],
        // A host or a firewall that vanishes without a word leaves its transaction open, with the locks on its
        // progress. Whoever goes on must not wait for as long as TCP is ready to.
        vec![at(0, Fault::CutAtCommit { target: 0, moment: CommitMoment::Unheard })],
        // The answer to a COMMIT of a rewind that is being read again is lost, then the processor dies.
        vec![
            at(0, Fault::Replay { which: Which::All, from: 5, to: None }),
            meanwhile(0, Fault::CutAtCommit { target: 0, moment: CommitMoment::Answered }),
            meanwhile(150, Fault::Kill { target: 0, back_after: 50 }),
        ],
        // A processor that is taking a partition over loses its session in the midst of that, and claims after the
        // new owner has. The new owner is fenced by one that the group knows no more: somebody must go on.
        vec![
            begin(0, Fault::DelayAnswers { target: 0, each: 350, lasting: 9_000 }),
            begin(1_000, Fault::Join),
            begin(1_800, Fault::Freeze { target: 0, lasting: SESSION + 1_000, past_session: true }),
        ],
        // Two replays wait for a processor, the earlier one from further back. When the later is taken up the partition
        // is behind its place already: it must not go forward to it.
        vec![
            at(0, Fault::Kill { target: 0, back_after: 3_000 }),
            at(200, Fault::Replay { which: Which::All, from: 0, to: None }),
            at(1_200, Fault::Replay { which: Which::All, from: 60, to: None }),
        ],
        // The processor dies after a reset was honoured and before the group's offset says so. The partition is at the
        // first record of some window then, behind the offset of the reset, which is no reset forward.
        vec![
            at(0, Fault::DelayAnswers { target: 0, each: 300, lasting: 15_000 }),
            at(10, Fault::OffsetReset { which: Which::One(0), whither: Whither::Offset(50), killed: true }),
            meanwhile(0, Fault::Kill { target: 0, back_after: 50 }),
        ],
        // The broker goes away while a replay is taken up: it must be tried again. Hits at some of the times only.
        vec![
            at(0, Fault::Replay { which: Which::All, from: 0, to: None }),
            at(150, Fault::BrokerRestart { away: 500 }),
        ],
    ]
    .into_iter()
    .zip(0..)
    .map(|(faults, number)| plan(number, faults))
    .collect()
}

const SESSION: Millis = 2_000;

/// One processor, one thread, one partition.
fn plan(number: u64, faults: Vec<PlannedFault>) -> Plan {
    // Some are about how partitions are taken over at first.
    let from_begin = faults.first().is_some_and(|first| first.mark == Mark::Sent(0.0));
    Plan {
        seed: 0,
        number,
        partitions: 1,
        flow: Flow {
            seed: 5,
            past_events: 1_000,
            history: 3_600_000,
            live_events: 9_000,
            per_second: if from_begin { 1_000.0 } else { 3_000.0 },
            delayed: 0.02,
            late: 0.01,
            future: 0.001,
            bad: 0.005,
            second: None,
        },
        processors: 1,
        send_when_owned: !from_begin,
        settings: Settings {
            threads: 1,
            commit_interval: 25,
            catch_up_interval: 250,
            commit_events: 200_000,
            session_timeout: SESSION,
            flush_timeout: 1_500,
        },
        faults,
    }
}
