// Original file: proto/layover/v1/node.proto


export interface ReferrersPosition {
  'query'?: (string);
  'after'?: (string);
  '_after'?: "after";
}

export interface ReferrersPosition__Output {
  'query': (string);
  'after'?: (string);
  '_after'?: "after";
}
