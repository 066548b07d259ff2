import { useEffect, type ReactElement, type ReactNode } from "react";

import { LiveContext } from "./context";
import type { Live } from "./live";

export function LiveProvider({ live, children }: { live: Live; children: ReactNode }): ReactElement {
  useEffect(() => live.run(), [live]);
  return <LiveContext value={live.connection}>{children}</LiveContext>;
}
