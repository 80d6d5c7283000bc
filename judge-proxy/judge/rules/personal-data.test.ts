/** Personal data are told by form, range and check digit; what only looks like them is left alone. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPaymentCard, personalData } from './personal-data.ts';
import { Budget } from './rule.ts';

function find(text: string): { type: string; text: string }[] {
  const { findings, scanned } = personalData.run(text, new Budget(() => 0, 1));
  expect(scanned).toBe(text.length);
  return findings.map(({ type, start, end }) => ({ type, text: text.slice(start, end) }));
}

describe('found', () => {
  it.each([
    ['payment_card', '4111 1111 1111 1111'],
    ['payment_card', '4111-1111-1111-1111'],
    ['payment_card', '5555555555554444'],
    ['payment_card', '2223003122003222'],
    ['payment_card', '378282246310005'],
    ['payment_card', '6011111111111117'],
    ['payment_card', '3530111333300000'],
    ['payment_card', '30569309025904'],
    ['payment_card', '6200000000000005'],
    ['iban', 'DE89370400440532013000'],
    ['iban', 'DE89 3704 0044 0532 0130 00'],
    ['iban', 'GB29 NWBK 6016 1331 9268 19'],
    ['iban', 'NO9386011117947'],
    ['us_ssn', '219-09-9998'],
    ['us_ssn', '219 09 9998'],
    ['email', 'jane.doe+news@mail.example.co.uk'],
    ['telephone', '+49 (0)30 1234567'],
    ['telephone', '+14155550132'],
  ])('%s %s', (type, value) => {
    expect(find(value)).toEqual([{ type, text: value }]);
    expect(find(`Here it is: ${value}, thanks.`)).toEqual([{ type, text: value }]);
    expect(find(JSON.stringify({ value }))).toEqual([{ type, text: value }]);
  });
});

describe('left alone', () => {
  it.each([
    ['a wrong check digit', '4111 1111 1111 1112'],
    ['a number of no issuer', '9111 1111 1111 1111'],
    ['a repeated digit', '4444444444444444'],
    ['a longer run of digits', '41111111111111114111111111111111'],
    ['a decimal fraction', '3.4111111111111111'],
    ['an IBAN with a wrong sum', 'DE89370400440532013001'],
    ['an SSN of no area', '000-12-3456'],
    ['an SSN of area 666', '666-12-3456'],
    ['an SSN of area 9xx', '912-12-3456'],
    ['an SSN of group 00', '219-00-9998'],
    ['an SSN within a longer number', '12219-09-99981'],
    ['a time and a date', '2026-11-21T15:04:05+01:00'],
    ['an address without top-level domain', 'root@localhost'],
    ['a package version', 'left-pad@1.3.0'],
    ['a sum', '1+1234'],
    ['prose', 'No data about anybody here.'],
  ])('%s', (_, text) => expect(find(text)).toEqual([]));
});

/** Appends the Luhn check digit. */
function withCheckDigit(digits: string): string {
  const sum = [...digits].toReversed().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

it('accepts every Visa number with the right check digit and no other', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^4[0-9]{14}$/), (digits) => {
      const card = withCheckDigit(digits);
      const right = Number(card.at(-1));
      for (let digit = 0; digit <= 9; digit++) {
        const candidate = `${digits}${digit}`;
        const repeated = /^(\d)\1*$/.test(candidate);
        expect(isPaymentCard(candidate)).toBe(digit === right && !repeated);
      }
    }),
  );
});
