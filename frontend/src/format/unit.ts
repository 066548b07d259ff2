import { NO_DATA, bytes, count, decimal, percent, precise, type Maybe } from "./number";

export const MBIT_PER_SECOND = "Mbit/s";

/** The end of a measure's name is all that tells its unit. A time or a speed can be in any: no unit is better than a wrong one. */
const SHARE = /(^|_)(rate|share|ratio)$/;
const UNITS: readonly (readonly [RegExp, string])[] = [
  [/(^|_)mbps$/, MBIT_PER_SECOND],
  [/(^|_)(ms|millis|milliseconds)$/, "ms"],
  [/(^|_)seconds$/, "s"],
  [/(^|_)minutes$/, "min"],
  [/(^|_)kb$/, "kB"],
  [/(^|_)mb$/, "MB"],
  [/(^|_)gb$/, "GB"],
];

/** A number as it is written, and its unit; null without one. */
export interface Measured {
  readonly text: string;
  readonly unit: string | null;
}

export const isShare = (name: string): boolean => SHARE.test(name);

/** A number of a measure whose `name` tells its unit. Of a share that is beyond the whole, the name told wrong. */
export function measured(name: string, value: Maybe): Measured {
  if (isShare(name) && Math.abs(value ?? 0) <= 1) return { text: percent(value), unit: null };
  if (/(^|_)bytes$/.test(name)) return bytes(value);
  const unit = UNITS.find(([pattern]) => pattern.test(name))?.[1] ?? null;
  return { text: precise(value), unit };
}

/** A metric of an alert in the unit its name ends with. */
export function metric(name: string, value: Maybe): string {
  if (isShare(name)) return percent(value);
  if (/(mbps|speed)$/.test(name)) return withUnit(decimal(value), MBIT_PER_SECOND);
  if (/(seconds|time|duration)$/.test(name)) return withUnit(decimal(value), "s");
  if (/(count|downloads|total)$/.test(name)) return count(value);
  return precise(value);
}

/** `success_rate` and `HIGH_ERROR_RATE` as words. */
export function words(name: string): string {
  const text = name.replaceAll("_", " ").toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function withUnit(text: string, unit: string | null): string {
  return text === NO_DATA || unit === null ? text : `${text} ${unit}`;
}
