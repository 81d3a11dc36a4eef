import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { parseForwarded } from './forwarded-header';
import { readAddress } from './read-address';
import type { TrustedProxies } from './trusted-proxies';

/** The client, from the view of the edge or of its trusted proxies. */
export interface Client {
  /** Address without port, IPv4 addresses never as ::ffff:a.b.c.d. Empty for a unix socket. */
  readonly address: string;
  readonly scheme: 'http' | 'https';
  /**
   * Host that the client used, with its port if there is one. Undefined if it is missing or
   * invalid.
   */
  readonly host: string | undefined;
}

type PartialClient = { readonly [Key in keyof Client]?: Client[Key] };

const HOST = /^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/**
 * Determines the client and the address that it used. Trusts X-Forwarded-For, -Proto and -Host and
 * Forwarded (RFC 7239) from a trusted proxy, as far as trusted proxies wrote them: of the
 * addresses, the last one that is not a trusted proxy's. A proxy may write one kind of header and
 * pass on a forged header of the other kind. Therefore neither is trusted if they differ or
 * Forwarded cannot be parsed. From all other peers they are ignored.
 */
export function readClient({ headers, socket }: IncomingMessage, proxies: TrustedProxies | undefined): Client {
  const seen: Client = {
    address: peerOf(socket),
    scheme: socket instanceof TLSSocket ? 'https' : 'http',
    host: readHost(headers.host),
  };
  if (proxies === undefined || !proxies.trusts(seen.address)) return seen;
  const x = readXForwarded(headers, seen, proxies);
  const forwarded = readForwarded(headers.forwarded, seen, proxies);
  if (forwarded === undefined) return seen;
  if (
    contradict(x.address, forwarded.address) ||
    contradict(x.scheme, forwarded.scheme) ||
    contradict(x.host, forwarded.host)
  )
    return seen;
  return {
    address: x.address ?? forwarded.address ?? seen.address,
    scheme: x.scheme ?? forwarded.scheme ?? seen.scheme,
    host: x.host ?? forwarded.host ?? seen.host,
  };
}

/** Returns the peer address of a connection, in the form of {@link Client.address}. */
export function peerOf(socket: Socket): string {
  const peer = socket.remoteAddress ?? '';
  return peer.startsWith('::ffff:') ? peer.slice('::ffff:'.length) : peer;
}

function contradict(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

function readXForwarded(headers: IncomingHttpHeaders, seen: Client, proxies: TrustedProxies): PartialClient {
  const hops = list(headers['x-forwarded-for']);
  const { at, address } = walk(hops, seen, proxies);
  /** Number of trusted proxies behind the outermost one, whose view counts. */
  const behind = Math.max(0, hops.length - 1 - at);
  return {
    address: hops.length === 0 ? undefined : address,
    scheme: readScheme(seenBehind(list(headers['x-forwarded-proto']), behind)),
    host: readHost(seenBehind(list(headers['x-forwarded-host']), behind)),
  };
}

/**
 * Returns the value that the outermost trusted proxy wrote, if `behind` proxies are behind it. Each
 * proxy adds a value at the end, or passes on what is there, so there may be fewer values.
 */
function seenBehind(values: readonly string[], behind: number): string | undefined {
  return values[Math.max(0, values.length - 1 - behind)];
}

/** Returns undefined if the header cannot be parsed. A client may then have forged all of it. */
function readForwarded(header: string | undefined, seen: Client, proxies: TrustedProxies): PartialClient | undefined {
  const elements = parseForwarded(header ?? '');
  if (elements === undefined) return undefined;
  if (elements.length === 0) return {};
  const { at, address } = walk(
    elements.map((element) => element.get('for') ?? ''),
    seen,
    proxies,
  );
  // Seen by the outermost trusted proxy.
  const element = elements[at]!;
  return { address, scheme: readScheme(element.get('proto')), host: readHost(element.get('host')) };
}

/**
 * Walks from the nearest proxy towards the client, as long as the current hop is trusted and names
 * a valid address.
 */
function walk(
  hops: readonly string[],
  seen: Client,
  proxies: TrustedProxies,
): { readonly at: number; readonly address: string } {
  let { address } = seen;
  let at = hops.length;
  while (at > 0 && proxies.trusts(address)) {
    at -= 1;
    const next = readAddress(hops[at]!);
    if (next === undefined) break;
    address = next;
  }
  return { at, address };
}

function list(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text === '' ? [] : text.split(',').map((part) => part.trim());
}

function readScheme(text: string | undefined): Client['scheme'] | undefined {
  const scheme = text?.toLowerCase();
  return scheme === 'http' || scheme === 'https' ? scheme : undefined;
}

function readHost(text: string | undefined): string | undefined {
  return text !== undefined && HOST.test(text) ? text : undefined;
}
