// Original file: proto/layover/v1/catalog.proto

import type { Long } from '@grpc/proto-loader';

export interface JudgeBlobReply {
  'refusedImage'?: (string);
  'reason'?: (string);
  'vulnerabilities'?: (string)[];
  'goodForMs'?: (number | string | Long);
}

export interface JudgeBlobReply__Output {
  'refusedImage': (string);
  'reason': (string);
  'vulnerabilities': (string)[];
  'goodForMs': (number);
}
