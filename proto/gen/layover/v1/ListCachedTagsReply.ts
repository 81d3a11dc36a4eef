// Original file: proto/layover/v1/catalog.proto


export interface ListCachedTagsReply {
  'tags'?: (string)[];
  'more'?: (boolean);
}

export interface ListCachedTagsReply__Output {
  'tags': (string)[];
  'more': (boolean);
}
