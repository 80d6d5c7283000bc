/** The API in components: `useAnswer` reads and caches, `useAct` changes something. */

import { notifications } from '@mantine/notifications';
import {
  keepPreviousData,
  type QueryClient,
  queryOptions,
  type UseMutationResult,
  type UseQueryResult,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import type { Answer, EndpointName } from '../../../contract/endpoints.ts';
import type { Api, Given, JsonEndpoint } from './client.ts';
import { ApiError } from './problem.ts';

export const ApiContext = createContext<Api | null>(null);

export function useApi(): Api {
  const api = useContext(ApiContext);
  if (api === null) throw new Error('outside of the console');
  return api;
}

/** An answer in the cache. Its key begins with the endpoint's name: `invalidateQueries({ queryKey: ['list_tokens'] })`. */
export function answerOptions<N extends JsonEndpoint>(api: Api, name: N, given: Given<N>) {
  return queryOptions<Answer<N>, Error>({
    queryKey: [name, given],
    queryFn: ({ signal }) => api.call(name, given, signal),
  });
}

export interface AnswerOptions<T = unknown> {
  readonly enabled?: boolean;
  /** Milliseconds after which it is asked again while the page is seen. */
  readonly refetchInterval?: number;
  /** Whether `refetchInterval` holds for this answer; it always does unless given. */
  readonly refetchWhile?: (answer: T) => boolean;
  /** Shows the answer to the question before until the new one is there: no flicker when a filter changes. */
  readonly keepPrevious?: boolean;
}

/** Asks an endpoint and keeps the answer. */
export function useAnswer<N extends JsonEndpoint>(
  name: N,
  given: Given<N>,
  { keepPrevious, refetchInterval, refetchWhile = () => true, ...options }: AnswerOptions<Answer<N>> = {},
): UseQueryResult<Answer<N>> {
  const asked = answerOptions(useApi(), name, given);
  return useQuery<Answer<N>, Error>({
    ...asked,
    ...options,
    refetchInterval: ({ state }) =>
      state.data === undefined || refetchWhile(state.data) ? (refetchInterval ?? false) : false,
    ...(keepPrevious === true && { placeholderData: keepPreviousData }),
  });
}

export interface ActOptions<N extends JsonEndpoint> {
  /** What is read anew after it: names of endpoints. */
  readonly changes?: readonly EndpointName[];
  readonly onDone?: (answer: Answer<N>, given: Given<N>) => void;
  /** The caller shows failures itself; else a notification does. */
  readonly quiet?: boolean;
}

/** Changes something: `const revoke = useAct('revoke_token', { changes: ['list_tokens'] }); revoke.mutate({ params })`. */
export function useAct<N extends JsonEndpoint>(
  name: N,
  { changes = [], onDone, quiet = false }: ActOptions<N> = {},
): UseMutationResult<Answer<N>, Error, Given<N>> {
  const api = useApi();
  const cache = useQueryClient();
  return useMutation<Answer<N>, Error, Given<N>>({
    mutationFn: (given) => api.call(name, given),
    onSuccess: async (answer, given) => {
      onDone?.(answer, given);
      await readAnew(cache, changes);
    },
    onError: (error) => {
      if (!quiet) showFailure(error);
    },
  });
}

async function readAnew(cache: QueryClient, names: readonly EndpointName[]): Promise<void> {
  await Promise.all(names.map((name) => cache.invalidateQueries({ queryKey: [name] })));
}

/** A notification of what went wrong. It stays until it is closed: whoever looked elsewhere has to find it. */
export function showFailure(error: unknown): void {
  const title = error instanceof ApiError ? error.title : 'Something went wrong';
  const message = error instanceof Error && error.message !== title ? error.message : '';
  notifications.show({ color: 'red', title, message, withCloseButton: true, autoClose: false });
}
