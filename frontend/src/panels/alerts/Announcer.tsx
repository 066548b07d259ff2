import { useEffect, useRef, type ReactElement } from "react";

import type { Alert } from "../../api/model";
import { announcement } from "./announcement";

/** Reads out new alerts. The list itself is no live region: it would be read as a whole at each change. */
export function Announcer({ alerts }: { alerts: readonly Alert[] | undefined }): ReactElement {
  const known = useRef<ReadonlySet<number> | null>(null);
  const region = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (alerts === undefined) return;
    const text = announcement(known.current, alerts);
    known.current = new Set([...(known.current ?? []), ...alerts.map((alert) => alert.id)]);
    if (text !== null && region.current !== null) region.current.textContent = text;
  }, [alerts]);
  return <p ref={region} className="visually-hidden" aria-live="polite" data-testid="announcer" />;
}
