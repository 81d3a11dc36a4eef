import { writeSync } from 'node:fs';
import { openJournal, recordOf } from '../../../../support/data-plane/records';

/**
 * Appends from 16 concurrent loops and prints acknowledged records on stdout, until the process is
 * killed.
 */
async function main(directory: string): Promise<void> {
  const journal = await openJournal(directory);
  let next = 0;
  const hand = async (): Promise<never> => {
    for (;;) {
      const reference = String(next++);
      await journal.append(recordOf(reference));
      say(`${reference}\n`);
    }
  };
  await Promise.all(Array.from({ length: 16 }, hand));
}

/**
 * Writes synchronously and waits for a slow reader. A non-blocking write to a full pipe would fail.
 */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, line);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

void main(process.argv[2]!);
