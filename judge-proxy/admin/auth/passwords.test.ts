/**
 * Contract: hashes are argon2id as others compute it, with OWASP's cost; checking one takes the same work whether there is
 * one or not; a few run at one time, some wait, the rest is refused.
 */

import { expect, test } from 'vitest';
import { ARGON2_COST, newPassword, PASSWORD_LIMITS, Passwords } from './passwords.ts';
import { parsePhc } from './phc.ts';

const CHEAP = { memory: 64, passes: 1, parallelism: 1 };

test('the reference implementation’s hash is read', async () => {
  const phc = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  expect(await new Passwords().verify('password', phc)).toBe(true);
  expect(await new Passwords().verify('Password', phc)).toBe(false);
});

test('a new hash costs what OWASP asks for, and has a salt of its own', async () => {
  const passwords = new Passwords();
  const [a, b] = [await passwords.hash('secret words'), await passwords.hash('secret words')];
  expect(a).not.toBe(b);
  expect(a).not.toContain('secret');
  expect(parsePhc(a)).toMatchObject({ ...ARGON2_COST, memory: 19_456, passes: 2, parallelism: 1 });
  expect(parsePhc(a)?.salt).toHaveLength(16);
  expect(parsePhc(a)?.tag).toHaveLength(32);
  expect(await passwords.verify('secret words', a)).toBe(true);
  expect(await passwords.verify('secret words ', a)).toBe(false);
});

test('one password typed on two keyboards: composed and decomposed letters are the same', async () => {
  const passwords = new Passwords(CHEAP);
  expect(await passwords.verify('Grüße'.normalize('NFD'), await passwords.hash('Grüße'.normalize('NFC')))).toBe(true);
});

test.each([[null], [''], ['$argon2id$v=19$m=99999999,t=1,p=1$c29tZXNhbHQ$x']])('no password fits %j', async (phc) => {
  expect(await new Passwords(CHEAP).verify('', phc)).toBe(false);
});

test('two run at one time, 64 wait, the rest is refused: for names that exist and names that do not', async () => {
  const passwords = new Passwords(CHEAP);
  const most = PASSWORD_LIMITS.running + PASSWORD_LIMITS.waiting;
  const phc = await passwords.hash('x');
  const all = await Promise.allSettled(
    Array.from({ length: most + 10 }, (_, index) => passwords.verify('x', index % 2 === 0 ? phc : null)),
  );
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(most);
  expect(all.slice(most)).toEqual(
    Array.from({ length: 10 }, () =>
      expect.objectContaining({ reason: expect.objectContaining({ code: 'too_many_requests' }) }),
    ),
  );
  // A name that does not exist took a turn like one that does; and afterwards there is room again.
  expect(all.slice(0, 4).map((one) => (one.status === 'fulfilled' ? one.value : null))).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect(await passwords.verify('x', phc)).toBe(true);
});

test('a new password can be read from a screen, and is another one each time', () => {
  const made = Array.from({ length: 200 }, newPassword);
  expect(new Set(made).size).toBe(200);
  for (const password of made) expect(password).toMatch(/^[a-hj-km-np-z2-9]{5}(-[a-hj-km-np-z2-9]{5}){3}$/);
});
