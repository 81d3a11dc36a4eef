import type { InProcessLayover } from '../../../support/real/layover-in-process';
import { send } from '../../../support/real/http-client';

/**
 * Values of one metric by its labels as written, such as `cache="HIT"`; an empty string if it has
 * no labels.
 */
export type Samples = ReadonlyMap<string, number>;

/**
 * The result of one scrape: samples by series name. `…_count` and `…_bucket` are separate names.
 */
export type Scrape = ReadonlyMap<string, Samples>;

/** Parses the Prometheus text format. Throws an Error if a line is invalid. */
export function parseMetrics(text: string): Scrape {
  const scrape = new Map<string, Map<string, number>>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) throw new Error(`Invalid line in the metrics: ${line}`);
    const [, name, labels = '', value] = match;
    const samples = scrape.get(name!) ?? new Map<string, number>();
    samples.set(labels, Number(value));
    scrape.set(name!, samples);
  }
  return scrape;
}

/** Returns the text of /metrics. Throws an Error if the status is not 200. */
export async function scrapeText(base: string): Promise<string> {
  const { status, body } = await send({ url: `${base}/metrics` });
  if (status !== 200) throw new Error(`${base}/metrics answered ${status}`);
  return body.toString('utf8');
}

/**
 * Returns the metrics URL of each plane. The planes must have been started with metrics listeners.
 */
export function metricsUrls(layover: InProcessLayover): Record<'edge' | 'data' | 'control', string> {
  return {
    edge: `http://${layover.edgeHttp()}`,
    data: `http://${layover.dataHttp()}`,
    control: layover.controlUrl,
  };
}

/** Returns the value of one sample, or 0 if it does not exist. */
export function sample(scrape: Scrape, name: string, labels = ''): number {
  return scrape.get(name)?.get(labels) ?? 0;
}
