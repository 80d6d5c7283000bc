/**
 * Contract: a thread that rests is woken once, with time when nobody looks; whoever looks then hurries it, once; one that is
 * at work, or gone, is left alone.
 */

import { expect, it } from 'vitest';
import { type Call, Waking } from './waking.ts';

type Event = 'grew' | 'grew, somebody looks' | 'somebody looks' | 'has all' | 'has more' | 'lost';

function called(...events: readonly Event[]): Call[] {
  const calls: Call[] = [];
  const waking = new Waking((call) => calls.push(call));
  const happen: Record<Event, () => void> = {
    grew: () => waking.wake(false),
    'grew, somebody looks': () => waking.wake(true),
    'somebody looks': () => waking.hurry(),
    'has all': () => waking.moved(true),
    'has more': () => waking.moved(false),
    lost: () => waking.lost(),
  };
  for (const event of events) happen[event]();
  return calls;
}

it.each<[events: Event[], calls: Call[]]>([
  [['grew', 'grew, somebody looks', 'somebody looks'], []],
  [['has more', 'grew', 'grew, somebody looks'], []],
  [['has all', 'grew', 'grew'], ['wake_later']],
  [['has all', 'grew, somebody looks', 'grew, somebody looks', 'somebody looks'], ['wake']],
  [
    ['has all', 'grew', 'somebody looks', 'somebody looks'],
    ['wake_later', 'wake'],
  ],
  [
    ['has all', 'grew', 'grew, somebody looks', 'grew, somebody looks'],
    ['wake_later', 'wake'],
  ],
  [['has all', 'somebody looks'], []],
  [
    ['has all', 'grew', 'has all', 'somebody looks', 'grew'],
    ['wake_later', 'wake_later'],
  ],
  [['has all', 'grew', 'lost', 'somebody looks', 'grew, somebody looks'], ['wake_later']],
])('%j: %j', (events, calls) => {
  expect(called(...events)).toEqual(calls);
});
