import { Alert, Button, Group, Text } from '@mantine/core';
import { IconAlertCircle } from '@tabler/icons-react';
import { ApiError } from '../api/problem.ts';

interface Props {
  /** Whatever was thrown. */
  readonly error: unknown;
  readonly onRetry?: () => void;
}

/** What went wrong, with what is needed to ask about it. */
export function ErrorState({ error, onRetry }: Props) {
  const isApi = error instanceof ApiError;
  const title = isApi ? error.title : 'This page could not be shown';
  const message = error instanceof Error ? error.message : '';
  return (
    <Alert color="red" icon={<IconAlertCircle />} title={title} role="alert" my="md" maw={720}>
      {message !== '' && message !== title && <Text size="sm">{message}</Text>}
      {isApi &&
        error.errors.map(({ path, message }) => (
          <Text size="sm" key={`${path} ${message}`}>
            {path}: {message}
          </Text>
        ))}
      <Group mt="xs" gap="md">
        {onRetry !== undefined && (
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        )}
        {isApi && error.requestId !== null && <Text size="xs">Request {error.requestId}</Text>}
      </Group>
    </Alert>
  );
}
