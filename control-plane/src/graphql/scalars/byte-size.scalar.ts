import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';

/** 2^63-1, the largest number that both databases store. */
export const MAX_BYTE_SIZE = 9_223_372_036_854_775_807n;

/** A number of bytes: a bigint in code, a string on the wire, so that no JSON parser rounds it. */
export const ByteSizeScalar = new GraphQLScalarType<bigint, string>({
  name: 'ByteSize',
  description:
    'A whole number of bytes from 0 to 2^63-1. A JSON string on the wire; a JSON number is ' +
    'accepted if it is exact.',
  serialize: (value) => BigInt(value as bigint | number).toString(),
  parseValue: (value) => {
    if (typeof value === 'number' && Number.isSafeInteger(value)) return read(String(value));
    return read(typeof value === 'string' ? value : '');
  },
  parseLiteral: (node) => read(node.kind === Kind.STRING || node.kind === Kind.INT ? node.value : '', node),
});

function read(text: string, nodes?: ValueNode): bigint {
  const size = /^\d{1,19}$/.test(text) ? BigInt(text) : -1n;
  if (size < 0n || size > MAX_BYTE_SIZE)
    throw new GraphQLError('ByteSize must be a whole number of bytes from 0 to 9223372036854775807', { nodes });
  return size;
}
