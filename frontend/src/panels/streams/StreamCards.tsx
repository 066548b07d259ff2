import type { ReactElement } from "react";

import type { RollupColumns, RollupRows, Stream } from "../../api/model";
import { useRollup, useRollupOnce } from "../../api/queries/useRollup";
import { clockMinute } from "../../format/time";
import { Panel } from "../../ui/Panel";
import { lastMinutes, minutesInWords } from "../scope";
import { compared } from "./change";
import { MeasureCard } from "./MeasureCard";
import { countOf, measuresOf } from "./measures";
import { paceOf } from "./pace";
import { Quiet } from "./Quiet";
import { covered, finalRange } from "./range";

type Row = RollupRows["data"][number];

interface StreamCardsProps {
  stream: Stream;
  rollup: RollupColumns;
  minutes: number;
}

/** A stream's totals, one card for each measure. */
export function StreamCards({ stream, rollup, minutes }: StreamCardsProps): ReactElement {
  const span = covered(stream, minutes);
  const question = { group_by: "", last: `${minutes}m` };
  const query = useRollup({ stream: stream.stream, rollup: rollup.rollup, question, pace: paceOf(minutes) });
  // The window of now is not over: beside a whole range before, it would always seem to be less.
  const range = query.data && finalRange(stream, minutes, query.data.meta.from);
  const final = useRollupOnce(stream.stream, rollup.rollup, range ? { group_by: "", ...range, compare: "previous" } : null);
  return (
    <Panel
      id={`totals-${stream.stream}`}
      title={`Totals of ${stream.stream}`}
      scope={lastMinutes(span)}
      query={query}
      isEmpty={({ data }) => data.length === 0}
      empty={`Nothing is known of the ${lastMinutes(span)}.`}
      bare
    >
      {({ data: [row] }) => {
        if (row === undefined) return null;
        const counted = countOf(rollup)?.columns[0] ?? "";
        return (
          <>
            <Cards stream={stream.stream} rollup={rollup} span={span} row={row} final={final.data?.data[0] ?? null} />
            <Quiet count={row.measures[counted] ?? null} state={row.window.state} minutes={minutes} span={span} />
          </>
        );
      }}
    </Panel>
  );
}

interface CardsProps {
  stream: string;
  rollup: RollupColumns;
  span: number;
  row: Row;
  /** The final windows, beside those before. */
  final: Row | null;
}

function Cards({ stream, rollup, span, row, final }: CardsProps): ReactElement {
  const cards = measuresOf(rollup).map((measure) => ({ measure, change: final && compared(measure, final) }));
  const end = final !== null && cards.some(({ change }) => change?.text != null) ? Date.parse(final.window.end) : null;
  return (
    <>
      <dl className="totals">
        {cards.map(({ measure, change }) => (
          <MeasureCard key={measure.name} stream={stream} measure={measure} row={row} compared={change} minutes={span} />
        ))}
      </dl>
      {end !== null && (
        <p className="totals-note">
          {`Changes: the final ${minutesInWords(span)} until ${clockMinute(end)}, against the ${minutesInWords(span)} before.`}
        </p>
      )}
    </>
  );
}
