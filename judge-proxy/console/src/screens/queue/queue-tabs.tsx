import { Tabs } from '@mantine/core';
import { QUEUES, type QueueName } from '../../../../ledger/acts.ts';
import type { QueueCount } from '../../../../ledger/read-model/rows.ts';
import { formatCount } from '../../shared/format.ts';
import { QUEUES_IN_WORDS } from '../../shared/words.ts';
import classes from './queue.module.css';

/** The ledger counts no further: more than this is "10,000 or more". */
const COUNTED_TO = 10_000;

interface Props {
  readonly queue: QueueName;
  readonly counts: readonly QueueCount[];
  readonly onChange: (queue: QueueName) => void;
}

export function QueueTabs({ queue, counts, onChange }: Props) {
  return (
    <Tabs value={queue} onChange={(value) => onChange((value ?? 'severe') as QueueName)} mb="md">
      <Tabs.List aria-label="Queues">
        {QUEUES.map((name) => {
          const waiting = counts.find((count) => count.queue === name)?.waiting;
          return (
            <Tabs.Tab
              key={name}
              value={name}
              rightSection={waiting !== undefined && <span className={classes.count}>{shown(waiting)}</span>}
            >
              {QUEUES_IN_WORDS[name].label}
            </Tabs.Tab>
          );
        })}
      </Tabs.List>
    </Tabs>
  );
}

function shown(waiting: number): string {
  return waiting >= COUNTED_TO ? `${formatCount(COUNTED_TO)}+` : formatCount(waiting);
}
