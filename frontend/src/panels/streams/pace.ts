import { STATS_MINUTES, type Pace } from "../../api/keys";

/** Longer ranges than those of the downloads are read now and then, whatever is pushed. */
export const paceOf = (minutes: number): Exclude<Pace, "once"> => (minutes > STATS_MINUTES ? "polled" : "followed");
