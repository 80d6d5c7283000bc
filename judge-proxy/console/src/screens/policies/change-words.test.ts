/** The words cover every change that a replay knows, in its order. */

import { expect, it } from 'vitest';
import { CHANGES } from '../../../../replays/diff.ts';
import { CHANGE_NAMES, isChange } from './change-words.ts';

it('has all changes', () => expect(CHANGE_NAMES).toEqual(CHANGES));
it('knows no other', () => expect(['constructor', '__proto__', ''].some(isChange)).toBe(false));
