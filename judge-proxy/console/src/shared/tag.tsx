import { Tooltip } from '@mantine/core';
import type { Icon } from '@tabler/icons-react';
import classes from './tag.module.css';

/** `good` is for what a judge found clean, and for nothing else; `void` for what was not judged. */
export type Tone = 'critical' | 'high' | 'medium' | 'low' | 'quiet' | 'good' | 'void';

interface Props {
  readonly tone: Tone;
  readonly icon: Icon;
  readonly label: string;
  /** What it means, in a sentence. */
  readonly hint?: string;
}

/** A word with a sign and a colour: never the colour alone. */
export function Tag({ tone, icon: Sign, label, hint }: Props) {
  const tag = (
    <span className={classes.tag} data-tone={tone}>
      <Sign size={13} stroke={2.1} aria-hidden className={classes.sign} />
      {label}
    </span>
  );
  return hint === undefined ? tag : <Tooltip label={hint}>{tag}</Tooltip>;
}
