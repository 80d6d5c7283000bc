/** A person's answer on an exchange, as it is given wherever that can be: in the queue, and beside the conversation. */

import { Textarea } from '@mantine/core';
import { type Icon, IconAlertTriangle, IconBan, IconCheck, IconHelpCircle } from '@tabler/icons-react';
import type { KeyboardEvent, ReactNode, Ref } from 'react';
import type { HumanLabel } from '../../../ledger/acts.ts';
import { HUMAN_LABELS } from '../../../ledger/acts.ts';
import classes from './label-fields.module.css';
import { HUMAN } from './words.ts';

const SIGNS: Readonly<Record<HumanLabel, Icon>> = {
  violation: IconAlertTriangle,
  clean: IconCheck,
  unsure: IconHelpCircle,
  invalid: IconBan,
};

interface ButtonsProps {
  /** The label of this reviewer that stands, if any. */
  readonly given: HumanLabel | null;
  /** How far the given one is. */
  readonly state?: ReactNode;
  readonly busy?: boolean;
  /** Key that gives a label, shown on its button; none where there are no keys. */
  readonly keyOf?: (label: HumanLabel) => string;
  readonly onLabel: (label: HumanLabel) => void;
}

/** Four buttons. What was given is pressed; another one replaces it. */
export function LabelButtons({ given, state, busy = false, keyOf, onLabel }: ButtonsProps) {
  return (
    <fieldset className={classes.labels}>
      <legend className={classes.legend}>Your label</legend>
      {HUMAN_LABELS.map((label) => {
        const Sign = SIGNS[label];
        return (
          <button
            type="button"
            key={label}
            className={classes.label}
            aria-pressed={given === label}
            aria-keyshortcuts={keyOf?.(label)}
            title={HUMAN[label].hint}
            disabled={busy}
            onClick={() => onLabel(label)}
          >
            <Sign size={15} aria-hidden />
            {HUMAN[label].label}
            <span className={classes.end} aria-hidden>
              {given === label && state}
              {keyOf !== undefined && <span className={classes.key}>{keyOf(label)}</span>}
            </span>
          </button>
        );
      })}
    </fieldset>
  );
}

interface NoteProps {
  /** What becomes of it. */
  readonly description: string;
  readonly value: string;
  /** Key that leads here, where there is one. */
  readonly keyName?: string;
  readonly fieldRef?: Ref<HTMLTextAreaElement>;
  readonly onChange: (text: string) => void;
  readonly onKeyDown?: (event: KeyboardEvent<HTMLTextAreaElement>) => void;
}

/** The words that go with a label. */
export function NoteField({ description, value, keyName, fieldRef, onChange, onKeyDown }: NoteProps) {
  return (
    <Textarea
      {...(fieldRef !== undefined && { ref: fieldRef })}
      {...(onKeyDown !== undefined && { onKeyDown })}
      mt="sm"
      label="Note"
      description={description}
      placeholder={keyName}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      maxLength={4_000}
      autosize
      minRows={2}
      maxRows={6}
    />
  );
}
