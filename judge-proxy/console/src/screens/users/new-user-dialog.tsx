import { Button, Group, Modal, Radio, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { newUser } from '../../../../contract/requests.ts';
import { ROLES, type Role } from '../../../../contract/roles.ts';
import { useAct } from '../../api/hooks.ts';
import type { ShownPassword } from './page.tsx';
import { ROLES_IN_WORDS } from './roles-in-words.ts';

interface Props {
  readonly onClose: () => void;
  readonly onMade: (made: ShownPassword) => void;
}

export function NewUserDialog({ onClose, onMade }: Props) {
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('reviewer');
  const [tried, setTried] = useState(false);
  const make = useAct('create_user', {
    changes: ['list_users'],
    onDone: ({ user, password }) => onMade({ name: user.name, password }),
  });
  const fits = newUser.shape.name.safeParse(name).success;
  return (
    <Modal opened onClose={onClose} title="New user" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (fits) make.mutate({ body: { name, role } });
        }}
      >
        <TextInput
          label="Name"
          description="Small letters, digits, . _ @ -"
          data-autofocus
          autoComplete="off"
          spellCheck={false}
          value={name}
          error={tried && !fits && 'It begins with a letter or digit, and has 63 characters at most'}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Radio.Group label="Role" mt="md" value={role} onChange={(value) => setRole(value as Role)}>
          <Stack gap="xs" mt={6}>
            {ROLES.map((value) => (
              <Radio
                key={value}
                value={value}
                label={ROLES_IN_WORDS[value].label}
                description={ROLES_IN_WORDS[value].says}
              />
            ))}
          </Stack>
        </Radio.Group>
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={make.isPending}>
            Make the user
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
