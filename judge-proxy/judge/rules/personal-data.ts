/**
 * Data about persons that can be told by its form: payment cards, IBANs, US social security numbers, e-mail addresses,
 * telephone numbers. Check digits and issuer ranges keep false hits down; what has none (e-mail, telephone) is `low`.
 */

import { isValidIBAN } from 'ibantools';
import type { Severity } from '../../ledger/records.ts';
import { type Budget, mergeFindings, type Rule, type RuleFinding, type RuleScan, scanInPieces } from './rule.ts';

interface Pattern {
  readonly type: string;
  readonly severity: Severity;
  /** The pattern can only match where this occurs. */
  readonly needs: RegExp;
  /** Global. Every repetition is bounded, so a piece of text costs at most a fixed multiple of its length. */
  readonly pattern: RegExp;
  readonly valid: (match: string) => boolean;
}

const DIGIT = /\d/;

const PATTERNS: readonly Pattern[] = [
  {
    type: 'payment_card',
    severity: 'high',
    needs: DIGIT,
    pattern: /(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.]?\d)/g,
    valid: (match) => isPaymentCard(match.replace(/[ -]/g, '')),
  },
  {
    type: 'iban',
    severity: 'high',
    needs: DIGIT,
    pattern: /\b[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,4})?)\b/gi,
    valid: (match) => isValidIBAN(match.replaceAll(' ', '').toUpperCase()),
  },
  {
    type: 'us_ssn',
    severity: 'high',
    needs: DIGIT,
    pattern: /(?<![\w-])\d{3}([- ])\d{2}\1\d{4}(?![\w-])/g,
    valid: isSsn,
  },
  {
    type: 'email',
    severity: 'low',
    needs: /@/,
    pattern: /(?<![\w.+-])[\w.+%-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}\b/gi,
    valid: () => true,
  },
  {
    type: 'telephone',
    severity: 'low',
    needs: /\+/,
    pattern: /(?<![\w+])\+[1-9](?:[ ().-]{0,2}\d){7,14}(?!\d)/g,
    valid: () => true,
  },
];

/** Issuer ranges of ISO/IEC 7812 as the schemes publish them, and the Luhn check digit (ISO/IEC 7812-1 annex B). */
export function isPaymentCard(digits: string): boolean {
  return issuerLengths(digits).includes(digits.length) && luhn(digits);
}

function issuerLengths(digits: string): readonly number[] {
  const two = Number(digits.slice(0, 2));
  const four = Number(digits.slice(0, 4));
  if (digits.startsWith('4')) return [13, 16, 19]; // Visa
  if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) return [16]; // Mastercard
  if (two === 34 || two === 37) return [15]; // American Express
  if (two === 36 || two === 38 || (four >= 3000 && four <= 3059)) return [14, 16, 19]; // Diners Club
  if (four >= 3528 && four <= 3589) return [16, 17, 18, 19]; // JCB
  if (four === 6011 || two === 65 || (four >= 6440 && four <= 6499)) return [16, 17, 18, 19]; // Discover
  if (two === 62 || two === 81) return [16, 17, 18, 19]; // UnionPay
  return [];
}

function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0 && !/^(\d)\1*$/.test(digits);
}

/** Numbers that the US Social Security Administration never issues: area 000, 666 and 9xx, group 00, serial 0000. */
function isSsn(match: string): boolean {
  const [area, group, serial] = match.split(/[- ]/);
  if (area === undefined || area === '000' || area === '666' || area.startsWith('9')) return false;
  return group !== '00' && serial !== '0000';
}

function run(text: string, budget: Budget): RuleScan {
  const needed = PATTERNS.filter((pattern) => pattern.needs.test(text));
  if (needed.length === 0) return { findings: [], scanned: text.length };
  const findings: RuleFinding[] = [];
  const scanned = scanInPieces(text, budget, (piece, offset) => {
    for (const { pattern, type, severity, valid } of needed) {
      for (const match of piece.matchAll(pattern)) {
        if (!valid(match[0])) continue;
        const start = offset + match.index;
        findings.push({ start, end: start + match[0].length, type, severity });
      }
    }
  });
  return { findings: mergeFindings(findings), scanned };
}

export const personalData: Rule = { name: 'personal_data', version: '1', redacts: true, run };
