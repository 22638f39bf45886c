import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';

// The port of the running program, for `npm run dev -w ui` beside `npm start`.
const engine = process.env.CAFESENTINEL_API ?? 'http://127.0.0.1:5000';

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  publicDir: fileURLToPath(new URL('./public', import.meta.url)),
  build: {
    target: 'es2022',
    // The page is served by the program itself: no inlined data, so that a strict CSP holds.
    assetsInlineLimit: 0,
  },
  server: { proxy: { '/api': engine } },
  test: {
    environment: 'jsdom',
    include: ['tests/**/*.test.ts'],
    restoreMocks: true,
    // Times are shown in the reader's zone; tests read them in one.
    env: { TZ: 'UTC' },
  },
});
