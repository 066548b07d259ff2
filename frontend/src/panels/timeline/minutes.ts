import type { Timeseries } from "../../api/model";
import { toSteps, type Known, type Step } from "../chart/steps";

const MINUTE_MS = 60_000;

/** Every window from the answer's start to its end; one that is not in the answer is missing, not zero. */
export function toMinutes(answer: Pick<Timeseries, "data" | "start_time" | "end_time">): Step[] {
  const points = new Map(answer.data.map((point) => [Date.parse(point.window_start), point]));
  const windows: Known[] = [];
  const end = Date.parse(answer.end_time);
  const size = windowSize([...points.keys()]);
  for (let start = Date.parse(answer.start_time); start < end; start += size) {
    const point = points.get(start);
    const count = point?.total_downloads ?? null;
    windows.push({
      start,
      count,
      rate: count === null ? null : (point?.success_rate ?? null),
      state: point?.state ?? "missing",
    });
  }
  return toSteps(windows);
}

/** Windows are a minute unless the stream's definition says otherwise. */
function windowSize(starts: readonly number[]): number {
  const steps = starts.slice(1).map((start, index) => start - (starts[index] ?? start));
  return Math.min(...steps.filter((step) => step > 0), steps.length === 0 ? MINUTE_MS : Infinity);
}
