import { NO_DATA, count, decimal, percent, precise, type Maybe } from "./number";

export const MBIT_PER_SECOND = "Mbit/s";

/** A metric of an alert in the unit its name ends with. */
export function metric(name: string, value: Maybe): string {
  if (/(rate|share|ratio)$/.test(name)) return percent(value);
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

function withUnit(text: string, unit: string): string {
  return text === NO_DATA ? text : `${text} ${unit}`;
}
