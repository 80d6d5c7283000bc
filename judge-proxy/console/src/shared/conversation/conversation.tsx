import { Button, Text } from '@mantine/core';
import { IconHistory } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import type { ConversationPart, Conversation as Said } from '../../../../contract/responses.ts';
import { counted } from '../format.ts';
import { TrafficText } from '../traffic-text.tsx';
import classes from './conversation.module.css';
import type { Located } from './locate.ts';
import { Message } from './message.tsx';

interface Props {
  readonly conversation: Said;
  /** Where findings stand; without it nothing is marked. */
  readonly located?: Located;
  /** Id of the finding that is looked at: it is scrolled to. */
  readonly chosen?: string | null;
  readonly onChoose?: (id: string) => void;
}

/** What was said, as a reviewer reads it: turns in their order, tools, reasoning, earlier exchanges folded away. */
export function Conversation({ conversation, located, chosen = null, onChoose }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chosenPart = chosen === null ? null : (located?.findings.get(chosen)?.part ?? null);
  const indexed = conversation.parts.map((part, index) => ({ part, index }));
  const earlier = indexed.filter(({ part }) => part.of_exchange !== undefined);
  const own = indexed.filter(({ part }) => part.of_exchange === undefined);
  useScrollToChosen(box, chosen, chosenPart);

  const message = ({ part, index }: { part: ConversationPart; index: number }) => (
    <Message
      key={`${index} ${part.place}`}
      part={part}
      index={index}
      marks={located?.marks.get(index) ?? []}
      chosen={chosen}
      isChosen={index === chosenPart}
      {...(onChoose !== undefined && { onChoose })}
    />
  );
  return (
    <div ref={box} className={classes.conversation}>
      {earlier.length > 0 && (
        <Earlier parts={earlier.map(({ part }) => part)} open={earlier.some(({ index }) => index === chosenPart)}>
          {earlier.map(message)}
        </Earlier>
      )}
      {own.map(message)}
      {conversation.parts.length === 0 && (
        <Text size="sm" c="dimmed">
          Nothing was said that could be read.
        </Text>
      )}
      {conversation.decoded.map(({ place, coding, text }) => (
        <section key={`${place} ${coding}`} className={classes.decoded} aria-label={`Decoded from ${coding}`}>
          <p className={classes.decodedHead}>
            Hidden in {coding} at <TrafficText text={place} mono />
          </p>
          <TrafficText text={text} />
        </section>
      ))}
      <Ending conversation={conversation} />
    </div>
  );
}

interface EarlierProps {
  readonly parts: readonly ConversationPart[];
  readonly open: boolean;
  readonly children: React.ReactNode;
}

/** What earlier exchanges of the conversation said, which the judge saw as well. */
function Earlier({ parts, open, children }: EarlierProps) {
  const [unfolded, setUnfolded] = useState(false);
  const shown = unfolded || open;
  const from = [...new Set(parts.flatMap(({ of_exchange }) => (of_exchange === undefined ? [] : [of_exchange])))];
  return (
    <section aria-label="Earlier in this conversation" className={classes.earlier}>
      <div className={classes.earlierHead}>
        <IconHistory size={16} aria-hidden />
        <Text size="sm" fw={600}>
          Earlier in this conversation
        </Text>
        <Text size="xs" c="dimmed">
          {counted(parts.length, 'part')} of{' '}
          {from.slice(0, 3).map((id, index) => (
            <span key={id}>
              {index > 0 && ', '}
              <Link to="/exchanges/$id" params={{ id }}>
                {id.slice(0, 8)}
              </Link>
            </span>
          ))}
          {from.length > 3 && ` and ${from.length - 3} more`}
        </Text>
        <Button size="compact-xs" variant="subtle" ml="auto" aria-expanded={shown} onClick={() => setUnfolded(!shown)}>
          {shown ? 'Hide' : 'Show'}
        </Button>
      </div>
      {shown && children}
    </section>
  );
}

function Ending({ conversation: { finish, unknown_items } }: { conversation: Said }) {
  const said = [
    finish.length > 0 ? `Finish reason: ${finish.join(', ')}.` : null,
    unknown_items > 0
      ? `Not understood, and kept as it is: ${counted(unknown_items, 'item')} of the wire format.`
      : null,
  ].filter((line) => line !== null);
  if (said.length === 0) return null;
  return (
    <Text size="xs" c="dimmed" component="div">
      <TrafficText text={said.join(' ')} />
    </Text>
  );
}

/** The chosen mark, or the part it stands in, comes into sight. */
function useScrollToChosen(box: React.RefObject<HTMLDivElement | null>, chosen: string | null, part: number | null) {
  useEffect(() => {
    if (chosen === null || part === null) return;
    const inside = box.current;
    const target =
      inside?.querySelector(`[data-mark="${CSS.escape(chosen)}"]`) ?? inside?.querySelector(`[data-part="${part}"]`);
    const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
    target?.scrollIntoView({ block: 'nearest', behavior: calm ? 'auto' : 'smooth' });
  }, [box, chosen, part]);
}
