// Original file: proto/layover/v1/registry.proto

import type { Long } from '@grpc/proto-loader';

export interface IssueTokenReply {
  'token'?: (string);
  'expiresInSeconds'?: (number | string | Long);
  'issuedAt'?: (number | string | Long);
}

export interface IssueTokenReply__Output {
  'token': (string);
  'expiresInSeconds': (number);
  'issuedAt': (number);
}
