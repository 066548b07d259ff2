import { Suspense, lazy, type ReactElement } from "react";

import type { Plot } from "./plot";
import { StepTable } from "./StepTable";
import type { Step } from "./steps";
import "./chart.css";

/** The chart library is most of the page's code; the numbers do not wait for it. */
const Drawing = lazy(async () => ({ default: (await import("./Drawing")).Drawing }));

/** Steps of time as a drawing, and as a table behind it. */
export function Chart({ plot, steps }: { plot: Plot; steps: readonly Step[] }): ReactElement {
  const { counts, rates } = plot;
  const titles = [counts, rates].flatMap((series) => series?.title ?? []).join(" and ");
  return (
    <>
      <figure
        className={rates === null ? "chart" : "chart chart-with-rates"}
        data-testid={`chart-${plot.id}`}
        aria-label={`Chart of ${titles}; numbers below`}
      >
        <Suspense fallback={null}>
          <Drawing plot={plot} steps={steps} />
        </Suspense>
      </figure>
      <StepTable plot={plot} steps={steps} />
    </>
  );
}
