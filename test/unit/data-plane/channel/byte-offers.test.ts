import { randomBytes } from 'node:crypto';
import { ByteOffers, type OfferedBytes } from '../../../../data-plane/src/channel/byte-offers';
import type { BlobReader } from '../../../../data-plane/src/blobs/blob-source';
import { LayoverError } from '../../../../common/errors/layover-error';
import { TestClock } from '../../../support/test-clock';

const clock = new TestClock();
let offers: ByteOffers;
let caller: AbortController;
beforeEach(() => {
  offers = new ByteOffers(clock);
  caller = new AbortController();
});

const offered = (): OfferedBytes => ({
  reader: { size: 10 } as BlobReader,
  range: { offset: 2, length: 5 },
  signal: caller.signal,
});

test('a ticket stands for its bytes once', () => {
  const bytes = offered();
  const { ticket } = offers.offer(bytes);
  expect(offers.redeem(randomBytes(32))).toBeUndefined();
  expect(offers.redeem(ticket)).toMatchObject({ reader: bytes.reader, range: bytes.range });
  expect(offers.redeem(ticket)).toBeUndefined();
});

test('each ticket stands for the bytes of its own call, in its own process', () => {
  const first = offers.offer(offered());
  const second = offers.offer({ ...offered(), range: { offset: 0, length: 1 } });
  expect(offers.redeem(second.ticket)?.range).toEqual({ offset: 0, length: 1 });
  expect(new ByteOffers(clock).redeem(first.ticket)).toBeUndefined();
});

test('an offer ends when its bytes were sent, or with their failure', async () => {
  const sent = offers.offer(offered());
  offers.redeem(sent.ticket)!.over();
  await sent.sent;
  const failed = offers.offer(offered());
  offers.redeem(failed.ticket)!.over(new LayoverError('UPSTREAM_CONTENT'));
  await expect(failed.sent).rejects.toMatchObject({ key: 'UPSTREAM_CONTENT' });
});

test('a ticket expires after ten seconds, and its call gets CANCELLED', async () => {
  const { ticket, sent } = offers.offer(offered());
  clock.advance(9_999);
  expect(offers.waiting).toBe(1);
  clock.advance(1);
  await expect(sent).rejects.toMatchObject({ key: 'CANCELLED' });
  expect([offers.redeem(ticket), offers.waiting]).toEqual([undefined, 0]);
});

test('a ticket that was used in time does not expire', async () => {
  const { ticket, sent } = offers.offer(offered());
  const bytes = offers.redeem(ticket)!;
  clock.advance(3_600_000);
  expect(bytes.signal.aborted).toBe(false);
  bytes.over();
  await sent;
});

test('a ticket is not valid after its call has ended', async () => {
  const { ticket, end } = offers.offer(offered());
  await end();
  expect([offers.redeem(ticket), offers.waiting]).toEqual([undefined, 0]);
});

test('sending stops when the caller leaves', async () => {
  const { ticket, sent } = offers.offer(offered());
  const { signal } = offers.redeem(ticket)!;
  caller.abort(new LayoverError('CANCELLED', { message: 'The caller left.' }));
  expect(signal.aborted).toBe(true);
  await expect(sent).rejects.toThrow('The caller left.');
});

test('an offer of a caller that has left fails at once', async () => {
  caller.abort(new LayoverError('CANCELLED'));
  await expect(offers.offer(offered()).sent).rejects.toMatchObject({ key: 'CANCELLED' });
});

test('the end of an offer stops sending, and waits until the reader is not used', async () => {
  const { ticket, end } = offers.offer(offered());
  const bytes = offers.redeem(ticket)!;
  let hasEnded = false;
  const ended = end().then(() => (hasEnded = true));
  expect(bytes.signal.aborted).toBe(true);
  await new Promise((resolve) => setImmediate(resolve));
  expect(hasEnded).toBe(false);
  bytes.over(new LayoverError('CANCELLED'));
  await ended;
});
