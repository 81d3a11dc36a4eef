/** A stream of this process, or one of a test. */
export interface TextStream {
  write(text: string): unknown;
  /** Whether the stream is a terminal. */
  readonly isTTY?: boolean | undefined;
  /** Width of the terminal in characters. */
  readonly columns?: number | undefined;
}

/**
 * Writes results to stdout and the status to stderr. On a terminal, the status is one line that is
 * overwritten; otherwise it is written line by line.
 */
export class Console {
  private statusShown = false;

  constructor(
    private readonly stdout: TextStream,
    private readonly stderr: TextStream,
  ) {}

  /** Whether the status line is overwritten. */
  get isTerminal(): boolean {
    return this.stderr.isTTY === true;
  }

  /** Writes a line of the result. */
  result(line: string): void {
    this.clear();
    this.stdout.write(`${line}\n`);
  }

  /** Writes a line for the operator. */
  note(line: string): void {
    this.clear();
    this.stderr.write(`${line}\n`);
  }

  /** Replaces the status. */
  status(line: string): void {
    if (!this.isTerminal) {
      this.stderr.write(`${line}\n`);
      return;
    }
    // A longer text would wrap to a second line, which cannot be overwritten.
    this.stderr.write(`\r${line.slice(0, (this.stderr.columns ?? 80) - 1)}\u001b[K`);
    this.statusShown = true;
  }

  /** Removes the status line. */
  clear(): void {
    if (!this.statusShown) return;
    this.stderr.write('\r\u001b[K');
    this.statusShown = false;
  }
}
