import { Button, Kbd, Stack, Text, Textarea } from '@mantine/core';
import { IconCheck, IconCloudUpload, IconEye, IconStack2 } from '@tabler/icons-react';
import type { RefObject } from 'react';
import { HUMAN_LABELS } from '../../../../ledger/acts.ts';
import type { QueueItem } from '../../../../ledger/read-model/rows.ts';
import { HUMAN } from '../../shared/words.ts';
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
      <Text size="sm" fw={650} mb="xs">
        Your label
      </Text>
      <div className={classes.labels}>
        {HUMAN_LABELS.map((label) => (
          <button
            type="button"
            key={label}
            className={classes.label}
            aria-pressed={given?.label === label}
            aria-keyshortcuts={keyOfLabel(label)}
            title={HUMAN[label].hint}
            onClick={() => act({ kind: 'label', label })}
          >
            <span className={classes.key} aria-hidden>
              {keyOfLabel(label)}
            </span>
            {HUMAN[label].label}
            {given?.label === label && (
              <span className={classes.labelSign}>
                {given.phase === 'kept' ? (
                  <IconCheck size={14} aria-hidden />
                ) : (
                  <IconCloudUpload size={14} aria-hidden />
                )}
              </span>
            )}
          </button>
        ))}
      </div>
      <Textarea
        ref={noteField}
        mt="sm"
        label="Note"
        description={
          given === undefined ? 'Goes to the ledger with the label' : 'Gives the same label again, with the note'
        }
        placeholder="n"
        autosize
        minRows={2}
        maxRows={6}
        maxLength={4_000}
        value={note}
        onChange={(event) => send({ kind: 'wrote', exchangeId: id, text: event.currentTarget.value })}
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
