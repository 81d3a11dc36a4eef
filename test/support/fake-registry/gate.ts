/** Holds a response until a test lets it go. */
export interface Gate {
  /** Resolves when a response has come to the gate. */
  readonly reached: Promise<void>;
  /** Lets everything through, now and later. */
  open(): void;
  /** For the server: says that a response is here, and waits. */
  pass(): Promise<void>;
}

/** A closed gate. */
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
