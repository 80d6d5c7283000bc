import { Paper, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** What can be done here, where there is nothing yet. */
export function Hint({ children }: { children: ReactNode }) {
  return (
    <Paper p="md" bg="transparent" style={{ borderStyle: 'dashed' }}>
      <Text size="sm" c="dimmed" component="div">
        {children}
      </Text>
    </Paper>
  );
}
