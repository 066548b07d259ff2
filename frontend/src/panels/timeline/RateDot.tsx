import type { ReactElement } from "react";
import type { DotItemDotProps } from "recharts";

import type { Minute } from "./series";

/** A hollow dot at each open minute; none where the dashed line only begins. */
export function RateDot({ cx, cy, payload }: DotItemDotProps): ReactElement {
  const { state, rate, start } = payload as Minute;
  if (state !== "open" || rate === null) return <g key={start} />;
  return <circle key={start} cx={cx} cy={cy} r={3} fill="var(--surface)" stroke="var(--chart-rate)" strokeWidth={1.5} />;
}
