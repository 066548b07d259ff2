/** Shown where nothing is known. A zero is known. */
export const NO_DATA = "no data";

export type Maybe = number | null | undefined;

const LOCALE = "en-US";
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const some = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 3 });
const short = new Intl.NumberFormat(LOCALE, { notation: "compact", maximumFractionDigits: 1 });
const share = new Intl.NumberFormat(LOCALE, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const signed = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" });
const signedPlain = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1, signDisplay: "exceptZero" });
const bare = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 1 });

function known(value: Maybe, format: (value: number) => string): string {
  return value === null || value === undefined || !Number.isFinite(value) ? NO_DATA : format(value);
}

export const count = (value: Maybe): string => known(value, (n) => whole.format(n));
export const decimal = (value: Maybe): string => known(value, (n) => one.format(n));
export const precise = (value: Maybe): string => known(value, (n) => some.format(n));
/** For axes, where room is scarce. */
export const compact = (value: Maybe): string => known(value, (n) => short.format(n));
const three = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 3 });
const BYTE_UNITS = ["bytes", "kB", "MB", "GB", "TB", "PB"] as const;

/** Bytes in the largest unit that leaves a whole number, with three digits; thousands, not 1,024s. */
export function bytes(value: Maybe): { text: string; unit: string } {
  const [smallest] = BYTE_UNITS;
  let [size, rank] = [value ?? 0, 0];
  // What rounds to 1,000 belongs to the next unit.
  while (Math.abs(size) >= 999.5 && rank < BYTE_UNITS.length - 1) [size, rank] = [size / 1_000, rank + 1];
  if (rank === 0) return { text: precise(value), unit: smallest };
  return { text: known(size, (n) => three.format(n)), unit: BYTE_UNITS[rank] ?? smallest };
}

/** A rate from 0 to 1. What is not all never reads 100 %, and what is not nothing never 0 %. */
export const percent = (rate: Maybe): string =>
  known(rate, (n) => {
    if (n < 1 && n >= 0.9995) return `>${share.format(0.999)}`;
    if (n > 0 && n < 0.0005) return `<${share.format(0.001)}`;
    return share.format(n);
  });
/** How much more or less, in percent; null where there is nothing to compare with. */
export function change(now: Maybe, before: Maybe): string | null {
  if (typeof now !== "number" || typeof before !== "number" || before === 0) return null;
  return signed.format((now - before) / Math.abs(before));
}
/** How much more or less a share is, in points of a hundred. */
export function points(now: Maybe, before: Maybe): string | null {
  if (typeof now !== "number" || typeof before !== "number") return null;
  return `${signedPlain.format(100 * (now - before))} points`;
}
/** A rate on an axis. */
export const percentTick = (rate: Maybe): string => known(rate, (n) => bare.format(n));
