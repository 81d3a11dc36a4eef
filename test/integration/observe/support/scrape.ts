import type { InProcessLayover } from '../../../support/real/layover-in-process';
import { send } from '../../../support/real/http-client';

/** Sums of one metric by its labels as written, such as `cache="HIT"`; an empty string where it has none. */
export type Samples = ReadonlyMap<string, number>;

/** What one scrape gave: samples by the name of the series (`…_count`, `…_bucket` are names of their own). */
export type Scrape = ReadonlyMap<string, Samples>;

/** Reads Prometheus' text format. Throws an Error at a line that it cannot read. */
export function parseMetrics(text: string): Scrape {
  const scrape = new Map<string, Map<string, number>>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match === null) throw new Error(`no sample: ${line}`);
    const [, name, labels = '', value] = match;
    const samples = scrape.get(name!) ?? new Map<string, number>();
    samples.set(labels, Number(value));
    scrape.set(name!, samples);
  }
  return scrape;
}

/** The text of /metrics. Throws an Error where it is not there. */
export async function scrapeText(base: string): Promise<string> {
  const { status, body } = await send({ url: `${base}/metrics` });
  if (status !== 200) throw new Error(`${base}/metrics answered ${status}`);
  return body.toString('utf8');
}

/** Where each plane of a product gives its metrics; it was started with listeners for that. */
export function metricsUrls(layover: InProcessLayover): Record<'edge' | 'data' | 'control', string> {
  return {
    edge: `http://${layover.edgeHttp()}`,
    data: `http://${layover.dataHttp()}`,
    control: layover.controlUrl,
  };
}

/** One sample; 0 where there is none. */
export function sample(scrape: Scrape, name: string, labels = ''): number {
  return scrape.get(name)?.get(labels) ?? 0;
}
