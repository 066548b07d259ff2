import type { ReactElement } from "react";
import type { DotItemDotProps } from "recharts";

import type { Step } from "./steps";

/** A hollow dot at each open step; none where the dashed line only begins. */
export function RateDot({ cx, cy, payload }: DotItemDotProps): ReactElement {
  const { state, rate, start } = payload as Step;
  if (state !== "open" || rate === null) return <g key={start} />;
  return <circle key={start} cx={cx} cy={cy} r={3} fill="var(--surface)" stroke="var(--chart-rate)" strokeWidth={1.5} />;
}
