import { get } from 'node:http';

/**
 * Requests a range to the end of a blob and returns the milliseconds until the first of its bytes
 * arrives. A server that sends the whole blob instead is read up to this byte. Throws an Error for
 * other answers.
 */
export function firstByteMs(url: string, from: number): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, headers: { Range: `bytes=${from}-` } }, (response) => {
      const { statusCode } = response;
      if (statusCode !== 206 && statusCode !== 200) {
        response.resume();
        reject(new Error(`GET ${url} was answered with ${statusCode}`));
        return;
      }
      let left = statusCode === 206 ? 1 : from + 1;
      response.on('data', (chunk: Buffer) => {
        left -= chunk.length;
        if (left > 0) return;
        resolve(performance.now() - started);
        response.destroy();
      });
      response.once('close', () => reject(new Error(`The answer to GET ${url} ended ${left} bytes too early`)));
    });
    request.once('error', reject);
  });
}
