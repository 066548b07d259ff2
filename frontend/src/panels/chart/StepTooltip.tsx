import type { ReactElement } from "react";
import type { TooltipContentProps } from "recharts";

import type { Plot } from "./plot";
import type { Step } from "./steps";
import { STATE_WORDS } from "./state";

export function StepTooltip({ plot, active, payload }: { plot: Plot } & Partial<TooltipContentProps>): ReactElement | null {
  const step = payload?.[0]?.payload as Step | undefined;
  if (active !== true || step === undefined) return null;
  const { counts, rates } = plot;
  return (
    <div className="chart-tooltip">
      <p className="chart-tooltip-time">
        {plot.time(step.start)} <span>{STATE_WORDS[step.state]}</span>
      </p>
      <p>
        {counts.name}: {counts.text(step.count)}
      </p>
      {rates !== null && (
        <p>
          {rates.name}: {rates.text(step.rate)}
        </p>
      )}
    </div>
  );
}
