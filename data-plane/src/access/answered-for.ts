import type { PullTarget } from './pull-target';

/** What an answer says about the organization that it belongs to. */
export interface AnsweredFor {
  readonly upstreamHost: string;
  /** True if the organization is private: shared caches must not store the answer. */
  readonly private: boolean;
}

/** Returns what the answers about a target say about its organization. */
export function answeredFor({ proxy, organization }: PullTarget): AnsweredFor {
  return { upstreamHost: proxy.upstreamHost, private: organization.visibility === 'PRIVATE' };
}
