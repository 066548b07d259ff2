import type { ReactElement, ReactNode } from "react";

import "./badge.css";

export type Tone = "good" | "warning" | "bad" | "neutral";

export function Badge({ tone, dot = false, children }: { tone: Tone; dot?: boolean; children: ReactNode }): ReactElement {
  return (
    <span className={`badge badge-${tone}`}>
      {dot && <span className="badge-dot" />}
      {children}
    </span>
  );
}
