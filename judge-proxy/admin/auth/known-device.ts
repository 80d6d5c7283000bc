/**
 * Browsers that somebody signed in from before (OWASP, "Device Cookies"): their attempts are counted apart, so that others
 * who fail on purpose, from however many addresses, do not keep the person out. The cookie is a random id and its MAC, with
 * the password's hash as the key: nothing has to be stored, a new password makes all of them void, and it is worth nothing
 * for another name. It signs nobody in.
 */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { StoredSecret } from './account-rows.ts';

const ID_BYTES = 16;
/** 128 bits, half of the MAC, which is what RFC 2104 §5 asks for at least. */
const MAC_BYTES = 16;

type Owner = Pick<StoredSecret, 'name' | 'password_hash'>;

/** Another one each time: 43 characters of base64url. */
export function newDevice(owner: Owner): string {
  const id = randomBytes(ID_BYTES);
  return Buffer.concat([id, macOf(id, owner)]).toString('base64url');
}

/** Whether the browser was given this one at a sign-in of just this user, with the password of now. */
export function isDeviceOf(device: string, owner: Owner): boolean {
  const bytes = Buffer.from(device, 'base64url');
  const mac = bytes.subarray(ID_BYTES);
  return mac.length === MAC_BYTES && timingSafeEqual(mac, macOf(bytes.subarray(0, ID_BYTES), owner));
}

function macOf(id: Uint8Array, { name, password_hash }: Owner): Buffer {
  return createHmac('sha256', password_hash).update('device').update(id).update(name).digest().subarray(0, MAC_BYTES);
}
