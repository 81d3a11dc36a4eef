import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { systemClock } from '../../../../common/runtime/clock';
import { createAddressPolicy } from '../../../../data-plane/src/upstream/http/address-policy';
import { createConnector } from '../../../../data-plane/src/upstream/http/connector';
import { trustProxies } from '../../../../data-plane/src/upstream/http/proxy-connections';
import { createProxyRules } from '../../../../data-plane/src/upstream/http/proxy-rules';
import { Tunnels } from '../../../../data-plane/src/upstream/http/tunnels';

const ALLOWED = '127.0.0.1';
const REFUSED = '127.0.0.2';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** Starts a server that closes its connections. Returns its port and the number of connections. */
async function listen(address: string, port = 0): Promise<{ readonly port: number; readonly seen: () => number }> {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.on('error', () => undefined).end();
  });
  servers.push(server);
  server.listen(port, address);
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, seen: () => count };
}

/** Connects to a name with these addresses. Resolves with the address of the socket. */
function connect(
  port: number,
  addresses: readonly string[],
  allows: (address: string) => boolean = (address) => createAddressPolicy([`${ALLOWED}/32`]).allows(address),
): Promise<string | undefined> {
  const connector = createConnector({
    policy: { allows },
    resolver: () => Promise.resolve(addresses.map((address) => ({ address, family: 4 }))),
    proxyFor: createProxyRules(undefined),
    tunnels: new Tunnels({ connectMs: 5000, headersMs: 5000 }, 1, trustProxies(undefined)),
    openProxy: () => Promise.reject(new Error('there is no proxy')),
    secureContext: () => undefined,
    proxiedNames: 'check',
    clock: systemClock,
    timeoutMs: 5000,
  });
  return new Promise((resolve, reject) =>
    connector(
      { hostname: 'registry.test', host: `registry.test:${port}`, protocol: 'http:', port: String(port) },
      (...[error, socket]) => {
        if (error !== null) return reject(error);
        const { remoteAddress } = socket as Socket;
        socket.destroy();
        resolve(remoteAddress);
      },
    ),
  );
}

test.each([
  ['first', [REFUSED, ALLOWED]],
  ['last', [ALLOWED, REFUSED]],
])('never connects to a refused address of a name that also has an allowed one (%s)', async (_order, addresses) => {
  const open = await listen(ALLOWED);
  const closed = await listen(REFUSED, open.port);
  expect(await connect(open.port, addresses)).toBe(ALLOWED);
  expect(closed.seen()).toBe(0);
});

test('does not fall back to a refused address if the allowed one cannot be reached', async () => {
  const closed = await listen(REFUSED);
  await expect(connect(closed.port, [ALLOWED, REFUSED])).rejects.toBeInstanceOf(Error);
  await expect(connect(closed.port, [REFUSED])).rejects.toBeInstanceOf(Error);
  expect(closed.seen()).toBe(0);
});

test('checks the address that the socket is connected to once more', async () => {
  const open = await listen(ALLOWED);
  let asked = 0;
  // An address whose spelling passed the check of the look-up.
  await expect(connect(open.port, [ALLOWED], () => (asked += 1) === 1)).rejects.toMatchObject({
    cause: { key: 'UPSTREAM_ADDRESS_REFUSED' },
  });
  expect(asked).toBe(2);
});
