// Original file: proto/layover/v1/node.proto


export interface IdentifyReply {
  'nodeId'?: (string);
  'instance'?: (string);
  'nodeName'?: (string);
}

export interface IdentifyReply__Output {
  'nodeId': (string);
  'instance': (string);
  'nodeName': (string);
}
