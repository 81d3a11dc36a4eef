// Health check for containers: `node bin/healthcheck.mjs http://127.0.0.1:8080/readyz`. Exits with
// code 0 if the URL answers 200 within three seconds, otherwise with code 1 and one line with the
// reason. Certificates are not checked, because they name another host than this loopback address.
import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';

const url = process.argv[2];
if (url === undefined) end('Usage: node bin/healthcheck.mjs <url>');
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
request.on('timeout', () => request.destroy(new Error('no response within 3 s')));
request.on('error', (error) => end(error.message));

function end(why) {
  console.error(`${url ?? ''} is not healthy: ${why}`);
  process.exit(1);
}
