import { Button, Checkbox, Group, Modal, SegmentedControl, Text, Textarea } from '@mantine/core';
import { useId, useState } from 'react';
import { HUMAN_LABELS, type HumanLabel, type QueueName } from '../../../../ledger/acts.ts';
import type { ExchangeRow, QueueItem } from '../../../../ledger/read-model/rows.ts';
import { useAct, useAnswer } from '../../api/hooks.ts';
import { VerdictBadge } from '../../shared/badges.tsx';
import { counted } from '../../shared/format.ts';
import { TrafficText } from '../../shared/traffic-text.tsx';
import { WhenRead } from '../../shared/when-read.tsx';
import { HUMAN } from '../../shared/words.ts';
import classes from './queue.module.css';
import type { TriageEvent } from './triage.ts';

interface Props {
  readonly item: QueueItem;
  readonly queue: QueueName;
  readonly send: (event: TriageEvent) => void;
  readonly onClose: () => void;
}

/** One label for several exchanges that look alike: all are shown first, and it is asked once more. */
export function SimilarDialog({ item, queue, send, onClose }: Props) {
  const similar = useAnswer('similar_exchanges', { params: { id: item.exchange.exchange_id }, query: { limit: 50 } });
  return (
    <Modal opened onClose={onClose} size="xl" title="Label similar ones" closeButtonProps={{ 'aria-label': 'Close' }}>
      <WhenRead of={similar}>
        {(rows) => (
          <Choice
            rows={[item.exchange, ...rows.filter(({ exchange_id: id }) => id !== item.exchange.exchange_id)]}
            {...{ queue, send, onClose }}
          />
        )}
      </WhenRead>
    </Modal>
  );
}

type ChoiceProps = Omit<Props, 'item'> & { readonly rows: readonly ExchangeRow[] };

function Choice({ rows, queue, send, onClose }: ChoiceProps) {
  // What has a label of somebody already is not chosen by itself.
  const [chosen, setChosen] = useState(
    () => new Set(rows.filter(({ labels }, index) => index === 0 || labels === 0).map((row) => row.exchange_id)),
  );
  const [label, setLabel] = useState<HumanLabel>('violation');
  const [note, setNote] = useState('');
  const [sure, setSure] = useState(false);
  const heading = useId();
  const act = useAct('label', {
    changes: ['list_queues', 'read_exchange', 'list_exchanges', 'quality'],
    onDone: (labels) => {
      const given = new Map(labels.map(({ exchange_id: id, label_id }) => [id, label_id]));
      send({ kind: 'labelled_together', label, labels: given });
      onClose();
    },
  });
  const many = counted(chosen.size, 'exchange');
  const word = HUMAN[label].label.toLowerCase();
  if (sure)
    return (
      <>
        <Text fw={650}>
          Label {many} {word}?
        </Text>
        <Text size="sm">
          Each gets a label in your name. All of them carry the mark of one bulk act, and each can be withdrawn.
        </Text>
        <Group justify="flex-end" mt="lg" gap="xs">
          <Button variant="default" data-autofocus onClick={() => setSure(false)}>
            Back
          </Button>
          <Button
            loading={act.isPending}
            onClick={() =>
              act.mutate({ body: { exchange_ids: [...chosen], label, note: note.trim() || null, queue, blind: false } })
            }
          >
            Label {many}
          </Button>
        </Group>
      </>
    );
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  return (
    <>
      <Text size="sm" mb="xs" id={heading}>
        {rows.length === 1
          ? 'Nothing looks like this one.'
          : 'Same client or route, and the same criteria or rules. The first is the item on the screen.'}
      </Text>
      <fieldset className={classes.similar} aria-labelledby={heading}>
        {rows.map((row) => (
          // biome-ignore lint/a11y/noLabelWithoutControl: the checkbox within is the control
          <label className={classes.similarRow} key={row.exchange_id}>
            <Checkbox
              checked={chosen.has(row.exchange_id)}
              onChange={() => toggle(row.exchange_id)}
              aria-label={`Exchange ${row.exchange_id}`}
            />
            <div>
              <TrafficText text={row.preview ?? row.path} oneLine />
              <Text size="xs" c="dimmed">
                {row.client} · {row.route}
                {row.labels > 0 && ` · ${row.labels} labelled it already`}
              </Text>
            </div>
            <VerdictBadge verdict={row.verdict} />
          </label>
        ))}
      </fieldset>
      <SegmentedControl
        mt="md"
        fullWidth
        aria-label="Label"
        value={label}
        onChange={(value) => setLabel(value as HumanLabel)}
        data={HUMAN_LABELS.map((value) => ({ value, label: HUMAN[value].label }))}
      />
      <Textarea
        mt="sm"
        label="Note, the same for all"
        value={note}
        maxLength={4_000}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button disabled={chosen.size === 0} onClick={() => setSure(true)}>
          Label {many} {word}…
        </Button>
      </Group>
    </>
  );
}
