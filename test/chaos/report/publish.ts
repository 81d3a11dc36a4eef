import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loopSection } from '../loops/loop-report';
import type { LoopRun } from '../loops/loop-run';
import type { ChaosRun } from './chaos-run';
import { chaosSection } from './markdown';

/** Where runs are published, relative to the root of the repository. */
export const RELIABILITY = {
  document: 'docs/reliability.md',
  run: 'docs/reliability/chaos.json',
  loop: 'docs/reliability/crashes.json',
} as const;

/**
 * Returns the document with the generated section of this name. Throws an Error if the document has
 * no markers for it.
 */
export function withSection(text: string, name: string, section: string): string {
  const [first, last] = [`<!-- ${name}: begin. Do not edit. -->`, `<!-- ${name}: end -->`];
  const begin = text.indexOf(first);
  const end = text.indexOf(last);
  if (begin === -1 || end < begin) throw new Error(`${RELIABILITY.document} has no lines "${first}" and "${last}"`);
  return `${text.slice(0, begin + first.length)}\n\n${section}\n\n${text.slice(end)}`;
}

/** Writes a run of all cases and its section of the document. */
export function publishChaos(run: ChaosRun, root: string): Promise<void> {
  return publish(root, { name: 'npm run chaos', file: RELIABILITY.run, run, section: chaosSection(run) });
}

/** Writes a run of crashes and pauses and its section of the document. */
export function publishLoop(run: LoopRun, root: string): Promise<void> {
  const name = 'kills and pauses of npm run chaos';
  return publish(root, { name, file: RELIABILITY.loop, run, section: loopSection(run).join('\n') });
}

interface Publication {
  readonly name: string;
  readonly file: string;
  readonly run: object;
  readonly section: string;
}

async function publish(root: string, { name, file, run, section }: Publication): Promise<void> {
  await mkdir(join(root, dirname(file)), { recursive: true });
  await writeFile(join(root, file), `${JSON.stringify(run, null, 2)}\n`);
  const path = join(root, RELIABILITY.document);
  await writeFile(path, withSection(await readFile(path, 'utf8'), name, section));
}
