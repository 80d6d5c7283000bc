/** `npm run build:console`: the review console into dist/, which the admin listener serves. */

import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/**
 * Libraries that change seldom are files of their own: they stay in the browser's cache. A group takes with it what its
 * modules import, unless a group of higher priority has it: those that every page wants come first, else the first page
 * would load charts and editor for something small that they share.
 */
const GROUPS = [
  { name: 'react', priority: 3, test: /node_modules\/(react|react-dom|scheduler|clsx|use-sync-external-store)\// },
  {
    name: 'mantine',
    priority: 2,
    test: /node_modules\/(@mantine\/(?!charts)|@floating-ui|react-remove-scroll|react-text)/,
  },
  { name: 'tanstack', priority: 2, test: /node_modules\/@tanstack\// },
  { name: 'zod', priority: 2, test: /node_modules\/zod\// },
  { name: 'charts', priority: 1, test: /node_modules\/(recharts|@mantine\/charts|d3-[a-z]+|victory-vendor)\/.*js$/ },
  { name: 'editor', priority: 1, test: /node_modules\/(@codemirror|@lezer|style-mod|w3c-keyname|crelt)\// },
];

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: resolve(import.meta.dirname, 'dist'),
    emptyOutDir: true,
    target: 'es2024',
    // The first with light-dark(); for older ones it is rewritten to variables that need a `color-scheme` we do not write.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // The strict policy has no `data:` for script or style; images of ours are few and small.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 600,
    rolldownOptions: { output: { codeSplitting: { groups: GROUPS } } },
  },
  // `npm run dev:console`: the pages with hot reload, before a judge proxy that runs.
  server: {
    port: 5173,
    strictPort: true,
    proxy: { '/api': { target: 'http://127.0.0.1:8889', changeOrigin: true } },
  },
});
