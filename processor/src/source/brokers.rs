//! Whether any broker answers, told once when it changes.

use super::rebalance::RebalanceInbox;
use crate::health::Health;

/// What was said of the brokers last.
#[derive(Debug, Default)]
pub(super) struct Brokers {
    are_away: bool,
}

impl Brokers {
    /// Readiness names brokers that are away, and so does the log, once. `owner` is the stream thread.
    pub fn look(&mut self, inbox: &RebalanceInbox, health: &Health, owner: &str) {
        let are_away = inbox.brokers_are_away();
        if std::mem::replace(&mut self.are_away, are_away) == are_away {
            return;
        }
        let part = format!("{owner}, Kafka");
        if are_away {
            tracing::warn!(owner, "no broker answers; reading goes on when one does");
            health.blocked(&part, "no broker answers");
        } else {
            tracing::info!(owner, "a broker answers again");
            health.well(&part);
        }
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::{ClientContext, Statistics};

    use super::*;

    fn statistics(states: &[&str]) -> Statistics {
        let broker = |(at, state): (usize, &&str)| {
            (at.to_string(), rdkafka::statistics::Broker { state: (*state).to_owned(), ..Default::default() })
        };
        Statistics { brokers: states.iter().enumerate().map(broker).collect(), ..Default::default() }
    }

    #[test]
    fn brokers_are_away_when_none_is_up_and_nothing_is_said_before_anything_is_known() {
        let (inbox, health, mut brokers) = (RebalanceInbox::default(), Health::default(), Brokers::default());
        let mut told = |states: Option<&[&str]>| {
            if let Some(states) = states {
                inbox.stats(statistics(states));
            }
            brokers.look(&inbox, &health, "a");
            health.reasons()
        };
        assert!(told(None).is_empty());
        assert!(told(Some(&["INIT", "UP"])).is_empty());
        assert_eq!(told(Some(&["DOWN", "TRY_CONNECT"])), ["a, Kafka: no broker answers"]);
        assert!(told(Some(&["DOWN", "UP"])).is_empty());
    }
}
