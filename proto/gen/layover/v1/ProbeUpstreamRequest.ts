// Original file: proto/layover/v1/storage.proto


export interface ProbeUpstreamRequest {
  'upstreamHost'?: (string);
  'upstreamNamespace'?: (string);
  'username'?: (string);
  'password'?: (string);
  'insecure'?: (boolean);
  'caCertificate'?: (string);
  'trustedRealms'?: (string)[];
}

export interface ProbeUpstreamRequest__Output {
  'upstreamHost': (string);
  'upstreamNamespace': (string);
  'username': (string);
  'password': (string);
  'insecure': (boolean);
  'caCertificate': (string);
  'trustedRealms': (string)[];
}
