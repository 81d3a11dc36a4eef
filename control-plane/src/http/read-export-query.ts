import { badInput } from '../errors/api-error';
import { DateTimeScalar } from '../graphql/scalars/date-time.scalar';
import { DigestScalar } from '../graphql/scalars/digest.scalar';
import { AuditKind } from '../audit/audit-kind';
import type { AuditOrder } from '../audit/audit.store';
import { CacheStatus } from '../audit/cache-status';
import type { WantedEvents } from '../graphql/access/visible-events';

/** Longest text of a parameter, in characters: no column holds more. */
const MAX_TEXT = 255;

/** What an export was asked for. */
export interface ExportQuery {
  readonly wanted: WantedEvents;
  readonly order: AuditOrder;
}

/**
 * Reads the query of `GET /audit.jsonl`: the fields of AuditEventFilter by their names, lists by repeating a parameter, and
 * `order`. Throws BAD_USER_INPUT with the parameter's name as the field. An empty value is refused, where auditEvents takes it
 * for none: in a URL it is a variable of a script that was not set, and what it would export is everything.
 */
export function readExportQuery(search: URLSearchParams): ExportQuery {
  let order: AuditOrder = 'newest';
  const wanted: { -readonly [K in keyof WantedEvents]: WantedEvents[K] } = {};
  for (const name of new Set(search.keys())) {
    const values = search.getAll(name);
    if (values.some((value) => value === '')) throw badInput(name, 'must not be empty: leave it out');
    const value = values[0]!;
    if (values.length > 1 && name !== 'kinds' && name !== 'cacheStatuses') throw badInput(name, 'must be given once');
    switch (name) {
      case 'organization':
      case 'repository':
      case 'reference':
      case 'actor':
        wanted[name] = text(name, value);
        break;
      case 'digest':
        wanted.digest = parsed(name, () => DigestScalar.parseValue(value));
        break;
      case 'since':
      case 'until':
        wanted[name] = parsed(name, () => DateTimeScalar.parseValue(value));
        break;
      case 'kinds':
        wanted.kinds = values.map((item) => oneOf(name, item, AuditKind));
        break;
      case 'cacheStatuses':
        wanted.cacheStatuses = values.map((item) => oneOf(name, item, CacheStatus));
        break;
      case 'order':
        order = oneOf(name, value, { newest: 'newest', oldest: 'oldest' } as const);
        break;
      default:
        throw badInput(
          name.slice(0, MAX_TEXT),
          'is not a parameter; there are organization, repository, reference, digest, kinds, cacheStatuses, actor, since, until and order',
        );
    }
  }
  return { wanted, order };
}

function text(name: string, value: string): string {
  if (value.length > MAX_TEXT || value.includes('\0')) throw badInput(name, `must be at most ${MAX_TEXT} characters`);
  return value;
}

function oneOf<T extends string>(name: string, value: string, allowed: Readonly<Record<string, T>>): T {
  const found = Object.hasOwn(allowed, value) ? allowed[value] : undefined;
  if (found === undefined) throw badInput(name, `must be one of ${Object.keys(allowed).join(', ')}`);
  return found;
}

function parsed<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    // The scalars' words: "DateTime must be a time as in RFC 3339 …".
    throw badInput(name, (error as Error).message.replace(/^\w+ /, ''));
  }
}
