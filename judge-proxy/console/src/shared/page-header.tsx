import { Group, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';

interface Props {
  readonly title: string;
  /** What the page is for, in a sentence. */
  readonly about?: ReactNode;
  /** Buttons on the right. */
  readonly children?: ReactNode;
}

/** Heading of a page; it is the title of the browser's tab as well. */
export function PageHeader({ title, about, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Judge proxy`;
  }, [title]);
  return (
    <Group justify="space-between" align="flex-start" mb="md" wrap="nowrap">
      <div>
        <Title order={1} size="1.25rem" lh={1.3}>
          {title}
        </Title>
        {about !== undefined && (
          <Text component="div" size="sm" c="dimmed">
            {about}
          </Text>
        )}
      </div>
      {children !== undefined && (
        <Group gap="xs" wrap="nowrap">
          {children}
        </Group>
      )}
    </Group>
  );
}
