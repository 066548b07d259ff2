import type { ReactElement, ReactNode } from "react";

import type { Stream } from "../../api/model";
import { clockMinute } from "../../format/time";
import { headlineOf } from "./measures";
import { RollupTable } from "./RollupTable";
import { StreamCards } from "./StreamCards";
import { StreamChart } from "./StreamChart";
import "./streams.css";

interface StreamSectionProps {
  stream: Stream;
  minutes: number;
  /** Beside the chart. */
  beside?: ReactNode;
}

/** All that is known of a stream, by nothing but its definition: totals, a chart, and a table for each rollup. */
export function StreamSection({ stream, minutes, beside }: StreamSectionProps): ReactElement {
  const through = stream.meta.complete_through;
  const headline = headlineOf(stream.rollups);
  return (
    <section className="stream" aria-label={`Stream ${stream.stream}`} data-testid={`stream-${stream.stream}`}>
      <h2 className="stream-title">
        {stream.stream}
        <span className="panel-scope">
          {through == null ? "nothing is complete yet" : `complete through ${clockMinute(Date.parse(through))}`}
        </span>
      </h2>
      {headline !== null && <StreamCards stream={stream} rollup={headline} minutes={minutes} />}
      <div className="stream-chart">
        {headline !== null && <StreamChart stream={stream} rollup={headline} minutes={minutes} />}
        {beside}
      </div>
      {stream.rollups.map((rollup) => (
        <RollupTable key={rollup.rollup} stream={stream} rollup={rollup} minutes={minutes} />
      ))}
    </section>
  );
}
