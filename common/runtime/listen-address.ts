/** Address to listen on or connect to: a unix socket or a TCP port. */
export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

const HOST_PORT = /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9.-]+)):(\d{1,5})$/;

/**
 * Parses `unix:<path>`, `host:port` or `[v6]:port`. Returns undefined for anything else. Port 0
 * means any free port.
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return path === '' ? undefined : { kind: 'unix', path };
  }
  const match = HOST_PORT.exec(text);
  if (match === null) return undefined;
  const port = Number(match[3]);
  return port > 65535 ? undefined : { kind: 'tcp', host: (match[1] ?? match[2])!, port };
}

/**
 * Parses a comma-separated list of addresses to connect to. Returns undefined if one of them is
 * invalid or has port 0.
 */
export function parseListenAddresses(text: string): readonly ListenAddress[] | undefined {
  const addresses = text.split(',').map((part) => parseListenAddress(part.trim()));
  return addresses.every((one) => one !== undefined && (one.kind === 'unix' || one.port !== 0))
    ? (addresses as ListenAddress[])
    : undefined;
}

/**
 * Returns true if only this machine can be at the other end: a unix socket, a loopback address, or
 * `localhost` (RFC 6761 section 6.3).
 */
export function staysOnMachine(address: ListenAddress): boolean {
  return (
    address.kind === 'unix' || /^(?:localhost|127(?:\.\d{1,3}){3}|::1|::ffff:127(?:\.\d{1,3}){3})$/i.test(address.host)
  );
}

/** Formats an address for grpc-js. */
export function formatGrpcAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
