import type { Alert } from "../../api/model";

/** What a screen reader should be told of alerts that were not there before; null when there is nothing new. */
export function announcement(known: ReadonlySet<number> | null, alerts: readonly Alert[]): string | null {
  // What is there when the page opens is read like the rest of the page.
  if (known === null) return null;
  const fresh = alerts.filter((alert) => !known.has(alert.id));
  if (fresh.length === 0) return null;
  return fresh.map((alert) => `New ${alert.severity.toLowerCase()} alert: ${alert.message}`).join(". ");
}
