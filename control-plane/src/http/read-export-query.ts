import { badInput } from '../errors/api-error';
import { DateTimeScalar } from '../graphql/scalars/date-time.scalar';
import { DigestScalar } from '../graphql/scalars/digest.scalar';
import { AuditKind } from '../audit/audit-kind';
import type { AuditOrder } from '../audit/audit.store';
import { AuditCacheStatus } from '../audit/cache-status';
import type { WantedEvents } from '../graphql/access/visible-events';

/** Maximum length of a parameter, in characters. No column is longer. */
const MAX_TEXT = 255;

/** The parameters of an export. */
export interface ExportQuery {
  readonly wanted: WantedEvents;
  readonly order: AuditOrder;
}

/**
 * Parses the query of `GET /audit.jsonl`: the fields of AuditEventFilter by name, with lists as
 * repeated parameters, and `order`. Throws BAD_USER_INPUT with the name of the parameter as the
 * field. Empty values are refused, although auditEvents ignores them: in a URL they usually come
 * from an unset variable in a script, which would then export everything.
 */
export function readExportQuery(search: URLSearchParams): ExportQuery {
  let order: AuditOrder = 'newest';
  const wanted: { -readonly [K in keyof WantedEvents]: WantedEvents[K] } = {};
  for (const name of new Set(search.keys())) {
    const values = search.getAll(name);
    if (values.some((value) => value === '')) throw badInput(name, 'must not be empty; leave the parameter out');
    const value = values[0]!;
    if (values.length > 1 && name !== 'kinds' && name !== 'cacheStatuses')
      throw badInput(name, 'must be given at most once');
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
        wanted.cacheStatuses = values.map((item) => oneOf(name, item, AuditCacheStatus));
        break;
      case 'order':
        order = oneOf(name, value, { newest: 'newest', oldest: 'oldest' } as const);
        break;
      default:
        throw badInput(
          name.slice(0, MAX_TEXT),
          'is not a parameter; the parameters are organization, repository, reference, digest, ' +
            'kinds, cacheStatuses, actor, since, until and order',
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
    // Removes the name of the scalar: "DateTime must be a time as in RFC 3339 …".
    throw badInput(name, (error as Error).message.replace(/^\w+ /, ''));
  }
}
