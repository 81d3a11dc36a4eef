import { Metadata, type ServiceError, status as Grpc } from '@grpc/grpc-js';
import { type ErrorKey, isErrorKey } from '../errors/catalogue';
import { LayoverError, toLayoverError } from '../errors/layover-error';

/** Trailing metadata that carries a LayoverError; see proto/layover/v1/registry.proto. */
const ERROR_METADATA = 'layover-error-bin';

/** What a gRPC server hands to grpc-js to end a call with a failure. */
export interface GrpcFailure {
  readonly code: Grpc;
  readonly details: string;
  readonly metadata: Metadata;
}

/** A failure as gRPC status and metadata. Unknown errors become INTERNAL without their text: that is for the log. */
export function toGrpcFailure(thrown: unknown): GrpcFailure {
  const error = toLayoverError(thrown);
  const metadata = new Metadata();
  const wire: WireError = {
    key: error.key,
    message: error.message,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
    ...(error.upstreamStatus === undefined ? {} : { upstreamStatus: error.upstreamStatus }),
  };
  metadata.set(ERROR_METADATA, Buffer.from(JSON.stringify(wire)));
  return { code: error.entry.grpc, details: error.message, metadata };
}

/**
 * The failure behind a gRPC error. `unreachable` is the key for a status that the transport made (peer away, or it does not know us):
 * DATA_PLANE_UNAVAILABLE at the edge, NOT_READY where the control plane was asked.
 */
export function fromGrpcError(error: ServiceError, unreachable: ErrorKey): LayoverError {
  const carried = readWireError(error);
  if (carried !== undefined) {
    return new LayoverError(carried.key, { ...carried, cause: error });
  }
  switch (error.code) {
    case Grpc.CANCELLED:
      return new LayoverError('CANCELLED', { cause: error });
    case Grpc.DEADLINE_EXCEEDED:
      return new LayoverError('TIMEOUT', { cause: error });
    case Grpc.UNAVAILABLE:
    case Grpc.UNAUTHENTICATED:
      // Unauthenticated: the other plane does not take us for one of its own (plane-guard.ts).
      return new LayoverError(unreachable, { cause: error });
    default:
      return new LayoverError('INTERNAL', { cause: error });
  }
}

/**
 * Whether a failed call says that its node is away, or went away: the transport made the status. grpc-js says CANCELLED for a server that was stopped
 * in mid-call, and INTERNAL for a stream that a broken connection has reset; the caller knows whether it cancelled the call itself.
 */
export function isNodeLost(error: ServiceError): boolean {
  if (readWireError(error) !== undefined) return false;
  if (error.code === Grpc.UNAVAILABLE || error.code === Grpc.CANCELLED) return true;
  return error.code === Grpc.INTERNAL && error.details.startsWith('Received RST_STREAM');
}

/** The key of a failure that a server hands to grpc-js, for counting; the status' name where it carries none. */
export function failureKey(failure: Partial<ServiceError>): string {
  return readWireError(failure)?.key ?? Grpc[failure.code ?? Grpc.UNKNOWN] ?? 'UNKNOWN';
}

interface WireError {
  readonly key: ErrorKey;
  readonly message: string;
  readonly detail?: Record<string, unknown>;
  readonly retryAfterSeconds?: number;
  readonly upstreamStatus?: number;
}

function readWireError(error: Partial<ServiceError>): WireError | undefined {
  const [value] = error.metadata?.get(ERROR_METADATA) ?? [];
  if (!Buffer.isBuffer(value)) return undefined;
  try {
    const wire = JSON.parse(value.toString('utf8')) as { key?: unknown } | null;
    return typeof wire?.key === 'string' && isErrorKey(wire.key) ? (wire as WireError) : undefined;
  } catch {
    return undefined;
  }
}
