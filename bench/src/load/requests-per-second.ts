import { findProgram } from '../../../test/support/real/programs';
import { mustRun } from '../../../test/support/real/run-program';

/** A load of GET requests for one URL. */
export interface Load {
  readonly url: string;
  readonly accept: string;
  readonly connections: number;
  readonly seconds: number;
}

/**
 * Returns the load generator of this machine: wrk if it is installed, otherwise autocannon, which
 * uses more CPU itself.
 */
export function loadProgram(): 'wrk' | 'autocannon' {
  return findProgram('wrk') === undefined ? 'autocannon' : 'wrk';
}

/**
 * Measures the answered requests per second. Throws an Error if any answer was not 200 or a
 * connection broke, because such a run is not a result.
 */
export async function requestsPerSecond(load: Load): Promise<number> {
  return loadProgram() === 'wrk' ? byWrk(load) : byAutocannon(load);
}

async function byWrk({ url, accept, connections, seconds }: Load): Promise<number> {
  const args = ['-t', '2', '-c', String(connections), '-d', `${seconds}s`, '-H', `Accept: ${accept}`, url];
  const { stdout } = await mustRun(findProgram('wrk')!, args, { env: {} });
  const text = stdout.toString();
  const rate = /^Requests\/sec:\s+([\d.]+)/m.exec(text)?.[1];
  if (rate === undefined || /Non-2xx|Socket errors/.test(text)) throw new Error(`The load on ${url} failed:\n${text}`);
  return Number(rate);
}

async function byAutocannon({ url, accept, connections, seconds }: Load): Promise<number> {
  const program = require.resolve('autocannon/autocannon.js');
  const args = [program, '-j', '-c', String(connections), '-d', String(seconds), '-H', `Accept=${accept}`, url];
  const { stdout } = await mustRun(process.execPath, args, { env: {} });
  const result = JSON.parse(stdout.toString()) as {
    requests: { total: number };
    duration: number;
    non2xx: number;
    errors: number;
  };
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`The load on ${url} failed: ${result.non2xx} answers were not 2xx, ${result.errors} errors`);
  }
  return result.requests.total / result.duration;
}
