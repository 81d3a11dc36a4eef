import { createHash } from 'node:crypto';
import type { ChaosCase } from './chaos-case';

/** Returns a short id of a case, for its repository and the ids of its requests. */
export function caseId({ name }: ChaosCase): string {
  return `chaos-${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}
