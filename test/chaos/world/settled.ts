import { send } from '../../support/real/http-client';
import { waitUntil } from '../../support/real/wait-until';

/** A world without traffic must come to rest within this time, in milliseconds. */
const SETTLE_MS = 30_000;

/** What waits or runs, as metrics of the data planes and the edges. */
const WORK = ['layover_data_journal_records', 'layover_data_fills_running', 'layover_edge_unrecorded_answers'];

/**
 * Waits until the planes with these metrics have delivered all records and run no fill. Throws an
 * Error after 30 seconds.
 */
export async function waitUntilSettled(metrics: readonly string[]): Promise<void> {
  await waitUntil(
    'the delivery of all records and the end of all fills',
    async () => {
      for (const url of metrics) {
        const text = (await send({ url })).body.toString();
        if (WORK.some((name) => sumOf(name, text) !== 0)) return false;
      }
      return true;
    },
    SETTLE_MS,
    50,
  );
}

function sumOf(name: string, text: string): number {
  const lines = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
  return lines.reduce((sum, [, number]) => sum + Number(number), 0);
}
