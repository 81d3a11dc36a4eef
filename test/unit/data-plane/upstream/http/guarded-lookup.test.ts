import type { LookupAddress } from 'node:dns';
import { createAddressPolicy } from '../../../../../data-plane/src/upstream/http/address-policy';
import { createGuardedLookup, resolveForProxy } from '../../../../../data-plane/src/upstream/http/guarded-lookup';

const PUBLIC = { address: '93.184.216.34', family: 4 };
const PUBLIC_V6 = { address: '2606:2800:220:1:248:1893:25c8:1946', family: 6 };
const PRIVATE = { address: '10.0.0.1', family: 4 };
const METADATA = { address: '169.254.169.254', family: 4 };

const policy = createAddressPolicy([]);

/** Returns the addresses that a socket may connect to, or the code of the error. */
function lookUp(found: readonly LookupAddress[], options: { all?: boolean; family?: 4 | 6 } = {}): Promise<unknown> {
  const lookup = createGuardedLookup(() => Promise.resolve([...found]), policy);
  return new Promise((resolve) =>
    lookup('registry.test', options, (error, address, family) =>
      resolve(error === null ? (options.all === true ? address : { address, family }) : error),
    ),
  );
}

describe('the addresses of a name with a public and a private one', () => {
  it.each([
    ['the private one first', [PRIVATE, PUBLIC, METADATA]],
    ['the public one first', [PUBLIC, METADATA, PRIVATE]],
  ])('are only the public one for a direct connection (%s)', async (_order, found) => {
    expect(await lookUp(found, { all: true })).toEqual([PUBLIC]);
    expect(await lookUp(found)).toEqual(PUBLIC);
  });

  it('contain no public one if only IPv4 is asked for and the public one is IPv6', async () => {
    expect(await lookUp([PRIVATE, PUBLIC_V6], { all: true, family: 4 })).toBeInstanceOf(Error);
    expect(await lookUp([PRIVATE, PUBLIC_V6], { all: true, family: 6 })).toEqual([PUBLIC_V6]);
  });

  it('are refused behind a proxy, because the proxy may choose the private one', async () => {
    const resolve = (...found: LookupAddress[]): Promise<unknown> =>
      resolveForProxy('registry.test', () => Promise.resolve(found), policy);
    await expect(resolve(PUBLIC, PRIVATE)).rejects.toBeInstanceOf(Error);
    await expect(resolve(PRIVATE, PUBLIC)).rejects.toBeInstanceOf(Error);
    expect(await resolve(PUBLIC)).toEqual([PUBLIC]);
  });
});

test('a name with private addresses alone is refused, and a name without addresses is not found', async () => {
  const refused = await lookUp([PRIVATE, METADATA], { all: true });
  expect(refused).toBeInstanceOf(Error);
  expect(refused).not.toHaveProperty('code', 'ENOTFOUND');
  expect(await lookUp([], { all: true })).toMatchObject({ code: 'ENOTFOUND' });
});
