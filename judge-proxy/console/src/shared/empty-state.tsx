import { Stack, Text } from '@mantine/core';
import { type Icon, IconInbox } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface Props {
  readonly title: string;
  readonly icon?: Icon;
  /** What can be done about it. */
  readonly children?: ReactNode;
}

/** Where there is nothing to show, and why. */
export function EmptyState({ title, icon: Sign = IconInbox, children }: Props) {
  return (
    <Stack align="center" gap={6} py={48} px="md">
      <Sign size={36} stroke={1.3} color="var(--text-dim)" aria-hidden />
      <Text fw={600}>{title}</Text>
      <Text component="div" size="sm" c="dimmed" ta="center" maw={460}>
        {children}
      </Text>
    </Stack>
  );
}
