import type { ListenAddress } from './listen-address';

/** The host that means all addresses of the machine, IPv4 and IPv6. */
const ALL = '::';
/** The host that means all IPv4 addresses. */
const ALL_IPV4 = '0.0.0.0';

/** Codes of the errors that `::` causes if the kernel has no IPv6. */
const NO_IPV6: ReadonlySet<unknown> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL']);

/**
 * Listens on an address with the given function. `[::]` means all addresses of the machine, so on a
 * kernel without IPv6 it is replaced by `0.0.0.0`, as `server.listen(port)` of Node.js does it. A
 * single IPv6 address is not replaced, because nobody would find the server. Rejects with the error
 * of the function, which has the code of the system.
 */
export async function listenEverywhere<Result>(
  address: ListenAddress,
  listen: (address: ListenAddress) => Promise<Result>,
): Promise<Result> {
  try {
    return await listen(address);
  } catch (error) {
    const isWithoutIpv6 = NO_IPV6.has((error as NodeJS.ErrnoException | null)?.code);
    if (address.kind !== 'tcp' || address.host !== ALL || !isWithoutIpv6) throw error;
    return listen({ ...address, host: ALL_IPV4 });
  }
}
