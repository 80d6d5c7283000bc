/** Streams fed to a reader event by event, as the modes do. */

import { expect } from 'vitest';
import type { Api } from '../api.ts';
import { parseSse, type SseEvent } from '../sse.ts';
import type { Delta, StreamReader, StreamStep } from '../stream-reader.ts';
import { exchange, sse } from './exchange.ts';

/** One step for each event. */
export function stepsOf(reader: StreamReader, events: readonly SseEvent[]): StreamStep[] {
  return events.map((event) => reader.read(event));
}

/** Joined texts of deltas by place, with role, kind and the first name that came. */
export function joined(deltas: readonly Delta[]): Map<string, string> {
  const texts = new Map<string, string>();
  const heads = new Map<string, string>();
  for (const { place, role, kind, name, text } of deltas) {
    texts.set(place, (texts.get(place) ?? '') + text);
    if (!heads.has(place)) heads.set(place, `${role} ${kind}${name === undefined ? '' : ` <${name}>`}`);
  }
  return new Map([...texts].map(([place, text]) => [`${place} ${heads.get(place)}`, text.toWellFormed()]));
}

/** What the deltas of a stream amount to. */
export function streamed(api: Api, payloads: readonly (string | object)[]): Map<string, string> {
  const steps = stepsOf(api.streamReader(), parseSse(sse(payloads, true)));
  return joined(steps.flatMap((step) => step.deltas));
}

/** What the whole reading of the same stream says, media left out: it is described only when it is whole. */
export function readWhole(api: Api, path: string, payloads: readonly (string | object)[]): Map<string, string> {
  const { transcript } = api.read(
    exchange(path, { response: sse(payloads, true), responseContentType: 'text/event-stream' }),
  );
  return new Map(
    transcript.parts
      .filter((part) => part.side === 'response')
      .map(({ place, role, kind, name, text }) => [
        `${place} ${role} ${kind}${name === undefined ? '' : ` <${name}>`}`,
        text,
      ]),
  );
}

/** Shows that both readings of a stream say the same. */
export function expectSame(api: Api, path: string, payloads: readonly (string | object)[]): void {
  expect(streamed(api, payloads)).toEqual(readWhole(api, path, payloads));
}

/** Mixes lists at random, each in its own order. @param order indexes of the lists; what is left follows */
export function interleaved<T>(lists: readonly (readonly T[])[], order: readonly number[]): T[] {
  const left = lists.map((list) => [...list]);
  const mixed = order.flatMap((index) => left[index % left.length]?.shift() ?? []);
  return [...mixed, ...left.flat()];
}
