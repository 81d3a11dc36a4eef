import { writeSync } from 'node:fs';
import { systemClock } from '../../../../../common/runtime/clock';
import { createLogger } from '../../../../../common/runtime/logger';
import { createPullJournal } from '../../../../../data-plane/src/records/durable-pull-journal';
import { recordOf } from './records';

/** Appends from 16 hands at once and says on stdout what is acknowledged, until somebody ends the process. */
async function main(directory: string): Promise<void> {
  const journal = await createPullJournal({ directory, clock: systemClock, logger: createLogger('test', 'silent') });
  let next = 0;
  const hand = async (): Promise<never> => {
    for (;;) {
      const reference = String(next++);
      await journal.append(recordOf(reference));
      writeSync(1, `${reference}\n`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, hand));
}

void main(process.argv[2]!);
