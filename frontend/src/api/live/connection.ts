import { problemDetail } from "../problem";
import type { Meta, Snapshot } from "../model";
import { parseSnapshot } from "./snapshot";

export type Mode = "connecting" | "push" | "polling";

export interface LiveState {
  readonly mode: Mode;
  /** What the API says is wrong, while it does. */
  readonly problem: string | null;
}

/** The part of EventSource that is used. */
export interface EventStream {
  readonly readyState: number;
  addEventListener(name: string, handle: (event: Event) => void): void;
  close(): void;
}

/** A proxy may hold the first event back for ever. */
export const CONNECT_WITHIN_MS = 4_000;
/** The browser tries again by itself after a cut, but not after a refusal. */
export const REOPEN_AFTER_MS = 5_000;
/** A push follows a commit within a fraction of a second; after this long without one a newer answer proves it dead. */
export const SILENT_AFTER_MS = 10_000;

const CLOSED = 2;

/** The event stream: pushes while it works, and says when panels have to ask for themselves. */
export class LiveConnection {
  readonly #open: () => EventStream;
  readonly #apply: (snapshot: Snapshot) => void;
  readonly #listeners = new Set<() => void>();
  #state: LiveState = { mode: "connecting", problem: null };
  #stream: EventStream | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pushed = { version: 0, at: 0 };

  constructor(open: () => EventStream, apply: (snapshot: Snapshot) => void) {
    this.#open = open;
    this.#apply = apply;
  }

  readonly state = (): LiveState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  start(): void {
    if (this.#stream !== null) return;
    const stream = this.#open();
    this.#stream = stream;
    // A closed stream may still have events on their way.
    const on = (name: string, handle: (event: Event) => void) => {
      stream.addEventListener(name, (event) => {
        if (this.#stream === stream) handle(event);
      });
    };
    on("snapshot", (event) => { this.#received((event as MessageEvent<string>).data); });
    // Connected again, with the newest snapshot from before.
    on("current", () => { this.#heard(null); });
    on("problem", (event) => { this.#heard(problemDetail((event as MessageEvent<string>).data)); });
    on("error", () => { this.#failed(stream); });
    this.#after(CONNECT_WITHIN_MS, () => { this.#change({ ...this.#state, mode: "polling" }); });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#stream?.close();
    this.#stream = null;
  }

  /** A panel asked for itself and got this. */
  answered(meta: Meta): void {
    if (meta.data_version > this.#pushed.version) this.suspect();
  }

  /** Data came of which a push should have told. */
  suspect(): void {
    const silent = Date.now() - this.#pushed.at > SILENT_AFTER_MS;
    if (this.#state.mode !== "push" || !silent) return;
    this.#change({ ...this.#state, mode: "polling" });
    this.stop();
    this.start();
  }

  #received(data: string): void {
    const snapshot = parseSnapshot(data);
    if (snapshot === null) {
      this.#change({ mode: "polling", problem: "the push of the API is not understood" });
      return;
    }
    this.#pushed = { version: snapshot.meta.data_version, at: Date.now() };
    this.#apply(snapshot);
    this.#heard(null);
  }

  #heard(problem: string | null): void {
    clearTimeout(this.#timer);
    this.#change({ mode: "push", problem });
  }

  #failed(stream: EventStream): void {
    this.#change({ mode: "polling", problem: null });
    if (stream.readyState !== CLOSED) return;
    this.#after(REOPEN_AFTER_MS, () => {
      this.stop();
      this.start();
    });
  }

  #after(millis: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, millis);
  }

  #change(state: LiveState): void {
    if (state.mode === this.#state.mode && state.problem === this.#state.problem) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
