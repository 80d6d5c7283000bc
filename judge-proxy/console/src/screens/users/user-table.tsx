import { Button, Group, Select, Table, Text } from '@mantine/core';
import { useState } from 'react';
import type { UserRow } from '../../../../contract/responses.ts';
import { ROLES, type Role } from '../../../../contract/roles.ts';
import { useAct } from '../../api/hooks.ts';
import { useMe } from '../../app/session.ts';
import { ConfirmDialog } from '../../shared/confirm-dialog.tsx';
import { Time } from '../../shared/time.tsx';
import type { ShownPassword } from './page.tsx';
import { ROLES_IN_WORDS } from './roles-in-words.ts';

type Asked =
  | { readonly what: 'lock' | 'unlock' | 'reset'; readonly user: UserRow }
  | { readonly what: 'role'; readonly user: UserRow; readonly role: Role };

interface Props {
  readonly rows: readonly UserRow[];
  readonly onPassword: (shown: ShownPassword) => void;
}

const ROLE_OPTIONS = ROLES.map((value) => ({ value, label: ROLES_IN_WORDS[value].label }));

export function UserTable({ rows, onPassword }: Props) {
  const me = useMe();
  const [asked, setAsked] = useState<Asked | null>(null);
  return (
    <>
      <Table highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th w={190}>Role</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>Since</Table.Th>
            <Table.Th aria-label="What can be done" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((user) => (
            <Table.Tr key={user.name}>
              <Table.Td>
                <Text size="sm" fw={600} span>
                  {user.name}
                </Text>
                {user.name === me.name && (
                  <Text size="xs" c="dimmed" span>
                    {' '}
                    you
                  </Text>
                )}
              </Table.Td>
              <Table.Td>
                <Select
                  size="xs"
                  aria-label={`Role of ${user.name}`}
                  data={ROLE_OPTIONS}
                  value={user.role}
                  allowDeselect={false}
                  onChange={(role) => role !== null && role !== user.role && setAsked({ what: 'role', user, role })}
                />
              </Table.Td>
              <Table.Td {...(user.disabled_at !== null && { c: 'dimmed' })}>{stateOf(user)}</Table.Td>
              <Table.Td>
                <Time ts={user.created_at} />
              </Table.Td>
              <Table.Td>
                <Group gap={4} wrap="nowrap" justify="flex-end">
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={`Reset password of ${user.name}`}
                    onClick={() => setAsked({ what: 'reset', user })}
                  >
                    Reset password
                  </Button>
                  <Button
                    size="compact-xs"
                    variant="default"
                    disabled={user.name === me.name}
                    aria-label={`${user.disabled_at === null ? 'Lock' : 'Unlock'} ${user.name}`}
                    onClick={() => setAsked({ what: user.disabled_at === null ? 'lock' : 'unlock', user })}
                  >
                    {user.disabled_at === null ? 'Lock' : 'Unlock'}
                  </Button>
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {asked !== null && <Question asked={asked} onPassword={onPassword} onClose={() => setAsked(null)} />}
    </>
  );
}

function stateOf({ disabled_at: disabledAt, must_change_password: mustChange }: UserRow): string {
  if (disabledAt !== null) return 'Locked';
  return mustChange ? 'Has to choose a password' : 'Active';
}

interface QuestionProps {
  readonly asked: Asked;
  readonly onPassword: (shown: ShownPassword) => void;
  readonly onClose: () => void;
}

const TITLES = { lock: 'Lock user', unlock: 'Unlock user', reset: 'Reset password', role: 'Change role' } as const;
const VERBS = { lock: 'Lock', unlock: 'Unlock', reset: 'Reset', role: 'Change' } as const;

function Question({ asked, onPassword, onClose }: QuestionProps) {
  const { what, user } = asked;
  const change = useAct('change_user', { changes: ['list_users'], onDone: onClose });
  const reset = useAct('reset_password', {
    changes: ['list_users'],
    onDone: ({ password }) => {
      onClose();
      onPassword({ name: user.name, password });
    },
  });
  const params = { name: user.name };
  return (
    <ConfirmDialog
      opened
      title={TITLES[what]}
      object={user.name}
      verb={VERBS[what]}
      typeName={what === 'lock' || what === 'reset'}
      harmless={what === 'unlock' || what === 'role'}
      busy={change.isPending || reset.isPending}
      onClose={onClose}
      onConfirm={() => {
        if (what === 'reset') reset.mutate({ params });
        else if (what === 'role') change.mutate({ params, body: { role: asked.role } });
        else change.mutate({ params, body: { disabled: what === 'lock' } });
      }}
    >
      {what === 'lock' && 'They are signed out at once, and their tokens are revoked for good.'}
      {what === 'unlock' && 'They can sign in again. Tokens that were revoked by the lock stay revoked.'}
      {what === 'reset' && 'They are signed out at once and get another password, which is shown once.'}
      {what === 'role' &&
        `From ${ROLES_IN_WORDS[user.role].label} to ${ROLES_IN_WORDS[asked.role].label}: ${ROLES_IN_WORDS[asked.role].says.toLowerCase()}.`}
    </ConfirmDialog>
  );
}
