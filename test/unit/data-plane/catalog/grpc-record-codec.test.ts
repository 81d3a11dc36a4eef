import fc from 'fast-check';
import { loadCatalog } from '../../../../common/grpc/load-proto';
import { createGrpcRecordCodec } from '../../../../data-plane/src/catalog/grpc-record-codec';
import { PullEncoder } from '../../../../data-plane/src/catalog/pull-encoder';
import type { PullRecord } from '../../../../proto/gen/layover/v1/PullRecord';

const { requestSerialize, requestDeserialize } = loadCatalog().service.RecordPulls;
const codec = createGrpcRecordCodec();

const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme', maxLength: 300 }));
const number = fc.oneof(fc.nat(), fc.constant(0), fc.maxSafeNat());
/** A nat that fits an int32. */
const small = fc.nat(0x7fffffff);

const pull = fc.record(
  {
    organizationUid: text,
    organization: text,
    repository: text,
    originVersion: text,
    reference: text,
    digest: text,
    cacheStatus: text,
    upstreamStatus: small,
    httpStatus: small,
    bytes: number,
    actor: text,
    clientAddress: text,
    userAgent: text,
    requestId: text,
    method: text,
    checkedAt: number,
    errorCode: text,
    errorMessage: text,
    mirrorHost: text,
    attempt: small,
  },
  { requiredKeys: [] },
);
const record = fc.record({ id: text, at: number, pull }) as fc.Arbitrary<PullRecord>;

test('the bytes of a pull mean the same as those of the general encoder', () => {
  const encoder = new PullEncoder();
  fc.assert(
    fc.property(record, (one) => {
      expect(codec.decode(encoder.encode(one)!)).toEqual(codec.decode(requestSerialize({ records: [one] })));
    }),
  );
});

test.each([
  ['another event', { id: 'a', at: 1, upstream: { organizationUid: 'u1', reachable: true } }],
  ['a negative number', { id: 'a', at: 1, pull: { upstreamStatus: -1 } }],
  ['a text of half a megabyte', { id: 'a', at: 1, pull: { errorMessage: 'x'.repeat(500_000) } }],
])('a record with %s is left to the general encoder', (_what, one: PullRecord) => {
  expect(new PullEncoder().encode(one)).toBeUndefined();
  expect(codec.decode(codec.encode(one))).toMatchObject(one);
});

test('half a surrogate pair in a text is replaced and does not damage the record', () => {
  const decoded = codec.decode(codec.encode({ id: 'a', at: 1, pull: { userAgent: 'a\ud800b', actor: 'anonymous' } }));
  expect(decoded.pull).toMatchObject({ userAgent: 'a\ufffdb', actor: 'anonymous' });
});

test('the bytes of several records, one after the other, are a request with all of them', () => {
  const records: PullRecord[] = [
    { id: 'a', at: 1, pull: { reference: 'latest', bytes: 5 } },
    { id: 'b', at: 2, blob: { organizationUid: 'u1', bytesServed: 7 } },
    { id: 'c', at: 3, admission: { tag: 'v1' } },
  ];
  const request = requestDeserialize(Buffer.concat(records.map((one) => codec.encode(one))));
  expect(request.records).toMatchObject(records);
});
