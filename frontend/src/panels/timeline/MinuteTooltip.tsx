import type { ReactElement } from "react";
import type { TooltipContentProps } from "recharts";

import { count, percent } from "../../format/number";
import { clockMinute } from "../../format/time";
import type { Minute } from "./series";
import { STATE_WORDS } from "./state";

export function MinuteTooltip({ active, payload }: Partial<TooltipContentProps>): ReactElement | null {
  const minute = payload?.[0]?.payload as Minute | undefined;
  if (active !== true || minute === undefined) return null;
  return (
    <div className="timeline-tooltip">
      <p className="timeline-tooltip-time">
        {clockMinute(minute.start)} <span>{STATE_WORDS[minute.state]}</span>
      </p>
      <p>Downloads: {count(minute.downloads)}</p>
      <p>Success rate: {percent(minute.rate)}</p>
    </div>
  );
}
