import type { Clock } from './clock';

/** What a process asks the processes of the same plane under one parent. */
export type SiblingQuestion = 'metrics' | 'unready';

/** Answer of one process; undefined if it did not answer in time. */
export interface SiblingAnswer {
  /** Number of the process among those of its plane, from 1. */
  readonly member: number;
  readonly lines: readonly string[] | undefined;
}

/** Answers of the running siblings, without the process that asked. */
export interface SiblingAnswers {
  /** Number of the process that asked. */
  readonly member: number;
  /** Number of processes of the plane, running or not. */
  readonly members: number;
  readonly others: readonly SiblingAnswer[];
}

/** The other processes of this plane under the same `npm start`. */
export interface Siblings {
  /**
   * Asks every running sibling. Requests that overlap share one answer. Rejects if the parent does
   * not answer within four seconds.
   */
  ask(question: SiblingQuestion): Promise<SiblingAnswers>;
  /** Sets the function that answers a question of a sibling. */
  onQuestion(question: SiblingQuestion, answer: () => Promise<readonly string[]>): void;
}

/** Messages between a process and its parent. `id` belongs to the process that sent a request. */
export type SiblingMessage =
  | { readonly kind: 'ask'; readonly id: number; readonly question: SiblingQuestion }
  | ({ readonly kind: 'answers'; readonly id: number } & SiblingAnswers)
  | { readonly kind: 'question'; readonly id: number; readonly question: SiblingQuestion }
  | { readonly kind: 'answer'; readonly id: number; readonly lines?: readonly string[] };

/** How long the parent waits for the answer of one process, in milliseconds. */
export const SIBLING_ANSWER_MS = 2_500;
/** How long a process waits for the answers from its parent, in milliseconds. */
const PARENT_ANSWER_MS = 4_000;

/** The channel to the parent: `process`, or a replacement in tests. */
export interface ParentChannel {
  /** Calls `sent` with an error if the parent is gone. */
  send?(message: SiblingMessage, sent: (error: Error | null) => void): unknown;
  on(event: 'message', listener: (message: SiblingMessage) => void): unknown;
}

/** Asks siblings through the parent process, which only passes messages on. */
export class SiblingsOfParent implements Siblings {
  private readonly answerers = new Map<SiblingQuestion, () => Promise<readonly string[]>>();
  private readonly waiting = new Map<number, (answers: SiblingAnswers) => void>();
  private readonly running = new Map<SiblingQuestion, Promise<SiblingAnswers>>();
  private last = 0;

  constructor(
    private readonly parent: ParentChannel,
    private readonly clock: Clock,
  ) {
    parent.on('message', (message) => {
      if (message.kind === 'answers') this.waiting.get(message.id)?.(message);
      if (message.kind === 'question') void this.answer(message.id, message.question);
    });
  }

  ask(question: SiblingQuestion): Promise<SiblingAnswers> {
    const shared = this.running.get(question);
    if (shared !== undefined) return shared;
    const asked = this.request(question).finally(() => this.running.delete(question));
    this.running.set(question, asked);
    return asked;
  }

  onQuestion(question: SiblingQuestion, answer: () => Promise<readonly string[]>): void {
    this.answerers.set(question, answer);
  }

  private request(question: SiblingQuestion): Promise<SiblingAnswers> {
    const id = (this.last += 1);
    return new Promise<SiblingAnswers>((resolve, reject) => {
      const cancel = this.clock.after(PARENT_ANSWER_MS, () =>
        reject(new Error('The parent process did not answer within four seconds')),
      );
      this.waiting.set(id, (answers) => {
        cancel();
        resolve(answers);
      });
      this.tell({ kind: 'ask', id, question });
    }).finally(() => this.waiting.delete(id));
  }

  private async answer(id: number, question: SiblingQuestion): Promise<void> {
    const lines = await this.answerers
      .get(question)?.()
      .catch(() => undefined);
    this.tell({ kind: 'answer', id, ...(lines && { lines }) });
  }

  /** Without a callback, a message to a parent that is gone would end this process. */
  private tell(message: SiblingMessage): void {
    this.parent.send?.(message, () => undefined);
  }
}

/** Returns the siblings of this process; undefined if it has no parent that passes questions on. */
export function siblingsOfThisProcess(clock: Clock): Siblings | undefined {
  return process.channel ? new SiblingsOfParent(process as ParentChannel, clock) : undefined;
}

/**
 * Returns why siblings are not ready, one text for each reason. Empty without siblings. Never
 * rejects.
 */
export async function whySiblingsAreUnready(siblings: Siblings | undefined): Promise<readonly string[]> {
  if (siblings === undefined) return [];
  const answers = await siblings.ask('unready').catch(() => undefined);
  if (answers === undefined) return ['the parent process does not answer'];
  return answers.others.flatMap(({ member, lines }) =>
    (lines ?? ['no answer within 2.5 seconds']).map((line) => `process ${member}: ${line}`),
  );
}
