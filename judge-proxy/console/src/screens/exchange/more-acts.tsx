import { Button, Group, Menu, Radio } from '@mantine/core';
import { IconDotsVertical, IconDownload, IconEraser } from '@tabler/icons-react';
import { useState } from 'react';
import type { ExchangeDetail } from '../../../../contract/responses.ts';
import type { ErasureTier } from '../../../../ledger/acts.ts';
import { saveFile } from '../../api/client.ts';
import { showFailure, useAct, useApi } from '../../api/hooks.ts';
import { useMay } from '../../app/session.ts';
import { ConfirmDialog } from '../../shared/confirm-dialog.tsx';

/** What is seldom done: fetching the sealed original, erasing. */
export function MoreActs({ detail }: { detail: ExchangeDetail }) {
  const api = useApi();
  const maySeal = useMay('sealed:read') && detail.sealed !== null;
  const mayErase = useMay('erasures:write') && detail.row.erased !== 'metadata';
  const [erases, setErases] = useState(false);
  const id = detail.row.exchange_id;
  const download = () => {
    api.file('read_sealed', { params: { id } }).then(saveFile, showFailure);
  };
  if (!maySeal && !mayErase) return null;
  return (
    <Group gap="xs">
      {maySeal && (
        <Button variant="default" leftSection={<IconDownload size={15} aria-hidden />} onClick={download}>
          Sealed original
        </Button>
      )}
      {mayErase && (
        <Menu position="bottom-end" width={200} shadow="md">
          <Menu.Target>
            <Button variant="default" px="xs" aria-label="More">
              <IconDotsVertical size={16} aria-hidden />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconEraser size={15} aria-hidden />} onClick={() => setErases(true)}>
              Erase…
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <EraseDialog id={id} opened={erases} onClose={() => setErases(false)} />
    </Group>
  );
}

const TIERS: readonly { readonly tier: ErasureTier; readonly label: string; readonly about: string }[] = [
  { tier: 'sealed', label: 'The sealed original', about: 'The redacted words stay.' },
  {
    tier: 'text',
    label: 'All words',
    about: 'That, and everything that was said or quoted. Times, scores and hashes stay.',
  },
  {
    tier: 'metadata',
    label: 'Everything',
    about: 'That, and the records themselves. Their hashes keep the chain whole.',
  },
];

function EraseDialog({ id, opened, onClose }: { id: string; opened: boolean; onClose: () => void }) {
  const [tier, setTier] = useState<ErasureTier>('text');
  const erase = useAct('erase', {
    changes: ['read_exchange', 'list_exchanges'],
    onDone: onClose,
  });
  return (
    <ConfirmDialog
      opened={opened}
      onClose={onClose}
      title="Erase what is kept of an exchange"
      object={id}
      verb="Erase"
      typeName
      busy={erase.isPending}
      onConfirm={() => erase.mutate({ body: { tier, scope: { kind: 'exchange', exchange_id: id }, confirm: id } })}
    >
      This cannot be undone. It is recorded, with your name.
      <Radio.Group
        mt="sm"
        label="What is erased"
        value={tier}
        onChange={(value) => setTier(TIERS.find((one) => one.tier === value)?.tier ?? 'text')}
      >
        {TIERS.map(({ tier: value, label, about }) => (
          <Radio key={value} mt="xs" value={value} label={label} description={about} />
        ))}
      </Radio.Group>
    </ConfirmDialog>
  );
}
