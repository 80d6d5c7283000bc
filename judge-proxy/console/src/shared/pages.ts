/** Lists that the server gives page by page, by a cursor that only it understands. */

import { type InfiniteData, type UseInfiniteQueryResult, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Answer } from '../../../contract/endpoints.ts';
import type { Page } from '../../../ledger/read-model/rows.ts';
import type { Given, JsonEndpoint } from '../api/client.ts';
import { useApi } from '../api/hooks.ts';

/** Endpoints that answer a page. */
export type PagedEndpoint = {
  [N in JsonEndpoint]: Answer<N> extends Page<unknown> ? N : never;
}[JsonEndpoint];
export type ItemOf<N extends PagedEndpoint> = Answer<N> extends Page<infer T> ? T : never;

export interface PagesResult<T> {
  readonly items: readonly T[];
  readonly query: UseInfiniteQueryResult<InfiniteData<Page<T>>>;
}

/** All pages that were asked for so far, as one list; `query.fetchNextPage()` asks for another. */
export function usePages<N extends PagedEndpoint>(name: N, given: Given<N>, enabled = true): PagesResult<ItemOf<N>> {
  const api = useApi();
  type Item = ItemOf<N>;
  const query = useInfiniteQuery<Page<Item>, Error, InfiniteData<Page<Item>>, readonly unknown[], string | null>({
    queryKey: [name, given],
    enabled,
    initialPageParam: null,
    queryFn: async ({ pageParam, signal }) => {
      const cursor = pageParam === null ? {} : { cursor: pageParam };
      const asked = { ...given, query: { ...given.query, ...cursor } } as Given<N>;
      return (await api.call(name, asked, signal)) as Page<Item>;
    },
    getNextPageParam: (last) => last.next,
  });
  const items = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  return { items, query };
}
