const minute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const second = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const date = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const relative = new Intl.RelativeTimeFormat("en-US", { numeric: "always", style: "short" });

const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;

export const clockMinute = (millis: number): string => minute.format(millis);
export const dayOnly = (millis: number): string => day.format(millis);
export const clockSecond = (millis: number): string => second.format(millis);

/** The minute; with its day when that is not today. */
export function moment(millis: number, now: number): string {
  const time = minute.format(millis);
  return date.format(millis) === date.format(now) ? time : `${day.format(millis)}, ${time}`;
}

/** How long ago, in the largest fitting unit. A clock that is a little off must not tell the future. */
export function since(millis: number, now: number): string {
  const seconds = Math.max(0, Math.floor((now - millis) / 1_000));
  if (seconds < MINUTE_S) return relative.format(-seconds, "second");
  if (seconds < HOUR_S) return relative.format(-Math.floor(seconds / MINUTE_S), "minute");
  if (seconds < DAY_S) return relative.format(-Math.floor(seconds / HOUR_S), "hour");
  return relative.format(-Math.floor(seconds / DAY_S), "day");
}

/** A length of time in seconds, in words an operator reads at a glance. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < MINUTE_S) return `${whole} s`;
  if (whole < HOUR_S) return `${Math.floor(whole / MINUTE_S)} min ${whole % MINUTE_S} s`;
  return `${Math.floor(whole / HOUR_S)} h ${Math.floor((whole % HOUR_S) / MINUTE_S)} min`;
}
