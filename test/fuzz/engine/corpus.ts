import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';

/** Returns the inputs of a target in the repository; none if it has no folder. */
export function readCorpus(target: string): Buffer[] {
  const folder = folderOf(target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)));
}

/** Replaces the inputs of a target in the repository. */
export function writeCorpus(target: string, inputs: readonly Buffer[]): void {
  const folder = folderOf(target);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const input of inputs) writeFileSync(join(folder, nameOfInput(input)), input);
}

/** Stores an input for which a target breaks its promise. Returns the path of the file. */
export function writeFinding(target: string, input: Buffer): string {
  const folder = join(packageRoot(), '.layover', 'fuzz', target);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, nameOfInput(input));
  writeFileSync(path, input);
  return path;
}

function folderOf(target: string): string {
  return join(packageRoot(), 'test', 'fuzz', 'corpus', target);
}

function nameOfInput(input: Buffer): string {
  return createHash('sha256').update(input).digest('hex').slice(0, 16);
}
