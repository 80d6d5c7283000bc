import { Button, Checkbox, Group, Modal, Select, SimpleGrid, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { makeToken } from '../../../../contract/requests.ts';
import type { Permission } from '../../../../contract/roles.ts';
import { useAct } from '../../api/hooks.ts';
import { useMe } from '../../app/session.ts';
import type { ShownSecret } from './page.tsx';
import { expiryOf, LIFETIMES, scopeGroups, scopeSays } from './scopes.ts';

interface Props {
  readonly onClose: () => void;
  readonly onMade: (secret: ShownSecret) => void;
}

export function NewTokenDialog({ onClose, onMade }: Props) {
  const me = useMe();
  const [name, setName] = useState('');
  const [days, setDays] = useState('90');
  const [scopes, setScopes] = useState<readonly Permission[]>([]);
  const [tried, setTried] = useState(false);
  const make = useAct('create_token', {
    changes: ['list_tokens'],
    onDone: ({ row, token }) => onMade({ title: 'New token', name: row.name, token }),
  });
  const noName = makeToken.shape.name.safeParse(name.trim()).success ? null : 'Between 1 and 100 characters';
  const toggle = (scope: Permission) =>
    setScopes(scopes.includes(scope) ? scopes.filter((other) => other !== scope) : [...scopes, scope]);
  return (
    <Modal opened onClose={onClose} title="New token" size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (noName !== null || scopes.length === 0) return;
          make.mutate({
            body: { name: name.trim(), scopes: [...scopes], expires_at: expiryOf(Number(days), Date.now()) },
          });
        }}
      >
        <Group align="flex-start" grow>
          <TextInput
            label="Name"
            description="What it is for"
            data-autofocus
            value={name}
            maxLength={100}
            error={tried && noName}
            onChange={(event) => setName(event.currentTarget.value)}
            autoComplete="off"
          />
          <Select
            label="Ends after"
            description="It can be rotated before"
            data={LIFETIMES.map((option) => ({ ...option }))}
            value={days}
            allowDeselect={false}
            onChange={(value) => setDays(value ?? '90')}
          />
        </Group>
        <Text size="sm" fw={600} mt="md" mb={4}>
          May
        </Text>
        {tried && scopes.length === 0 && (
          <Text size="xs" c="var(--mantine-color-error)" role="alert">
            Choose at least one
          </Text>
        )}
        <SimpleGrid cols={2} spacing="md" verticalSpacing="sm">
          {scopeGroups(me.permissions).map((group) => (
            <fieldset key={group.label} style={{ border: 0, margin: 0, padding: 0 }}>
              <Text component="legend" size="xs" c="dimmed" mb={4}>
                {group.label}
              </Text>
              {group.scopes.map((scope) => (
                <Checkbox
                  key={scope}
                  mb={6}
                  size="sm"
                  label={scope}
                  description={scopeSays(scope)}
                  checked={scopes.includes(scope)}
                  onChange={() => toggle(scope)}
                />
              ))}
            </fieldset>
          ))}
        </SimpleGrid>
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={make.isPending}>
            Make the token
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
