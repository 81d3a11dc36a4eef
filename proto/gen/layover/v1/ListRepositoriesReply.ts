// Original file: proto/layover/v1/registry.proto


export interface ListRepositoriesReply {
  'names'?: (string)[];
  'nextLast'?: (string);
  'nextLimit'?: (number);
}

export interface ListRepositoriesReply__Output {
  'names': (string)[];
  'nextLast': (string);
  'nextLimit': (number);
}
