import type { ReactElement } from "react";

export const HATCH = "chart-hatch";

/** Fills gaps. */
export function Hatch(): ReactElement {
  return (
    <defs>
      <pattern id={HATCH} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="6" height="6" fill="var(--sunken)" />
        <line x1="0" y1="0" x2="0" y2="6" stroke="var(--line-strong)" strokeWidth="2" />
      </pattern>
    </defs>
  );
}
