//! Schedules written by hand: each once showed something that drawing finds seldom.

use crate::plan::{CommitMoment, Fault, Flow, Mark, Millis, Plan, PlannedFault, Settings};

/// All of them, numbered as they are listed.
pub fn schedules() -> Vec<Plan> {
    let at = |delay, fault| PlannedFault { mark: Mark::Committed(0.2), delay, fault };
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
    ]
    .into_iter()
    .zip(0..)
    .map(|(faults, number)| plan(number, faults))
    .collect()
}

const SESSION: Millis = 2_000;

/// One processor, one thread, one partition.
fn plan(number: u64, faults: Vec<PlannedFault>) -> Plan {
    Plan {
        seed: 0,
        number,
        partitions: 1,
        flow: Flow {
            seed: 5,
            past_events: 1_000,
            history: 3_600_000,
            live_events: 9_000,
            per_second: 3_000.0,
            delayed: 0.02,
            late: 0.01,
            future: 0.001,
            bad: 0.005,
        },
        processors: 1,
        send_when_owned: true,
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
