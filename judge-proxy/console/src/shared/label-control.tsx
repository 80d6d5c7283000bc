import { Button, Kbd, Textarea } from '@mantine/core';
import { type Icon, IconAlertTriangle, IconBan, IconCheck, IconHelpCircle } from '@tabler/icons-react';
import { type Ref, useState } from 'react';
import type { HumanLabel } from '../../../ledger/acts.ts';
import { HUMAN_LABELS } from '../../../ledger/acts.ts';
import classes from './label-control.module.css';
import { HUMAN } from './words.ts';

const SIGNS: Readonly<Record<HumanLabel, Icon>> = {
  violation: IconAlertTriangle,
  clean: IconCheck,
  unsure: IconHelpCircle,
  invalid: IconBan,
};

interface Props {
  /** The label of this reviewer that stands, if any. */
  readonly mine: HumanLabel | null;
  readonly busy?: boolean;
  /** Key that gives a label, shown on its button; none where there are no keys. */
  readonly keyOf?: (label: HumanLabel) => string;
  /** For a key that opens the note. */
  readonly noteRef?: Ref<HTMLTextAreaElement>;
  readonly onLabel: (label: HumanLabel, note: string | null) => void;
  readonly onWithdraw?: () => void;
}

/** A person's answer on an exchange: four buttons and a note. What was given before is shown; another one replaces it. */
export function LabelControl({ mine, busy = false, keyOf, noteRef, onLabel, onWithdraw }: Props) {
  const [note, setNote] = useState('');
  const give = (label: HumanLabel) => {
    onLabel(label, note.trim() === '' ? null : note.trim());
    setNote('');
  };
  return (
    <div>
      <fieldset className={classes.labels}>
        <legend className={classes.legend}>Your label</legend>
        {HUMAN_LABELS.map((label) => {
          const Sign = SIGNS[label];
          return (
            <Button
              key={label}
              variant={mine === label ? 'filled' : 'default'}
              size="sm"
              aria-pressed={mine === label}
              title={HUMAN[label].hint}
              disabled={busy}
              leftSection={<Sign size={15} aria-hidden />}
              rightSection={keyOf === undefined ? undefined : <Kbd size="xs">{keyOf(label)}</Kbd>}
              onClick={() => give(label)}
            >
              {HUMAN[label].label}
            </Button>
          );
        })}
      </fieldset>
      <Textarea
        {...(noteRef !== undefined && { ref: noteRef })}
        mt="xs"
        label="Note"
        description="Goes with the label; can be erased later, the label cannot."
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
        maxLength={4_000}
        autosize
        minRows={1}
        maxRows={6}
      />
      {mine !== null && onWithdraw !== undefined && (
        <Button size="compact-xs" variant="subtle" mt={4} disabled={busy} onClick={onWithdraw}>
          Withdraw my label
        </Button>
      )}
    </div>
  );
}
