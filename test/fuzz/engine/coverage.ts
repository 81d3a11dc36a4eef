import { Session, type Profiler } from 'node:inspector';

/** Which characters of each function ran: one byte each, 0 or 1. Keys name the functions. */
export type FunctionMarks = ReadonlyMap<string, Uint8Array>;

/**
 * Measures which code runs, with the precise coverage of V8 (Chrome DevTools Protocol, Profiler).
 * Only code that is compiled after `start` is measured by blocks, so create it before the code
 * under test runs for the first time. It measures the whole thread, and only one may be started.
 */
export class CoverageProbe {
  private readonly session = new Session();
  private readonly seen = new Map<string, Uint8Array>();
  private blocks = 0;

  /** `isMeasured` decides on the URL or the path of a script. */
  constructor(private readonly isMeasured: (script: string) => boolean) {}

  start(): void {
    this.session.connect();
    this.post('Profiler.enable');
    this.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  stop(): void {
    this.post('Profiler.stopPreciseCoverage');
    this.session.disconnect();
  }

  /** Returns the number of pieces of code that ran for the first time since `start` or `forget`. */
  get covered(): number {
    return this.blocks;
  }

  /** Returns what ran since the last call. */
  take(): FunctionMarks {
    const taken = new Map<string, Uint8Array>();
    const { result } = this.post('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType;
    for (const script of result) {
      if (!this.isMeasured(script.url)) continue;
      for (const { ranges } of script.functions) {
        const whole = ranges[0]!;
        if (whole.count === 0) continue;
        const marks = new Uint8Array(whole.endOffset - whole.startOffset);
        // Inner ranges come after the ones that contain them.
        for (const { startOffset, endOffset, count } of ranges)
          marks.fill(count > 0 ? 1 : 0, startOffset - whole.startOffset, endOffset - whole.startOffset);
        taken.set(`${script.url}:${whole.startOffset}`, marks);
      }
    }
    return taken;
  }

  /** Returns the part of what ran that never ran before; empty if there is none. */
  newIn(taken: FunctionMarks): FunctionMarks {
    const fresh = new Map<string, Uint8Array>();
    for (const [name, marks] of taken) {
      const before = this.seen.get(name);
      const more = marks.map((mark, at) => (mark === 1 && before?.[at] !== 1 ? 1 : 0));
      if (more.includes(1)) fresh.set(name, more);
    }
    return fresh;
  }

  /** Remembers what ran. */
  remember(taken: FunctionMarks): void {
    for (const [name, marks] of this.newIn(taken)) {
      const all = this.seen.get(name) ?? new Uint8Array(marks.length);
      marks.forEach((mark, at) => {
        if (mark === 0) return;
        all[at] = 1;
        if (marks[at - 1] !== 1) this.blocks += 1;
      });
      this.seen.set(name, all);
    }
  }

  /** Forgets what ran. */
  forget(): void {
    this.seen.clear();
    this.blocks = 0;
  }

  /** Calls a method of the inspector, which answers a session of its own thread at once. */
  private post(method: string, parameters?: object): unknown {
    let answer: unknown;
    let failure: Error | null = null;
    this.session.post(method, parameters, (error, value) => {
      failure = error;
      answer = value;
    });
    if (failure !== null) throw failure;
    return answer;
  }
}

/** Returns whether all the code that `wanted` marks is marked in `taken`. */
export function coversAll(taken: FunctionMarks, wanted: FunctionMarks): boolean {
  for (const [name, marks] of wanted) {
    const ran = taken.get(name);
    if (ran === undefined || marks.some((mark, at) => mark === 1 && ran[at] !== 1)) return false;
  }
  return true;
}
