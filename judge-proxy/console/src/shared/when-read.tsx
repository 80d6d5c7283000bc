import { Skeleton, Stack } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ErrorState } from './error-state.tsx';

interface Props<T> {
  readonly of: UseQueryResult<T>;
  readonly children: (answer: T) => ReactNode;
  /** Lines of the placeholder while it is read. */
  readonly lines?: number;
}

/** Shows an answer when it is there, and until then that it is read, or why it is not. */
export function WhenRead<T>({ of, children, lines = 6 }: Props<T>) {
  if (of.data !== undefined) return children(of.data);
  if (of.error !== null) return <ErrorState error={of.error} onRetry={() => void of.refetch()} />;
  return (
    <Stack gap="xs" aria-busy="true" aria-label="Loading">
      {Array.from({ length: lines }, (_none, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: equal lines, never reordered
        <Skeleton key={line} height={28} />
      ))}
    </Stack>
  );
}
