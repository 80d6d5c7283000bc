/** Contract: a number and its word agree, and digits are grouped. */

import { expect, it } from 'vitest';
import { counted } from './format.ts';

it.each([
  [0, 'exchange', '0 exchanges'],
  [1, 'exchange', '1 exchange'],
  [2, 'exchange', '2 exchanges'],
  [12_408, 'equal line', '12,408 equal lines'],
])('%i of %s', (value, one, expected) => {
  expect(counted(value, one)).toBe(expected);
});

it('takes a plural that has no s', () => {
  expect([counted(1, 'criterion', 'criteria'), counted(3, 'criterion', 'criteria')]).toEqual([
    ...['1 criterion', '3 criteria'],
  ]);
});
