import { Button } from '@mantine/core';
import {
  type Icon,
  IconAlertCircle,
  IconBrain,
  IconFile,
  IconQuestionMark,
  IconRobot,
  IconSettings,
  IconTool,
  IconUser,
} from '@tabler/icons-react';
import { useState } from 'react';
import type { ConversationPart } from '../../../../contract/responses.ts';
import { counted } from '../format.ts';
import { TrafficText } from '../traffic-text.tsx';
import type { Mark } from '../visible-text.ts';
import classes from './conversation.module.css';

const ROLES: Readonly<Record<string, { name: string; icon: Icon }>> = {
  system: { name: 'System', icon: IconSettings },
  developer: { name: 'Developer', icon: IconSettings },
  user: { name: 'User', icon: IconUser },
  assistant: { name: 'Assistant', icon: IconRobot },
  tool: { name: 'Tool', icon: IconTool },
  unknown: { name: 'Unknown role', icon: IconQuestionMark },
};

const KINDS: Readonly<Record<string, { name: string; icon?: Icon }>> = {
  text: { name: '' },
  reasoning: { name: 'reasoning', icon: IconBrain },
  refusal: { name: 'refusal' },
  tool_call: { name: 'calls', icon: IconTool },
  tool_result: { name: 'result of', icon: IconTool },
  tool_definition: { name: 'tool definition', icon: IconTool },
  media: { name: 'media', icon: IconFile },
  error: { name: 'error', icon: IconAlertCircle },
  other: { name: 'not understood', icon: IconQuestionMark },
};

/** Parts that carry code or JSON rather than prose. */
const MONO: ReadonlySet<string> = new Set(['tool_call', 'tool_result', 'tool_definition', 'other', 'error']);
/** Definitions are long and seldom the point. */
const FOLDED: Readonly<Record<string, number>> = { tool_definition: 240 };
const FOLD_AT = 3_000;

interface Props {
  readonly part: ConversationPart;
  readonly index: number;
  readonly marks: readonly Mark[];
  readonly chosen: string | null;
  readonly isChosen: boolean;
  readonly onChoose?: (id: string) => void;
}

/** One part of what was said. */
export function Message({ part, index, marks, chosen, isChosen, onChoose }: Props) {
  const [unfolded, setUnfolded] = useState(false);
  const role = ROLES[part.role] ?? { name: part.role, icon: IconQuestionMark };
  const kind = KINDS[part.kind] ?? { name: part.kind };
  const Sign = kind.icon ?? role.icon;
  const foldAt = FOLDED[part.kind] ?? FOLD_AT;
  const mustShowAll = unfolded || marks.some(({ end }) => end > foldAt);
  const isFolded = part.text.length > foldAt * 1.2 && !mustShowAll;
  return (
    <article
      className={classes.message}
      data-role={part.role}
      data-kind={part.kind}
      data-part={index}
      data-chosen={isChosen || undefined}
      data-marked={marks.length > 0 || undefined}
    >
      <header className={classes.head}>
        <Sign size={15} stroke={1.8} aria-hidden />
        <span className={classes.role}>{role.name}</span>
        {kind.name !== '' && <span className={classes.kind}>{kind.name}</span>}
        {part.name !== undefined && (
          <span className={classes.name}>
            <TrafficText text={part.name} mono />
          </span>
        )}
        <span className={classes.place} title={part.place}>
          <TrafficText text={part.place} mono oneLine />
        </span>
      </header>
      <div className={classes.body}>
        <TrafficText
          text={isFolded ? part.text.slice(0, foldAt) : part.text}
          marks={marks}
          chosen={chosen}
          mono={MONO.has(part.kind)}
          {...(onChoose !== undefined && { onMark: onChoose })}
        />
        {isFolded && (
          <Button size="compact-xs" variant="light" mt={6} display="block" onClick={() => setUnfolded(true)}>
            Show all {counted(part.text.length, 'character')}
          </Button>
        )}
      </div>
    </article>
  );
}
