import { DEFAULT_MINUTES } from "../../api/keys";
import type { RollupRows, Stream } from "../../api/model";
import { useRollupOnce } from "../../api/queries/useRollup";
import { countOf, headlineOf } from "../../panels/streams/measures";
import { seriesOver } from "../../panels/streams/range";
import { DAY_MINUTES, WINDOWS } from "./minutes";

const MINUTE_MS = 60_000;

/**
 * The window of a page that begins with `stream` until one is chosen: the shortest in which anything came, as a log may
 * have ended a while ago. Decided once, so that the page does not change by itself; null until then.
 */
export function useFallback(stream: Stream | null): number | null {
  const rollup = stream && headlineOf(stream.rollups);
  const count = rollup && countOf(rollup)?.columns[0];
  const series = stream && seriesOver(stream, Math.max(...WINDOWS));
  const asked = stream !== null && rollup != null && count != null && series !== null;
  const question = asked ? { group_by: "", last: `${series.minutes}m`, step: series.step, measures: count } : null;
  const answer = useRollupOnce(stream?.stream ?? "", rollup?.rollup ?? "", question);
  if (!asked || answer.isError) return DEFAULT_MINUTES;
  return answer.data === undefined ? null : shortestWith(answer.data, count);
}

/** The shortest window that reaches back to the newest step with a count. */
export function shortestWith({ data, meta }: RollupRows, count: string): number {
  const newest = data.findLast(({ measures }) => (measures[count] ?? 0) !== 0);
  if (newest === undefined) return DAY_MINUTES;
  const age = (Date.parse(meta.to) - Date.parse(newest.window.start)) / MINUTE_MS;
  return WINDOWS.find((minutes) => minutes >= age) ?? DAY_MINUTES;
}
