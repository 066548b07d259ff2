import type { Point, Timeseries } from "../../api/model";

const MINUTE_MS = 60_000;

/** One minute of the chart. A field that is null is not drawn. */
export interface Minute {
  readonly start: number;
  readonly downloads: number | null;
  readonly rate: number | null;
  readonly state: Point["state"];
  /** The same numbers, split by how they are drawn. */
  readonly finalDownloads: number | null;
  readonly openDownloads: number | null;
  readonly finalRate: number | null;
  readonly openRate: number | null;
}

/** Neighbouring minutes of which nothing is known; both ends belong to it. */
export interface Gap {
  readonly from: number;
  readonly to: number;
}

type Window = Pick<Minute, "start" | "downloads" | "rate" | "state">;

/** Every window from the answer's start to its end; one that is not in the answer is missing, not zero. */
export function toMinutes(answer: Pick<Timeseries, "data" | "start_time" | "end_time">): Minute[] {
  const points = new Map(answer.data.map((point) => [Date.parse(point.window_start), point]));
  const windows: Window[] = [];
  const end = Date.parse(answer.end_time);
  const step = windowSize([...points.keys()]);
  for (let start = Date.parse(answer.start_time); start < end; start += step) {
    const point = points.get(start);
    const downloads = point?.total_downloads ?? null;
    windows.push({
      start,
      downloads,
      rate: downloads === null ? null : (point?.success_rate ?? null),
      state: point?.state ?? "missing",
    });
  }
  return windows.map((window, index) => drawn(window, windows[index + 1]));
}

export function toGaps(minutes: readonly Minute[]): Gap[] {
  const gaps: Gap[] = [];
  let last: Gap | undefined;
  minutes.forEach(({ start, downloads, state }, index) => {
    // The minute of now without events yet is no gap: it has only begun.
    if (downloads !== null || state === "open") return;
    const previous = minutes[index - 1];
    if (last !== undefined && previous?.start === last.to) {
      last = { from: last.from, to: start };
      gaps[gaps.length - 1] = last;
    } else {
      last = { from: start, to: start };
      gaps.push(last);
    }
  });
  return gaps;
}

function drawn(window: Window, next: Window | undefined): Minute {
  const open = window.state === "open";
  // The dashed line begins at the last final minute, or it would hang in the air.
  const leadsToOpen = next?.state === "open" && next.rate !== null;
  return {
    ...window,
    finalDownloads: open ? null : window.downloads,
    openDownloads: open ? window.downloads : null,
    finalRate: open ? null : window.rate,
    openRate: open || leadsToOpen ? window.rate : null,
  };
}

/** Windows are a minute unless the stream's definition says otherwise. */
function windowSize(starts: readonly number[]): number {
  const steps = starts.slice(1).map((start, index) => start - (starts[index] ?? start));
  return Math.min(...steps.filter((step) => step > 0), steps.length === 0 ? MINUTE_MS : Infinity);
}

/** Where the axis of rates begins: small dips from 100 % have to be seen, and deep ones must fit. */
export function rateFloor(minutes: readonly Minute[]): number {
  const rates = minutes.map(({ rate }) => rate).filter((rate) => rate !== null);
  return Math.min(0.9, ...rates.map((rate) => Math.floor(rate * 10) / 10));
}
