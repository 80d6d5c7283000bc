import { Button, Kbd, Stack, Text } from '@mantine/core';
import { IconCheck, IconCloudUpload, IconEye, IconStack2 } from '@tabler/icons-react';
import type { RefObject } from 'react';
import type { QueueItem } from '../../../../ledger/read-model/rows.ts';
import { LabelButtons, NoteField } from '../../shared/label-fields.tsx';
import { keyOfLabel, type ReviewAct } from './keys.ts';
import classes from './queue.module.css';
import type { TriageEvent, TriageState } from './triage.ts';

interface Props {
  readonly item: QueueItem;
  readonly state: TriageState;
  readonly act: (what: ReviewAct) => void;
  readonly send: (event: TriageEvent) => void;
  readonly noteField: RefObject<HTMLTextAreaElement | null>;
}

/** The four answers, the note, and what else can be done with the item. */
export function LabelPanel({ item, state, act, send, noteField }: Props) {
  const id = item.exchange.exchange_id;
  const given = state.given.get(id);
  const note = state.notes.get(id) ?? '';
  return (
    <section className={classes.panel} aria-label="Your label">
      <LabelButtons
        given={given?.label ?? null}
        state={given?.phase === 'kept' ? <IconCheck size={14} /> : <IconCloudUpload size={14} />}
        keyOf={keyOfLabel}
        onLabel={(label) => act({ kind: 'label', label })}
      />
      <NoteField
        fieldRef={noteField}
        description={
          given === undefined ? 'Goes to the ledger with the label' : 'Gives the same label again, with the note'
        }
        keyName="n"
        value={note}
        onChange={(text) => send({ kind: 'wrote', exchangeId: id, text })}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
          send({ kind: 'note_done', exchangeId: id });
          event.currentTarget.blur();
        }}
      />
      {given !== undefined && note.trim() !== '' && (
        <Button size="xs" mt={6} variant="default" onClick={() => send({ kind: 'note_done', exchangeId: id })}>
          Keep the note
        </Button>
      )}
      <Stack gap={6} mt="md">
        {state.blind && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconEye size={14} />}
            disabled={given?.phase !== 'kept' || state.revealed.has(id)}
            onClick={() => act({ kind: 'reveal' })}
          >
            What did the judge say?
          </Button>
        )}
        {/* The control sample is labelled one by one: a label that nobody gave to this item would count in recall. */}
        {state.queue !== 'control' && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconStack2 size={14} />}
            onClick={() => act({ kind: 'similar' })}
          >
            Label similar ones together…
          </Button>
        )}
        <Text size="xs" c="dimmed">
          <Kbd size="xs">?</Kbd> lists all keys
        </Text>
      </Stack>
    </section>
  );
}
