import { Button, Group, Paper, Radio, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Answer } from '../../../../contract/endpoints.ts';
import { ERASURE_TIERS, type ErasureTier } from '../../../../ledger/acts.ts';
import { useAct } from '../../api/hooks.ts';
import { ConfirmDialog } from '../../shared/confirm-dialog.tsx';
import { counted } from '../../shared/format.ts';

const TIERS: Readonly<Record<ErasureTier, { readonly label: string; readonly says: string }>> = {
  sealed: { label: 'Sealed original', says: 'The encrypted original alone' },
  text: { label: 'All words', says: 'And the redacted text, quotes, explanations and notes' },
  metadata: { label: 'Everything', says: 'And the records themselves: their hashes stay, so that the chain holds' },
};

/** Destroys content of one exchange or one client. Names are typed again; the erasure itself is recorded. */
export function ErasurePanel() {
  const [kind, setKind] = useState<'exchange' | 'client'>('exchange');
  const [name, setName] = useState('');
  const [tier, setTier] = useState<ErasureTier>('text');
  const [asked, setAsked] = useState(false);
  const of = name.trim();
  const erase = useAct('erase', {
    changes: ['list_exchanges', 'read_exchange', 'list_clients', 'overview', 'read_queue'],
    onDone: () => {
      setAsked(false);
      setName('');
    },
  });
  return (
    <Paper p="md" component="section" aria-label="Erasure">
      <Text size="sm" fw={600} mb={4}>
        Erase
      </Text>
      <Text size="sm" mb="sm">
        What is kept of an exchange or a client is destroyed. The chain stays valid, and says that it was done and by
        whom.
      </Text>
      <Group align="flex-end" gap="xs">
        <SegmentedControl
          aria-label="Erase what"
          data={[
            { value: 'exchange', label: 'Exchange' },
            { value: 'client', label: 'Client' },
          ]}
          value={kind}
          onChange={(value) => setKind(value as typeof kind)}
        />
        <TextInput
          style={{ flex: 1 }}
          label={kind === 'exchange' ? 'Id of the exchange' : 'Name of the client'}
          value={name}
          maxLength={256}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      </Group>
      <Radio.Group label="How much" mt="sm" value={tier} onChange={(value) => setTier(value as ErasureTier)}>
        <Stack gap={6} mt={4}>
          {ERASURE_TIERS.map((value) => (
            <Radio key={value} value={value} label={TIERS[value].label} description={TIERS[value].says} />
          ))}
        </Stack>
      </Radio.Group>
      <Group justify="flex-end" mt="md">
        <Button
          variant="light"
          color="red"
          disabled={of.length < (kind === 'exchange' ? 6 : 1)}
          onClick={() => setAsked(true)}
        >
          Erase…
        </Button>
      </Group>
      <Text size="sm" mt="xs" role="status">
        {erase.data !== undefined && outcomeOf(erase.data)}
      </Text>
      <ConfirmDialog
        opened={asked}
        title={kind === 'exchange' ? 'Erase exchange' : 'Erase client'}
        object={of}
        verb="Erase"
        typeName
        busy={erase.isPending}
        onClose={() => setAsked(false)}
        onConfirm={() =>
          erase.mutate({
            body: {
              tier,
              scope: kind === 'exchange' ? { kind, exchange_id: of } : { kind, client: of },
              confirm: of,
            },
          })
        }
      >
        {TIERS[tier].says}. This cannot be undone.
      </ConfirmDialog>
    </Paper>
  );
}

function outcomeOf({ exchanges, records, left, kept }: Answer<'erase'>): string {
  const said = [`Erased: ${counted(exchanges, 'exchange')}, ${counted(records, 'record')}.`];
  if (left > 0) said.push(`Not yet, because not finished: ${counted(left, 'exchange')}; order it again.`);
  if (kept > 0) said.push(`Kept in the chain since before words stood apart: ${counted(kept, 'record')}.`);
  return said.join(' ');
}
