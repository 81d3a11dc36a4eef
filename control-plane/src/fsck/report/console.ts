/** Where text goes: a stream of this process, or a test's. */
export interface TextStream {
  write(text: string): unknown;
  /** Whether a person looks at it as it comes. */
  readonly isTTY?: boolean | undefined;
  /** Characters in a line of the terminal. */
  readonly columns?: number | undefined;
}

/** Results on stdout, and on stderr where fsck is: one line that is written over on a terminal, else line by line. */
export class Console {
  private statusShown = false;

  constructor(
    private readonly stdout: TextStream,
    private readonly stderr: TextStream,
  ) {}

  /** Whether the status is a line that is written over. */
  get isTerminal(): boolean {
    return this.stderr.isTTY === true;
  }

  /** A line of the result. */
  result(line: string): void {
    this.clear();
    this.stdout.write(`${line}\n`);
  }

  /** A line for the person who waits. */
  note(line: string): void {
    this.clear();
    this.stderr.write(`${line}\n`);
  }

  /** Where fsck is, in place of what it said last. */
  status(line: string): void {
    if (!this.isTerminal) {
      this.stderr.write(`${line}\n`);
      return;
    }
    // What does not fit would begin a second line, which nothing could take back.
    this.stderr.write(`\r${line.slice(0, (this.stderr.columns ?? 80) - 1)}\u001b[K`);
    this.statusShown = true;
  }

  /** Takes the status away. */
  clear(): void {
    if (!this.statusShown) return;
    this.stderr.write('\r\u001b[K');
    this.statusShown = false;
  }
}
