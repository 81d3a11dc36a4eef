import { findProgram } from '../../../test/support/real/programs';
import { mustRun } from '../../../test/support/real/run-program';

/** A load of GETs of one URL. */
export interface Load {
  readonly url: string;
  readonly accept: string;
  readonly connections: number;
  readonly seconds: number;
}

/** Which program makes the load on this machine: wrk, or autocannon (which takes more of the machine itself). */
export function loadProgram(): 'wrk' | 'autocannon' {
  return findProgram('wrk') === undefined ? 'autocannon' : 'wrk';
}

/** Answered requests a second. Throws an Error where any answer was not a 200, or a connection broke: that is no result. */
export async function requestsPerSecond(load: Load): Promise<number> {
  return loadProgram() === 'wrk' ? byWrk(load) : byAutocannon(load);
}

async function byWrk({ url, accept, connections, seconds }: Load): Promise<number> {
  const args = ['-t', '2', '-c', String(connections), '-d', `${seconds}s`, '-H', `Accept: ${accept}`, url];
  const { stdout } = await mustRun(findProgram('wrk')!, args, { env: {} });
  const text = stdout.toString();
  const rate = /^Requests\/sec:\s+([\d.]+)/m.exec(text)?.[1];
  if (rate === undefined || /Non-2xx|Socket errors/.test(text)) throw new Error(`the load on ${url} failed:\n${text}`);
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
    throw new Error(`the load on ${url} failed: ${result.non2xx} bad answers, ${result.errors} errors`);
  }
  return result.requests.total / result.duration;
}
