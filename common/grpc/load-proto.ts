import { join } from 'node:path';
import { type GrpcObject, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { ProtoGrpcType as CatalogTypes } from '../../proto/gen/catalog';
import type { ProtoGrpcType as NodeTypes } from '../../proto/gen/node';
import type { ProtoGrpcType as RegistryTypes } from '../../proto/gen/registry';
import type { ProtoGrpcType as StorageTypes } from '../../proto/gen/storage';
import { packageRoot } from '../runtime/package-root';

/** Loads a file of proto/layover/v1. The options must equal those of bin/generate-proto.mjs. */
function load(file: string): GrpcObject {
  const definition = loadSync(`layover/v1/${file}`, {
    includeDirs: [join(packageRoot(), 'proto')],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  return loadPackageDefinition(definition);
}

/** Returns the service and client constructor of Registry (edge → data plane). */
export function loadRegistry(): RegistryTypes['layover']['v1']['Registry'] {
  return (load('registry.proto') as unknown as RegistryTypes).layover.v1.Registry;
}

/** Returns the service and client constructor of Catalog (data plane → control plane). */
export function loadCatalog(): CatalogTypes['layover']['v1']['Catalog'] {
  return (load('catalog.proto') as unknown as CatalogTypes).layover.v1.Catalog;
}

/** Returns the service and client constructor of Storage (control plane → data plane). */
export function loadStorage(): StorageTypes['layover']['v1']['Storage'] {
  return (load('storage.proto') as unknown as StorageTypes).layover.v1.Storage;
}

/** Returns the service and client constructor of Node (edge and data plane → data plane). */
export function loadNode(): NodeTypes['layover']['v1']['Node'] {
  return (load('node.proto') as unknown as NodeTypes).layover.v1.Node;
}
