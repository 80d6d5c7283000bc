import { Paper, Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** One card beside the conversation. */
export function SideCard({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper component="section" p="md" aria-label={title}>
      <Title order={2} size="0.875rem" mb="xs">
        {title}
      </Title>
      {children}
    </Paper>
  );
}
