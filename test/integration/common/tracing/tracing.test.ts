import { ExportResultCode } from '@opentelemetry/core';
import { pino } from 'pino';
import { SettingsReader } from '../../../../common/configuration/settings-reader';
import { createTracer } from '../../../../common/tracing/create-tracer';
import { ReportingExporter } from '../../../../common/tracing/reporting-exporter';
import { readTracing, type TracingConfig } from '../../../../common/tracing/tracing-config';
import { NO_TRACER } from '../../../../common/tracing/tracer';
import { systemClock } from '../../../../common/runtime/clock';
import { startOtlpReceiver } from '../../../support/otlp/otlp-receiver';
import { TestClock } from '../../../support/test-clock';

function read(env: Readonly<Record<string, string>>): TracingConfig | undefined {
  const reader = new SettingsReader(env);
  const config = readTracing(reader, 'edge');
  reader.done();
  return config;
}

describe('readTracing', () => {
  test('returns undefined without an endpoint', () => {
    expect(read({ OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'always_on' })).toBeUndefined();
    const disabled = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_SDK_DISABLED: 'true' };
    expect(read(disabled)).toBeUndefined();
  });

  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, 'http://collector:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector/otlp/' }, 'https://collector/otlp/v1/traces'],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b/as/it/is' },
      'http://b/as/it/is',
    ],
  ])('reads the endpoint of %j: %s', (env, url) => {
    expect(read(env)).toMatchObject({
      url,
      serviceName: 'layover-edge',
      sampling: { ratio: 1, followsCaller: true },
    });
  });

  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' };
  test.each([
    ['always_on', '0.5', 1, false],
    ['always_off', '0.5', 0, false],
    ['traceidratio', '0.25', 0.25, false],
    ['parentbased_traceidratio', '.25', 0.25, true],
    ['parentbased_always_off', '', 0, true],
  ])('reads the sampler %s %s', (sampler, argument, ratio, followsCaller) => {
    const env = { ...endpoint, OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: argument };
    expect(read(env)?.sampling).toEqual({ ratio, followsCaller });
  });

  test('decodes headers and prefers those for traces', () => {
    const common = { ...endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20a%3Db, x-tenant=t' };
    expect(read(common)?.headers).toEqual({ authorization: 'Bearer a=b', 'x-tenant': 't' });
    expect(read({ ...common, OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x=1' })?.headers).toEqual({ x: '1' });
  });

  test('reports all problems at once and repeats no secret', () => {
    const wrong = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://user:hidden@c',
      OTEL_EXPORTER_OTLP_HEADERS: 'hidden',
      OTEL_TRACES_SAMPLER: 'sometimes',
      OTEL_TRACES_SAMPLER_ARG: '2',
    };
    expect(() => read(wrong)).toThrow(
      /OTEL_EXPORTER_OTLP_ENDPOINT must.*OTEL_EXPORTER_OTLP_HEADERS must.*OTEL_TRACES_SAMPLER must.*OTEL_TRACES_SAMPLER_ARG must/s,
    );
    expect(() => read(wrong)).not.toThrow(/hidden/);
  });
});

test('createTracer returns NO_TRACER without a configuration', () => {
  expect(createTracer(undefined, systemClock, pino({ level: 'silent' }))).toBe(NO_TRACER);
});

test('spans are children of the active span, also after an await, and never join traces of another tracer', async () => {
  const config: TracingConfig = {
    url: 'http://127.0.0.1:9/v1/traces',
    headers: {},
    serviceName: 'x',
    sampling: { ratio: 1, followsCaller: true },
  };
  const silent = pino({ level: 'silent' });
  const [one, other] = [createTracer(config, systemClock, silent), createTracer(config, systemClock, silent)];
  const root = one.start('root', { parent: 'root' });
  const traceOf = (traceparent: string | undefined): string => traceparent!.split('-')[1]!;
  await one.within(root, async () => {
    await Promise.resolve();
    expect(one.active()).toBe(root);
    expect(traceOf(one.start('child').traceparent)).toBe(traceOf(root.traceparent));
    expect(traceOf(one.start('fill', { parent: 'root', link: root }).traceparent)).not.toBe(traceOf(root.traceparent));
    expect(other.active()).toBeUndefined();
  });
  expect(one.active()).toBeUndefined();
  const remote = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-00`;
  // The caller does not record its trace, so its child spans are not recorded.
  expect(one.start('server', { parent: { traceparent: remote } }).traceparent).toMatch(/^00-1{32}-[0-9a-f]{16}-00$/);
  expect(one.start('server', { parent: { traceparent: 'nonsense' } }).traceparent).toMatch(/^00-[0-9a-f]{32}-.*-01$/);
});

test('a receiver that hangs delays the stop by two seconds at most', async () => {
  const receiver = await startOtlpReceiver();
  receiver.behave('hang');
  const config: TracingConfig = {
    url: `${receiver.url}/v1/traces`,
    headers: { 'x-tenant': 't' },
    serviceName: 'x',
    sampling: { ratio: 1, followsCaller: true },
  };
  const tracer = createTracer(config, systemClock, pino({ level: 'silent' }));
  tracer.start('one').end();
  await tracer.stop();
  // After five seconds the exporter itself would have given the request up.
  expect(receiver.abandoned).toBe(0);
  expect([receiver.requests, receiver.headers['x-tenant']]).toEqual([1, 't']);
  await receiver.close();
});

test('export failures are logged once a minute with the number of lost spans and without the request', () => {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (text: string) => void lines.push(JSON.parse(text) as Record<string, unknown>) });
  const clock = new TestClock();
  const error = Object.assign(new Error('Bad Gateway'), { code: 502, data: 'authorization: hidden' });
  const exporter = new ReportingExporter(
    {
      export: (_spans, done) => done({ code: ExportResultCode.FAILED, error }),
      shutdown: () => Promise.resolve(),
    },
    clock,
    logger,
  );
  const results: number[] = [];
  for (let second = 0; second <= 60; second += 1, clock.advance(1000))
    exporter.export([{} as never], ({ code }) => results.push(code));
  expect(results).toEqual(Array.from({ length: 61 }, () => ExportResultCode.SUCCESS));
  expect(lines.map(({ spans, cause, code }) => [spans, cause, code])).toEqual([
    [1, 'Bad Gateway', 502],
    [60, 'Bad Gateway', 502],
  ]);
  expect(JSON.stringify(lines)).not.toContain('hidden');
});
