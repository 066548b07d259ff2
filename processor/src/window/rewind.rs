//! The exact rewind of one partition: which windows are built again, from where, and which records count meanwhile.
//!
//! Windows interleave in a partition's log, so going back to offset X means to read from the first record of any
//! window that X or a later record belongs to. On the way back to X only those windows are counted: their neighbours
//! keep what they have. Afterwards the tables equal those of a run from scratch.

use std::collections::BTreeMap;

use common::{
    offset::{NextOffset, Offset},
    time::Timestamp,
    window::Window,
};

use super::{WindowRules, WindowSpan};

/// The first record of a window, and the stream time just before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Head {
    pub first_offset: Offset,
    pub stream_time: Option<Timestamp>,
}

/// A rewind under way. Stored, so that a crash in its midst resumes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewind {
    /// From this offset on every record counts; below it only those of `rebuilt` windows.
    pub to: NextOffset,
    /// Where the partition was: what a frozen window has of the records below it stays.
    pub came_from: NextOffset,
    /// The stream time there.
    pub stream_time_before: Option<Timestamp>,
    /// The furthest position before this and the rewinds that went before. Everything is as it was once it is reached.
    pub until: NextOffset,
    pub rebuilt: BTreeMap<Window, Head>,
    /// Windows whose first record has left the log. They are kept as they are.
    pub frozen: BTreeMap<Window, Head>,
}

impl Rewind {
    /// Is a record that is not late to be counted?
    #[must_use]
    pub fn counts(&self, offset: Offset, window: Window) -> bool {
        let kept = offset.next() <= self.to && !self.rebuilt.contains_key(&window);
        let frozen = offset.next() <= self.came_from && self.frozen.contains_key(&window);
        !kept && !frozen
    }

    /// Have late and dead records at `offset` been recorded before, and kept?
    #[must_use]
    pub fn is_recorded(&self, offset: Offset) -> bool {
        offset.next() <= self.to
    }

    /// Before `to` a window that is kept takes no record, so a new owner needs nothing of it: only windows that are
    /// rebuilt, or still open where the partition had come to.
    #[must_use]
    pub fn can_change(&self, rules: &WindowRules, window: Window) -> bool {
        let open = self.stream_time_before.is_none_or(|time| rules.closes_at(window) > time);
        open || self.rebuilt.contains_key(&window)
    }

    /// Has `next` passed all that this rewind decides?
    #[must_use]
    pub fn is_done(&self, next: NextOffset) -> bool {
        next >= self.until
    }

    /// From here on another rewind need not take this one into account.
    fn is_rebuilt(&self, next: NextOffset) -> bool {
        next >= self.to && self.frozen.is_empty()
    }
}

/// What is to be counted again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Every record at or after this offset.
    From(NextOffset),
    /// Only the windows that have records in `[from, to)`.
    Between { from: NextOffset, to: NextOffset },
}

impl Target {
    /// No window whose last record lies before this is built again, beside those that `ongoing` has begun to build.
    #[must_use]
    pub fn reaches(self, ongoing: Option<&Rewind>) -> NextOffset {
        let (Self::From(from) | Self::Between { from, .. }) = self;
        ongoing.map_or(from, |rewind| rewind.to.min(from))
    }
}

/// A partition as a rewind finds it.
#[derive(Clone, Debug)]
pub struct Position {
    pub next: NextOffset,
    pub stream_time: Option<Timestamp>,
    /// The first offset the log still holds.
    pub low: NextOffset,
    /// At least those whose last record is at or after [`Target::reaches`].
    pub spans: Vec<WindowSpan>,
    pub ongoing: Option<Rewind>,
}

/// Where reading goes on, and under which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewindPlan {
    pub rewind: Rewind,
    pub start: NextOffset,
    pub stream_time: Option<Timestamp>,
}

/// A window that is being rebuilt has lost its first record to retention: neither its old nor its new rows can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the window {window:?} is being rebuilt, but retention has removed its first record {first_offset}")]
pub struct HeadGone {
    pub window: Window,
    pub first_offset: Offset,
}

/// # Errors
/// [`HeadGone`]; nothing can be planned then.
pub fn plan(position: &Position, target: Target) -> Result<RewindPlan, HeadGone> {
    let &Position { next, stream_time, low, .. } = position;
    let ongoing = position.ongoing.as_ref().filter(|rewind| !rewind.is_rebuilt(next));
    let came_from = ongoing.map_or(next, |rewind| rewind.came_from.max(next));
    let stream_time_before = ongoing.map_or(stream_time, |rewind| rewind.stream_time_before.max(stream_time));
    let until = position.ongoing.as_ref().map_or(next, |rewind| rewind.until.max(next));

    let mut to = match (target, ongoing) {
        // What comes from here on is read anyway.
        (Target::From(offset), None) => offset.min(next),
        // In mid-rewind a place may lie ahead of us.
        (Target::From(offset), Some(rewind)) => offset.min(rewind.to),
        // Up to where we are, or were to go, nothing but the chosen windows counts.
        (Target::Between { .. }, None) => next,
        (Target::Between { .. }, Some(rewind)) => next.max(rewind.to),
    };
    let chosen = |span: &WindowSpan| match target {
        Target::From(_) => span.last_offset.next() > to,
        Target::Between { from, to } => span.last_offset.next() > from && span.first_offset.next() <= to,
    };
    let mut frozen = ongoing.map(|rewind| rewind.frozen.clone()).unwrap_or_default();
    let mut rebuilt: BTreeMap<Window, Head> = position
        .spans
        .iter()
        .filter(|span| chosen(span) && !frozen.contains_key(&span.window))
        .map(|span| (span.window, head(span)))
        .collect();
    // A window half rebuilt began where it began at first.
    for (&window, &original) in ongoing.iter().flat_map(|rewind| &rewind.rebuilt) {
        let known = rebuilt.entry(window).or_insert(original);
        *known = original.min(*known);
    }

    let lost: Vec<Window> = rebuilt
        .iter()
        .filter(|(_, head)| head.first_offset.next() <= low)
        .map(|(window, _)| *window)
        .collect();
    for window in lost {
        if let Some(head) = rebuilt.remove(&window) {
            if ongoing.is_some_and(|rewind| rewind.rebuilt.contains_key(&window)) {
                return Err(HeadGone { window, first_offset: head.first_offset });
            }
            frozen.insert(window, head);
        }
    }

    // Stream time is known at heads only.
    let mut first = rebuilt.values().map(|head| (at(head.first_offset), head.stream_time)).min();
    let start = if !frozen.is_empty() || to < low {
        if ongoing.is_some() {
            first = first.into_iter().chain([(next, stream_time)]).min();
        }
        let start = first.map_or(next, |(start, _)| start);
        to = to.max(start);
        start
    } else {
        first.map_or(to, |(start, _)| start.min(to))
    };
    Ok(RewindPlan {
        rewind: Rewind { to, came_from, stream_time_before, until, rebuilt, frozen },
        start,
        stream_time: first.map_or(stream_time, |(_, time)| time),
    })
}

const fn head(span: &WindowSpan) -> Head {
    Head { first_offset: span.first_offset, stream_time: span.stream_time_at_first }
}

/// The position from which `offset` is read next.
const fn at(offset: Offset) -> NextOffset {
    NextOffset(offset.0)
}
