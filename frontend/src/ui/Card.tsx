import type { ReactElement, ReactNode } from "react";

import { NO_DATA, type Maybe } from "../format/number";
import { raw } from "./raw";
import "./card.css";

interface CardProps {
  id: string;
  label: string;
  value: Maybe;
  text: string;
  unit: string | null;
  /** What is said of it besides: more `dd` elements. */
  children?: ReactNode;
}

/** One number with its unit. */
export function Card({ id, label, value, text, unit, children }: CardProps): ReactElement {
  const missing = text === NO_DATA;
  return (
    <div className="card">
      <dt className="card-label">{label}</dt>
      <dd className="card-value">
        <span className={missing ? "missing" : "card-number"} data-testid={id} data-value={raw(value)}>
          {text}
        </span>
        {!missing && unit !== null && <span className="card-unit"> {unit}</span>}
      </dd>
      {children}
    </div>
  );
}
