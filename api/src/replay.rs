//! From what was asked to be counted again to an offset of each partition. Pure.

use std::fmt;

use common::{
    offset::{NextOffset, PartitionId},
    time::Timestamp,
};

use crate::problem::Problem;

/// What to count again.
#[derive(Debug)]
pub(crate) struct Asked {
    from: From,
    to: Option<NextOffset>,
    partitions: Option<Vec<PartitionId>>,
}

#[derive(Clone, Copy, Debug)]
enum From {
    Offset(NextOffset),
    Window(Timestamp),
}

/// Where one partition is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    pub(crate) partition: PartitionId,
    pub(crate) next: NextOffset,
    /// The first record of any window from the one that was asked for on.
    pub(crate) head: Option<NextOffset>,
}

/// One partition of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) partition: PartitionId,
    pub(crate) from: NextOffset,
}

impl Asked {
    pub(crate) fn new(
        from: (Option<i64>, Option<Timestamp>),
        to: Option<i64>,
        partitions: Option<Vec<i32>>,
    ) -> Result<Self, Problem> {
        let from = match from {
            (Some(offset), None) => From::Offset(NextOffset(not_negative("from_offset", offset)?)),
            (None, Some(window)) => From::Window(window),
            _ => {
                return Err(Problem::parameter(
                    "from_offset",
                    "given, or else from_window",
                    "both or neither",
                ));
            }
        };
        let to = to.map(|to| not_negative("to_offset", to).map(NextOffset)).transpose()?;
        match (&from, to) {
            (From::Offset(from), Some(to)) if to <= *from => {
                return Err(Problem::parameter("to_offset", &format!("more than {from}"), &to.to_string()));
            }
            (From::Window(_), Some(to)) => {
                return Err(Problem::parameter("to_offset", "left out with from_window", &to.to_string()));
            }
            _ => {}
        }
        let partitions = partitions.map(distinct).transpose()?;
        Ok(Self { from, to, partitions })
    }

    pub(crate) const fn to_offset(&self) -> Option<NextOffset> {
        self.to
    }
}

/// In the words of `streampulse replay`, for the audit.
impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.from {
            From::Offset(offset) => write!(f, "--from {offset}")?,
            From::Window(window) => write!(f, "windows from {window}")?,
        }
        if let Some(to) = self.to {
            write!(f, " --to {to}")?;
        }
        if let Some(partitions) = &self.partitions {
            let list: Vec<String> = partitions.iter().map(ToString::to_string).collect();
            write!(f, " --partitions {}", list.join(","))?;
        }
        Ok(())
    }
}

/// The partitions concerned; none is asked to go forward, and none to do nothing.
pub(crate) fn parts(asked: &Asked, positions: &[Position]) -> Result<Vec<Part>, Problem> {
    if positions.is_empty() {
        return Err(Problem::parameter(
            "stream",
            "a stream that a processor has read",
            "one that was never read",
        ));
    }
    let known = |partition: &PartitionId| positions.iter().any(|position| position.partition == *partition);
    if let Some(unknown) = asked.partitions.iter().flatten().find(|partition| !known(partition)) {
        let expected = format!("of the {} that were read", positions.len());
        return Err(Problem::parameter("partitions", &expected, &unknown.to_string()));
    }
    let chosen = |position: &&Position| {
        asked.partitions.as_ref().is_none_or(|partitions| partitions.contains(&position.partition))
    };
    let mut parts = Vec::new();
    for position in positions.iter().filter(chosen) {
        match asked.from {
            From::Offset(from) if from > position.next => {
                let expected =
                    format!("at most {}, where partition {} is", position.next, position.partition);
                return Err(Problem::parameter("from_offset", &expected, &from.to_string()));
            }
            From::Offset(from) => parts.push(Part { partition: position.partition, from }),
            From::Window(_) => {
                parts.extend(position.head.map(|from| Part { partition: position.partition, from }));
            }
        }
    }
    match (parts.is_empty(), asked.from) {
        (true, From::Window(window)) => {
            Err(Problem::parameter("from_window", "a time at or before the last window", &window.to_string()))
        }
        _ => Ok(parts),
    }
}

fn not_negative(name: &str, number: i64) -> Result<i64, Problem> {
    if number >= 0 {
        return Ok(number);
    }
    Err(Problem::parameter(name, "a whole number from 0 on", &number.to_string()))
}

fn distinct(partitions: Vec<i32>) -> Result<Vec<PartitionId>, Problem> {
    let mut sorted: Vec<PartitionId> = partitions.into_iter().map(PartitionId).collect();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.is_empty() {
        return Err(Problem::parameter("partitions", "left out for all, or not empty", "an empty list"));
    }
    Ok(sorted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions() -> Vec<Position> {
        let position = |partition, next, head: Option<i64>| Position {
            partition: PartitionId(partition),
            next: NextOffset(next),
            head: head.map(NextOffset),
        };
        vec![position(0, 100, Some(40)), position(1, 50, None)]
    }

    fn part(partition: i32, from: i64) -> Part {
        Part { partition: PartitionId(partition), from: NextOffset(from) }
    }

    #[test]
    fn an_offset_counts_for_each_partition_and_a_window_for_those_that_have_it() {
        let asked = Asked::new((Some(30), None), None, None).unwrap();
        assert_eq!(parts(&asked, &positions()).unwrap(), [part(0, 30), part(1, 30)]);
        let window = Some("2026-01-02T03:00:00Z".parse().unwrap());
        let asked = Asked::new((None, window), None, None).unwrap();
        assert_eq!(parts(&asked, &positions()).unwrap(), [part(0, 40)]);
        let asked = Asked::new((Some(60), None), Some(90), Some(vec![0, 0])).unwrap();
        assert_eq!(parts(&asked, &positions()).unwrap(), [part(0, 60)]);
        assert_eq!(asked.to_string(), "--from 60 --to 90 --partitions 0");
    }

    #[test]
    fn what_cannot_be_is_named() {
        let window = Some("2026-01-02T03:00:00Z".parse().unwrap());
        let named = |problem: Problem| {
            assert_eq!(problem.status.as_u16(), 422);
            problem.parameter.unwrap_or_default()
        };
        for (from, to, partitions, parameter) in [
            ((None, None), None, None, "from_offset"),
            ((Some(1), window), None, None, "from_offset"),
            ((Some(-1), None), None, None, "from_offset"),
            ((Some(5), None), Some(5), None, "to_offset"),
            ((Some(5), None), Some(-5), None, "to_offset"),
            ((None, window), Some(5), None, "to_offset"),
            ((Some(5), None), None, Some(vec![]), "partitions"),
        ] {
            assert_eq!(named(Asked::new(from, to, partitions).unwrap_err()), parameter);
        }
        for (from, partitions, parameter) in [
            ((Some(51), None), None, "from_offset"),
            ((Some(i64::MAX), None), None, "from_offset"),
            ((Some(5), None), Some(vec![-1]), "partitions"),
            ((Some(5), None), Some(vec![2]), "partitions"),
            ((None, window), Some(vec![1]), "from_window"),
        ] {
            let asked = Asked::new(from, None, partitions).unwrap();
            assert_eq!(named(parts(&asked, &positions()).unwrap_err()), parameter);
        }
        let asked = Asked::new((Some(5), None), None, None).unwrap();
        assert_eq!(named(parts(&asked, &[]).unwrap_err()), "stream");
    }
}
