import { setTimeout as sleep } from "node:timers/promises";

import { Failure } from "./Failure.mjs";
import { comparable, differences } from "./comparison.mjs";
import { readPage } from "./reading.mjs";

const PATIENCE_MS = 30_000;
const PAUSE_MS = 40;
/** Versions kept of each panel: page and API are rarely read at the very same one. */
const KEPT = 100;

async function ask(baseUrl, path) {
  const response = await fetch(new URL(path, baseUrl), { headers: { connection: "close" } });
  if (!response.ok) throw new Failure(`${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

class Seen {
  shown = new Map();
  answered = new Map();
  last = "the page and the API were never read at the same data version";

  add(map, version, what) {
    map.set(version, what);
    if (map.size > KEPT) map.delete(map.keys().next().value);
  }

  /** Null once page and API agree at one version; differences that last otherwise. */
  verdict(panel) {
    for (const [version, shown] of this.shown) {
      const answer = this.answered.get(version);
      if (answer === undefined) continue;
      const found = differences(panel, shown, answer);
      if (found.length === 0) return { equal: true, version };
      this.last = `at data version ${version}: ${found.join("; ")}`;
      if (comparable(panel, shown, answer)) throw new Failure(this.last);
    }
    return { equal: false };
  }
}

/** Reads page and API until each panel was equal to the API at one data version. Returns those versions. */
export async function matchPanels(page, baseUrl, panels, patienceMs = PATIENCE_MS) {
  const open = new Map(panels.map((panel) => [panel, new Seen()]));
  const versions = {};
  const deadline = Date.now() + patienceMs;
  while (open.size > 0) {
    const { minutes, panels: shown } = await readPage(page);
    const asked = [...open].map(async ([panel, seen]) => {
      const asked = await ask(baseUrl, panel.url(minutes));
      const answer = panel.read?.(asked) ?? asked;
      seen.add(seen.answered, answer.meta.data_version, answer);
      const reading = shown[panel.id];
      if (reading === undefined) throw new Failure(`there is no panel ${panel.id}`);
      if (!reading.busy && reading.version !== null) seen.add(seen.shown, reading.version, reading);
      const { equal, version } = seen.verdict(panel);
      if (!equal) return;
      versions[panel.id] = version;
      open.delete(panel);
    });
    await Promise.all(asked);
    if (open.size > 0 && Date.now() > deadline) {
      const reasons = [...open].map(([panel, seen]) => `${panel.id}: ${seen.last}`);
      throw new Failure(`page and API differ after ${patienceMs / 1_000} s: ${reasons.join("; ")}`);
    }
    await sleep(PAUSE_MS);
  }
  return versions;
}
