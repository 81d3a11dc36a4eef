import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { RUN_TYPESCRIPT } from '../../../support/processes/run-typescript';
import { drain, openJournal, referencesOf, temporaryFolder } from '../../../support/data-plane/records';

test('acknowledged records survive SIGKILL, in order', async () => {
  const folder = temporaryFolder();
  const child = spawn(
    process.execPath,
    [...RUN_TYPESCRIPT, join(__dirname, 'support/append-until-killed.ts'), folder.path],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    const acknowledged: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(line);
      if (acknowledged.length === 3000) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');

    const journal = await openJournal(folder.path);
    const found = referencesOf(await drain(journal));
    await journal.close();
    const known = new Set(found);
    expect(acknowledged.length).toBeGreaterThanOrEqual(3000);
    expect(acknowledged.filter((reference) => !known.has(reference))).toEqual([]);
    expect(found.map(Number)).toEqual(found.map((_, index) => index));
  } finally {
    child.kill('SIGKILL');
    folder.remove();
  }
});
