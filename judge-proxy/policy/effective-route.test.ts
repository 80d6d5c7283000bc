/** Contract: what `check-config` says of a route is what its action, mode, judge and failure policy do together. */

import { expect, test } from 'vitest';
import { parseConfig } from '../config/load.ts';
import { effectiveRoutes } from './effective-route.ts';

const CONFIG = `
on_judge_failure: { observe: allow, hold: review }
judges:
  full: { rubric: r, model: { api_key: k, name: m }, small_model: { api_key: k, name: s } }
  rules: { rubric: r, model: { api_key: "", name: m }, small_model: { api_key: "", name: s } }
  large: { rubric: r, model: { api_key: k, name: m }, small_model: { api_key: "", name: s } }
routes:
  - { name: gone, hosts: [a.example], action: deny }
  - { name: recorded, hosts: [b.example], action: terminate }
  - { name: watched, hosts: [c.example], action: terminate, judge: full }
  - { name: cleared, hosts: [d.example], action: terminate, judge: full, mode: window, hold_request: true }
  - { name: eager, hosts: [e.example], action: terminate, judge: full, mode: window, window: { release: eager } }
  - { name: held, hosts: [f.example], action: terminate, judge: rules, mode: hold, on_judge_failure: block }
  - { name: ruled, hosts: [g.example], action: terminate, judge: rules, mode: window, window: { release: eager } }
  - { name: alone, hosts: [h.example], action: terminate, judge: large }
  - { name: rest, hosts: ["*"], action: tunnel }
`;

const routes = effectiveRoutes(parseConfig(CONFIG, 'f.yaml', {}));

test.each([
  ['gone', 'refused'],
  ['recorded', 'recorded, not judged'],
  ['watched', 'an answer is delivered at once and judged after by rules and model; it is never stopped'],
  [
    'cleared',
    'a request reaches the origin after its verdict; each window of a stream is delivered once rules and model cleared it',
  ],
  ['eager', 'each window of a stream is delivered once rules cleared it; the model reads behind, and cuts'],
  ['held', 'an answer is delivered after the verdict of rules'],
  ['ruled', 'each window of a stream is delivered once rules cleared it'],
  ['rest', 'relayed unread'],
])('%s: %s', (name, sentence) => {
  expect(routes.find(({ route }) => route === name)?.enforced).toBe(sentence);
});

test.each([
  ['gone', null],
  ['rest', null],
  ['recorded', null],
  ['watched', ['full', 'm', 's', 'observe', null, 'allow', null]],
  ['cleared', ['full', 'm', 's', 'window', 'cleared', 'block', 'review']],
  ['eager', ['full', 'm', 's', 'window', 'eager', 'block', null]],
  ['held', ['rules', null, null, 'hold', null, 'block', null]],
  ['alone', ['large', 'm', null, 'observe', null, 'allow', null]],
])('%s is judged by %j', (name, expected) => {
  const judge = routes.find(({ route }) => route === name)?.judge ?? null;
  expect(judge === null ? null : Object.values(judge)).toEqual(expected);
});
