import type { Answer } from "./model";

/** A lower data version this much later is not an answer that was overtaken: the tables were made anew. */
const REPLACED_AFTER_MS = 10_000;

/** The newer of two answers, so that a slow one never takes the page back in time. */
export function newer<T extends Answer>(held: T | undefined, next: T): T {
  if (held === undefined) return next;
  const versions = next.meta.data_version - held.meta.data_version;
  const millis = Date.parse(next.meta.as_of) - Date.parse(held.meta.as_of);
  if (versions > 0) return next;
  if (versions === 0) return millis >= 0 ? next : held;
  return millis > REPLACED_AFTER_MS ? next : held;
}
