/** Holds a response until a test releases it. */
export interface Gate {
  /** Resolves when a response has reached the gate. */
  readonly reached: Promise<void>;
  /** Releases all current and future responses. */
  open(): void;
  /** Called by the server: reports that a response has arrived, and waits. */
  pass(): Promise<void>;
}

/** Creates a closed gate. */
export function createGate(): Gate {
  let arrive = (): void => undefined;
  let open = (): void => undefined;
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  return {
    reached,
    open: () => open(),
    pass: () => {
      arrive();
      return opened;
    },
  };
}
