import type * as ProxyCacheModule from '../../../../../control-plane/src/tenancy/organizations/proxy-cache';
import { startControlPlane } from '../../../../support/control-plane/start-control-plane';

/** Two settings whose values look the same in the audit log. */
jest.mock('../../../../../control-plane/src/tenancy/organizations/proxy-cache', () => {
  const actual = jest.requireActual<typeof ProxyCacheModule>(
    '../../../../../control-plane/src/tenancy/organizations/proxy-cache',
  );
  const { PROXY_CACHE_SETTINGS: settings } = actual;
  return {
    ...actual,
    PROXY_CACHE_SETTINGS: {
      ...settings,
      insecure: { ...settings.insecure, describe: () => 'hidden' },
      completeImages: { ...settings.completeImages, describe: () => null },
    },
  };
});

const APPLY = `mutation ($input: OrganizationInput!) {
  applyOrganization(input: $input) { version proxyCache { insecure completeImages } } }`;

test.each([
  ['insecure', { insecure: true, completeImages: true }, { from: 'hidden', to: 'hidden' }],
  ['completeImages', { insecure: false, completeImages: false }, { from: null, to: null }],
])('stores a change of %s although its audit text does not change', async (name, after, texts) => {
  const plane = await startControlPlane();
  const apply = (settings: object) =>
    plane.ask(APPLY, { input: { name: 'acme', proxyCache: { upstream: 'a.io', ...settings } } });
  try {
    await apply({});
    expect(await apply(after)).toEqual({ applyOrganization: { version: 2, proxyCache: after } });
    expect(await apply(after)).toEqual({ applyOrganization: { version: 2, proxyCache: after } });
    const { auditEvents } = await plane.ask<{ auditEvents: { edges: { node: { detail: string } }[] } }>(
      '{ auditEvents(filter: {kinds: [ORGANIZATION_UPDATED]}) { edges { node { detail } } } }',
    );
    expect(auditEvents.edges.map(({ node }) => JSON.parse(node.detail) as object)).toEqual([
      { changed: { [`proxyCache.${name}`]: texts } },
    ]);
  } finally {
    await plane.remove();
  }
});
