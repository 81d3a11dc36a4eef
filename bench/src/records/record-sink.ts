/**
 * A Catalog that accepts every record and stores none, in a process of its own: its CPU time is not
 * part of what the parent measures. Argument: the path of its socket. Ends with its parent.
 */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { loadCatalog } from '../../../common/grpc/load-proto';
import { bindServer } from '../../../common/grpc/bind-server';

async function main(path: string): Promise<void> {
  const { RecordPulls } = loadCatalog().service;
  const asTheyAre = (bytes: Buffer): Buffer => bytes;
  const server = new Server();
  server.addService(
    { RecordPulls: { ...RecordPulls, requestDeserialize: asTheyAre, responseSerialize: asTheyAre } },
    {
      RecordPulls: (_call: unknown, done: (error: null, reply: Buffer) => void) => done(null, Buffer.alloc(0)),
    },
  );
  await bindServer(server, { kind: 'unix', path }, ServerCredentials.createInsecure());
  process.on('disconnect', () => process.exit());
  process.send!('ready');
}

void main(process.argv[2] ?? '');
