import type { SiblingAnswers, SiblingQuestion } from '../../common/runtime/siblings';
import { type PlaneDescription, type PlaneEvents, PlaneProcess } from './plane-process';

/**
 * The processes of one plane. They start and stop together, and each may ask the others for metrics
 * and readiness. One that dies is restarted while the others continue.
 */
export class PlaneGroup {
  private readonly members: readonly PlaneProcess[];
  private firstAddress: string | undefined;

  /** Starts one process for each of `environments`. */
  constructor(
    description: PlaneDescription,
    environments: readonly Readonly<Record<string, string | undefined>>[],
    events: Pick<PlaneEvents, 'onRestart' | 'onReady'>,
  ) {
    this.members = environments.map((environment, index) => {
      const name = environments.length === 1 ? description.name : `${description.name} ${index + 1}`;
      const onAsk = (question: SiblingQuestion): Promise<SiblingAnswers> => this.ask(index, question);
      const onReady = (address: string): void => {
        if (index === 0) this.firstAddress = address;
        events.onReady?.(address);
      };
      return new PlaneProcess({ ...description, name }, environment, { ...events, onReady, onAsk });
    });
  }

  /** Address of the first process; undefined if it has not accepted requests yet. */
  get address(): string | undefined {
    return this.firstAddress;
  }

  /** True if all processes accept requests. */
  get isReady(): boolean {
    return this.members.every((member) => member.isReady);
  }

  /**
   * Starts the first process, then the others, so that a problem of all is reported once. Resolves
   * with the address of the first one when all accept requests. Rejects if one ends before that.
   */
  async start(): Promise<string> {
    const [first, ...others] = this.members;
    const address = await first!.start();
    await Promise.all(others.map((member) => member.start()));
    return address;
  }

  /**
   * Starts all processes, and tries again until they accept requests. Resolves when the first try
   * of each has succeeded, has failed or has taken `patienceMs`. Rejects if another try would not
   * help.
   */
  async startOrRetry(patienceMs: number): Promise<void> {
    await Promise.all(this.members.map((member) => member.startOrRetry(patienceMs)));
  }

  /** Asks all processes to stop and waits for their end. Kills those that take longer. */
  async stop(timeoutMs: number): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop(timeoutMs)));
  }

  /** Makes processes that are being stopped end at once. */
  hurry(): void {
    for (const member of this.members) member.hurry();
  }

  /** Asks the other running processes. A process that is being restarted is not asked. */
  private async ask(by: number, question: SiblingQuestion): Promise<SiblingAnswers> {
    const asked = this.members.flatMap((plane, index) => (index !== by && plane.isReady ? [{ plane, index }] : []));
    const others = asked.map(async ({ plane, index }) => ({ member: index + 1, lines: await plane.ask(question) }));
    return { member: by + 1, members: this.members.length, others: await Promise.all(others) };
  }
}
