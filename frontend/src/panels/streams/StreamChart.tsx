import { useMemo, type ReactElement } from "react";

import type { RollupColumns, RollupRows, Stream } from "../../api/model";
import { useRollup } from "../../api/queries/useRollup";
import { compact, percentTick } from "../../format/number";
import { clockMinute, dayOnly } from "../../format/time";
import { isShare, withUnit, words } from "../../format/unit";
import { Panel } from "../../ui/Panel";
import { Chart } from "../chart/Chart";
import { Legend } from "../chart/Legend";
import type { Plot, Series as Drawn } from "../chart/plot";
import { lastMinutes, minutesInWords } from "../scope";
import { written } from "./label";
import { countOf, ratioOf, type Measure } from "./measures";
import { paceOf } from "./pace";
import { seriesOver, type Series } from "./range";
import { stepsOf } from "./steps";

interface StreamChartProps {
  stream: Stream;
  rollup: RollupColumns;
  minutes: number;
}

/** What a stream counts over time, and its ratio where it has one; nothing where there is nothing to draw. */
export function StreamChart({ stream, rollup, minutes }: StreamChartProps): ReactElement | null {
  const count = countOf(rollup);
  const series = seriesOver(stream, minutes);
  if (count === null || series === null) return null;
  return <Drawing stream={stream.stream} rollup={rollup} count={count} series={series} />;
}

interface DrawingProps {
  stream: string;
  rollup: RollupColumns;
  count: Measure;
  series: Series;
}

function Drawing({ stream, rollup, count, series }: DrawingProps): ReactElement {
  const ratio = ratioOf(rollup);
  const columns = [count.columns[0] ?? count.name, ...(ratio?.columns ?? [])];
  const question = { group_by: "", last: `${series.minutes}m`, step: series.step, measures: columns.join(",") };
  const query = useRollup({ stream, rollup: rollup.rollup, question, pace: paceOf(series.minutes) });
  const plot = plotOf(stream, count, ratio, series);
  const steps = useSteps(query.data, columns);
  return (
    <Panel
      id={`timeline-${stream}`}
      title={`Timeline of ${stream}`}
      scope={lastMinutes(series.minutes)}
      query={query}
      isEmpty={() => steps.every((step) => step.count === null)}
      empty={`Nothing is known of the ${lastMinutes(series.minutes)}.`}
      aside={<Legend steps={steps} />}
    >
      {() => <Chart plot={plot} steps={steps} />}
    </Panel>
  );
}

function useSteps(answer: RollupRows | undefined, [count = "", ratio = null]: readonly (string | null)[]) {
  return useMemo(() => stepsOf(answer?.data ?? [], count ?? "", ratio), [answer, count, ratio]);
}

function plotOf(stream: string, count: Measure, ratio: Measure | null, { stepMinutes }: Series): Plot {
  const every = stepMinutes === 1 ? "minute" : minutesInWords(stepMinutes);
  const time = stepMinutes >= 1_440 ? dayOnly : clockMinute;
  return {
    id: `step-${stream}`,
    step: stepMinutes === 1 ? "Minute" : "Begin",
    time,
    counts: drawn("count", count, `${words(count.name)} per ${every}`),
    rates: ratio && drawn("rate", ratio, words(ratio.name)),
    shares: ratio !== null && isShare(ratio.name),
  };
}

function drawn(id: string, measure: Measure, title: string): Drawn {
  return {
    id,
    name: words(measure.name),
    title,
    text: (value) => {
      const { text, unit } = written(measure, value);
      return withUnit(text, unit);
    },
    tick: isShare(measure.name) ? percentTick : compact,
  };
}
