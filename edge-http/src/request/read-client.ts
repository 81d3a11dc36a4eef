import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { parseForwarded } from './forwarded-header';
import { readAddress } from './read-address';
import type { TrustedProxies } from './trusted-proxies';

/** The client as the edge sees it, or as proxies that it trusts do. */
export interface Client {
  /** Without port; IPv4 also where it came in as ::ffff:a.b.c.d. Empty where it came over a unix socket. */
  readonly address: string;
  readonly scheme: 'http' | 'https';
  /** Host, with port where there is one, that the client used; undefined where it said none, or one that no host can have. */
  readonly host: string | undefined;
}

type Said = { readonly [Key in keyof Client]?: Client[Key] };

const HOST = /^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/**
 * Who asks, and for what address. From a proxy that is trusted, X-Forwarded-For, -Proto and -Host and Forwarded (RFC 7239) are believed, as far as trusted proxies wrote
 * them: of the addresses, the last one that is not a trusted proxy's. A proxy writes one kind and may hand on the other as a client made it up; so where both
 * kinds are there and differ, or one cannot be read, neither is believed. From anybody else all of them are ignored.
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
  if (differ(x.address, forwarded.address) || differ(x.scheme, forwarded.scheme) || differ(x.host, forwarded.host))
    return seen;
  return {
    address: x.address ?? forwarded.address ?? seen.address,
    scheme: x.scheme ?? forwarded.scheme ?? seen.scheme,
    host: x.host ?? forwarded.host ?? seen.host,
  };
}

/** The address at the other end of the connection, in the form of {@link Client.address}. */
export function peerOf(socket: Socket): string {
  const peer = socket.remoteAddress ?? '';
  return peer.startsWith('::ffff:') ? peer.slice('::ffff:'.length) : peer;
}

function differ(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

function readXForwarded(headers: IncomingHttpHeaders, seen: Client, proxies: TrustedProxies): Said {
  const hops = list(headers['x-forwarded-for']);
  return {
    address: hops.length === 0 ? undefined : walk(hops, seen, proxies).address,
    // Of several, the one of the proxy that is next to us.
    scheme: readScheme(list(headers['x-forwarded-proto']).at(-1)),
    host: readHost(list(headers['x-forwarded-host']).at(-1)),
  };
}

/** undefined = it cannot be read: a client has broken what a proxy has written behind it, and can have made up the rest as well. */
function readForwarded(header: string | undefined, seen: Client, proxies: TrustedProxies): Said | undefined {
  const elements = parseForwarded(header ?? '');
  if (elements === undefined) return undefined;
  if (elements.length === 0) return {};
  const { at, address } = walk(
    elements.map((element) => element.get('for') ?? ''),
    seen,
    proxies,
  );
  // What the outermost proxy of ours saw.
  const element = elements[at]!;
  return { address, scheme: readScheme(element.get('proto')), host: readHost(element.get('host')) };
}

/** Goes from the proxy next to us towards the client for as long as the one who speaks is trusted and names an address. */
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
