import { Group, Paper, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  readonly title: string;
  readonly about?: ReactNode;
  readonly right?: ReactNode;
  readonly children: ReactNode;
}

export function Card({ title, about, right, children }: Props) {
  return (
    <Paper component="section" p="md" aria-label={title}>
      <Group justify="space-between" mb="xs" wrap="nowrap" align="flex-start">
        <div>
          <Title order={2} size="0.9375rem">
            {title}
          </Title>
          {about !== undefined && (
            <Text size="xs" c="dimmed" component="div">
              {about}
            </Text>
          )}
        </div>
        {right}
      </Group>
      {children}
    </Paper>
  );
}
