// Before the first paint, so that a dark console does not flash white. A file of its own: the policy forbids inline script.
(() => {
  let kept = null;
  try {
    kept = window.localStorage.getItem('judge-proxy-color-scheme');
  } catch {}
  const dark = kept === 'dark' || (kept !== 'light' && window.matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
