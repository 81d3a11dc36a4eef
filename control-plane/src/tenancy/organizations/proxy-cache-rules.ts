import { X509Certificate } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { isStorable, STORABLE_RULE } from '../../db/storable-text';
import { badInput } from '../../errors/api-error';
import type { Rule } from './settings/setting';

const HOST_RULE = 'host[:port] in lower case, for example docker.io';
const MAX_PATTERNS = 100;
const PATTERN_RULE =
  "repository names in which * matches any part of a component and ** any number of components: lower-case letters, digits, '.', '_', '-', '*' and '/', at most 255 characters";
const MAX_REALMS = 10;
const MAX_USERNAME = 255;
const MAX_CERTIFICATES = 65_536;

const HOST_PATTERN = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?))(?::(\d{1,5}))?$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const PATTERN = /^[a-z0-9._*-]+(?:\/[a-z0-9._*-]+)*$/;
/** Finds the blocks of a PEM text. The first group is the label. */
export const PEM_BLOCKS = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/** Accepts host[:port] in lower case. */
export const HOST: Rule<string> = {
  text: `It must be ${HOST_RULE}.`,
  check(text, field) {
    if (!isHost(text)) throw badInput(field, `must be ${HOST_RULE}`);
    return text;
  },
};

/** Accepts user names that can be sent with Basic authentication. */
export const USERNAME: Rule<string> = {
  text: `At most ${MAX_USERNAME} characters without colon and control characters; empty means null.`,
  check(text, field) {
    if (text.length > MAX_USERNAME || !isSendable(text) || !isStorable(text))
      throw badInput(
        field,
        `must be at most ${MAX_USERNAME} characters without colon and control characters: ${STORABLE_RULE}`,
      );
    return text;
  },
};

/** Accepts valid PEM certificates. */
export const CERTIFICATES: Rule<string> = {
  text: `At most ${MAX_CERTIFICATES} characters; empty means null.`,
  check(text, field) {
    if (text.length > MAX_CERTIFICATES || !isStorable(text) || !areCertificates(text))
      throw badInput(
        field,
        `must be PEM certificates and nothing else, at most ${MAX_CERTIFICATES} characters: ${STORABLE_RULE}`,
      );
    return text;
  },
};

/** Accepts patterns of repository names. */
export const PATTERNS: Rule<readonly string[]> = {
  text: `At most ${MAX_PATTERNS} patterns of at most 255 characters: lower-case letters, digits, '.', '_', '-', '*' and '/'.`,
  check(list, field) {
    if (list.length > MAX_PATTERNS) throw badInput(field, `must have at most ${MAX_PATTERNS} patterns`);
    list.forEach((pattern, index) => {
      if (pattern.length > 255 || !PATTERN.test(pattern) || pattern.includes('***'))
        throw badInput(`${field}[${index}]`, `must be one of ${PATTERN_RULE}`);
    });
    return list;
  },
};

/**
 * Accepts hosts of token servers. The order has no meaning, so the list is stored sorted and
 * without duplicates.
 */
export const REALMS: Rule<readonly string[]> = {
  text: `At most ${MAX_REALMS} hosts: ${HOST_RULE}.`,
  check(list, field) {
    const hosts = [...new Set(list)].sort();
    if (hosts.length > MAX_REALMS) throw badInput(field, `must have at most ${MAX_REALMS} hosts`);
    list.forEach((host, index) => {
      if (!isHost(host)) throw badInput(`${field}[${index}]`, `must be ${HOST_RULE}, without a scheme or a path`);
    });
    return hosts;
  },
};

/** Returns whether a text is host[:port] in lower case. IPv6 addresses need brackets. */
export function isHost(text: string): boolean {
  const [whole, v6, name, port] = HOST_PATTERN.exec(text) ?? [];
  if (whole === undefined || whole.length > 260) return false;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return false;
  if (v6 !== undefined) return isIPv6(v6);
  return name!.length <= 253 && name!.split('.').every((label) => LABEL.test(label));
}

/**
 * Checks RFC 7617 section 2: a colon would end the user-id, and control characters are not allowed.
 */
function isSendable(text: string): boolean {
  return [...text].every((character) => character !== ':' && character >= ' ' && character !== '\x7f');
}

function areCertificates(text: string): boolean {
  const blocks = [...text.matchAll(PEM_BLOCKS)];
  if (blocks.length === 0 || blocks.some(([, label]) => label !== 'CERTIFICATE')) return false;
  if (/-----BEGIN/.test(text.replace(PEM_BLOCKS, ''))) return false;
  return blocks.every(([block]) => {
    try {
      new X509Certificate(block);
      return true;
    } catch {
      return false;
    }
  });
}
