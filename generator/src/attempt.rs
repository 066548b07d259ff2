use crate::{
    catalogue::Content,
    counter::Counter,
    encode::Encoder,
    layout::{Measure, Stream, Table},
    tally::Fact,
};

/// One attempt to download something. Decimals are kept as whole numbers, so that the truth is exact.
pub(crate) struct Attempt<'a> {
    pub event_id: &'a str,
    /// Milliseconds since 1970.
    pub time: i64,
    pub content: &'a Content,
    pub user: &'a str,
    pub region: &'static str,
    pub device: &'static str,
    pub os: &'static str,
    pub status: Status,
    /// Hundredths of a second.
    pub duration: i64,
    /// Hundredths of Mbit/s.
    pub speed: i64,
    pub error: Option<&'a str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Success,
    Failed,
    Cancelled,
    /// One that no definition knows.
    Odd,
}

impl Status {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Odd => "paused",
        }
    }
}

pub(crate) const DOWNLOADS: Stream = Stream {
    name: "content-downloads",
    size: 60_000,
    grace: 30_000,
    tables: &[
        Table {
            name: "content_stats",
            dimensions: &["content_id"],
            label: Some("title"),
            measures: &[
                Measure::Count("download_count"),
                Measure::Count("successful_downloads"),
                Measure::Count("failed_downloads"),
                Measure::Sum("total_size_gb"),
            ],
        },
        Table {
            name: "region_health",
            dimensions: &["region"],
            label: None,
            measures: &[
                Measure::Count("total_downloads"),
                Measure::Count("successful_downloads"),
                Measure::Count("failed_downloads"),
                Measure::Count("unknown_status"),
                Measure::Sum("speed_mbps_sum"),
                Measure::Sum("duration_seconds_sum"),
                Measure::Sum("total_size_gb"),
            ],
        },
        Table {
            name: "device_stats",
            dimensions: &["device", "os_version"],
            label: None,
            measures: &[
                Measure::Count("total_downloads"),
                Measure::Count("successful_downloads"),
                Measure::Count("failed_downloads"),
                Measure::Sum("speed_mbps_sum"),
                Measure::Sum("total_size_gb"),
            ],
        },
    ],
};

impl Attempt<'_> {
    pub fn encode(&self, encoder: &mut Encoder) {
        encoder.clear();
        encoder.text(self.event_id);
        encoder.long(self.time);
        encoder.text(&self.content.id);
        encoder.text(&self.content.title);
        encoder.text(self.content.kind);
        encoder.decimal(self.content.size_mb, 1e3);
        encoder.text(self.user);
        encoder.text(self.region);
        encoder.text(self.device);
        encoder.text(self.os);
        encoder.text(self.status.as_str());
        encoder.decimal(self.duration, 1e2);
        encoder.decimal(self.speed, 1e2);
        encoder.optional_text(self.error);
    }

    pub fn count(&self, counter: &mut Counter, window: i64) {
        let one = Some(1);
        let when = |status| Some(i64::from(self.status == status));
        let (success, failed, odd) = (when(Status::Success), when(Status::Failed), when(Status::Odd));
        // All in millionths.
        let size = Some(self.content.size_mb * 1_000);
        let of_success = |hundredths: i64| (self.status == Status::Success).then_some(hundredths * 10_000);
        let (speed, duration) = (of_success(self.speed), of_success(self.duration));
        counter.add(
            0,
            &Fact {
                window,
                dimensions: &[&self.content.id],
                label: Some(&self.content.title),
                amounts: &[one, success, failed, size],
            },
        );
        counter.add(
            1,
            &Fact {
                window,
                dimensions: &[self.region],
                label: None,
                amounts: &[one, success, failed, odd, speed, duration, size],
            },
        );
        counter.add(
            2,
            &Fact {
                window,
                dimensions: &[self.device, self.os],
                label: None,
                amounts: &[one, success, failed, speed, size],
            },
        );
    }
}
