import { QueryClient } from '@tanstack/react-query';
import { isPassing } from './client.ts';

/** What was read is fresh for ten seconds: going back and forth between pages asks nothing. */
const FRESH_MS = 10_000;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: FRESH_MS,
        retry: (failures, error) => failures < 2 && isPassing(error),
        refetchOnWindowFocus: false,
      },
      mutations: { retry: false },
    },
  });
}
