import type { Stream } from "../../api/model";

const MINUTE_MS = 60_000;
/** The chart shows at least this much, as that of the downloads does. */
const LEAST_MINUTES = 60;
const LEAST_STEPS = 24;
/** More bars than this are too thin to be told apart. */
const MOST_STEPS = 100;
const UNITS = { m: 1, h: 60, d: 1_440 } as const;

export interface Series {
  readonly step: string;
  readonly stepMinutes: number;
  readonly minutes: number;
}

/** What `last` of so many minutes covers: whole windows, as the API rounds it. */
export function covered({ window_seconds }: Pick<Stream, "window_seconds">, minutes: number): number {
  const window = window_seconds / 60;
  return Math.ceil(minutes / window) * window;
}

/** The steps of a chart over so many minutes: the shortest that leave room for each; null where there are none. */
export function seriesOver({ steps }: Pick<Stream, "steps">, minutes: number): Series | null {
  const span = Math.max(minutes, LEAST_MINUTES);
  const sizes = steps.flatMap((step) => {
    const size = minutesOf(step);
    return size === null ? [] : [{ step, stepMinutes: size }];
  });
  const chosen = sizes.find(({ stepMinutes }) => span / stepMinutes <= MOST_STEPS) ?? sizes.at(-1);
  return chosen === undefined ? null : { ...chosen, minutes: Math.max(span, LEAST_STEPS * chosen.stepMinutes) };
}

/** The last so many minutes that are final, if what is final reaches into the time since `from`. */
export function finalRange(stream: Pick<Stream, "window_seconds" | "meta">, minutes: number, from: string) {
  const complete = Date.parse(stream.meta.complete_through ?? "");
  if (Number.isNaN(complete) || complete <= Date.parse(from)) return null;
  const window = stream.window_seconds * 1_000;
  const end = Math.floor(complete / window) * window;
  return { from: iso(end - covered(stream, minutes) * MINUTE_MS), to: iso(end) };
}

const iso = (millis: number) => new Date(millis).toISOString();

/** As the API writes a step: 15m, 3h, 1d. */
function minutesOf(step: string): number | null {
  const [, count, unit] = /^(\d+)([mhd])$/.exec(step) ?? [];
  return count === undefined || unit === undefined ? null : Number(count) * UNITS[unit as keyof typeof UNITS];
}
