import type { ReactElement } from "react";

import type { Realtime } from "../../api/model";
import { useRealtime } from "../../api/queries/useRealtime";
import { NO_DATA, count, decimal, percent } from "../../format/number";
import { Card } from "../../ui/Card";
import { Panel } from "../../ui/Panel";
import { lastMinutes } from "../scope";
import "./summary.css";

export function Summary({ minutes }: { minutes: number }): ReactElement {
  return (
    <Panel
      id="summary"
      title="Totals"
      scope={lastMinutes(minutes)}
      query={useRealtime(minutes)}
      isEmpty={() => false}
      empty=""
      bare
    >
      {(answer) => <Cards answer={answer} />}
    </Panel>
  );
}

function Cards({ answer }: { answer: Realtime }): ReactElement {
  // Before the first event the sums over no rows are 0, which nobody counted.
  const begun = answer.total_downloads > 0 || (answer.meta.complete_through ?? null) !== null;
  const counted = (value: number) => (begun ? count(value) : NO_DATA);
  const { total_downloads, unique_content, avg_success_rate, avg_download_time } = answer;
  return (
    <dl className="summary">
      <Card
        id="total-downloads"
        label="Total downloads"
        value={total_downloads}
        text={counted(total_downloads)}
        unit="downloads"
      />
      <Card
        id="unique-content"
        label="Unique content"
        value={unique_content}
        text={counted(unique_content)}
        unit="titles"
      />
      <Card
        id="success-rate"
        label="Success rate"
        value={avg_success_rate}
        text={percent(avg_success_rate)}
        unit="of downloads"
      />
      <Card
        id="download-time"
        label="Average download time"
        value={avg_download_time}
        text={decimal(avg_download_time)}
        unit="seconds"
      />
    </dl>
  );
}
