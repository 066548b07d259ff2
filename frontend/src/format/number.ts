/** Shown where nothing is known. A zero is known. */
export const NO_DATA = "no data";

export type Maybe = number | null | undefined;

const LOCALE = "en-US";
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const one = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const some = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 3 });
const short = new Intl.NumberFormat(LOCALE, { notation: "compact", maximumFractionDigits: 1 });
const share = new Intl.NumberFormat(LOCALE, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const bare = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 1 });

function known(value: Maybe, format: (value: number) => string): string {
  return value === null || value === undefined || !Number.isFinite(value) ? NO_DATA : format(value);
}

export const count = (value: Maybe): string => known(value, (n) => whole.format(n));
export const decimal = (value: Maybe): string => known(value, (n) => one.format(n));
export const precise = (value: Maybe): string => known(value, (n) => some.format(n));
/** For axes, where room is scarce. */
export const compact = (value: Maybe): string => known(value, (n) => short.format(n));
/** A rate from 0 to 1. What is not all never reads 100 %, and what is not nothing never 0 %. */
export const percent = (rate: Maybe): string =>
  known(rate, (n) => {
    if (n < 1 && n >= 0.9995) return `>${share.format(0.999)}`;
    if (n > 0 && n < 0.0005) return `<${share.format(0.001)}`;
    return share.format(n);
  });
/** A rate on an axis. */
export const percentTick = (rate: Maybe): string => known(rate, (n) => bare.format(n));
