//! Schedules written by hand: each once showed something that drawing finds seldom.

use crate::plan::{Fault, Flow, Mark, Plan, PlannedFault, Settings};

/// All of them, numbered as they are listed.
pub fn schedules() -> Vec<Plan> {
    vec![its_own_old_commit_comes_after_it_claimed_again(0)]
}

/// The session ends while a commit is being retried, and the same thread gets the partition back. The old commit is
/// fenced by the thread's own new claim; the partition must go on all the same.
fn its_own_old_commit_comes_after_it_claimed_again(number: u64) -> Plan {
    let session_timeout = 2_000;
    let at = |delay, fault| PlannedFault { mark: Mark::Committed(0.2), delay, fault };
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
            session_timeout,
            flush_timeout: 1_500,
        },
        faults: vec![
            at(0, Fault::Unreachable { target: 0, lasting: 4_500 }),
            at(1_000, Fault::Freeze { target: 0, lasting: session_timeout + 600, past_session: true }),
        ],
    }
}
