import { Button, Tooltip } from '@mantine/core';
import { IconArrowUp, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useKeys } from '../../shared/keys.tsx';
import classes from './exchanges.module.css';
import type { LiveTail } from './use-live-tail.ts';

/** Whether the list follows the traffic, and how many new exchanges wait above it. */
export function LiveBar({ live, canFollow }: { live: LiveTail; canFollow: boolean }) {
  const { waiting, isPaused, isConnected } = live;
  useKeys('Live tail', [
    { key: 'p', what: isPaused ? 'Follow again' : 'Pause', run: () => live.setPaused(!isPaused) },
    { key: 'l', what: 'Show what is new', run: live.show },
  ]);
  if (!canFollow) {
    return (
      <Tooltip label="A search, or a time that has ended, does not change any more.">
        <span className={classes.liveState}>Not live</span>
      </Tooltip>
    );
  }
  const said = isPaused ? 'Paused' : isConnected ? 'Live' : 'Connecting…';
  return (
    <>
      <output aria-live="polite">
        {waiting.length > 0 && (
          <Button size="xs" leftSection={<IconArrowUp size={14} aria-hidden />} onClick={live.show}>
            {waiting.length} new
          </Button>
        )}
      </output>
      <span className={classes.liveState} data-live={(isConnected && !isPaused) || undefined}>
        <span className={classes.dot} aria-hidden />
        {said}
      </span>
      <Button
        size="xs"
        variant="default"
        leftSection={isPaused ? <IconPlayerPlay size={14} aria-hidden /> : <IconPlayerPause size={14} aria-hidden />}
        onClick={() => live.setPaused(!isPaused)}
      >
        {isPaused ? 'Follow' : 'Pause'}
      </Button>
    </>
  );
}
