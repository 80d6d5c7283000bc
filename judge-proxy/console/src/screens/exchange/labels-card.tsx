import { Button, Text } from '@mantine/core';
import { useState } from 'react';
import type { ExchangeDetail } from '../../../../contract/responses.ts';
import type { HumanLabel } from '../../../../ledger/acts.ts';
import type { LabelRow } from '../../../../ledger/read-model/rows.ts';
import { useAct } from '../../api/hooks.ts';
import { useMay, useMe } from '../../app/session.ts';
import { HumanBadge } from '../../shared/badges.tsx';
import { LabelButtons, NoteField } from '../../shared/label-fields.tsx';
import { Time } from '../../shared/time.tsx';
import { TrafficText } from '../../shared/traffic-text.tsx';
import classes from './exchange.module.css';
import { SideCard } from './side-card.tsx';

/** What people said, and the way to say something. */
export function LabelsCard({ detail }: { detail: ExchangeDetail }) {
  const me = useMe();
  const mayLabel = useMay('labels:write');
  const changes = ['read_exchange', 'list_exchanges', 'list_queues', 'read_queue'] as const;
  const label = useAct('label', { changes });
  const withdraw = useAct('withdraw_label', { changes });
  const mine = detail.labels.findLast((row) => row.reviewer === me.name && row.stands && row.label !== null);
  const id = detail.row.exchange_id;
  const busy = label.isPending || withdraw.isPending;
  const [note, setNote] = useState('');
  const give = (chosen: HumanLabel) => {
    // A note that did not arrive stays where it was written.
    label.mutate(
      { body: { exchange_ids: [id], label: chosen, note: note.trim() === '' ? null : note.trim() } },
      { onSuccess: () => setNote('') },
    );
  };
  return (
    <SideCard title="Labels of people">
      {detail.labels.length === 0 ? (
        <Text size="sm" c="dimmed" mb={mayLabel ? 'sm' : 0}>
          Nobody labelled it yet.
        </Text>
      ) : (
        <ul className={classes.labels}>
          {detail.labels.map((row) => (
            <Label key={row.label_id} row={row} />
          ))}
        </ul>
      )}
      {mayLabel && (
        <>
          <LabelButtons given={mine?.label ?? null} busy={busy} onLabel={give} />
          <NoteField
            description="Goes with the label; can be erased later, the label cannot."
            value={note}
            onChange={setNote}
          />
          {mine !== undefined && (
            <Button
              size="compact-xs"
              variant="subtle"
              mt={4}
              disabled={busy}
              onClick={() => withdraw.mutate({ params: { id: mine.label_id } })}
            >
              Withdraw my label
            </Button>
          )}
        </>
      )}
    </SideCard>
  );
}

function Label({ row }: { row: LabelRow }) {
  return (
    <li data-gone={!row.stands || undefined}>
      <div className={classes.inline}>
        {row.label === null ? <Text size="xs">withdrew the label</Text> : <HumanBadge label={row.label} />}
        <Text size="xs" c="dimmed" component="span">
          <TrafficText text={row.reviewer} />, <Time ts={row.ts} />
          {row.blind && ', blind'}
          {!row.stands && row.label !== null && ', replaced since'}
        </Text>
      </div>
      {row.note !== null && (
        <Text size="xs" component="div" mt={2}>
          <TrafficText text={row.note} />
        </Text>
      )}
    </li>
  );
}
