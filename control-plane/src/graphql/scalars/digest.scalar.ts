import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { type Digest, parseDigest } from '../../../../common/oci/digest';

/** A digest in canonical form. */
export const DigestScalar = new GraphQLScalarType<Digest, string>({
  name: 'Digest',
  description: 'A digest `algorithm:hex` as in the OCI image specification: sha256 or sha512, lower-case hex.',
  serialize: (value) => String(value),
  parseValue: (value) => read(value),
  parseLiteral: (node) => read(node.kind === Kind.STRING ? node.value : undefined, node),
});

function read(value: unknown, nodes?: ValueNode): Digest {
  const digest = typeof value === 'string' ? parseDigest(value) : undefined;
  if (digest === undefined)
    throw new GraphQLError('Digest must be sha256: with 64 or sha512: with 128 lower-case hexadecimal digits', {
      nodes,
    });
  return digest;
}
