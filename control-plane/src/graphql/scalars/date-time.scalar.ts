import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';

/** RFC 3339: a date, a time, and an offset from UTC. */
const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** A time: milliseconds since the epoch in code, RFC 3339 in UTC on the wire. */
export const DateTimeScalar = new GraphQLScalarType<number, string>({
  name: 'DateTime',
  description:
    'A point in time in RFC 3339 format. Output is in UTC with milliseconds: ' +
    '`2026-11-22T09:30:00.000Z`. Input may have any offset.',
  serialize: (value) => new Date(Number(value)).toISOString(),
  parseValue: (value) => read(value),
  parseLiteral: (node) => read(node.kind === Kind.STRING ? node.value : undefined, node),
});

function read(value: unknown, nodes?: ValueNode): number {
  const time = typeof value === 'string' && RFC_3339.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(time))
    throw new GraphQLError('DateTime must be an RFC 3339 time with an offset, for example 2026-11-22T09:30:00Z', {
      nodes,
    });
  return time;
}
