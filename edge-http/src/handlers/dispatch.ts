import type { Handler } from '../request/exchange';
import type {
  GetBlobRequest,
  GetManifestRequest,
  ListReferrersRequest,
  ListRepositoriesRequest,
  ListTagsRequest,
  OperationsRequest,
  PingRequest,
  PushRequest,
  RegistryRequest,
  TokenRequest,
} from '../request/registry-request';

/** Handlers by kind of request. */
export interface Handlers {
  readonly ping: Handler<PingRequest>;
  readonly getManifest: Handler<GetManifestRequest>;
  readonly getBlob: Handler<GetBlobRequest>;
  readonly listTags: Handler<ListTagsRequest>;
  readonly listRepositories: Handler<ListRepositoriesRequest>;
  readonly listReferrers: Handler<ListReferrersRequest>;
  readonly token: Handler<TokenRequest>;
  readonly refusePush: Handler<PushRequest>;
  readonly healthz: Handler<OperationsRequest>;
  readonly readyz: Handler<OperationsRequest>;
  readonly metrics: Handler<OperationsRequest>;
}

/** Creates a handler that calls the handler for the kind of the request. */
export function createDispatch(handlers: Handlers): Handler<RegistryRequest> {
  return (request, exchange) => {
    switch (request.kind) {
      case 'ping':
        return handlers.ping(request, exchange);
      case 'get-manifest':
        return handlers.getManifest(request, exchange);
      case 'get-blob':
        return handlers.getBlob(request, exchange);
      case 'list-tags':
        return handlers.listTags(request, exchange);
      case 'list-repositories':
        return handlers.listRepositories(request, exchange);
      case 'list-referrers':
        return handlers.listReferrers(request, exchange);
      case 'token':
        return handlers.token(request, exchange);
      case 'push':
        return handlers.refusePush(request, exchange);
      case 'healthz':
      case 'readyz':
      case 'metrics':
        return handlers[request.kind](request, exchange);
    }
  };
}
