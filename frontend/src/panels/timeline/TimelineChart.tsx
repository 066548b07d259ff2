import type { ReactElement } from "react";
import { Bar, CartesianGrid, ComposedChart, Line, ReferenceArea, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";

import { compact, percentTick } from "../../format/number";
import { clockMinute } from "../../format/time";
import { HATCH, Hatch } from "./Hatch";
import { MinuteTooltip } from "./MinuteTooltip";
import { RateDot } from "./RateDot";
import { rateFloor, toGaps, type Minute } from "./series";

const SYNC = "timeline";
const AXIS_WIDTH = 46;
const MARGIN = { top: 6, right: 8, bottom: 0, left: 0 };
const TICK = { fill: "var(--muted)", fontSize: 11 };
const PERCENT_TICKS = 3;
const DASH = "3 3";

/** Two drawings over one time axis: counts as bars, rates as a line. */
export function TimelineChart({ minutes }: { minutes: readonly Minute[] }): ReactElement {
  const gaps = toGaps(minutes).map((gap) => (
    <ReferenceArea key={gap.from} x1={gap.from} x2={gap.to} fill={`url(#${HATCH})`} fillOpacity={1} ifOverflow="visible" />
  ));
  const data = [...minutes];
  const floor = rateFloor(minutes);
  return (
    <>
      <h3 className="timeline-title">Downloads per minute</h3>
      <ResponsiveContainer width="100%" height={190}>
        <ComposedChart data={data} syncId={SYNC} margin={MARGIN} barCategoryGap="18%">
          <Hatch />
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis dataKey="start" hide />
          <YAxis
            width={AXIS_WIDTH}
            tick={TICK}
            tickFormatter={compact}
            tickCount={4}
            allowDecimals={false}
            axisLine={false}
            tickLine={false}
          />
          {gaps}
          <Tooltip content={<MinuteTooltip />} cursor={{ fill: "var(--hover)" }} isAnimationActive={false} />
          <Bar dataKey="finalDownloads" stackId="downloads" fill="var(--chart-count)" isAnimationActive={false} />
          <Bar
            dataKey="openDownloads"
            stackId="downloads"
            fill="var(--chart-count)"
            fillOpacity={0.25}
            stroke="var(--chart-count)"
            strokeDasharray={DASH}
            isAnimationActive={false}
          />
        </ComposedChart>
      </ResponsiveContainer>
      <h3 className="timeline-title">Success rate</h3>
      <ResponsiveContainer width="100%" height={120}>
        <ComposedChart data={data} syncId={SYNC} margin={MARGIN}>
          <Hatch />
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis
            dataKey="start"
            scale="band"
            tick={TICK}
            tickFormatter={clockMinute}
            minTickGap={36}
            axisLine={{ stroke: "var(--line-strong)" }}
            tickLine={false}
          />
          <YAxis
            width={AXIS_WIDTH}
            domain={[floor, 1]}
            tick={TICK}
            tickFormatter={percentTick}
            tickCount={PERCENT_TICKS}
            axisLine={false}
            tickLine={false}
          />
          {gaps}
          <Tooltip content={<MinuteTooltip />} cursor={{ stroke: "var(--line-strong)" }} isAnimationActive={false} />
          <Line
            dataKey="finalRate"
            stroke="var(--chart-rate)"
            strokeWidth={2}
            dot={{ r: 1.5, fill: "var(--chart-rate)", strokeWidth: 0 }}
            isAnimationActive={false}
          />
          <Line
            dataKey="openRate"
            stroke="var(--chart-rate)"
            strokeWidth={2}
            strokeDasharray={DASH}
            dot={RateDot}
            isAnimationActive={false}
          />
        </ComposedChart>
      </ResponsiveContainer>
    </>
  );
}
