import { Paper, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  readonly title: string;
  readonly about?: ReactNode;
  readonly children: ReactNode;
}

export function Card({ title, about, children }: Props) {
  return (
    <Paper p="md" mb="md" component="section" aria-label={title}>
      <Title order={2} size="0.9375rem">
        {title}
      </Title>
      {about !== undefined && (
        <Text size="xs" c="dimmed" mb="sm">
          {about}
        </Text>
      )}
      {children}
    </Paper>
  );
}
