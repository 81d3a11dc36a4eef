import { LOG_LEVELS } from '../../runtime/log-level';
import { declareSettings, type SettingGroup } from './setting';
import { ADDRESS } from './formats';
import { ALL_PLANES, DATA_PLANE, EDGE } from './programs';

const ENDPOINT = 'an http:// or https:// URL';
const HEADERS = 'a comma-separated list of <key>=<value>, with percent-encoded values';

/** The six samplers of the OpenTelemetry specification that need no remote service. */
export const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

const settings = declareSettings({
  LAYOVER_LOG_LEVEL: {
    kind: 'choice',
    readBy: ALL_PLANES,
    values: LOG_LEVELS,
    default: 'info',
    description: 'Lowest level that is logged. `debug` logs every request.',
  },
  LAYOVER_EDGE_METRICS_LISTEN: {
    kind: 'text',
    readBy: EDGE,
    format: ADDRESS,
    description:
      'Where an edge serves `/metrics`, `/healthz` and `/readyz` over plain HTTP. Without it, the ' +
      'registry itself serves `/metrics`, to clients on this machine only.',
    example: '0.0.0.0:9101',
  },
  LAYOVER_DATA_HTTP_LISTEN: {
    kind: 'text',
    readBy: DATA_PLANE,
    format: ADDRESS,
    description:
      'Where a data plane serves `/metrics`, `/healthz` and `/readyz` over plain HTTP. Without it, ' +
      'they are not served.',
    example: '0.0.0.0:9100',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    kind: 'text',
    readBy: ALL_PLANES,
    format: ENDPOINT,
    secret: true,
    description: 'Base URL of a receiver of OTLP over HTTP in JSON. `/v1/traces` is appended.',
    example: 'http://collector.example:4318',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    kind: 'text',
    readBy: ALL_PLANES,
    format: ENDPOINT,
    secret: true,
    description: 'The same as a complete URL: nothing is appended. It wins over `OTEL_EXPORTER_OTLP_ENDPOINT`.',
    example: 'http://collector.example:4318/v1/traces',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    kind: 'text',
    readBy: ALL_PLANES,
    format: HEADERS,
    secret: true,
    description: 'Headers of every request to the receiver.',
    example: 'authorization=Bearer%20<token>',
  },
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: {
    kind: 'text',
    readBy: ALL_PLANES,
    format: HEADERS,
    secret: true,
    description: 'Used instead of `OTEL_EXPORTER_OTLP_HEADERS` if set.',
  },
  OTEL_SERVICE_NAME: {
    kind: 'text',
    readBy: ALL_PLANES,
    format: 'a text',
    defaultText: '`layover-edge`, `layover-data-plane` or `layover-control-plane`',
    description: 'Name of the service in traces.',
  },
  OTEL_TRACES_SAMPLER: {
    kind: 'choice',
    readBy: ALL_PLANES,
    values: SAMPLERS,
    default: 'parentbased_always_on',
    description: 'Which traces are recorded.',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    kind: 'text',
    readBy: ALL_PLANES,
    format: 'a number from 0 to 1',
    default: '1',
    description: 'Share of traces that the samplers `traceidratio` and `parentbased_traceidratio` record.',
    example: '0.1',
  },
  OTEL_SDK_DISABLED: {
    kind: 'boolean',
    readBy: ALL_PLANES,
    default: false,
    description: 'Whether tracing is off although an endpoint is set.',
  },
});

/** Settings of logs, metrics, health and traces. */
export const OBSERVABILITY = {
  title: 'Observe: logs, metrics, health and traces',
  introduction: [
    'See [observability.md](observability.md). Traces are sent only if one of the two `OTEL_…_ENDPOINT`',
    'variables is set. Layover reads the variables of the OpenTelemetry specification that are listed',
    'here and no others.',
  ],
  settings,
} satisfies SettingGroup;
