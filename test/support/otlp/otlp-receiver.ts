import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A received span with the name of the service that sent it. */
export interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the root of a trace. */
  readonly parentSpanId: string;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: Readonly<Record<string, unknown>>;
  /** 2 = error. */
  readonly status: number;
}

/** Receives traces as OTLP/HTTP in JSON, on a real socket. */
export interface OtlpReceiver {
  /** URL for OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** All received data as text, for checks that something was not sent. */
  readonly text: string;
  readonly requests: number;
  /** Number of requests whose sender closed the connection before it had an answer. */
  readonly abandoned: number;
  /** Headers of the last request. */
  readonly headers: Readonly<Record<string, unknown>>;
  /**
   * Sets the behaviour from now on: `take` accepts spans, `refuse` answers with an error, `hang`
   * never answers.
   */
  behave(how: 'take' | 'refuse' | 'hang'): void;
  close(): Promise<void>;
}

interface Wire {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}
interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface WireSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: readonly Attribute[];
  readonly status?: { readonly code?: number };
}

/** Starts a receiver on a free port. The caller closes it. */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  let text = '';
  let requests = 0;
  let abandoned = 0;
  let headers: Readonly<Record<string, unknown>> = {};
  let how: 'take' | 'refuse' | 'hang' = 'take';
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      requests += 1;
      ({ headers } = request);
      if (how === 'hang') {
        response.once('close', () => (abandoned += 1));
        return;
      }
      if (how === 'take' && request.url === '/v1/traces') {
        const body = Buffer.concat(chunks).toString('utf8');
        text += body;
        spans.push(...read(JSON.parse(body) as Wire));
        end(response, 200);
      } else end(response, 400);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    get text() {
      return text;
    },
    get requests() {
      return requests;
    },
    get abandoned() {
      return abandoned;
    },
    get headers() {
      return headers;
    },
    behave: (next) => (how = next),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
}

function read({ resourceSpans }: Wire): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(values(resource.attributes)['service.name']);
    return scopeSpans.flatMap((scope) =>
      scope.spans.map(({ name, traceId, spanId, parentSpanId = '', links = [], attributes, status }) => ({
        service,
        name,
        traceId,
        spanId,
        parentSpanId,
        links: links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
        attributes: values(attributes),
        status: status?.code ?? 0,
      })),
    );
  });
}

function values(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
