import { credentials } from '@grpc/grpc-js';
import { loadNode, loadRegistry } from '../../../../common/grpc/load-proto';
import { BlobStreams } from '../../../../edge-http/src/registry/grpc/blob-streams';

test('a read that asks about its connection after that was closed is told that it is not silent', async () => {
  const Registry = loadRegistry();
  const streams = new BlobStreams({
    connect: () => new Registry('127.0.0.1:1', credentials.createInsecure()),
    NodeClient: loadNode(),
    patience: { pingAfterMs: 10, answerWithinMs: 5_000 },
  });
  const { call, silence } = streams.readBlob({});
  call.on('error', () => undefined).cancel();
  streams.close();
  expect(await silence.isSilent()).toBe(false);
});
