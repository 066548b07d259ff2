const HOUR = 60;
const DAY = 24 * HOUR;

/** A length of time in words, in hours and days only from two of them on: the page offers 60 minutes and 24 hours. */
export function minutesInWords(minutes: number): string {
  if (minutes % DAY === 0 && minutes >= 2 * DAY) return `${minutes / DAY} days`;
  if (minutes % HOUR === 0 && minutes >= 2 * HOUR) return `${minutes / HOUR} hours`;
  return `${minutes} minutes`;
}

export const lastMinutes = (minutes: number): string => `last ${minutesInWords(minutes)}`;
