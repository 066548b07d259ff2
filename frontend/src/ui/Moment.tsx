import type { ReactElement } from "react";

/** A time as people say it; the exact one, in UTC, on hover and for machines. */
export function Moment({ at, text }: { at: string; text: string }): ReactElement {
  return (
    <time dateTime={at} title={at}>
      {text}
    </time>
  );
}
