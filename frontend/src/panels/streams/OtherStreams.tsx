import type { ReactElement } from "react";

import type { Stream } from "../../api/model";
import { useStreams } from "../../api/queries/useStreams";
import { clockMinute } from "../../format/time";
import { RollupTable } from "./RollupTable";
import "./streams.css";

/** The stream that the rest of the page is about. */
const OWN = "content-downloads";

/** The tables of every other stream that has been read; nothing where there is none. */
export function OtherStreams(): ReactElement {
  const streams = useStreams();
  const all = streams.data?.data ?? [];
  const read = all.filter((stream) => stream.stream !== OWN && stream.meta.data_version > 0);
  // With nothing of its own to show the page begins with them.
  const first = all.some((stream) => stream.stream === OWN && stream.meta.data_version === 0);
  return (
    <>
      {read.map((stream) => (
        <StreamTables key={stream.stream} stream={stream} first={first} />
      ))}
    </>
  );
}

function StreamTables({ stream, first }: { stream: Stream; first: boolean }): ReactElement {
  const through = stream.meta.complete_through;
  return (
    <section
      className={first ? "stream stream-first" : "stream"}
      aria-label={`Stream ${stream.stream}`}
      data-testid={`stream-${stream.stream}`}
    >
      <h2 className="stream-title">
        {stream.stream}
        <span className="panel-scope">
          {through == null ? "nothing is complete yet" : `complete through ${clockMinute(Date.parse(through))}`}
        </span>
      </h2>
      <div className="stream-tables">
        {stream.rollups.map((rollup) => (
          <RollupTable key={rollup.rollup} stream={stream.stream} rollup={rollup} />
        ))}
      </div>
    </section>
  );
}
