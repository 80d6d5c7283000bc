import { useEffect, useMemo, useRef, useState } from 'react';
import type { ExchangeRow } from '../../../../ledger/read-model/rows.ts';
import { useApi } from '../../api/hooks.ts';
import type { ListFilter } from './filters.ts';
import { arrived, type LiveState, NOTHING_LIVE, released } from './live-state.ts';

export interface LiveTail extends LiveState {
  readonly isConnected: boolean;
  readonly isPaused: boolean;
  setPaused(paused: boolean): void;
  /** Puts what waits into the list, and the reader at its head. */
  show(): void;
  /** The reader points at the list: it stands still. */
  hold(holds: boolean): void;
}

/** At the head of the page as long as it is scrolled no further than this, in pixels. */
const HEAD_PX = 40;

/**
 * Follows exchanges that fit the filter. They go into the list at once while its head is in sight and nobody points at it;
 * else they wait and are counted, so that nothing moves under the reader's eyes.
 */
export function useLiveTail(filter: ListFilter, follows: boolean): LiveTail {
  const api = useApi();
  const [state, setState] = useState<LiveState>(NOTHING_LIVE);
  const [isConnected, setConnected] = useState(false);
  const [isPaused, setPaused] = useState(false);
  const held = useRef({ pointed: false, paused: false });
  held.current.paused = isPaused;
  const address = api.address('live', { query: asLive(filter) });

  useEffect(() => {
    if (!follows) return;
    const startedAt = Date.now() - CLOCK_SKEW_MS;
    const isNew = (row: ExchangeRow) => Date.parse(row.ts) >= startedAt;
    const source = new EventSource(address);
    source.onopen = () => setConnected(true);
    source.onerror = () => {
      setConnected(false);
      // Closed for good: the session may be over. Any question tells.
      if (source.readyState === EventSource.CLOSED) void api.call('health', {}).catch(() => undefined);
    };
    source.onmessage = (event: MessageEvent<string>) => {
      const rows = JSON.parse(event.data) as readonly ExchangeRow[];
      const holds = held.current.paused || held.current.pointed || window.scrollY > HEAD_PX;
      setState((before) => arrived(before, rows, isNew, holds));
    };
    return () => source.close();
  }, [api, address, follows]);

  return useMemo(
    () => ({
      ...state,
      isConnected: isConnected && follows,
      isPaused,
      setPaused(paused) {
        setPaused(paused);
        if (!paused) setState(released);
      },
      show() {
        setState(released);
        window.scrollTo({ top: 0 });
      },
      hold(pointed) {
        held.current.pointed = pointed;
      },
    }),
    [state, isConnected, follows, isPaused],
  );
}

/** Rows that began this long before the list was opened count as new; those that the list has are dropped as repeats. */
const CLOCK_SKEW_MS = 120_000;

/** The live query has neither words nor times, nor what a row does not tell: which label people gave. */
function asLive(filter: ListFilter) {
  const { q: _words, since: _since, until: _until, human_label, ...rest } = filter;
  return human_label === 'none' || human_label === 'any' ? { ...rest, human_label } : rest;
}
