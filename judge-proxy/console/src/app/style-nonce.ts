/**
 * The nonce that the server's policy allows `<style>` elements by, from `<meta name="csp-nonce">`. Undefined where no server
 * put one in. Libraries that make style elements by themselves (the scroll lock of dialogs) read it from the global name
 * that webpack gave it: https://github.com/theKashey/get-nonce
 */
export function styleNonce(): string | undefined {
  const given = document.querySelector('meta[name="csp-nonce"]')?.getAttribute('content');
  if (given === undefined || given === null || !/^[A-Za-z0-9+/_=-]{8,}$/.test(given) || given === '__CSP_NONCE__') {
    return undefined;
  }
  Object.assign(globalThis, { __webpack_nonce__: given });
  return given;
}
