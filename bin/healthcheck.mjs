// For container health checks: `node bin/healthcheck.mjs http://127.0.0.1:8080/readyz`. Exit code 0 when the address answers 200 within
// three seconds, else 1 with one line that says why. A certificate is not checked: it is made for another name than this loopback's.
import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';

const url = process.argv[2];
if (url === undefined) end('usage: node bin/healthcheck.mjs <url>');
const get = url.startsWith('https:') ? getSecure : getPlain;
const request = get(url, { rejectUnauthorized: false, agent: false, timeout: 3000 }, (response) => {
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (chunk) => {
    if (text.length < 1000) text += chunk;
  });
  response.on('end', () =>
    response.statusCode === 200 ? process.exit(0) : end(`${response.statusCode} ${text.trim()}`),
  );
});
request.on('timeout', () => request.destroy(new Error('no answer within 3 s')));
request.on('error', (error) => end(error.message));

function end(why) {
  console.error(`${url ?? ''} is not healthy: ${why}`);
  process.exit(1);
}
