import { Alert, Button, Code, CopyButton, Group, Modal, Text } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface Props {
  readonly title: string;
  /** Whose secret it is. */
  readonly object: string;
  readonly secret: string;
  readonly children: ReactNode;
  readonly onClose: () => void;
}

/** A secret that the server keeps as a hash alone: it is shown here, and never again. */
export function SecretOnce({ title, object, secret, children, onClose }: Props) {
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size="lg"
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      <Text fw={650} size="sm">
        {object}
      </Text>
      <Text size="sm" mb="sm">
        {children}
      </Text>
      <Group wrap="nowrap" gap="xs" align="stretch">
        <Code block data-testid="secret" style={{ flex: 1, overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
          {secret}
        </Code>
        <CopyButton value={secret}>
          {({ copied, copy }) => (
            <Button
              variant="default"
              onClick={copy}
              leftSection={copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
            >
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Alert color="yellow" variant="light" mt="sm">
        It is shown once. Only its hash is kept, so nobody can show it again.
      </Alert>
      <Group justify="flex-end" mt="md">
        <Button onClick={onClose} data-autofocus>
          I have kept it
        </Button>
      </Group>
    </Modal>
  );
}
