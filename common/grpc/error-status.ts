import { Metadata, type ServiceError, status as Grpc } from '@grpc/grpc-js';
import { type ErrorKey, isErrorKey } from '../errors/catalogue';
import { LayoverError, toLayoverError } from '../errors/layover-error';

/** Trailing metadata with a LayoverError as JSON; see proto/layover/v1/registry.proto. */
const ERROR_METADATA = 'layover-error-bin';

/** Failure in the form that grpc-js takes to end a call. */
export interface GrpcFailure {
  readonly code: Grpc;
  readonly details: string;
  readonly metadata: Metadata;
}

/**
 * Converts a failure to gRPC status and metadata. Unknown errors become INTERNAL without their
 * message, which is only logged.
 */
export function toGrpcFailure(thrown: unknown): GrpcFailure {
  const error = toLayoverError(thrown);
  const metadata = new Metadata();
  metadata.set(ERROR_METADATA, encodeFailure(error));
  return { code: error.entry.grpc, details: error.message, metadata };
}

/**
 * Converts a failure to the bytes that stand for it between planes (registry.proto). Unknown errors
 * become INTERNAL without their message.
 */
export function encodeFailure(thrown: unknown): Buffer {
  const { key, message, detail, retryAfterSeconds, upstreamStatus } = toLayoverError(thrown);
  const wire: WireError = {
    key,
    message,
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(upstreamStatus === undefined ? {} : { upstreamStatus }),
  };
  return Buffer.from(JSON.stringify(wire));
}

/** Converts bytes of {@link encodeFailure}. Anything else becomes INTERNAL. */
export function decodeFailure(bytes: Buffer): LayoverError {
  const wire = parseWireError(bytes);
  return wire === undefined ? new LayoverError('INTERNAL') : new LayoverError(wire.key, wire);
}

/**
 * Converts a gRPC error to the failure that it stands for. `unreachable` is the key for a status
 * that the transport made (the peer is unreachable or rejected this plane): DATA_PLANE_UNAVAILABLE
 * at the edge, NOT_READY for calls to the control plane.
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
      // The other plane rejected our certificate or secret (plane-guard.ts).
      return new LayoverError(unreachable, { cause: error });
    default:
      return new LayoverError('INTERNAL', { cause: error });
  }
}

/**
 * Returns true if the call failed because its node is gone: the transport made the status. grpc-js
 * reports CANCELLED if the server was stopped during the call, and INTERNAL if a broken connection
 * reset the stream. The caller must check whether it cancelled the call itself.
 */
export function isNodeLost(error: ServiceError): boolean {
  if (readWireError(error) !== undefined) return false;
  if (error.code === Grpc.UNAVAILABLE || error.code === Grpc.CANCELLED) return true;
  return error.code === Grpc.INTERNAL && error.details.startsWith('Received RST_STREAM');
}

/**
 * Returns the key of a failure that a server passes to grpc-js, for metrics, or the name of its
 * status if it carries no key.
 */
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
  return Buffer.isBuffer(value) ? parseWireError(value) : undefined;
}

function parseWireError(bytes: Buffer): WireError | undefined {
  try {
    const wire = JSON.parse(bytes.toString('utf8')) as { key?: unknown } | null;
    return typeof wire?.key === 'string' && isErrorKey(wire.key) ? (wire as WireError) : undefined;
  } catch {
    return undefined;
  }
}
