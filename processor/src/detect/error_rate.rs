//! The threshold rule on a share of good events. Pure.

use schema::AlertRule;

/// One row of the rule's rollup in one final window, summed over source partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The row's dimension key, its parts joined by `/`.
    pub dimension: String,
    pub good: i64,
    pub total: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Warning,
    Critical,
}

impl Severity {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
        }
    }
}

/// A rule that is broken in one window.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    pub severity: Severity,
    /// The share of good events, 0 to 1.
    pub value: f64,
    /// The threshold it is below.
    pub threshold: f64,
    pub message: String,
}

/// Is the rule broken by this row? Rows with too few events say nothing.
#[must_use]
pub fn judge(rule: &AlertRule, sample: &Sample) -> Option<Alert> {
    if sample.total < rule.min_samples.max(1) {
        return None;
    }
    #[allow(clippy::cast_precision_loss, reason = "counts of one window")]
    let value = sample.good as f64 / sample.total as f64;
    let (severity, threshold) = if value < rule.critical_below {
        (Severity::Critical, rule.critical_below)
    } else if value < rule.warning_below {
        (Severity::Warning, rule.warning_below)
    } else {
        return None;
    };
    let message = format!(
        "{}: success rate {:.1} % ({} of {}) is below {:.0} %",
        sample.dimension,
        value * 100.0,
        sample.good,
        sample.total,
        threshold * 100.0
    );
    Some(Alert { severity, value, threshold, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> AlertRule {
        AlertRule {
            kind: "HIGH_ERROR_RATE".into(),
            rollup: "r".into(),
            good: "g".into(),
            total: "t".into(),
            warning_below: 0.90,
            critical_below: 0.85,
            min_samples: 5,
        }
    }

    fn severity(good: i64, total: i64) -> Option<Severity> {
        judge(&rule(), &Sample { dimension: "eu".into(), good, total }).map(|alert| alert.severity)
    }

    #[test]
    fn thresholds_are_exclusive_and_small_samples_say_nothing() {
        assert_eq!(severity(90, 100), None);
        assert_eq!(severity(89, 100), Some(Severity::Warning));
        assert_eq!(severity(85, 100), Some(Severity::Warning));
        assert_eq!(severity(84, 100), Some(Severity::Critical));
        assert_eq!(severity(0, 5), Some(Severity::Critical));
        assert_eq!(severity(0, 4), None);
        assert_eq!(severity(0, 0), None);
    }
}
