import { useMemo, type ReactElement } from "react";

import { TIMESERIES_MINUTES } from "../../api/keys";
import type { Timeseries } from "../../api/model";
import { useTimeseries } from "../../api/queries/useTimeseries";
import { compact, count, percent, percentTick } from "../../format/number";
import { clockMinute } from "../../format/time";
import { Panel } from "../../ui/Panel";
import { Chart } from "../chart/Chart";
import { Legend } from "../chart/Legend";
import type { Plot } from "../chart/plot";
import { lastMinutes } from "../scope";
import { toMinutes } from "./minutes";

const PLOT: Plot = {
  id: "minute",
  step: "Minute",
  time: clockMinute,
  counts: { id: "downloads", name: "Downloads", title: "Downloads per minute", text: count, tick: compact },
  rates: { id: "rate", name: "Success rate", title: "Success rate", text: percent, tick: percentTick },
  shares: true,
};

export function Timeline(): ReactElement {
  return (
    <Panel
      id="timeline"
      title="Timeline"
      scope={lastMinutes(TIMESERIES_MINUTES)}
      query={useTimeseries()}
      isEmpty={({ data }) => data.every((point) => (point.total_downloads ?? null) === null)}
      empty={`Nothing is known of the ${lastMinutes(TIMESERIES_MINUTES)}.`}
      aside={<Legend />}
    >
      {(answer) => <Minutes answer={answer} />}
    </Panel>
  );
}

function Minutes({ answer }: { answer: Timeseries }): ReactElement {
  const steps = useMemo(() => toMinutes(answer), [answer]);
  return <Chart plot={PLOT} steps={steps} />;
}
