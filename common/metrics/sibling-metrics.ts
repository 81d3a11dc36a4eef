import type { Registry } from 'prom-client';
import type { Siblings } from '../runtime/siblings';

/** Metrics of one process in the Prometheus text format, and its number. */
export interface MemberMetrics {
  readonly member: number;
  readonly text: string;
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{)?/;

/**
 * Returns the metrics of this process in the Prometheus text format. With siblings, the metrics of
 * all of them follow, and the label `process` tells them apart. Sums would be wrong: a counter
 * that falls because one process restarted looks like a reset of all. A sibling without an answer
 * is left out.
 */
export async function exposeWithSiblings(registry: Registry, siblings: Siblings | undefined): Promise<string> {
  const [text, answers] = await Promise.all([registry.metrics(), siblings?.ask('metrics')]);
  if (answers === undefined || answers.members === 1) return text;
  const others = answers.others.flatMap(({ member, lines }) => (lines ? [{ member, text: lines.join('\n') }] : []));
  return mergeMetrics([{ member: answers.member, text }, ...others]);
}

/**
 * Merges metrics in the Prometheus text format: adds the label `process` to every sample, and keeps
 * the samples of one metric together, as the format requires.
 */
export function mergeMetrics(members: readonly MemberMetrics[]): string {
  const families = new Map<string, { readonly head: string[]; readonly samples: string[] }>();
  for (const { member, text } of [...members].sort((a, b) => a.member - b.member)) {
    let family: { readonly head: string[]; readonly samples: string[] } | undefined;
    let isNew = false;
    for (const line of text.split('\n')) {
      const name = /^# HELP (\S+)/.exec(line)?.[1];
      if (name !== undefined) {
        family = families.get(name);
        isNew = family === undefined;
        if (family === undefined) families.set(name, (family = { head: [], samples: [] }));
      }
      if (line.startsWith('#')) {
        if (isNew) family?.head.push(line);
      } else if (line !== '') family?.samples.push(labelled(line, member));
    }
  }
  const blocks = [...families.values()].map(({ head, samples }) => [...head, ...samples].join('\n'));
  return `${blocks.join('\n\n')}\n`;
}

function labelled(sample: string, member: number): string {
  return sample.replace(SAMPLE, (_, name: string, brace?: string) =>
    brace === undefined ? `${name}{process="${member}"}` : `${name}{process="${member}",`,
  );
}
