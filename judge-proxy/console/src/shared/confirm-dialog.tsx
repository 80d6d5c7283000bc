import { Button, Group, Modal, Text, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';

interface Props {
  readonly opened: boolean;
  /** `Revoke token`: a verb and a kind. */
  readonly title: string;
  /** Name of the one thing that this is about; always shown. */
  readonly object: string;
  /** What will be, and whether it can be undone. */
  readonly children: ReactNode;
  /** On the button: `Revoke`. */
  readonly verb: string;
  /** The name has to be typed: for what cannot be undone. */
  readonly typeName?: boolean;
  /** It does no harm: the button is not red. */
  readonly harmless?: boolean;
  readonly busy?: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** Asks before something is changed that somebody could miss, and names it. */
export function ConfirmDialog(props: Props) {
  return (
    <Modal
      opened={props.opened}
      onClose={props.onClose}
      title={props.title}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {props.opened && <Question {...props} />}
    </Modal>
  );
}

function Question({
  object,
  children,
  verb,
  typeName = false,
  harmless = false,
  busy = false,
  onConfirm,
  onClose,
}: Props) {
  const [typed, setTyped] = useState('');
  const mayGo = !typeName || typed === object;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (mayGo) onConfirm();
      }}
    >
      <Text size="sm" fw={650} mb={4} style={{ overflowWrap: 'anywhere' }}>
        {object}
      </Text>
      <Text component="div" size="sm">
        {children}
      </Text>
      {typeName && (
        <TextInput
          mt="md"
          label="Type the name to go on"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
        />
      )}
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose} data-autofocus={!typeName || undefined}>
          Cancel
        </Button>
        <Button type="submit" loading={busy} disabled={!mayGo} {...(!harmless && { color: 'red.8' })}>
          {verb}
        </Button>
      </Group>
    </form>
  );
}
