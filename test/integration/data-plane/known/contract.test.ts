import { join } from 'node:path';
import { systemClock } from '../../../../common/runtime/clock';
import { createCatalogClient } from '../../../../data-plane/src/catalog/catalog-client';
import { createGrpcCatalog } from '../../../../data-plane/src/catalog/grpc-catalog';
import { createKnowledge } from '../../../../data-plane/src/known/catalog-knowledge';
import { createLocalIndex } from '../../../../data-plane/src/known/index/durable-local-index';
import { ContentUses } from '../../../../data-plane/src/store/uses/content-uses';
import type { AdmitManifestReply } from '../../../../proto/gen/layover/v1/AdmitManifestReply';
import type { ManifestAdmission } from '../../../../data-plane/src/known/catalog';
import { describeKnowledge } from '../../../contract/known.contract';
import { FakeCatalog } from '../../../support/fake-catalog';
import { temporaryFolder } from '../../../support/real/temporary-folder';
import { MemoryKnowledge } from '../../../support/data-plane/fakes/memory-knowledge';
import { openJournal } from '../../../support/data-plane/records';
import { silentLogger as logger } from '../../../support/data-plane/fakes/pull-rig';

describeKnowledge('the local index with the Catalog', async () => {
  const folder = await temporaryFolder('known');
  const fake = await FakeCatalog.start();
  const client = createCatalogClient(fake.address);
  const clock = systemClock;
  const index = await createLocalIndex({ directory: join(folder.path, 'index'), clock, logger });
  const journal = await openJournal(join(folder.path, 'journal'));
  const catalog = createGrpcCatalog({ client, clock });
  return {
    knowledge: createKnowledge({ index, catalog, journal, uses: new ContentUses(clock), clock, logger }),
    decide: (admission) => (fake.switches.admission = replyOf(admission)),
    dispose: async () => {
      client.close();
      await Promise.all([fake.stop(), index.close(), journal.close()]);
      await folder.remove();
    },
  };
});

describeKnowledge('MemoryKnowledge', async () => {
  const knowledge = new MemoryKnowledge();
  return {
    knowledge,
    decide: (admission) => (knowledge.decision = admission),
    dispose: async () => undefined,
  };
});

function replyOf(admission: ManifestAdmission): AdmitManifestReply {
  switch (admission.decision) {
    case 'admitted':
      return { decision: 'ADMITTED' };
    case 'pass-through':
      return { decision: 'PASS_THROUGH' };
    case 'rejected':
      return { decision: 'REJECTED', refusal: { message: admission.message, ...admission.detail } };
  }
}
