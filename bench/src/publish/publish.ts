import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readmeTable, sideBySideSection } from './markdown';
import { isPlotted, plot } from './plot';
import type { SideBySideRun } from './run-result';

/** Where a run is published, relative to the root of the repository. */
export const PUBLISHED = {
  document: 'docs/performance.md',
  readme: 'README.md',
  /** The plots, and the run as JSON. */
  folder: 'docs/performance',
  run: 'docs/performance/side-by-side.json',
} as const;

const BEGIN = '<!-- npm run bench: begin. Do not edit. -->';
const END = '<!-- npm run bench: end -->';

/**
 * Replaces the text between the markers of a document. Throws an Error that names the document if
 * it does not have them.
 */
export function replaceGenerated(document: string, text: string, generated: string): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`${document} has no lines "${BEGIN}" and "${END}"`);
  return `${text.slice(0, begin + BEGIN.length)}\n\n${generated}\n\n${text.slice(end)}`;
}

/** Returns the generated part of each document, and the plots by their file names. */
export function publication(run: SideBySideRun): {
  readonly section: string;
  readonly readme: string;
  readonly plots: ReadonlyMap<string, string>;
} {
  const folder = PUBLISHED.folder.slice('docs/'.length);
  return {
    section: sideBySideSection(run, folder),
    readme: readmeTable(run),
    plots: new Map(
      run.comparisons.filter(isPlotted).map((comparison) => [`${comparison.id}.svg`, plot(comparison, run.programs)]),
    ),
  };
}

/** Writes the documents and plots of a run, and deletes plots that the run does not have. */
export async function publish(run: SideBySideRun, root: string): Promise<void> {
  const { section, readme, plots } = publication(run);
  const folder = join(root, PUBLISHED.folder);
  await mkdir(folder, { recursive: true });
  await writeFile(join(root, PUBLISHED.run), formatRun(run));
  for (const name of await readdir(folder)) if (name.endsWith('.svg') && !plots.has(name)) await rm(join(folder, name));
  for (const [name, svg] of plots) await writeFile(join(folder, name), svg);
  for (const [document, generated] of [
    [PUBLISHED.document, section],
    [PUBLISHED.readme, readme],
  ] as const) {
    const path = join(root, document);
    await writeFile(path, replaceGenerated(document, await readFile(path, 'utf8'), generated));
  }
}

/** Formats a run as JSON, with each list of samples on one line, as Prettier does it. */
export function formatRun(run: SideBySideRun): string {
  const text = JSON.stringify(run, null, 2);
  return `${text.replace(/\[[\s\d.,e+-]+\]/g, (list) => `[${list.slice(1, -1).trim().split(/,\s*/).join(', ')}]`)}\n`;
}

/** Reads a published run. */
export async function readRun(root: string): Promise<SideBySideRun> {
  return JSON.parse(await readFile(join(root, PUBLISHED.run), 'utf8')) as SideBySideRun;
}
