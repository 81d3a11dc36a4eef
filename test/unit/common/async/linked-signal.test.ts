import { linkSignals } from '../../../../common/async/linked-signal';

describe('linkSignals', () => {
  test('aborts with any parent and its reason', () => {
    const [one, two] = [new AbortController(), new AbortController()];
    const linked = linkSignals(one.signal, undefined, two.signal);
    two.abort('enough');
    expect(linked.signal.reason).toBe('enough');
    expect(linkSignals(two.signal).signal.aborted).toBe(true);
  });

  test('aborts on its own without affecting the parents', () => {
    const parent = new AbortController();
    const linked = linkSignals(parent.signal);
    linked.abort();
    expect(linked.signal.aborted).toBe(true);
    expect(parent.signal.aborted).toBe(false);
  });

  test('leaves no listener on a parent after release', () => {
    const added = new Set<unknown>();
    const parent = {
      aborted: false,
      addEventListener: (_name: string, listener: unknown) => added.add(listener),
      removeEventListener: (_name: string, listener: unknown) => added.delete(listener),
    } as unknown as AbortSignal;
    const linked = linkSignals(parent);
    expect(added.size).toBe(1);
    linked.release();
    expect(added.size).toBe(0);
  });

  test('leaves no listener on other parents when one aborts or had already aborted', () => {
    const listeners = new Set<unknown>();
    const counted = {
      aborted: false,
      addEventListener: (_name: string, listener: unknown) => listeners.add(listener),
      removeEventListener: (_name: string, listener: unknown) => listeners.delete(listener),
    } as unknown as AbortSignal;
    const parent = new AbortController();
    linkSignals(counted, parent.signal);
    parent.abort();
    expect(listeners.size).toBe(0);
    linkSignals(counted, AbortSignal.abort());
    expect(listeners.size).toBe(0);
  });
});
