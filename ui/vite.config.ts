import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// The port of the running program, for `npm run dev -w ui` beside `npm start`.
const engine = process.env.CAFESENTINEL_API ?? 'http://127.0.0.1:5000';

/** What is bundled carries its licence: `licences.txt` beside the page. */
function licences(): Plugin {
  const files = [
    '@fontsource-variable/inter/LICENSE',
    '@fontsource-variable/jetbrains-mono/LICENSE',
    'svelte/LICENSE.md',
  ];
  const require = createRequire(import.meta.url);
  const text = (name: string) => {
    for (const base of require.resolve.paths(name) ?? []) {
      try {
        return readFileSync(`${base}/${name}`, 'utf8');
      } catch {
        // Workspaces keep their modules one folder up.
      }
    }
    throw new Error(`no licence of ${name}`);
  };
  return {
    name: 'licences',
    apply: 'build',
    generateBundle() {
      const source = files.map((name) => `── ${name}\n\n${text(name)}`).join('\n\n');
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source });
    },
  };
}

export default defineConfig({
  plugins: [svelte(), svelteTesting(), licences()],
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
    setupFiles: ['tests/setup.ts'],
    css: true,
    // Times are shown in the reader's zone; tests read them in one.
    env: { TZ: 'UTC' },
  },
});
