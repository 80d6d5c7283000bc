import { Button, Code, Group, Table, Text } from '@mantine/core';
import { useState } from 'react';
import type { TokenRow } from '../../../../contract/responses.ts';
import { useAct } from '../../api/hooks.ts';
import { ConfirmDialog } from '../../shared/confirm-dialog.tsx';
import { Time } from '../../shared/time.tsx';
import type { ShownSecret } from './page.tsx';
import { type TokenState, tokenState } from './scopes.ts';

interface Props {
  readonly rows: readonly TokenRow[];
  /** All users' tokens are shown: whose each is. */
  readonly withMaker: boolean;
  readonly onSecret: (secret: ShownSecret) => void;
}

const STATES: Readonly<Record<TokenState, string>> = { valid: 'Valid', expired: 'Expired', revoked: 'Revoked' };

export function TokenTable({ rows, withMaker, onSecret }: Props) {
  const [asked, setAsked] = useState<{ readonly what: 'rotate' | 'revoke'; readonly token: TokenRow } | null>(null);
  const close = () => setAsked(null);
  const rotate = useAct('rotate_token', {
    changes: ['list_tokens'],
    onDone: ({ row, token }) => {
      close();
      onSecret({ title: 'Another secret', name: row.name, token });
    },
  });
  const revoke = useAct('revoke_token', { changes: ['list_tokens'], onDone: close });
  const now = Date.now();
  return (
    <>
      <Table.ScrollContainer minWidth={820}>
        <Table highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              {withMaker && <Table.Th>Made by</Table.Th>}
              <Table.Th>May</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Ends</Table.Th>
              <Table.Th>Last used</Table.Th>
              <Table.Th aria-label="What can be done" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((token) => {
              const state = tokenState(token, now);
              return (
                <Table.Tr key={token.token_id}>
                  <Table.Td maw={220}>
                    <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
                      {token.name}
                    </Text>
                    <Code fz="xs">{token.token_id}</Code>
                  </Table.Td>
                  {withMaker && <Table.Td>{token.created_by}</Table.Td>}
                  <Table.Td maw={260}>
                    <Text size="xs">{token.scopes.join(', ')}</Text>
                  </Table.Td>
                  <Table.Td {...(state !== 'valid' && { c: 'dimmed' })}>{STATES[state]}</Table.Td>
                  <Table.Td>
                    <Time ts={token.expires_at} />
                  </Table.Td>
                  <Table.Td>{token.used_at === null ? 'never' : <Time ts={token.used_at} />}</Table.Td>
                  <Table.Td>
                    {state === 'valid' && (
                      <Group gap={4} wrap="nowrap" justify="flex-end">
                        <Button
                          size="compact-xs"
                          variant="default"
                          aria-label={`Rotate ${token.name}`}
                          onClick={() => setAsked({ what: 'rotate', token })}
                        >
                          Rotate
                        </Button>
                        <Button
                          size="compact-xs"
                          variant="default"
                          aria-label={`Revoke ${token.name}`}
                          onClick={() => setAsked({ what: 'revoke', token })}
                        >
                          Revoke
                        </Button>
                      </Group>
                    )}
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {asked?.what === 'revoke' && (
        <ConfirmDialog
          opened
          title="Revoke token"
          object={asked.token.name}
          verb="Revoke"
          typeName
          busy={revoke.isPending}
          onConfirm={() => revoke.mutate({ params: { id: asked.token.token_id } })}
          onClose={close}
        >
          Programs that use it are refused at once. This cannot be undone.
        </ConfirmDialog>
      )}
      {asked?.what === 'rotate' && (
        <ConfirmDialog
          opened
          title="Rotate token"
          object={asked.token.name}
          verb="Rotate"
          busy={rotate.isPending}
          onConfirm={() => rotate.mutate({ params: { id: asked.token.token_id } })}
          onClose={close}
        >
          It gets another secret, shown once. The old one ends at once.
        </ConfirmDialog>
      )}
    </>
  );
}
