import { EventEmitter } from 'node:events';
import { type SiblingMessage, SiblingsOfParent, whySiblingsAreUnready } from '../../../../common/runtime/siblings';
import { TestClock } from '../../../support/test-clock';

/** The parent process: keeps what it was sent. */
class Parent extends EventEmitter {
  readonly received: SiblingMessage[] = [];
  send(message: SiblingMessage, sent: (error: Error | null) => void): void {
    this.received.push(message);
    sent(null);
  }
  tell(message: SiblingMessage): void {
    this.emit('message', message);
  }
}

describe('SiblingsOfParent', () => {
  let parent: Parent;
  let clock: TestClock;
  let siblings: SiblingsOfParent;
  beforeEach(() => {
    parent = new Parent();
    clock = new TestClock();
    siblings = new SiblingsOfParent(parent, clock);
  });

  it('asks the parent once for requests that overlap, and again afterwards', async () => {
    const [first, second] = [siblings.ask('metrics'), siblings.ask('metrics')];
    expect(parent.received).toEqual([{ kind: 'ask', id: 1, question: 'metrics' }]);
    const answers = { member: 1, members: 2, others: [{ member: 2, lines: ['a'] }] };
    parent.tell({ kind: 'answers', id: 1, ...answers });
    expect(await first).toMatchObject(answers);
    expect(await second).toBe(await first);
    void siblings.ask('metrics').catch(() => undefined);
    expect(parent.received).toHaveLength(2);
    clock.advance(4_000);
  });

  it('rejects if the parent does not answer within four seconds', async () => {
    const asked = expect(siblings.ask('unready')).rejects.toThrow('The parent process did not answer');
    clock.advance(4_000);
    await asked;
  });

  it('answers questions of siblings', async () => {
    siblings.onQuestion('metrics', () => Promise.resolve(['text']));
    siblings.onQuestion('unready', () => Promise.reject(new Error('failed')));
    parent.tell({ kind: 'question', id: 7, question: 'metrics' });
    parent.tell({ kind: 'question', id: 8, question: 'unready' });
    await new Promise(setImmediate);
    expect(parent.received).toEqual([
      { kind: 'answer', id: 7, lines: ['text'] },
      { kind: 'answer', id: 8 },
    ]);
  });

  it('reports a parent that does not answer as a reason', async () => {
    const reasons = whySiblingsAreUnready(siblings);
    clock.advance(4_000);
    expect(await reasons).toEqual(['the parent process does not answer']);
  });

  it('is alone without a parent', async () => {
    expect(await whySiblingsAreUnready(undefined)).toEqual([]);
  });

  it('names the siblings that are not ready, and those that do not answer', async () => {
    const reasons = whySiblingsAreUnready(siblings);
    const others = [
      { member: 2, lines: ['draining', 'no disk'] },
      { member: 3, lines: undefined },
      { member: 4, lines: [] },
    ];
    parent.tell({ kind: 'answers', id: 1, member: 1, members: 4, others });
    expect(await reasons).toEqual([
      'process 2: draining',
      'process 2: no disk',
      'process 3: no answer within 2.5 seconds',
    ]);
  });
});
