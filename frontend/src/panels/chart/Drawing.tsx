import type { ReactElement } from "react";
import { Bar, CartesianGrid, ComposedChart, Line, ReferenceArea, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";

import { HATCH, Hatch } from "./Hatch";
import type { Plot } from "./plot";
import { RateDot } from "./RateDot";
import { StepTooltip } from "./StepTooltip";
import { shareFloor, toGaps, type Step } from "./steps";

const AXIS_WIDTH = 46;
const MARGIN = { top: 6, right: 8, bottom: 0, left: 0 };
const TICK = { fill: "var(--muted)", fontSize: 11 };
const RATE_TICKS = 3;
const DASH = "3 3";
const COUNTS_HEIGHT = 190;
/** Labels of the time axis; it is below whichever drawing is the lowest. */
const TIMES_HEIGHT = 30;
const RATES_HEIGHT = 120;

const fromZero = (least: number) => Math.min(0, least);

/** One or two drawings over one time axis: counts as bars, rates as a line. */
export function Drawing({ plot, steps }: { plot: Plot; steps: readonly Step[] }): ReactElement {
  const { counts, rates } = plot;
  const gaps = toGaps(steps).map((gap) => (
    <ReferenceArea key={gap.from} x1={gap.from} x2={gap.to} fill={`url(#${HATCH})`} fillOpacity={1} ifOverflow="visible" />
  ));
  const data = [...steps];
  const tooltip = <StepTooltip plot={plot} />;
  const times = {
    dataKey: "start",
    scale: "band",
    tick: TICK,
    tickFormatter: plot.time,
    minTickGap: 36,
    axisLine: { stroke: "var(--line-strong)" },
    tickLine: false,
  } as const;
  return (
    <>
      <h3 className="chart-title">{counts.title}</h3>
      <ResponsiveContainer width="100%" height={rates === null ? COUNTS_HEIGHT + TIMES_HEIGHT : COUNTS_HEIGHT}>
        <ComposedChart data={data} syncId={plot.id} margin={MARGIN} barCategoryGap="18%">
          <Hatch />
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis {...times} hide={rates !== null} />
          <YAxis
            width={AXIS_WIDTH}
            tick={TICK}
            tickFormatter={counts.tick}
            tickCount={4}
            allowDecimals={steps.some(({ count }) => !Number.isInteger(count ?? 0))}
            axisLine={false}
            tickLine={false}
          />
          {gaps}
          <Tooltip content={tooltip} cursor={{ fill: "var(--hover)" }} isAnimationActive={false} />
          <Bar dataKey="finalCount" stackId="counts" fill="var(--chart-count)" isAnimationActive={false} />
          <Bar
            dataKey="openCount"
            stackId="counts"
            fill="var(--chart-count)"
            fillOpacity={0.25}
            stroke="var(--chart-count)"
            strokeDasharray={DASH}
            isAnimationActive={false}
          />
        </ComposedChart>
      </ResponsiveContainer>
      {rates !== null && (
        <>
          <h3 className="chart-title">{rates.title}</h3>
          <ResponsiveContainer width="100%" height={RATES_HEIGHT}>
            <ComposedChart data={data} syncId={plot.id} margin={MARGIN}>
              <Hatch />
              <CartesianGrid vertical={false} stroke="var(--line)" />
              <XAxis {...times} />
              <YAxis
                width={AXIS_WIDTH}
                domain={plot.shares ? [shareFloor(steps), 1] : [fromZero, "auto"]}
                tick={TICK}
                tickFormatter={rates.tick}
                tickCount={RATE_TICKS}
                axisLine={false}
                tickLine={false}
              />
              {gaps}
              <Tooltip content={tooltip} cursor={{ stroke: "var(--line-strong)" }} isAnimationActive={false} />
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
      )}
    </>
  );
}
