import { digestOf } from '../../../../common/oci/digest';
import { describeUpstreamRegistry } from '../../../contract/upstream-registry.contract';
import { startFakeRegistry } from '../../../support/fake-registry';
import { MemoryUpstream } from '../../../support/data-plane/fakes/memory-upstream';
import { client, repositoryAt } from './support';

const PASSWORD = 'open sesame';

describeUpstreamRegistry('the upstream client over sockets', async () => {
  const users = { reader: { password: PASSWORD, repositories: 'all' as const } };
  const registry = await startFakeRegistry({ auth: { kind: 'basic', users } });
  const upstream = client();
  const credentials = { username: 'reader', password: PASSWORD };
  return {
    upstream,
    repository: (name, user) =>
      user === undefined
        ? repositoryAt(registry, name, { credentials })
        : repositoryAt(registry, name, {
            organizationUid: 'org-2',
            credentials: { username: user, password: 'guessed' },
          }),
    putManifest: (name, { content, mediaType }, tag) =>
      void registry.content.addManifest(name, tag, content, mediaType),
    putBlob: (name, content) => void registry.content.addBlob(name, content),
    dispose: async () => {
      await upstream.close();
      await registry.close();
    },
  };
});

describeUpstreamRegistry('MemoryUpstream', async () => {
  const upstream = new MemoryUpstream();
  upstream.users = new Set(['reader']);
  return {
    upstream,
    repository: (name, user) =>
      repositoryAt({ host: 'registry.test' }, name, {
        credentials: { username: user ?? 'reader', password: PASSWORD },
      }),
    putManifest: (name, manifest, tag) => upstream.put(name, manifest, tag),
    putBlob: (name, content) => upstream.putBlob(name, digestOf(content), content),
    dispose: () => upstream.close(),
  };
});
