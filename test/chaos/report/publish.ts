import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ChaosRun } from './chaos-run';
import { chaosSection } from './markdown';

/** Where a run is published, relative to the root of the repository. */
export const RELIABILITY = { document: 'docs/reliability.md', run: 'docs/reliability/chaos.json' } as const;

const BEGIN = '<!-- npm run chaos: begin. Do not edit. -->';
const END = '<!-- npm run chaos: end -->';

/** Returns the document with the section of a run. Throws an Error if it has no markers. */
export function withChaosSection(text: string, run: ChaosRun): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`${RELIABILITY.document} has no lines "${BEGIN}" and "${END}"`);
  return `${text.slice(0, begin + BEGIN.length)}\n\n${chaosSection(run)}\n\n${text.slice(end)}`;
}

/** Writes a run and its section of the document. */
export async function publishChaos(run: ChaosRun, root: string): Promise<void> {
  await mkdir(join(root, dirname(RELIABILITY.run)), { recursive: true });
  await writeFile(join(root, RELIABILITY.run), `${JSON.stringify(run, null, 2)}\n`);
  const path = join(root, RELIABILITY.document);
  await writeFile(path, withChaosSection(await readFile(path, 'utf8'), run));
}
