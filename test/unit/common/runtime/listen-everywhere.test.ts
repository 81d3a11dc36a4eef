import type { ListenAddress } from '../../../../common/runtime/listen-address';
import { listenEverywhere } from '../../../../common/runtime/listen-everywhere';

const ALL: ListenAddress = { kind: 'tcp', host: '::', port: 8080 };

/** Listens on a kernel that fails for these hosts, and returns the addresses that were tried. */
async function tried(address: ListenAddress, code: string, ...failing: readonly string[]) {
  const seen: ListenAddress[] = [];
  const failure = await listenEverywhere(address, (listen) => {
    seen.push(listen);
    const fails = listen.kind === 'tcp' && failing.includes(listen.host);
    return fails ? Promise.reject(Object.assign(new Error(code), { code })) : Promise.resolve();
  }).then(
    () => undefined,
    (error: { code: string }) => error.code,
  );
  return { hosts: seen.map((one) => (one.kind === 'tcp' ? one.host : one.path)), failure };
}

test('listens once where the kernel has IPv6', async () => {
  expect(await tried(ALL, '')).toEqual({ hosts: ['::'], failure: undefined });
});

test.each(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])('listens on all IPv4 addresses after %s', async (code) => {
  expect(await tried(ALL, code, '::')).toEqual({ hosts: ['::', '0.0.0.0'], failure: undefined });
});

test.each(['EADDRINUSE', 'EACCES'])('does not hide %s', async (code) => {
  expect(await tried(ALL, code, '::')).toEqual({ hosts: ['::'], failure: code });
});

test('rejects with the error of the second address', async () => {
  expect(await tried(ALL, 'EADDRNOTAVAIL', '::', '0.0.0.0')).toEqual({
    hosts: ['::', '0.0.0.0'],
    failure: 'EADDRNOTAVAIL',
  });
});

test.each(['::1', '2001:db8::1', '192.0.2.1'])('does not replace the single address %s', async (host) => {
  expect(await tried({ ...ALL, host }, 'EADDRNOTAVAIL', host)).toEqual({ hosts: [host], failure: 'EADDRNOTAVAIL' });
});
